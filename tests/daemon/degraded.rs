//! A store that cannot be used: what the daemon says, what it refuses, and that removals go on.

use crate::support::*;
use serde_json::json;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use teamd_domain::grant::{Grant, State};
use teamd_domain::request::Key;
use teamd_engine::Hold;
use teamd_host::lifecycle::Ended;
use teamd_store::port::{StoreError, StoreResult};
use teamd_store::{Store, WriteLane};

/// The file says that alice's access is over.
fn past_in_the_leases_file(world: &World) {
    let path = world.folder().join("leases.json");
    let mut file: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&path).expect("the leases file")).expect("JSON");
    for entry in file["leases"].as_array_mut().expect("entries") {
        entry["last_end"] = json!(now() - chrono::TimeDelta::seconds(1));
    }
    std::fs::write(&path, file.to_string()).expect("the leases file");
}

#[tokio::test]
async fn a_damaged_database_is_served_in_revoke_only() {
    let mut world = World::new().await;
    let id = world.active().await;
    let leases = world.folder().join("leases.json");
    soon("the leases file names it", || {
        std::fs::read_to_string(&leases).is_ok_and(|text| text.contains(&id))
    })
    .await;
    world.stop().await;
    past_in_the_leases_file(&world);
    let garbage = b"not a database at all".repeat(500);
    std::fs::write(world.database(), &garbage).expect("damage");
    world.run().await;
    soon("access is taken back", || {
        !world.is_assigned("alice", LEDGER, ADMIN)
    })
    .await;

    let answer = world
        .as_("alice")
        .post("/v1/requests", ask(WEB, ADMIN, 600))
        .await;
    assert_eq!(
        (answer.status, answer.json()["code"].as_str()),
        (503, Some("store_unavailable"))
    );
    assert!(
        answer.json()["help"]
            .as_str()
            .is_some_and(|help| help.contains("restore a backup")),
        "{}",
        answer.json()
    );
    let status = world.as_("alice").get("/v1/status?short=true").await.is(200);
    assert_eq!(status["healthy"], false);
    assert!(status.to_string().contains("revoke-only"), "{status}");
    world.as_("alice").get("/v1/me").await.is(200);
    assert_eq!(world.as_("alice").get("/readyz").await.status, 503);
    assert_eq!(world.as_("alice").get("/healthz").await.status, 204);
    world.stop().await;
    assert!(
        std::fs::read(world.database()).expect("the file") == garbage,
        "it was written to"
    );
}

#[tokio::test]
async fn unknown_disk_holds_grants() {
    let world = World::new().await;
    let gate = world.engine().gate();
    let elsewhere = world.folder().with_extension("elsewhere");
    std::fs::rename(world.folder(), &elsewhere).expect("the folder is elsewhere");
    soon("the disk is unknown", || {
        let holds = gate.holds();
        let disk = holds.get(&Hold::DiskLow);
        disk.is_some_and(|held| held.reason.contains("cannot be examined"))
    })
    .await;
    std::fs::rename(&elsewhere, world.folder()).expect("the folder is back");
    soon("the disk is known", || !gate.is_held(Hold::DiskLow)).await;
}

#[tokio::test]
async fn another_daemon_on_the_store_stops_the_first() {
    let mut world = World::new().await;
    let file = rusqlite::Connection::open(world.database()).expect("the database");
    file.execute("UPDATE meta SET value = value + 1 WHERE name = 'audit.epoch'", [])
        .expect("another epoch");
    drop(file);
    let refused: StoreResult<()> = world
        .engine()
        .store()
        .write(WriteLane::Normal, |tx| tx.set_meta("a", "b"))
        .await;
    assert!(
        matches!(refused, Err(StoreError::Superseded { .. })),
        "{refused:?}"
    );
    let ended = world.ended().await;
    assert_eq!(ended, Ended::TaskFailed("store"));
}

