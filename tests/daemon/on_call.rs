//! Who is on call: a file of the operators, read beside the directory.

use crate::support::*;
use serde_json::json;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use team_test_support::trusted::trusted_folder;
use teamd_config::OnCall;

fn write(path: &Path, names: &str) {
    std::fs::write(path, names).expect("the file of the test");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).expect("its mode");
}

fn policy_of_payments() -> String {
    format!(
        "{POLICY}\n[[eligibility]]\nid = \"payments\"\nwho = [\"oncall:payments\"]\naccounts = [\"ou:Workloads/Prod\"]\n\
         permission_sets = [\"ReadOnlyAccess\"]\napproval = \"required\"\n"
    )
}

/// Whoever is on call for payments may ask for read access to the ledger, and Bob decides.
async fn world(path: &Path) -> World {
    let policy = policy_of_payments();
    let source = OnCall::File(path.to_owned());
    let setup = Setup::new().policy(policy);
    setup
        .config(|c| drop(c.on_call.insert("payments".to_owned(), source)))
        .start()
        .await
}

#[tokio::test]
async fn whoever_is_on_call_may_ask_and_whoever_is_not_may_not() {
    let folder = trusted_folder();
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
    let folder = trusted_folder();
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
async fn writable_source_allows_nothing_and_is_reported() {
    let folder = trusted_folder();
    let path = folder.path().join("payments");
    write(&path, "kim\n");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).expect("its mode");
    let world = world(&path).await;
    let asks = || ask(LEDGER, READ_ONLY, 3600);
    let refused = world.as_("kim").post("/v1/requests", asks()).await;
    refused.refused(503, "directory_unavailable");
    let status = world.as_("gita").get("/v1/status").await.is(200).to_string();
    assert!(
        status.contains("payments fails since") && status.contains("others can write"),
        "{status}"
    );
    // However long it fails: only a reading says that somebody is not on call.
    world.clock.shift(chrono::TimeDelta::minutes(16));
    let refused = world.as_("kim").post("/v1/requests", asks()).await;
    refused.refused(503, "directory_unavailable");
}

/// A script as an argument that others can write: what it prints puts nobody on call.
#[tokio::test]
async fn writable_script_of_command_puts_nobody_on_call() {
    let folder = trusted_folder();
    let script = folder.path().join("who.sh");
    write(&script, "echo kim\n");
    let words = vec!["/bin/sh".to_owned(), script.display().to_string()];
    let world = Setup::new()
        .policy(policy_of_payments())
        .config(|c| drop(c.on_call.insert("payments".to_owned(), OnCall::Command(words))))
        .start()
        .await;
    let id = id_of(&world.submit("kim", ask(LEDGER, READ_ONLY, 3600)).await);
    std::fs::write(&script, "echo liam\n").expect("a script");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o666)).expect("its mode");
    world.engine().look_who_is_on_call().await.expect("a look");
    let refused = world
        .as_("liam")
        .post("/v1/requests", ask(LEDGER, READ_ONLY, 3600))
        .await;
    refused.refused(403, "not_eligible");
    assert_eq!(world.show(&id).await["state"], "pending");
}

#[tokio::test]
async fn failing_source_ends_nothing_and_allows_nothing() {
    let folder = trusted_folder();
    let path = folder.path().join("payments");
    write(&path, "kim\nliam\n");
    let world = world(&path).await;
    let live = id_of(&world.submit("kim", ask(LEDGER, READ_ONLY, 3600)).await);
    world.act("bob", &live, "approve").await.is(200);
    world.reach(&live, "active").await;
    let waiting = id_of(&world.submit("liam", ask(LEDGER, READ_ONLY, 3600)).await);
    std::fs::remove_file(&path).expect("the file");
    world.clock.shift(chrono::TimeDelta::minutes(16));
    world.engine().look_who_is_on_call().await.expect("a look");
    world.apply(&policy_of_payments()).await;
    assert_eq!(world.show(&live).await["state"], "active");
    assert_eq!(world.show(&waiting).await["state"], "pending");
    // Nothing new goes through it: no request, no approval of one, no extension.
    let asks = world
        .as_("kim")
        .post("/v1/requests", ask(LEDGER, READ_ONLY, 600))
        .await;
    asks.refused(503, "directory_unavailable");
    let approved = world.act("bob", &waiting, "approve").await;
    approved.refused(503, "directory_unavailable");
    let status = world.as_("gita").get("/v1/status").await.is(200).to_string();
    assert!(status.contains("on-call source payments fails since"), "{status}");
    // A reading that does not name them is a loss.
    write(&path, "mona\n");
    world.engine().look_who_is_on_call().await.expect("a look");
    world.reach(&live, "revoked").await;
    world.reach(&waiting, "withdrawn").await;
}

