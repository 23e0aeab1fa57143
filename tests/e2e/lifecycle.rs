//! Signals, a bad configuration, and two daemons on one store.

use crate::world::{QUICK, World, path};
use nix::sys::signal::Signal;
use std::time::Duration;
use team_test_support::daemon;
use team_test_support::wait::eventually;

#[tokio::test]
async fn sigterm_is_an_orderly_stop_and_sighup_a_careful_reload() {
    let Some(world) = World::start("signals", QUICK).await else {
        return;
    };
    let good = std::fs::read_to_string(&world.bastion.config).expect("the configuration");

    // A bad one is refused as a whole, named by line, and the old one stays.
    let bad = good
        .replace("[aws]", "[aws]\nregoin = \"eu-west-1\"")
        .replace("0666", "rwx");
    std::fs::write(&world.bastion.config, bad).expect("a file");
    world.bastion.daemon.signal(Signal::SIGHUP);
    let log = eventually(
        "the bad configuration is refused",
        Duration::from_secs(5),
        async || {
            let log = world.bastion.daemon.log();
            log.contains("the old one stays").then_some(log)
        },
    )
    .await;
    assert!(
        log.contains("regoin") && log.contains("socket_mode"),
        "all faults at once: {log}"
    );
    let id = world.bastion.request("30s").await;
    world.bastion.approve(&id).await;
    world.bastion.wait_for(&id, "active", "10s").await;

    // A good one is taken: bob's login is somebody else's from now on.
    let login = good
        .lines()
        .find(|line| line.ends_with("= \"bob\""))
        .expect("bob's login");
    let moved = good.replace(login, &login.replace("bob", "nobody-knows"));
    std::fs::write(&world.bastion.config, moved).expect("a file");
    world.bastion.daemon.signal(Signal::SIGHUP);
    eventually(
        "the map of logins is the new one",
        Duration::from_secs(5),
        async || {
            let me = world.bastion.json("bob", &["whoami"]).await.json();
            me["person"].is_null().then_some(())
        },
    )
    .await;
    world
        .bastion
        .json("bob", &["ls", "--queue"])
        .await
        .problem(3, "unknown_identity");
    std::fs::write(&world.bastion.config, good).expect("a file");

    let started = std::time::Instant::now();
    let status = world.bastion.daemon.stop().await;
    assert_eq!(status.code(), Some(0), "{status}");
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "nothing has to be waited for"
    );
    world.bastion.run("alice", &["ls"]).await.fails(6);
    // Live access outlives the daemon, and its end is kept after the next start.
    world.wait_for_assignment(true, Duration::from_secs(1)).await;
    world.bastion.daemon.start_again().await;
    let events = world.bastion.events(None).await;
    let life: Vec<&str> = events
        .iter()
        .filter_map(|event| event.strip_prefix("daemon."))
        .collect();
    assert_eq!(life, ["started", "stopped", "started"], "{events:?}");
    world.bastion.run("alice", &["done", &id]).await.ok();
    world.wait_for_assignment(false, Duration::from_secs(10)).await;
    world.bastion.wait_for(&id, "ended", "10s").await;
    world.all_is_clean().await;
}

#[tokio::test]
async fn a_second_daemon_on_the_store_refuses_and_the_first_goes_on() {
    let Some(world) = World::start("two daemons", QUICK).await else {
        return;
    };
    let bastion = &world.bastion;
    let text = std::fs::read_to_string(&bastion.config).expect("the configuration");
    let other = bastion.place().join("other.toml");
    std::fs::write(&other, text.replace("teamd.sock", "other.sock")).expect("a file");
    let second = daemon::teamd(crate::teamd(), &["--config", path(&other)]).await;
    let said = String::from_utf8_lossy(&second.stderr);
    assert_eq!(second.status.code(), Some(1), "{said}");
    assert!(
        said.contains("in use by another teamd") && said.contains("stop that one first"),
        "{said}"
    );
    // With the same socket too: it must not be taken away from the first.
    let second = daemon::teamd(crate::teamd(), &["--config", path(&bastion.config)]).await;
    assert_eq!(second.status.code(), Some(1));
    bastion.request("1h").await;
    // The file is for its owner alone.
    let mode = std::fs::metadata(&bastion.database)
        .map(|file| std::os::unix::fs::PermissionsExt::mode(&file.permissions()));
    assert_eq!(mode.expect("the database") & 0o777, 0o600);
    world.all_is_clean().await;
}

#[tokio::test]
async fn a_wrong_configuration_is_told_whole_and_a_wrong_store_is_not_replaced() {
    let folder = crate::world::folder();
    let (config, database) = (folder.path().join("teamd.toml"), folder.path().join("teamd.db"));
    std::fs::write(
        &config,
        "[server]\nsoket = \"x\"\n[aws]\nendpoint_url = \"http://aws.example\"\n",
    )
    .expect("a file");
    let ended = daemon::teamd(crate::teamd(), &["--config", path(&config)]).await;
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(
        said.contains("did you mean socket") && said.contains("endpoint_url"),
        "{said}"
    );

    let text = format!(
        "[server]\nsocket = \"{}/s\"\n[store]\npath = \"{}\"\n[aws]\nregion = \"eu-west-1\"\nendpoint_url = \"http://127.0.0.1:9\"\n",
        path(folder.path()),
        path(&database)
    );
    std::fs::write(&config, text).expect("a file");
    std::fs::write(
        &database,
        "this is not a database at all, but somebody's notes".repeat(100),
    )
    .expect("a file");
    // It serves, to take access back, and says what is wrong.
    let (socket, log) = (folder.path().join("s"), folder.path().join("teamd.log"));
    let daemon = daemon::Daemon::start(crate::teamd(), &config, &socket, &log).await;
    let said = daemon.log();
    assert!(said.contains("teamd.db"), "{said}");
    assert!(daemon.stop().await.success(), "{}", daemon.log());
    assert!(
        std::fs::read(&database)
            .expect("the file")
            .starts_with(b"this is not"),
        "left as it was"
    );
}
