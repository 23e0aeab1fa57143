//! Damaged databases: never a panic, never a create, never a database that was written to; and what is due goes.
//!
//! One database is lived in, then damaged in every way that disks and people know, each by its seed. Beside it lies the
//! leases file of the moment before. `TEAMD_DAMAGE_SEEDS=7..8` repeats one.

use crate::support::*;
use aws_simulator::{AssignmentKey, Faults, Simulator, SimulatorConfig};
use futures::StreamExt as _;
use serde_json::{Value, json};
use std::ops::Range;
use std::path::Path;
use std::sync::PoisonError;
use std::time::{Duration, Instant};
use team_test_support::chance::Chance;
use teamd_config::Config;
use teamd_engine::Hold;
use teamd_host::lifecycle::Shutdown;
use teamd_store::port::StoreError;
use teamd_store::{Store, WriteLane};

/// Seeds where nobody says others.
const SEEDS: Range<u64> = 0..200;

/// Daemons at once.
const AT_ONCE: usize = 16;

/// What is damaged: the database as it was closed; as it was open, with its log; and both at an earlier moment.
struct Origin {
    config: Config,
    closed: Vec<u8>,
    open: (Vec<u8>, Vec<u8>),
    earlier: (Vec<u8>, Vec<u8>),
    leases: Value,
    due: Vec<AssignmentKey>,
    held: AssignmentKey,
}

async fn origin() -> Origin {
    let mut world = World::new().await;
    let key = |world: &World, who: &str, account: &str| {
        world.aws(|aws, _| {
            aws.user_key(who, account, ADMIN)
                .expect("names of the organisation")
        })
    };
    let first = world.active().await;
    let held = id_of(&world.submit("dave", ask(WEB, ADMIN, 3600)).await);
    world.act("carol", &held, "approve").await.is(200);
    world.reach(&held, "active").await;
    let pending = with(ask(LEDGER, DATABASE, 600), json!({"ticket": "INC-1"}));
    world.submit("alice", pending).await;
    let keys = (key(&world, "alice", LEDGER), key(&world, "dave", WEB));
    let leases_path = world.folder().join("leases.json");
    let read = |path: &Path| std::fs::read(path).expect("a file");
    let names = |count: usize| {
        serde_json::from_slice::<Value>(&std::fs::read(&leases_path).unwrap_or_default())
            .is_ok_and(|file| file["leases"].as_array().is_some_and(|all| all.len() == count))
    };
    soon("both are in the leases file", || names(2)).await;
    world.stop().await;

    // Its end is past: in the database and in the file.
    let past = now() - chrono::TimeDelta::minutes(3);
    let file = rusqlite::Connection::open(world.database()).expect("the database");
    file.execute(
        "UPDATE requests SET session_end = ?1, deadline_ms = ?1, version = version + 1 WHERE id = ?2",
        (past.timestamp_millis(), &first),
    )
    .expect("an end in the past");
    drop(file);
    let mut leases: Value = serde_json::from_slice(&read(&leases_path)).expect("JSON");
    for entry in leases["leases"].as_array_mut().expect("entries") {
        if entry["requests"][0] == first {
            entry["last_end"] = json!(past);
        }
    }

    // Two moments of an open database.
    let path = world.database();
    let store = Store::open(&path).expect("a store");
    let wal = path.with_file_name("teamd.db-wal");
    let write = async |name: &'static str| {
        let written = store.write(WriteLane::Normal, move |tx| {
            tx.set_meta(name, &"x".repeat(20_000))?;
            Ok::<_, StoreError>(())
        });
        written.await.expect("a write");
    };
    write("one").await;
    let earlier = (read(&path), read(&wal));
    write("two").await;
    let open = (read(&path), read(&wal));
    store.close();
    let mut config = Config::default();
    config.aws.region = Some("eu-west-1".to_owned());
    config.aws.requests_per_second = 1000.0;
    config.aws.removal_requests_per_second = 1000.0;
    Origin {
        config,
        closed: read(&path),
        open,
        earlier,
        leases,
        due: vec![keys.0],
        held: keys.1,
    }
}

