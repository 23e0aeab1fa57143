//! The daemon's own account and the management account: as long as either is unknown, nothing is granted.

use crate::support::*;
use aws_simulator::{FaultKind, FaultRule, Faults};
use serde_json::{Value, json};

/// AWS does not answer what is asked of `operation`.
fn without(operation: &str, kind: FaultKind) -> Faults {
    without_loads(quick()).with(FaultRule::new(operation, kind))
}

/// Alice may have administrator access everywhere, without approval.
fn everywhere() -> String {
    format!(
        "{POLICY}\n[[eligibility]]\nid = \"everywhere\"\nwho = [\"user:alice\"]\naccounts = [\"*\"]\n\
         permission_sets = [\"*\"]\napproval = \"none\"\nprecedence = 9\n"
    )
}

async fn holds(world: &World) -> Vec<Value> {
    let status = world.as_("hugo").get("/v1/status").await.is(200);
    status["holds"].as_array().expect("holds").clone()
}

#[tokio::test]
async fn unknown_own_account_holds_grants() {
    let mut setup = Setup::new().policy(everywhere());
    setup = setup.faults(without("sts:*", FaultKind::InternalError));
    let mut world = setup.start().await;
    let ask_alice = || ask(LEDGER, READ_ONLY, 3600);
    let refused = world.as_("alice").post("/v1/requests", ask_alice()).await;
    let refused = refused.refused(409, "held");
    assert!(
        refused["detail"]
            .as_str()
            .is_some_and(|text| text.contains("its own account")),
        "{refused}"
    );
    let held = holds(&world).await;
    assert_eq!(
        (held.len(), &held[0]["kind"]),
        (1, &json!("own_account")),
        "{held:?}"
    );
    let entitlements = world.as_("alice").get("/v1/entitlements").await.is(200);
    assert!(
        items(&entitlements).iter().all(|one| one["rule"] != "everywhere"),
        "no account is known to be unprotected"
    );
    // AWS answers: it is learned, and kept over a restart without an answer.
    world.faults(without_loads(quick()));
    world.restart().await;
    world.submit("alice", ask_alice()).await;
    assert_eq!(holds(&world).await, Vec::<Value>::new());
    world.faults(without("sts:*", FaultKind::InternalError));
    world.restart().await;
    world.submit("alice", ask(WEB, READ_ONLY, 3600)).await;
    assert_eq!(holds(&world).await, Vec::<Value>::new());
}

#[tokio::test]
async fn unknown_own_account_ends_no_access() {
    let mut world = World::new().await;
    let id = world.active().await;
    forget_own_account(&world).await;
    world.faults(without("sts:*", FaultKind::InternalError));
    world.restart().await;
    world.engine().recheck_open_requests().await.expect("a look");
    assert_eq!(world.show(&id).await["state"], "active");
    // What is over is taken back all the same.
    world.act("alice", &id, "done").await.is(200);
    world.reach(&id, "ended").await;
    assert!(!world.is_assigned("alice", "prod-ledger", ADMIN));
}

/// As a store from before own accounts were kept.
async fn forget_own_account(world: &World) {
    let store = world.engine().store();
    let write = store.write(teamd_store::WriteLane::Normal, |tx| {
        Ok::<_, teamd_engine::Refused>(tx.set_meta("own_account", "")?)
    });
    write.await.expect("it is forgotten");
}

#[tokio::test]
async fn unknown_management_account_is_never_granted() {
    let denied = quick().with(FaultRule::new("DescribeOrganization", FaultKind::AccessDenied));
    let setup = Setup::new()
        .organisation(|_| {})
        .policy(everywhere())
        .faults(denied);
    let world = setup.start().await;
    let management = world.aws(|aws, _| aws.management_account().to_owned());
    let refused = world
        .as_("alice")
        .post("/v1/requests", ask(&management, ADMIN, 3600))
        .await;
    assert!([403, 404, 409].contains(&refused.status), "{refused:?}");
    let refused = world
        .as_("alice")
        .post("/v1/requests", ask(LEDGER, ADMIN, 3600))
        .await;
    refused.refused(409, "held");
    assert!(!world.is_assigned("alice", "management", ADMIN) && holds(&world).await.len() == 1);
}
