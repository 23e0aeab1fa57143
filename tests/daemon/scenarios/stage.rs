//! Where stories play: a daemon whose policy has something for each of them, a portal and a source of who is on call;
//! and the sentences about it.

use crate::support::*;
use serde_json::json;
use std::ops::Deref;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use teamd::config::OnCall;

/// A world, and who is on call in it.
pub(super) struct Stage {
    world: World,
    shifts: tempfile::TempDir,
}

/// What the stories need beside the policy of the other tests.
const FOR_STORIES: &str = r#"
[[eligibility]]
id = "glass"
who = ["group:oncall"]
accounts = ["ou:Workloads/Prod"]
permission_sets = ["AdministratorAccess"]
approval = "break-glass"

[[eligibility]]
id = "shift"
who = ["oncall:payments"]
accounts = ["ou:Workloads/Prod"]
permission_sets = ["ReadOnlyAccess"]
approval = "required"
"#;

fn write(path: &Path, names: &str) {
    std::fs::write(path, names).expect("the shift");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).expect("its mode");
}

impl Stage {
    /// Everybody is in their place, and nobody is on call.
    pub(super) async fn new() -> Self {
        let policy = format!("{POLICY}\n{FOR_STORIES}")
            .replace("max_duration = \"8h\"", "max_duration = \"3d\"")
            .replace("[settings]\n", "[settings]\nescalate_after = \"1h\"\n")
            .replace(
                "who = [\"group:prod-leads\"]",
                "who = [\"group:prod-leads\"]\nescalate_to = [\"user:liam\"]",
            );
        let shifts = tempfile::tempdir().expect("a folder");
        let path = shifts.path().join("payments");
        write(&path, "# nobody\n");
        let config = |config: &mut teamd::config::Config| {
            config.aws.portal_url = Some("https://example.awsapps.com/start".to_owned());
            config.on_call.insert("payments".to_owned(), OnCall::File(path));
        };
        let world = Setup::new().policy(policy).config(config).start().await;
        Self { world, shifts }
    }

    /// The shift of payments is theirs, and nobody else's.
    pub(super) async fn on_call(&self, name: &str) {
        write(&self.shifts.path().join("payments"), &format!("{name}\n"));
        self.engine().look_who_is_on_call().await.expect("a look");
    }
}

impl Deref for Stage {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

/// `it is …`: `one of N in its batch`, `told of N times` (approvers are reminded), `with others now` (escalated).
pub(super) async fn stands(world: &World, id: &str, rest: &str) -> Option<()> {
    if let Some(number) = rest.strip_prefix("one of ") {
        let number: usize = number.strip_suffix(" in its batch")?.parse().ok()?;
        let shown = world.show(id).await;
        let batch = shown["batch_id"].as_str().expect("a batch");
        let path = format!("/v1/requests?batch={batch}");
        let page = world.as_("hugo").get(&path).await.is(200);
        assert_eq!(items(&page).len(), number, "{page:#}");
        return Some(());
    }
    let (kind, number) = match rest.strip_prefix("told of ") {
        Some("once") => ("reminder.pending", 1),
        Some(number) => ("reminder.pending", number.strip_suffix(" times")?.parse().ok()?),
        None if rest == "with others now" => ("request.escalated", 1),
        None if rest == "with nobody else" => ("request.escalated", 0),
        None => return None,
    };
    let path = format!("/v1/requests/{id}/timeline");
    let page = world.as_("hugo").get(&path).await.is(200);
    let rows = items(&page).iter().filter(|row| row["type"] == kind).count();
    assert_eq!(rows, number, "{page:#}");
    Some(())
}

/// `NAME uses it`: the console and the profile are named. `NAME may not use it: CODE`.
pub(super) async fn uses(world: &World, id: &str, who: &str, rest: &str) -> Option<()> {
    let answer = world.as_(who).get(&format!("/v1/requests/{id}/use")).await;
    if let Some(code) = rest.strip_prefix("may not use it: ") {
        assert_eq!(answer.word(), code, "{answer:?}");
        return Some(());
    }
    let (shown, answer) = (world.show(id).await, answer.is(200));
    let told = json!([
        answer["portal_url"],
        answer["account_id"],
        answer["role_name"],
        answer["until"]
    ]);
    assert_eq!(
        told,
        json!([
            "https://example.awsapps.com/start",
            shown["account"]["id"],
            shown["permission_set"]["name"],
            shown["end_at"]
        ])
    );
    Some(())
}
