//! The daemon without AWS: it starts, says so, grants nothing, and goes on by itself when AWS is back.

use crate::world::{ASSIGNED, Bastion, ORGANISATION, POLICY, QUICK, World, folder};
use crate::{teamd, world};
use serde_json::Value;
use std::time::Duration;
use team_test_support::aws::{SimulatedAws, Simulation, free_port};
use team_test_support::users::Logins;
use team_test_support::wait::eventually;

#[tokio::test]
async fn it_starts_without_aws_and_recovers_by_itself() {
    let Some(logins) = Logins::get("a start without AWS") else {
        return;
    };
    let port = free_port();
    let bastion = Bastion::start(folder(), logins, &format!("http://127.0.0.1:{port}")).await;
    bastion.apply(POLICY).await;

    // Said at once, by whatever is asked first.
    let status = eventually(
        "status calls AWS unreachable",
        Duration::from_secs(10),
        async || {
            let status = bastion.json("root", &["status"]).await.json();
            (status["aws"]["state"] == "unreachable").then_some(status)
        },
    )
    .await;
    assert!(status["aws"]["last_error"].is_string(), "{status}");
    assert!(status["directory"]["loaded_at"].is_null(), "{status}");
    let me = bastion.run("alice", &["whoami"]).await.ok();
    assert!(me.out.contains("AWS is unreachable"), "{me}");
    assert!(me.out.contains("never been loaded"), "{me}");

    let ask = [
        "request",
        "111122223333",
        "Admin",
        "--for",
        "3s",
        "--reason",
        "the queue is stuck",
    ];
    let refused = bastion
        .json("alice", &ask)
        .await
        .problem(1, "directory_unavailable");
    assert_eq!(refused["status"], 503, "{refused}");
    assert!(
        refused["help"]
            .as_str()
            .is_some_and(|help| help.contains("status")),
        "{refused}"
    );

    // A request that waits for the directory is served when AWS is there: nobody has to ask again.
    let simulation = Simulation {
        organisation: ORGANISATION,
        faults: QUICK,
        port,
    };
    let asked = bastion.json("alice", &ask);
    let place = bastion.place().to_owned();
    let (filed, aws) = tokio::join!(asked, SimulatedAws::start(teamd(), &place, simulation));
    let filed = match filed.code {
        0 => filed,
        // The next try may be further away than a client waits.
        _ => {
            filed.problem(1, "directory_unavailable");
            bastion.wait_for_directory().await;
            bastion.json("alice", &ask).await
        }
    };
    let id = world::id(&filed.json());
    bastion.approve(&id).await;
    bastion.wait_for(&id, "ended", "20s").await;
    let status = bastion.json("root", &["status"]).await.json();
    assert_eq!(
        (&status["aws"]["state"], &status["healthy"]),
        (&Value::from("ok"), &Value::from(true))
    );
    assert_eq!(aws.calls("CreateAccountAssignment").await.len(), 1);
    bastion.chain_holds().await;
}

#[tokio::test]
async fn access_that_ends_while_aws_is_away_goes_when_it_is_back() {
    let test = "an end while AWS is away";
    let Some(World { bastion, aws }) = World::start(test, QUICK).await else {
        return;
    };
    let id = bastion.request("2s").await;
    bastion.approve(&id).await;
    bastion.wait_for(&id, "active", "10s").await;
    aws.faults(&format!(
        "{QUICK}[[rule]]\noperation = '*'\nkind = 'drop_before'\n"
    ))
    .await;
    bastion.wait_for(&id, "ending", "10s").await;
    let me = eventually("whoami says so", Duration::from_secs(5), async || {
        let me = bastion.run("bob", &["whoami"]).await.ok();
        me.out.contains("AWS is unreachable").then_some(me)
    })
    .await;
    assert!(me.out.contains("bob"), "who is who is known from the store: {me}");
    // A restart finds the directory in the store, and what has to go.
    bastion.daemon.kill().await;
    bastion.daemon.start_again().await;
    let me = bastion.json("alice", &["whoami"]).await.json();
    assert_eq!(me["person"]["user_name"], "alice", "{me}");
    assert_eq!(bastion.show(&id).await["state"], "ending");
    assert!(aws.assignments().await.iter().any(|line| line == ASSIGNED));
    aws.faults(QUICK).await;
    let world = World { bastion, aws };
    world.wait_for_assignment(false, Duration::from_secs(30)).await;
    world.bastion.wait_for(&id, "ended", "10s").await;
    world.all_is_clean().await;
}