#[tokio::test]
async fn deny_rule_by_unknown_source_refuses() {
    let folder = trusted_folder();
    let path = folder.path().join("payments");
    put_fifo(&path);
    let policy = format!(
        "{POLICY}\n[[deny]]\nid = \"no-payments\"\nwho = [\"oncall:payments\"]\naccounts = [\"*\"]\n\
         permission_sets = [\"*\"]\nreason = \"on call\"\n"
    );
    let source = OnCall::File(path.clone());
    let world = Setup::new()
        .policy(policy)
        .config(|c| drop(c.on_call.insert("payments".to_owned(), source)))
        .start()
        .await;
    let asks = || ask(LEDGER, ADMIN, 3600);
    let refused = world.as_("alice").post("/v1/requests", asks()).await;
    refused.refused(503, "directory_unavailable");
    std::fs::remove_file(&path).expect("the FIFO");
    write(&path, "kim\n");
    world.engine().look_who_is_on_call().await.expect("a look");
    world.submit("alice", asks()).await;
}

/// A FIFO that nobody writes to, in the place of a source.
fn put_fifo(path: &Path) {
    let _ = std::fs::remove_file(path);
    nix::unistd::mkfifo(path, nix::sys::stat::Mode::from_bits_truncate(0o644)).expect("a FIFO");
}

#[tokio::test]
async fn fifo_as_on_call_file_stops_nothing() {
    let folder = trusted_folder();
    let path = folder.path().join("payments");
    put_fifo(&path);
    let mut world = world(&path).await;
    let id = world.active().await;
    let status = world.as_("gita").get("/v1/status").await.is(200);
    assert!(status.to_string().contains("it is no file"), "{status:#}");
    world.act("alice", &id, "done").await.is(200);
    world.reach(&id, "ended").await;
    // Only a source that was read can say that somebody is not on call.
    let unknown = world
        .as_("kim")
        .post("/v1/requests", ask(LEDGER, READ_ONLY, 3600))
        .await;
    unknown.refused(503, "directory_unavailable");
    let stopped = tokio::time::timeout(std::time::Duration::from_secs(20), world.stop()).await;
    assert!(stopped.is_ok(), "a stop waits for the FIFO");
}

#[tokio::test]
async fn unread_source_ends_no_access_at_start() {
    let folder = trusted_folder();
    let path = folder.path().join("payments");
    write(&path, "kim\n");
    let mut world = world(&path).await;
    let id = id_of(&world.submit("kim", ask(LEDGER, READ_ONLY, 3600)).await);
    world.act("bob", &id, "approve").await.is(200);
    world.reach(&id, "active").await;
    world.stop().await;
    put_fifo(&path);
    world.run().await;
    world.engine().look_who_is_on_call().await.expect("a look");
    // Every directory load and every policy looks at open requests again.
    world.apply(&policy_of_payments()).await;
    assert_eq!(world.show(&id).await["state"], "active");
    // Once the source says so, it ends.
    std::fs::remove_file(&path).expect("the FIFO");
    write(&path, "liam\n");
    world.engine().look_who_is_on_call().await.expect("a look");
    world.reach(&id, "revoked").await;
}

#[tokio::test]
async fn missing_directory_ends_no_access_at_start() {
    let folder = trusted_folder();
    let path = folder.path().join("payments");
    write(&path, "kim\n");
    let mut world = world(&path).await;
    let id = world.active().await;
    world.stop().await;
    let file = rusqlite::Connection::open(world.database()).expect("the database");
    file.execute("DELETE FROM directory", []).expect("no copy");
    drop(file);
    // AWS does not come to answering what the directory is loaded from.
    world.run().await;
    assert!(world.engine().directory().is_none());
    soon("the sources are read", || world.engine().on_call_is_read()).await;
    world.engine().recheck_open_requests().await.expect("a look");
    let request = id.parse().expect("an id");
    let state = world.engine().store().read(move |read| {
        Ok::<_, teamd_engine::Refused>(read.request(&request)?.map(|request| request.state.word()))
    });
    let state = state.await.expect("a state").map(|word| word.to_string());
    assert_eq!(state.as_deref(), Some("active"));
    assert!(world.is_assigned("alice", "prod-ledger", ADMIN));
}
