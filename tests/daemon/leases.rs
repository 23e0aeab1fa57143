//! The leases file, and the sweep that takes access back from it when no daemon does.

use crate::support::*;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;

impl World {
    fn leases(&self) -> PathBuf {
        self.database().with_file_name("leases.json")
    }

    /// `teamd sweep --once`, as from another host: nothing but the file, and the way to AWS.
    async fn sweep(&self, file: &Path) -> Output {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_teamd"));
        command
            .args(["sweep", "--once", "--leases"])
            .arg(file)
            .env_clear()
            .env("TEAMD_AWS__ENDPOINT_URL", self.aws_url())
            .env("TEAMD_AWS__REGION", "eu-west-1");
        // The simulated AWS answers from this thread.
        let output = tokio::task::spawn_blocking(move || command.output()).await;
        output.expect("no panic").expect("teamd runs")
    }
}

fn read(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).expect("whole JSON, whenever it is looked at")
}

fn entries(path: &Path) -> Vec<Value> {
    read(path)["leases"].as_array().expect("a list").clone()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test]
async fn the_file_names_a_key_from_before_its_create_until_it_is_gone() {
    let world = World::new().await;
    let file = world.leases();
    soon("the first file", || file.exists()).await;
    assert_eq!(entries(&file), [] as [Value; 0]);
    let id = world.active().await;
    // Durable before the create, so it needs no waiting.
    let entry = entries(&file).remove(0);
    assert_eq!(entry["user_id"], world.user_id("alice"));
    assert_eq!(
        (&entry["account_id"], &entry["owned"]),
        (&json!(LEDGER), &json!(true))
    );
    assert_eq!(entry["requests"], json!([id]));
    let mode = std::fs::metadata(&file).expect("the file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let end = moment(&world.show(&id).await["end_at"]);
    soon("the end as it is since AWS has confirmed", || {
        moment(&entries(&file)[0]["last_end"]) == end
    })
    .await;
    world.act("alice", &id, "done").await.is(200);
    world.reach(&id, "ended").await;
    soon("an empty file", || entries(&file).is_empty()).await;
}

#[tokio::test]
async fn without_the_file_nothing_is_created_and_removals_go_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let (place, away) = (folder.path().join("leases"), folder.path().join("away"));
    std::fs::create_dir(&place).expect("a folder");
    let file = place.join("leases.json");
    let path = file.clone();
    let world = Setup::new().config(|c| c.store.leases_path = path).start().await;
    let id = world.active().await;
    std::fs::rename(&place, &away).expect("the folder goes");
    let waits = id_of(&world.submit("liam", ask(DEV_WEB, READ_ONLY, 600)).await);
    let problems = async || world.as_("hugo").get("/v1/status").await.is(200)["problems"].to_string();
    while !problems().await.contains("leases file") {
        pause().await;
    }
    world.act("alice", &id, "done").await.is(200);
    world.reach(&id, "ended").await;
    assert!(!world.is_assigned("alice", "prod-ledger", ADMIN));
    assert_eq!(world.writes(), (1, 1), "no create without the file");
    std::fs::rename(&away, &place).expect("the folder comes back");
    world.reach(&waits, "active").await;
    assert_eq!(entries(&file).len(), 1);
}

