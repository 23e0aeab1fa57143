//! Who is on call: a file of the operators, read beside the directory.

use crate::support::*;
use serde_json::json;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use teamd::config::OnCall;

fn write(path: &Path, names: &str) {
    std::fs::write(path, names).expect("the file of the test");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).expect("its mode");
}

/// Whoever is on call for payments may ask for read access to the ledger, and Bob decides.
async fn world(path: &Path) -> World {
    let policy = format!(
        "{POLICY}\n[[eligibility]]\nid = \"payments\"\nwho = [\"oncall:payments\"]\naccounts = [\"ou:Workloads/Prod\"]\n\
         permission_sets = [\"ReadOnlyAccess\"]\napproval = \"required\"\n"
    );
    let source = OnCall::File(path.to_owned());
    let setup = Setup::new().policy(policy);
    setup
        .config(|c| drop(c.on_call.insert("payments".to_owned(), source)))
        .start()
        .await
}

#[tokio::test]
async fn whoever_is_on_call_may_ask_and_whoever_is_not_may_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("payments");
    write(&path, "kim # this week\n");
    let world = world(&path).await;
    let id = id_of(&world.submit("kim", ask(LEDGER, READ_ONLY, 3600)).await);
    let refused = world
        .as_("liam")
        .post("/v1/requests", ask(LEDGER, READ_ONLY, 3600))
        .await;
    refused.refused(403, "not_eligible");
    let why = "/v1/policy/explain?account=400000000032&permission_set=ReadOnlyAccess";
    let explained = world.as_("kim").get(why).await.is(200);
    assert!(
        explained.to_string().contains("kim is in oncall:payments"),
        "{explained:#}"
    );
    // The shift changes: Liam may, and what Kim asked for has lost its basis.
    write(&path, "liam\n");
    world.engine().look_who_is_on_call().await.expect("a look");
    world.submit("liam", ask(LEDGER, READ_ONLY, 3600)).await;
    world.reach(&id, "withdrawn").await;
}

#[tokio::test]
async fn whoever_is_on_call_begins_at_once_and_whoever_is_not_waits() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("payments");
    write(&path, "kim\n");
    // Who is on call needs nobody for it, because that rule goes before the one for everybody.
    let rule = |id: &str, who: &str, rest: &str| {
        format!(
            "\n[[eligibility]]\nid = \"{id}\"\nwho = [\"{who}\"]\naccounts = [\"ou:Workloads/Prod\"]\n\
             permission_sets = [\"ReadOnlyAccess\"]\n{rest}\n"
        )
    };
    let on_call = rule(
        "on-call",
        "oncall:payments",
        "approval = \"none\"\nprecedence = 1",
    );
    let all = rule("all", "group:developers", "approval = \"required\"");
    let source = OnCall::File(path.clone());
    let world = Setup::new()
        .policy(format!("{POLICY}{on_call}{all}"))
        .config(|c| drop(c.on_call.insert("payments".to_owned(), source)))
        .start()
        .await;
    let asks = async |who: &str| world.submit(who, ask(LEDGER, READ_ONLY, 3600)).await;
    let (kims, liams) = (asks("kim").await, asks("liam").await);
    assert_eq!(
        (&kims["rule"], &kims["approval"]["required"]),
        (&json!("on-call"), &json!(false))
    );
    world.reach(&id_of(&kims), "active").await;
    assert_eq!(
        (&liams["rule"], &liams["state"]),
        (&json!("all"), &json!("pending"))
    );
    // The shift changes, and with it who waits.
    write(&path, "liam\n");
    world.engine().look_who_is_on_call().await.expect("a look");
    assert_eq!(asks("kim").await["state"], "pending");
    assert_eq!(
        world.show(&id_of(&liams)).await["state"],
        "pending",
        "asked for before it was so"
    );
}

#[tokio::test]
async fn a_source_that_others_can_write_names_nobody_and_is_reported() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("payments");
    write(&path, "kim\n");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).expect("its mode");
    let world = world(&path).await;
    let refused = world
        .as_("kim")
        .post("/v1/requests", ask(LEDGER, READ_ONLY, 3600))
        .await;
    refused.refused(403, "not_eligible");
    let status = world.as_("gita").get("/v1/status").await.is(200);
    assert!(status.to_string().contains("others can write it"), "{status:#}");
}
