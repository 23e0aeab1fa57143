//! Holds: what may still be done in each, by whom. docs/OPERATIONS.md has the same table.

use crate::support::*;
use serde_json::json;
use teamd_engine::Hold;

/// What a verb that grants is answered with in a hold; `None`: it is accepted, and its create waits.
fn answer_in(hold: Hold) -> Option<(u16, &'static str)> {
    match hold {
        Hold::Frozen => Some((403, "frozen")),
        Hold::OwnAccount | Hold::OtherInstance => Some((409, "held")),
        Hold::ClockSuspect | Hold::RevokeOnly | Hold::DiskLow | Hold::AwsRefuses | Hold::LeasesFile => None,
    }
}

/// Holds that stay until a test lets go. The others are released as soon as the daemon looks at disk, credentials, store or
/// leases file, and are tested with a real fault: tests/daemon/{degraded,damage,leases}.rs, failures/refused.rs.
const LASTING: [Hold; 4] = [
    Hold::ClockSuspect,
    Hold::Frozen,
    Hold::OwnAccount,
    Hold::OtherInstance,
];

/// Requests that verbs are tried on.
struct Requests {
    pending: [String; 4],
    active: [String; 2],
}

async fn requests(world: &World) -> Requests {
    let active_on = async |account: &str, set: &str| {
        let id = id_of(&world.submit("alice", ask(account, set, 3600)).await);
        world.act("bob", &id, "approve").await.is(200);
        if set == DATABASE {
            world.act("carol", &id, "approve").await.is(200);
        }
        world.reach(&id, "active").await;
        id
    };
    let active = [active_on(LEDGER, ADMIN).await, active_on(LEDGER, DATABASE).await];
    let pending = [
        id_of(&world.submit("alice", ask(WEB, ADMIN, 3600)).await),
        id_of(&world.submit("alice", ask(WEB, DATABASE, 3600)).await),
        id_of(&world.submit("dave", ask(WEB, ADMIN, 3600)).await),
        id_of(&world.submit("dave", ask(LEDGER, ADMIN, 3600)).await),
    ];
    Requests { pending, active }
}

async fn hold(world: &World, hold: Hold) {
    let engine = world.engine();
    match hold {
        Hold::Frozen => {
            let body = json!({"reason": "a laptop is gone"});
            world.as_("ivy").post("/v1/freeze", body).await.is(200);
        }
        // A test of the API: what finds each of these has tests of its own.
        _ => drop(engine.gate().hold(hold, engine.now(), "the test says so")),
    }
}

#[tokio::test]
async fn each_hold_allows_what_its_row_says() {
    for held in LASTING {
        let world = World::new().await;
        let Requests { pending, active } = requests(&world).await;
        hold(&world, held).await;

        // Verbs that grant, by the people who may use them without a hold.
        let extension = json!({"duration_seconds": 600, "reason": REASON});
        let granted = [
            (
                "submit",
                world
                    .as_("alice")
                    .post("/v1/requests", ask(WEB, POWER, 600))
                    .await,
                201,
            ),
            ("approve", world.act("bob", &pending[0], "approve").await, 200),
            (
                "extend",
                world
                    .as_("alice")
                    .post(&format!("/v1/requests/{}/extend", active[0]), extension)
                    .await,
                201,
            ),
        ];
        for (verb, answer, good) in granted {
            match answer_in(held) {
                Some((status, code)) => drop(answer.refused(status, code)),
                None => assert_eq!(answer.status, good, "{held:?}, {verb}: {answer:?}"),
            }
        }
        // No role gets past a hold: the administrator and the auditor are asked the same.
        if let Some((status, code)) = answer_in(held) {
            let asked = world
                .as_("dave")
                .post("/v1/requests", ask(LEDGER, POWER, 600))
                .await;
            asked.refused(status, code);
        }

        // What takes away or decides against, works in every hold and for every role that may.
        for (who, id, verb) in [
            ("bob", &pending[1], "reject"),
            ("dave", &pending[2], "cancel"),
            ("carol", &pending[3], "claim"),
            ("alice", &active[0], "done"),
            ("ivy", &active[1], "revoke"),
        ] {
            let answer = world.act(who, id, verb).await;
            assert_eq!(answer.status, 200, "{held:?}, {verb}: {answer:?}");
        }
        for id in &active {
            let over = world
                .reach(id, if *id == active[0] { "ended" } else { "revoked" })
                .await;
            assert!(over["ended"].is_object());
        }

        // Security freezes in every hold; an administrator lifts the freeze, and nothing else.
        let body = json!({"reason": "a laptop is gone"});
        world.as_("ivy").post("/v1/freeze", body.clone()).await.is(200);
        world.as_("gita").post("/v1/unfreeze", body).await.is(200);
        let still = world.engine().gate().is_held(held);
        assert_eq!(still, held != Hold::Frozen, "{held:?}");
        let creates = world.aws(|aws, _| {
            aws.calls()
                .filter(|call| call.operation == aws_simulator::Operation::CreateAccountAssignment)
                .count()
        });
        if held != Hold::Frozen {
            assert_eq!(creates, active.len(), "{held:?}: a create was sent");
        }
    }
}

#[tokio::test]
async fn status_names_each_hold() {
    let world = World::new().await;
    // By then the daemon knows its own account.
    world.pending().await;
    let engine = world.engine();
    for hold in LASTING {
        if hold != Hold::Frozen {
            engine
                .gate()
                .hold(hold, engine.now(), format!("{hold:?} of the test"));
        }
    }
    let body = json!({"reason": "a laptop is gone"});
    world.as_("ivy").post("/v1/freeze", body).await.is(200);
    let status = world.as_("hugo").get("/v1/status?short=true").await.is(200);
    let holds = status["holds"].as_array().expect("holds");
    let kinds: Vec<_> = holds
        .iter()
        .map(|hold| hold["kind"].as_str().expect("a kind"))
        .collect();
    assert_eq!(kinds, ["clock", "freeze", "own_account", "store_held"]);
    let freeze = holds
        .iter()
        .find(|hold| hold["kind"] == "freeze")
        .expect("the freeze");
    assert_eq!(
        (&freeze["by"], &freeze["reason"]),
        (&json!("ivy"), &json!("a laptop is gone"))
    );
    assert!(holds.iter().all(|hold| hold["since"].is_string()));
}