#[tokio::test]
async fn when_the_daemon_is_gone_for_good_a_sweep_takes_access_back_also_from_an_old_file() {
    let mut world = World::new().await;
    let due = world.active().await;
    let lasting = id_of(&world.submit("liam", ask(DEV_WEB, READ_ONLY, 600)).await);
    world.reach(&lasting, "active").await;
    let (file, copy) = (world.leases(), world.leases().with_file_name("copy.json"));
    soon("both", || entries(&file).len() == 2).await;
    world.kill().await;
    let before = std::fs::read(world.database()).expect("the store");
    // The file as it was two hours ago, and the one request as over since then.
    let mut old = read(&file);
    old["written_at"] = json!(in_seconds(-7200));
    for entry in old["leases"].as_array_mut().expect("a list") {
        if entry["requests"] == json!([due]) {
            entry["last_end"] = json!(in_seconds(-1200));
        }
    }
    std::fs::write(&copy, old.to_string()).expect("a copy");
    let swept = world.sweep(&copy).await;
    let text = said(&swept);
    assert!(swept.status.success(), "{swept:?}");
    assert!(!world.is_assigned("alice", "prod-ledger", ADMIN), "{text}");
    assert!(world.is_assigned("liam", "dev-web", READ_ONLY), "{text}");
    for part in [
        "WARN",
        "2 h old",
        "deleted  user",
        "verified gone",
        "not due  user",
        "1 due: 1 deleted",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(world.writes().0, 2, "it creates nothing");
    assert_eq!(std::fs::read(world.database()).expect("the store"), before);
    // Once more: all of it is gone already.
    let again = world.sweep(&copy).await;
    assert!(
        again.status.success() && said(&again).contains("nothing was there"),
        "{again:?}"
    );
}

#[tokio::test]
async fn a_sweep_refuses_what_it_cannot_trust() {
    let mut world = World::new().await;
    let id = world.active().await;
    let (file, copy) = (world.leases(), world.leases().with_file_name("copy.json"));
    world.kill().await;
    let mut due = read(&file);
    due["leases"][0]["last_end"] = json!(in_seconds(-1200));
    let text = due.to_string();
    for (what, content, says) in [
        ("cut", text[..text.len() / 2].to_owned(), "is not a leases file"),
        ("garbage", "\0\0\0".to_owned(), "is not a leases file"),
        (
            "version",
            text.replace("\"version\":1", "\"version\":9"),
            "this release reads 1",
        ),
        (
            "region",
            text.replace("eu-west-1", "us-east-1"),
            "the configuration says",
        ),
    ] {
        std::fs::write(&copy, content).expect("a copy");
        let swept = world.sweep(&copy).await;
        assert_eq!(swept.status.code(), Some(1), "{what}: {swept:?}");
        assert!(said(&swept).contains(says), "{what}: {swept:?}");
    }
    let missing = world.sweep(&copy.with_file_name("missing.json")).await;
    assert_eq!(missing.status.code(), Some(1));
    assert!(said(&missing).contains("--leases FILE"), "{missing:?}");
    assert!(
        world.is_assigned("alice", "prod-ledger", ADMIN),
        "{id} is as it was"
    );
}

#[tokio::test]
async fn a_file_that_names_what_the_store_does_not_know_is_kept() {
    let mut world = World::new().await;
    world.active().await;
    world.kill().await;
    for name in ["teamd.db", "teamd.db-wal", "teamd.db-shm"] {
        let _ = std::fs::remove_file(world.database().with_file_name(name));
    }
    world.run().await;
    let folder = world.database();
    let folder = folder.parent().expect("a folder").to_owned();
    let kept = || {
        let found = std::fs::read_dir(&folder).expect("the folder").flatten();
        let mut names = found.map(|entry| entry.path());
        names.find(|path| path.to_string_lossy().contains("leases.json.2"))
    };
    soon("the kept file", || kept().is_some()).await;
    assert_eq!(entries(&kept().expect("the kept file")).len(), 1);
    let overview = world.engine().overview().await.expect("the store");
    let problem = overview.problems.iter().find(|p| p.contains("teamd sweep"));
    assert!(problem.is_some(), "{:?}", overview.problems);
}

#[tokio::test]
async fn unreadable_leases_file_is_a_problem() {
    let mut world = World::new().await;
    world.stop().await;
    std::fs::write(world.folder().join("leases.json"), "{").expect("a file");
    world.run().await;
    let problems = async || {
        let status = world.as_("alice").get("/v1/status?short=true").await.is(200);
        status["problems"].to_string()
    };
    for _ in 0..200 {
        if problems()
            .await
            .contains("cannot be read, and may name assignments")
        {
            return;
        }
        pause().await;
    }
    panic!("{}", problems().await);
}
