//! Where stories play: a daemon whose policy has something for each of them, a portal and a source of who is on call;
//! and the sentences about it. What only some stories need, and what takes time, they say at their beginning.

use super::around;
use crate::support::*;
use crate::telling::smtp::{Kind, Server};
use chrono::{NaiveDate, SecondsFormat, TimeDelta};
use serde_json::{Value, json};
use std::ops::Deref;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use teamd_config::{ActivitySource, Config, OnCall, Smtp, SmtpTls};
use teamd_domain::directory::Directory;
use teamd_host::clock::Clock as _;

/// A world, who is on call in it, and where its mail goes.
pub(super) struct Stage {
    world: World,
    shifts: tempfile::TempDir,
    policy: Mutex<String>,
    reads_directory: bool,
    /// By the beginning of the story: midnight does not come into it.
    tomorrow: NaiveDate,
    _mail: Option<Server>,
}

const DIRECTORY: &str = "the directory is read every second";
const ACTIVITY: &str = "what is done with access is read";
const MAIL: &str = "messages go out by mail";

/// What a story may begin with.
pub(super) const OPENINGS: [&str; 3] = [DIRECTORY, ACTIVITY, MAIL];

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

fn mail_to(server: &Server) -> Smtp {
    Smtp {
        host: "127.0.0.1".to_owned(),
        port: server.port,
        tls: SmtpTls::None,
        username: None,
        password_file: None,
        from: "teamd@acme.example".to_owned(),
        ca_file: None,
    }
}

fn read_activity(config: &mut Config) {
    config.activity.source = ActivitySource::CloudtrailLookup;
    config.activity.role_name = Some("teamd-trail-reader".to_owned());
    config.activity.regions = vec!["eu-west-1".to_owned()];
    config.activity.poll = "1s".parse().expect("a duration");
}

impl Stage {
    /// Everybody is in their place, and nobody is on call.
    pub(super) async fn new(story: &str) -> Self {
        let opens = |with: &str| story.lines().any(|line| line.trim() == with);
        let policy = format!("{POLICY}\n{FOR_STORIES}")
            .replace("max_duration = \"8h\"", "max_duration = \"3d\"")
            .replace("[settings]\n", "[settings]\nescalate_after = \"1h\"\n")
            .replace(
                "who = [\"group:prod-leads\"]",
                "who = [\"group:prod-leads\"]\nescalate_to = [\"user:liam\"]",
            );
        let shifts = team_test_support::trusted::trusted_folder();
        let path = shifts.path().join("payments");
        write(&path, "# nobody\n");
        let mail = match opens(MAIL) {
            true => Some(Server::start(Kind::Plain).await),
            false => None,
        };
        let config = |config: &mut Config| {
            config.aws.portal_url = Some("https://example.awsapps.com/start".to_owned());
            config.on_call.insert("payments".to_owned(), OnCall::File(path));
            config.limits.pending_per_user = 3;
            config.notify.smtp = mail.as_ref().map(mail_to);
            if opens(ACTIVITY) {
                read_activity(config);
            }
        };
        let mut setup = Setup::new().policy(policy.clone()).config(config);
        let reads_directory = opens(DIRECTORY);
        if reads_directory {
            setup = setup.quick_directory();
        }
        Self {
            world: setup.start().await,
            shifts,
            policy: Mutex::new(policy),
            reads_directory,
            tomorrow: (now() + TimeDelta::days(1)).date_naive(),
            _mail: mail,
        }
    }

    /// The shift of payments is theirs, and nobody else's.
    pub(super) async fn on_call(&self, name: &str) {
        write(&self.shifts.path().join("payments"), &format!("{name}\n"));
        self.engine().look_who_is_on_call().await.expect("a look");
    }

    /// One more setting, as the policy writes it.
    pub(super) async fn says(&self, setting: &str) {
        let policy = {
            let mut policy = self.policy.lock().unwrap_or_else(PoisonError::into_inner);
            *policy = policy.replace("[settings]\n", &format!("[settings]\n{setting}\n"));
            policy.clone()
        };
        self.apply(&policy).await;
    }

    /// Waits until the copy of the directory is so, where it is read at all.
    pub(super) async fn knows(&self, is_so: impl Fn(&Directory) -> bool) {
        if self.reads_directory {
            let copy = || self.engine().directory().is_some_and(|copy| is_so(&copy));
            soon("the copy knows", copy).await;
        }
    }

    /// So many seconds after the story's moment.
    pub(super) fn moment_in(&self, seconds: i64) -> String {
        let at = self.clock.now() + TimeDelta::seconds(seconds);
        at.to_rfc3339_opts(SecondsFormat::Millis, true)
    }

    /// `HH:MM` of the day after the story began, in UTC.
    pub(super) fn tomorrow_at(&self, hour: &str) -> String {
        format!("{}T{hour}:00Z", self.tomorrow)
    }
}

impl Deref for Stage {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

/// `it is …`: `one of N in its batch`, `told of N times` (approvers are reminded), `with others now` (escalated),
/// `claimed by NAME` or `by nobody`, `listed as unused`.
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
    if let Some(name) = rest.strip_prefix("claimed by ") {
        let claimed = &world.show(id).await["claimed_by"];
        match name {
            "nobody" => assert_eq!(*claimed, Value::Null),
            name => assert_eq!(claimed["user_name"], name),
        }
        return Some(());
    }
    match rest {
        "listed as unused" => around::unused(world, id, true, true).await,
        "used and not listed as unused" => around::unused(world, id, false, true).await,
        "not listed as unused" => around::unused(world, id, false, false).await,
        "with others now" => happened(world, id, "request.escalated", 1).await,
        "with nobody else" => happened(world, id, "request.escalated", 0).await,
        _ => {
            return is_told(
                world,
                id,
                "reminder.pending",
                &rest.replacen("told of", "told", 1),
            )
            .await;
        }
    }
    Some(())
}

/// `told once`, `told N times`, `not told yet`: so often there was a reminder of this kind.
pub(super) async fn is_told(world: &World, id: &str, kind: &str, rest: &str) -> Option<()> {
    let number = match rest {
        "not told yet" => 0,
        "told once" => 1,
        _ => rest.strip_prefix("told ")?.strip_suffix(" times")?.parse().ok()?,
    };
    happened(world, id, kind, number).await;
    Some(())
}

/// There are so many rows of that kind about it.
async fn happened(world: &World, id: &str, kind: &str, number: usize) {
    let path = format!("/v1/requests/{id}/timeline");
    let page = world.as_("hugo").get(&path).await.is(200);
    let rows = items(&page).iter().filter(|row| row["type"] == kind).count();
    assert_eq!(rows, number, "{page:#}");
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
