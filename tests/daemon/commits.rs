//! Decisions hold at their commit: what was applied while somebody waited for AWS decides.

use crate::support::*;
use aws_simulator::{FaultKind, FaultRule, Faults, Operation};
use teamd_engine::PolicyInput;

/// Alice may have read access to the ledger without approval.
fn automatic() -> String {
    format!(
        "{POLICY}\n[[eligibility]]\nid = \"automatic\"\nwho = [\"user:alice\"]\naccounts = [\"name:prod-ledger\"]\n\
         permission_sets = [\"ReadOnlyAccess\"]\napproval = \"none\"\nprecedence = 9\n"
    )
}

fn denying() -> String {
    format!(
        "{}\n[[deny]]\nid = \"stop\"\nwho = [\"user:alice\"]\naccounts = [\"*\"]\npermission_sets = [\"*\"]\nreason = \"under review\"\n",
        automatic()
    )
}

/// Each look at assignments takes two seconds.
fn slow_looks() -> Faults {
    without_loads(quick()).with(FaultRule::new("ListAccountAssignments", FaultKind::Latency).delay_ms(2_000))
}

fn calls_of(world: &World, operation: Operation) -> usize {
    world.aws(|aws, _| aws.calls().filter(|call| call.operation == operation).count())
}

#[tokio::test]
async fn policy_applied_during_submission_decides() {
    let world = Setup::new().policy(automatic()).start().await;
    world.faults(slow_looks());
    let alice = world.as_("alice");
    let submitting = alice.post("/v1/requests", ask(LEDGER, READ_ONLY, 3600));
    let asked = calls_of(&world, Operation::ListAccountAssignments);
    let applying = async {
        soon("AWS is asked", || {
            calls_of(&world, Operation::ListAccountAssignments) > asked
        })
        .await;
        world.apply(&denying()).await;
    };
    let (answer, ()) = tokio::join!(submitting, applying);
    answer.refused(403, "denied");
    assert!(!world.is_assigned("alice", "prod-ledger", READ_ONLY));
}

#[tokio::test]
async fn policy_applied_before_create_decides() {
    let world = Setup::new().policy(automatic()).start().await;
    // The look before the create takes its time; the policy changes meanwhile.
    world.faults(slow_looks());
    let request = world.submit("alice", ask(LEDGER, READ_ONLY, 3600)).await;
    world.apply(&denying()).await;
    let ended = world.reach(&id_of(&request), "revoked").await;
    assert!(
        ended["ended"]["reason"]
            .as_str()
            .is_some_and(|reason| reason.contains("eligibility_lost")),
        "{ended:#}"
    );
    assert_eq!(calls_of(&world, Operation::CreateAccountAssignment), 0);
    // Rows say by which version.
    let rows = world.as_("hugo").get("/v1/audit?limit=50").await.is(200);
    let version_of = |kind: &str| {
        let row = items(&rows).iter().find(|row| row["type"] == kind);
        row.unwrap_or_else(|| panic!("no {kind}: {rows:#}"))["data"]["policy_version"].clone()
    };
    assert_eq!(
        (version_of("request.submitted"), version_of("request.ending")),
        (1.into(), 2.into())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_applies_leave_newest_in_force() {
    // As many as one likes: `TEAM_APPLY_ROUNDS=2000`.
    let rounds = std::env::var("TEAM_APPLY_ROUNDS").ok();
    let rounds: usize = rounds.and_then(|rounds| rounds.parse().ok()).unwrap_or(50);
    let world = World::new().await;
    let engine = world.engine();
    let caller = operator(engine);
    let runtime = tokio::runtime::Handle::current();
    for round in 0..rounds {
        // Threads, so that answers of the store are taken up in any order.
        std::thread::scope(|scope| {
            for number in 0..12 {
                let (caller, runtime) = (&caller, &runtime);
                scope.spawn(move || {
                    let input = PolicyInput {
                        document: format!("{POLICY}\n# round {round}, {number}\n"),
                        ..PolicyInput::default()
                    };
                    runtime
                        .block_on(engine.apply_policy(caller, input))
                        .expect("applied");
                });
            }
        });
        let newest = engine
            .store()
            .read(|read| Ok::<_, teamd_engine::Refused>(read.policy_in_force()?))
            .await
            .expect("a version");
        let in_force = engine.policy().expect("a policy");
        assert_eq!(
            (in_force.version, in_force.row.version),
            (newest, newest),
            "round {round}"
        );
    }
}