/// Writes a damaged copy; in which way.
fn damage(origin: &Origin, folder: &Path, seed: u64) -> &'static str {
    let mut chance = Chance::new(seed);
    let mut at = |end: usize| usize::try_from(chance.below(end as u64)).expect("small");
    let (mut db, mut wal, word) = match seed % 8 {
        0 | 1 => {
            let mut db = origin.closed.clone();
            for _ in 0..=at(8) {
                let place = at(db.len());
                db[place] ^= 1 << at(8);
            }
            (db, None, "flipped bits")
        }
        2 => {
            let mut db = origin.closed.clone();
            db.truncate(at(origin.closed.len()));
            (db, None, "cut short")
        }
        3 => {
            let mut db = origin.closed.clone();
            for _ in 0..=at(6) {
                let page = at(db.len() / 4096) * 4096;
                db[page..page + 4096].fill(0);
            }
            (db, None, "zeroed pages")
        }
        4 => (
            origin.closed.clone(),
            Some(origin.earlier.1.clone()),
            "an old log",
        ),
        5 => (
            origin.earlier.0.clone(),
            Some(origin.open.1.clone()),
            "an old database",
        ),
        6 => {
            let mut wal = origin.open.1.clone();
            for _ in 0..=at(4) {
                let place = at(wal.len());
                wal[place] ^= 1 << at(8);
            }
            wal.truncate(wal.len() - at(wal.len() / 2));
            (origin.open.0.clone(), Some(wal), "a damaged log")
        }
        _ => {
            let mut db = origin.closed.clone();
            let length = 16 + at(4080);
            db[..length].iter_mut().for_each(|byte| *byte = at(256) as u8);
            (db, None, "a garbage header")
        }
    };
    if db.is_empty() {
        db.push(0);
    }
    std::fs::write(folder.join("teamd.db"), &db).expect("a copy");
    if let Some(wal) = wal.take() {
        std::fs::write(folder.join("teamd.db-wal"), wal).expect("a copy");
    }
    std::fs::write(folder.join("leases.json"), origin.leases.to_string()).expect("a copy");
    word
}

/// What came of one seed; whether it was revoke-only.
async fn survive(origin: &Origin, seed: u64) -> Result<bool, String> {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let word = damage(origin, folder.path(), seed);
    let fail = |what: String| format!("TEAMD_DAMAGE_SEEDS={seed}..{}: {word}: {what}", seed + 1);
    let simulator = Simulator::start(SimulatorConfig {
        faults: Faults {
            assignment_latency_ms: 50,
            ..Faults::none()
        },
        ..SimulatorConfig::default()
    })
    .await
    .map_err(|error| fail(error.to_string()))?;
    let model = simulator.model();
    let look = || model.lock().unwrap_or_else(PoisonError::into_inner);
    for key in origin.due.iter().chain([&origin.held]) {
        look().put_assignment(key, now().timestamp_millis());
    }
    let mut config = origin.config.clone();
    config.store.path = folder.path().join("teamd.db");
    config.store.leases_path = folder.path().join("leases.json");
    config.aws.endpoint_url = Some(simulator.url());
    let before = std::fs::read(&config.store.path).expect("the copy");
    let shutdown = Shutdown::new();
    let engine = teamd::run::open(&config, &shutdown)
        .await
        .map_err(|error| fail(format!("it does not start: {error}")))?;
    engine.start();
    let is_revoke_only = engine.gate().is_held(Hold::RevokeOnly);
    let deadline = Instant::now() + SOON;
    loop {
        let left = {
            let mut model = look();
            model.advance(now().timestamp_millis());
            origin.due.iter().filter(|key| model.is_assigned(key)).count()
        };
        if left == 0 {
            break;
        }
        if Instant::now() > deadline {
            return Err(fail(format!(
                "{left} are still there; revoke-only: {is_revoke_only}"
            )));
        }
        pause().await;
    }
    let creates = look()
        .calls()
        .filter(|call| format!("{:?}", call.operation).contains("CreateAccountAssignment"))
        .count();
    if creates > 0 {
        return Err(fail(format!("{creates} creates")));
    }
    if !look().is_assigned(&origin.held) && !word.starts_with("an old") {
        return Err(fail("what was not due is gone".to_owned()));
    }
    shutdown.stop();
    let ended = shutdown.finished(Duration::from_secs(5)).await;
    if matches!(ended, teamd_host::lifecycle::Ended::TaskFailed(_)) {
        return Err(fail(format!("{ended:?}")));
    }
    engine.store().close();
    if is_revoke_only && std::fs::read(&config.store.path).is_ok_and(|after| after != before) {
        return Err(fail("the damaged file was written to".to_owned()));
    }
    simulator.shutdown().await;
    Ok(is_revoke_only)
}

fn seeds() -> Range<u64> {
    let given = std::env::var("TEAMD_DAMAGE_SEEDS").ok();
    let range = given.as_deref().and_then(|text| text.split_once(".."));
    range
        .and_then(|(from, to)| Some(from.parse().ok()?..to.parse().ok()?))
        .unwrap_or(SEEDS)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_database_grants_nothing_and_what_is_due_goes() {
    let origin = origin().await;
    let answers: Vec<_> = futures::stream::iter(seeds())
        .map(|seed| survive(&origin, seed))
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let failed: Vec<&String> = answers
        .iter()
        .filter_map(|answer| answer.as_ref().err())
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");
    let revoke_only = answers.iter().filter(|answer| **answer == Ok(true)).count();
    eprintln!("{} databases, {revoke_only} of them revoke-only", answers.len());
    if seeds() == SEEDS {
        assert!((50..200).contains(&revoke_only), "{revoke_only} revoke-only");
    }
}
