//! The weekly digest, with weeks that pass at once.

use super::log::smtp;
use super::smtp::{Kind, Server, Taken};
use crate::support::*;
use chrono::{Datelike as _, TimeDelta, Timelike as _};
use serde_json::{Value, json};
use teamd_config::Notify;
use teamd_domain::weekly::Schedule;

/// Due in an hour of the test's own time, each week.
fn in_an_hour() -> Schedule {
    let then = now() + TimeDelta::hours(1);
    Schedule {
        day: then.weekday(),
        time: then
            .time()
            .with_second(0)
            .and_then(|time| time.with_nanosecond(0))
            .expect("a time"),
    }
}

fn setup(server: &Server) -> Setup {
    Setup::new().config(|config| {
        config.notify.smtp = Some(smtp(server));
        config.notify.digest = Some(in_an_hour());
    })
}

/// The digests in the audit trail, oldest first.
async fn told(world: &World) -> Vec<Value> {
    let since = (now() + world.clock.by() - TimeDelta::days(60)).to_rfc3339();
    let path = format!("/v1/audit?limit=500&since={}", since.replace('+', "%2B"));
    let mut found = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = world.as_("hugo").get(&format!("{path}{cursor}")).await.is(200);
        let digests = items(&page).iter().filter(|row| row["type"] == "digest.weekly");
        found.extend(digests.cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    found.sort_by_key(|row| row["seq"].as_u64());
    found
}

/// Waits until the daemon has told so many, and looks that it tells no more.
async fn comes_to(world: &World, so_many: usize) -> Vec<Value> {
    let deadline = std::time::Instant::now() + SOON;
    loop {
        // What its own task does by and by; twice is once.
        world.engine().tell_week().await.expect("a digest");
        let found = told(world).await;
        assert!(found.len() <= so_many, "{found:#?}");
        if found.len() == so_many {
            return found;
        }
        assert!(
            std::time::Instant::now() < deadline,
            "{} of {so_many}",
            found.len()
        );
        pause().await;
    }
}

#[tokio::test]
async fn the_week_is_told_in_numbers_to_those_who_decide_and_those_who_watch() {
    let server = Server::start(Kind::Plain).await;
    let world = setup(&server).start().await;
    comes_to(&world, 0).await;
    let live = world.active().await;
    world.act("gita", &live, "revoke").await.is(200);
    world.reach(&live, "revoked").await;
    let no = id_of(&world.submit("alice", ask(WEB, ADMIN, 3600)).await);
    world.act("bob", &no, "reject").await.is(200);
    world.submit("alice", ask(WEB, POWER, 3600)).await;
    world.clock.shift(TimeDelta::minutes(61));
    let digest = comes_to(&world, 1).await.remove(0);
    let expected = json!({
        "submitted": 3, "approved": 1, "rejected": 1, "sessions": 1, "revoked": 1, "pending": 1, "unreviewed": 1,
        "break_glass": 0, "expired": 0, "failed": 0, "stuck": 0,
    });
    for (name, value) in expected.as_object().expect("numbers") {
        assert_eq!(&digest["data"][name], value, "{name}: {digest:#}");
    }
    assert!(
        digest["data"]["granted_seconds"]
            .as_i64()
            .is_some_and(|granted| granted > 0)
    );
    let digests = || {
        let is_digest = |mail: &Taken| mail.header("Subject").starts_with("The week: 3 filed");
        server.taken().into_iter().filter(is_digest).collect::<Vec<_>>()
    };
    // bob and carol decide on it, liam and mona on other things; gita is an administrator, ivy security.
    let expected = ["bob", "carol", "gita", "ivy", "liam", "mona"];
    let recipients = || digests().into_iter().map(|mail| mail.to).collect::<Vec<String>>();
    soon("all of them have mail", || {
        let to = recipients();
        let has = |name: &&str| to.contains(&format!("{name}@example.com"));
        expected.iter().all(has)
    })
    .await;
    let to = recipients();
    assert!(
        !to.iter()
            .any(|to| to.starts_with("alice") || to.starts_with("hugo")),
        "{to:?}"
    );
    let text = |name: &str| {
        let mail = digests().into_iter().find(|mail| mail.to.starts_with(name));
        mail.expect("a digest").parts()[0].clone()
    };
    assert!(text("bob").contains("Waits for you  1") && text("bob").contains("you decide on requests"));
    assert!(!text("liam").contains("Waits for you  "), "{}", text("liam"));
    // It names nobody: whoever gets it learns nothing of requests that they may not see.
    assert!(!text("liam").contains("alice") && !text("liam").contains("prod-"));
}

#[tokio::test]
async fn each_time_is_told_once_over_kills_and_absences() {
    let server = Server::start(Kind::Plain).await;
    let mut world = setup(&server).start().await;
    comes_to(&world, 0).await;
    world.clock.shift(TimeDelta::minutes(61));
    // Its own task, and everybody else at the same moment.
    let engine = world.engine();
    let all = futures::future::join_all((0..8).map(|_| engine.tell_week())).await;
    assert!(
        all.into_iter()
            .filter(|told| told.as_ref().is_ok_and(|told| *told))
            .count()
            <= 1
    );
    let first = comes_to(&world, 1).await;
    world.kill().await;
    world.run().await;
    comes_to(&world, 1).await;
    // Two hours late: told, and once.
    world.kill().await;
    world.clock.shift(TimeDelta::days(7) + TimeDelta::hours(2));
    world.run().await;
    let second = comes_to(&world, 2).await;
    assert_eq!(second[1]["data"]["since"], first[0]["data"]["until"]);
    // Two days late: not told, and counted in the next one.
    world.kill().await;
    world.clock.shift(TimeDelta::days(9));
    world.run().await;
    comes_to(&world, 2).await;
    world.clock.shift(TimeDelta::days(5));
    let third = comes_to(&world, 3).await;
    assert_eq!(third[2]["data"]["since"], second[1]["data"]["until"]);
    let length = moment(&third[2]["data"]["until"]) - moment(&third[2]["data"]["since"]);
    assert_eq!(length, TimeDelta::days(14));
}

#[tokio::test]
async fn without_a_time_there_is_none_and_a_new_time_takes_no_restart() {
    let server = Server::start(Kind::Plain).await;
    let world = Setup::new()
        .config(|config| config.notify.smtp = Some(smtp(&server)))
        .start()
        .await;
    world.clock.shift(TimeDelta::days(8));
    comes_to(&world, 0).await;
    world.engine().tell_by(&Notify {
        smtp: Some(smtp(&server)),
        digest: Some(in_an_hour()),
        ..Notify::default()
    });
    // The first one counts from the moment on that it was asked for.
    comes_to(&world, 0).await;
    world.clock.shift(TimeDelta::days(7));
    comes_to(&world, 1).await;
}
