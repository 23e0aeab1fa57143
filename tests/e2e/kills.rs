//! kill -9 at any moment of anything, again and again: whatever was acknowledged is there, and everything ends as it
//! would have.
//!
//! People act while the daemon is killed under them, a few times a second. Every so often it is left alone until all is
//! over, and then everything is looked at: requests, trail, AWS.

use crate::world::{Bastion, STANDING, World, id};
use serde_json::Value;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use team_test_support::chance::{Chance, seed};
use team_test_support::loud::say;
use team_test_support::wait::eventually;
use tokio::time::sleep;

/// How often, where `TEAM_E2E_KILLS` does not say.
const KILLS: u64 = 200;

/// Worlds at once; each has its own daemon, store and AWS.
const WORLDS: u64 = 2;

/// Kills until everything is looked at.
const ROUND: u64 = 50;

/// AWS that takes a little time for every answer, so that kills meet calls under way.
const SLOW: &str = "assignment_latency_ms = 150\nconflict_window_ms = 200\nlatency_ms = 8\n";

/// A life is at most so long; half of them are shorter than the first, which a start alone may take.
const LIVES: [Duration; 2] = [Duration::from_millis(150), Duration::from_millis(700)];

/// A killed daemon is down for less than this.
const DOWN: Duration = Duration::from_millis(60);

/// Until all is over once the daemon is left alone. A removal whose delete finds nothing, as after a kill between the
/// delete and its record, takes a listing of a minute later.
const CALM: Duration = Duration::from_secs(150);

/// One after the other, by one person, until the round is over.
const ACTORS: [&str; 2] = ["automatic", "approved"];

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
    tokio::join!(one(0), one(1));
}

async fn survive(kills: u64, mut chance: Chance) {
    if kills == 0 {
        return;
    }
    let Some(world) = World::start("kill -9", SLOW).await else {
        return;
    };
    let (mut done, mut asked) = (0, 0);
    while done < kills {
        let round = ROUND.min(kills - done);
        let acknowledged = RefCell::new(BTreeMap::new());
        let over = RefCell::new(false);
        let seeds = [chance.below(u64::MAX), chance.below(u64::MAX)];
        let killer = async {
            for _ in 0..round {
                kill_once(&world.bastion, &mut chance).await;
            }
            world.bastion.daemon.listens().await;
            over.replace(true);
        };
        let act = |at: usize| {
            let chance = Chance::new(seeds[at]);
            people(&world.bastion, (ACTORS[at], done), chance, &over, &acknowledged)
        };
        tokio::join!(killer, act(0), act(1));
        done += round;
        let acknowledged = acknowledged.into_inner();
        asked += acknowledged.len();
        all_is_as_acknowledged(&world, &acknowledged).await;
    }
    for call in world.aws.calls("DeleteAccountAssignment").await {
        let key = call["key"].to_string();
        let ours = key.contains("111122223333") || key.contains("222233334444");
        assert!(ours, "only what we made is deleted: {call}");
    }
    say(&format!("{done} kills over {asked} requests"));
    world.all_is_clean().await;
}

/// A life, cut off at a moment of chance, now and then before it listens; and the beginning of the next.
async fn kill_once(bastion: &Bastion, chance: &mut Chance) {
    let longest = LIVES[usize::from(chance.below(2) == 1)];
    sleep(chance.within(longest)).await;
    bastion.daemon.kill().await;
    sleep(chance.within(DOWN)).await;
    bastion.daemon.launch();
}