/// Twelve mebibytes of their own; none where this user may not mount.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=12m", "tmpfs"])
            .arg(folder.path())
            .status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(Self(folder));
        }
        eprintln!("SKIP: a disk that is full is only tested where a tmpfs can be mounted");
        None
    }

    fn fill(&self) {
        let file = self.0.path().join("filler");
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(file)
            .expect("the filler");
        while file.write_all(&[b'x'; 4096]).is_ok() {}
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

async fn remove(store: &Store, number: u64) -> StoreResult<()> {
    let grant = Grant {
        state: State::Present,
        last_error: Some("x".repeat(3000)),
        ..Grant::new(Key {
            user: format!("user-{number}").parse().expect("an id"),
            account: LEDGER.parse().expect("an account"),
            permission_set: "arn:ps".parse().expect("an ARN"),
        })
    };
    store.remove(move |tx| tx.save_grant(&grant)).await
}

#[tokio::test]
async fn a_full_disk_gives_up_its_ballast_and_removals_never_stop() {
    let Some(disk) = SmallDisk::mount() else { return };
    let path: &Path = disk.0.path();
    let store = Store::open(&path.join("teamd.db")).expect("a store");
    let ballast = || {
        store
            .disk()
            .and_then(|disk| disk.look().ok())
            .map_or(0, |space| space.ballast)
    };
    store
        .disk()
        .expect("on a disk")
        .keep_ballast()
        .expect("room for it");
    assert!(ballast() > 500_000);
    disk.fill();
    // The first write that finds no room has some the next moment.
    for number in 0..8 {
        assert_eq!(remove(&store, number).await, Ok(()));
    }
    assert_eq!((store.condition().borrow().clone(), ballast()), (None, 0));
    // And when that is gone, too, removals go on in memory.
    disk.fill();
    let mut number = 8;
    while store.condition().borrow().is_none() && number < 4000 {
        assert_eq!(remove(&store, number).await, Ok(()));
        number += 1;
    }
    assert_eq!(*store.condition().borrow(), Some(StoreError::Full));
    let refused: StoreResult<()> = store.write(WriteLane::Normal, |tx| tx.set_meta("a", "b")).await;
    assert_eq!(refused, Err(StoreError::Full));
    assert!(store.recover(now()).await.is_err());
    std::fs::remove_file(path.join("filler")).expect("room again");
    assert!(store.recover(now()).await.is_ok_and(|written| written > 0));
    assert_eq!(*store.condition().borrow(), None);
    let kept: StoreResult<usize> = store.read(|read| Ok(read.grants()?.len())).await;
    assert_eq!(kept, Ok(usize::try_from(number).expect("small")));
    store.close();
}

#[tokio::test]
async fn locked_database_keeps_no_access_alive() {
    let world = World::new().await;
    let id = world.active().await;
    let other = rusqlite::Connection::open(world.database()).expect("the database");
    other.execute_batch("BEGIN IMMEDIATE").expect("the lock");
    let begun = std::time::Instant::now();
    world.clock.shift(chrono::TimeDelta::minutes(61));
    soon("access is taken back", || {
        !world.is_assigned("alice", LEDGER, ADMIN)
    })
    .await;
    // The delete itself has to be sent within a second; AWS takes its time, and so does a loaded machine.
    assert!(
        begun.elapsed() < std::time::Duration::from_secs(4),
        "{:?}",
        begun.elapsed()
    );
    let refused = world
        .as_("alice")
        .post("/v1/requests", ask(WEB, ADMIN, 600))
        .await;
    assert_eq!(refused.status, 503);
    let detail = refused.json()["detail"].to_string();
    assert!(detail.contains("locked by another process"), "{detail}");
    let status = world.as_("gita").get("/v1/status").await.is(200);
    assert_eq!(status["healthy"], false);
    let fault = status["store"]["fault"].to_string();
    assert!(fault.contains("locked by another process"), "{status:#}");

    other.execute_batch("ROLLBACK").expect("the lock is let go");
    drop(other);
    world.reach(&id, "ended").await;
    soon("the database is used again", || {
        world.engine().degraded().is_none()
    })
    .await;
    let check = world.engine().verify_chain().await.expect("the chain");
    assert_eq!(check.fault, None);
    let rows = world.as_("hugo").get("/v1/audit?limit=500").await.is(200);
    let late = rows.to_string();
    assert!(
        late.contains("recorded_at"),
        "written down with both times: {late}"
    );
    world.submit("alice", ask(WEB, ADMIN, 600)).await;
}

/// Another process locks the database; removals go on in memory by the time that this returns.
async fn locked(world: &World) -> rusqlite::Connection {
    let other = rusqlite::Connection::open(world.database()).expect("the database");
    other.execute_batch("BEGIN IMMEDIATE").expect("the lock");
    other
}

async fn unlocked(world: &World, other: rusqlite::Connection) {
    other.execute_batch("ROLLBACK").expect("the lock is let go");
    drop(other);
    soon("the database is used again", || {
        world.engine().degraded().is_none()
    })
    .await;
}

#[tokio::test]
async fn revoke_while_locked_ends_extension() {
    for is_approved in [true, false] {
        let mut world = World::new().await;
        let id = world.active().await;
        let asked = json!({"duration_seconds": 600, "reason": REASON});
        let path = format!("/v1/requests/{id}/extend");
        let extension = id_of(&world.as_("alice").post(&path, asked).await.is(201));
        if is_approved {
            world.act("bob", &extension, "approve").await.is(200);
            assert_eq!(world.show(&extension).await["state"], "scheduled");
        }
        // The copy in memory is made anew from the tables.
        world.restart().await;
        let other = locked(&world).await;
        world.act("ivy", &id, "revoke").await.is(200);
        unlocked(&world, other).await;
        world.reach(&id, "revoked").await;
        world.reach(&extension, "withdrawn").await;
        assert!(!world.is_assigned("alice", "prod-ledger", ADMIN));
    }
}

#[tokio::test]
async fn freeze_while_locked_is_in_the_store_later() {
    let world = World::new().await;
    let other = locked(&world).await;
    let freeze = json!({"reason": "a laptop is gone"});
    world.as_("ivy").post("/v1/freeze", freeze.clone()).await.is(200);
    unlocked(&world, other).await;
    let refused = world
        .as_("alice")
        .post("/v1/requests", ask(WEB, ADMIN, 600))
        .await;
    refused.refused(403, "frozen");
    world.as_("gita").post("/v1/unfreeze", freeze).await.is(200);
    world.submit("alice", ask(WEB, ADMIN, 600)).await;
}
