//! kill -9 at any moment of the path, then a restart: the same end, and nothing that was acknowledged is lost.

use crate::world::{Bastion, STANDING, World, id};
use std::time::Duration;
use team_test_support::chance::{Chance, seed};
use team_test_support::wait::eventually;
use tokio::time::{Instant, sleep, sleep_until};

/// How often, where `TEAM_E2E_KILLS` does not say.
const KILLS: u64 = 20;

/// Worlds at once; each has its own daemon, store and AWS, and is killed several times.
const WORLDS: u64 = 5;

/// AWS that takes its time for every answer, so that kills meet calls under way.
const SLOW: &str = "assignment_latency_ms = 400\nconflict_window_ms = 500\nlatency_ms = 40\n";

/// A way from a request to its end takes about this long.
const WAY: Duration = Duration::from_millis(4_500);

/// The exit code where there is no daemon.
const AWAY: i32 = 6;

/// Until a verb is acknowledged.
const PATIENCE: Duration = Duration::from_secs(20);

/// A killed daemon is down for less than this.
const DOWN: Duration = Duration::from_millis(1_200);

#[tokio::test]
async fn the_end_is_the_same_wherever_it_is_killed() {
    let kills = std::env::var("TEAM_E2E_KILLS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(KILLS);
    let seed = seed("TEAM_E2E_SEED");
    let share = |world: u64| kills / WORLDS + u64::from(world < kills % WORLDS);
    let one = async |world: u64| {
        let chance = Chance::new(seed.wrapping_mul(1_000).wrapping_add(world));
        survive(share(world), chance).await;
    };
    tokio::join!(one(0), one(1), one(2), one(3), one(4));
}

/// So many ways from a request to its end, with one kill each.
async fn survive(kills: u64, mut chance: Chance) {
    if kills == 0 {
        return;
    }
    let Some(world) = World::start("kill -9", SLOW).await else {
        return;
    };
    let bastion = &world.bastion;
    let mut acknowledged = Vec::new();
    for way in 1..=kills {
        let (after, down) = (kill_point(&mut chance), chance.within(DOWN));
        let begun = Instant::now();
        let killed = async {
            sleep_until(begun + after).await;
            bastion.daemon.kill().await;
            sleep(down).await;
            bastion.daemon.start_again().await;
        };
        let (id, ()) = tokio::join!(walk(bastion, way), killed);
        acknowledged.push(id);
        let what = format!("killed after {after:?}, down for {down:?}: every request is over");
        eventually(&what, Duration::from_secs(30), async || {
            let all = bastion.json("alice", &["ls", "--mine"]).await.json();
            let all = all["items"].as_array().cloned().unwrap_or_default();
            assert_eq!(all.len(), acknowledged.len(), "lost, or filed twice: {all:?}");
            let ended = |id: &String| {
                let found = all.iter().find(|request| request["id"] == id.as_str());
                found.unwrap_or_else(|| panic!("{id} is lost: {all:?}"))["state"] == "ended"
            };
            acknowledged.iter().all(ended).then_some(())
        })
        .await;
        assert_eq!(world.aws.assignments().await, STANDING, "killed after {after:?}");
    }
    for call in world.aws.calls("DeleteAccountAssignment").await {
        let key = call["key"].to_string();
        assert!(
            key.contains("111122223333"),
            "only what we made is deleted: {call}"
        );
    }
    world.all_is_clean().await;
}

/// Half of them anywhere, half where much happens: at the submission, the approval and the create; at the end.
fn kill_point(chance: &mut Chance) -> Duration {
    let narrow = Duration::from_millis(1_000);
    match chance.below(4) {
        0 => chance.within(narrow),
        1 => Duration::from_millis(3_000) + chance.within(narrow),
        _ => chance.within(WAY),
    }
}

/// A request and its approval, repeated until they are acknowledged, as people do whose daemon restarts.
async fn walk(bastion: &Bastion, way: u64) -> String {
    let (reason, key) = (format!("way {way}, INC-4711"), format!("way-{way}"));
    let ask = [
        "request",
        "prod",
        "Admin",
        "--for",
        "2s",
        "--reason",
        &reason,
        "--idempotency-key",
        &key,
    ];
    let id = eventually("the request is acknowledged", PATIENCE, async || {
        let said = bastion.json("alice", &ask).await;
        (said.code != AWAY).then(|| id(&said.json()))
    })
    .await;
    eventually("the approval is acknowledged", PATIENCE, async || {
        let said = bastion.json("bob", &["approve", &id]).await;
        match said.code {
            AWAY => None,
            0 => Some(()),
            // The answer was lost, not the vote.
            _ => {
                said.problem(5, "already_decided");
                Some(())
            }
        }
    })
    .await;
    id
}