/// Asks for access, has it decided, gives it back or lets it run out; repeats everything until it is acknowledged, as
/// people do whose daemon restarts.
async fn people(
    bastion: &Bastion,
    (actor, round): (&str, u64),
    mut chance: Chance,
    over: &RefCell<bool>,
    acknowledged: &RefCell<BTreeMap<String, String>>,
) {
    let (account, set) = match actor {
        "automatic" => ("stage", "ReadOnly"),
        _ => ("prod", "Admin"),
    };
    for way in 1.. {
        if *over.borrow() {
            return;
        }
        let (reason, key) = (
            format!("{actor} {way}, INC-4711"),
            format!("{actor}-{round}-{way}"),
        );
        let ask = [
            "request",
            account,
            set,
            "--for",
            "1s",
            "--reason",
            &reason,
            "--idempotency-key",
            &key,
        ];
        let filed = until_acknowledged(bastion, "alice", &ask).await;
        let id = id(&filed.unwrap_or_else(|refusal| panic!("a submission is taken: {refusal}")));
        acknowledged.borrow_mut().insert(key, id.clone());
        if actor != "automatic" {
            // A second answer is a refusal: the vote counted, its acknowledgement was lost.
            drop(until_acknowledged(bastion, "bob", &["approve", &id]).await);
        }
        if chance.below(3) == 0 {
            drop(until_acknowledged(bastion, "alice", &["done", &id]).await);
        }
        sleep(chance.within(Duration::from_millis(300))).await;
    }
}

/// A verb until it is answered; else the refusal that was the answer.
async fn until_acknowledged(bastion: &Bastion, who: &str, verb: &[&str]) -> Result<Value, String> {
    eventually("the verb is acknowledged", CALM, async || {
        let said = bastion.json(who, verb).await;
        match said.code {
            0 => Some(Ok(said.json())),
            // Decided, or over, already.
            5 => Some(Err(said.to_string())),
            // Away, or gone in the middle of the answer, or not up yet.
            1 | 6 => None,
            _ => panic!("{verb:?}: {said}"),
        }
    })
    .await
}

/// Left alone, everything comes to its end, and every trace of it fits.
async fn all_is_as_acknowledged(world: &World, acknowledged: &BTreeMap<String, String>) {
    let bastion = &world.bastion;
    let mut states = BTreeMap::new();
    eventually("every request is over", CALM, async || {
        let page = bastion
            .json("carol", &["ls", "--all", "--limit", "500"])
            .await
            .json();
        let items = page["items"].as_array().cloned().unwrap_or_default();
        let word = |item: &Value, key: &str| item[key].as_str().unwrap_or("?").to_owned();
        states = items
            .iter()
            .map(|item| (word(item, "id"), word(item, "state")))
            .collect();
        let over = |id: &String| {
            let state = states.get(id).unwrap_or_else(|| panic!("{id} is lost"));
            ["ended", "failed", "withdrawn", "expired"].contains(&state.as_str())
        };
        acknowledged.values().all(over).then_some(())
    })
    .await;
    let distinct: BTreeSet<_> = acknowledged.values().collect();
    assert_eq!(
        distinct.len(),
        acknowledged.len(),
        "one request for two keys: {acknowledged:?}"
    );
    eventually("nothing of ours is in AWS", CALM, async || {
        (world.aws.assignments().await == STANDING).then_some(())
    })
    .await;
    let check = bastion.json("carol", &["audit", "verify"]).await.json();
    assert_eq!(check["ok"], true, "{check}");
    states_are_the_fold_of_their_events(bastion, &states).await;
}

/// What the trail says of a request last is what it is, and each was filed once.
async fn states_are_the_fold_of_their_events(bastion: &Bastion, states: &BTreeMap<String, String>) {
    let rows = bastion
        .run("carol", &["audit", "export", "--format", "jsonl"])
        .await
        .ok();
    let mut folded: BTreeMap<String, (String, u32)> = BTreeMap::new();
    for line in rows.out.lines() {
        let row: Value = serde_json::from_str(line).expect("a JSON line");
        let (Some(id), Some(kind)) = (row["request_id"].as_str(), row["type"].as_str()) else {
            continue;
        };
        let state = match kind.strip_prefix("request.") {
            Some("submitted") => "pending",
            Some(
                word @ ("scheduled" | "activating" | "active" | "ending" | "ended" | "revoked" | "failed"
                | "rejected" | "cancelled" | "expired" | "withdrawn" | "lost"),
            ) => word,
            _ => continue,
        };
        let entry = folded.entry(id.to_owned()).or_default();
        entry.0 = state.to_owned();
        entry.1 += u32::from(state == "pending");
    }
    for (id, state) in states {
        let (last, filed) = folded
            .get(id)
            .unwrap_or_else(|| panic!("{id} is not in the trail"));
        assert_eq!((last, filed), (state, &1), "{id}");
    }
}
