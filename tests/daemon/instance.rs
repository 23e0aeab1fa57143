//! "Not found" counts only from the Identity Center instance that the access belongs to.

use crate::support::*;
use aws_simulator::organisation::{NewAccount, NewUser, Organisation};
use aws_simulator::{Simulator, SimulatorConfig};
use serde_json::json;

/// An organisation with an instance of its own.
async fn other_aws() -> Simulator {
    let management = NewAccount {
        id: Some("990000000001".to_owned()),
        name: "management".to_owned(),
        ..NewAccount::default()
    };
    let mut organisation = Organisation::new("another", "eu-west-1", management).expect("an organisation");
    let alice = NewUser {
        user_name: "alice".to_owned(),
        ..NewUser::default()
    };
    organisation.add_user(alice).expect("a user");
    let config = SimulatorConfig {
        organisation,
        faults: quick(),
        ..SimulatorConfig::default()
    };
    Simulator::start(config).await.expect("the simulator")
}

fn leases(world: &World) -> usize {
    let file = teamd_store::leases::read(&world.folder().join("leases.json")).expect("the leases file");
    file.leases.len()
}

#[tokio::test]
async fn other_instance_holds_store_and_ends_nothing() {
    let mut world = World::new().await;
    let id = world.active().await;
    let own = world.use_aws(other_aws().await);
    world.restart().await;
    soon("the store is held", || {
        world.engine().gate().is_held(teamd_engine::Hold::OtherInstance)
    })
    .await;
    let hold = &world.as_("hugo").get("/v1/status").await.is(200)["holds"][0];
    assert_eq!(hold["kind"], "store_held");
    assert!(hold["reason"].to_string().contains("instance_arn"), "{hold}");
    // Its people are still those of the store: everybody is known, and access ends.
    let refused = world
        .as_("alice")
        .post("/v1/requests", ask(WEB, POWER, 600))
        .await;
    refused.refused(409, "held");
    world.act("alice", &id, "done").await.is(200);
    soon("the removal was tried", || {
        world.aws(|aws, _| {
            aws.calls()
                .any(|call| call.operation == aws_simulator::Operation::DeleteAccountAssignment)
        })
    })
    .await;
    // Longer than a delete of unknown outcome is looked for.
    world.clock.shift(chrono::TimeDelta::minutes(3));
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert_eq!(world.show(&id).await["state"], "ending");
    assert_eq!(leases(&world), 1, "the leases file still names it");
    let key = own
        .model()
        .lock()
        .expect("the model")
        .user_key("alice", "prod-ledger", ADMIN);
    let is_there = || {
        own.model()
            .lock()
            .expect("the model")
            .is_assigned(&key.clone().expect("a key"))
    };
    assert!(is_there(), "nobody could take it away");

    // With the settings corrected it is taken back, and grants go on.
    drop(world.use_aws(own));
    world.restart().await;
    world.reach(&id, "ended").await;
    assert!(!world.is_assigned("alice", "prod-ledger", ADMIN));
    world.submit("alice", ask(WEB, POWER, 600)).await;
}

#[tokio::test]
async fn configured_other_instance_holds_from_start() {
    let mut world = World::new().await;
    world.active().await;
    world.stop().await;
    world.configure(|config| {
        config.aws.instance_arn = Some("arn:aws:sso:::instance/ssoins-1111111111111111".to_owned());
    });
    world.run().await;
    assert!(world.engine().gate().is_held(teamd_engine::Hold::OtherInstance));
}

#[tokio::test]
async fn unused_store_takes_another_instance() {
    let mut world = World::new().await;
    let id = world.active().await;
    world.act("alice", &id, "done").await.is(200);
    world.reach(&id, "ended").await;
    drop(world.use_aws(other_aws().await));
    world.restart().await;
    soon("the directory is the other one's", || {
        let directory = world.engine().directory();
        directory.is_some_and(|directory| directory.people.len() == 1)
    })
    .await;
    let me = world.as_("alice").get("/v1/me").await.is(200);
    assert_eq!(me["person"]["user_name"], json!("alice"));
}
