//! Times as the command line says them.

use crate::cli::team;
use crate::fake::{self, Running};
use crate::text;
use chrono::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_residual_window_that_is_over_is_not_said_to_be_open() {
    let running = fake::start().await;
    for (minutes, words) in [(30, "may live until"), (-30, "are over since")] {
        {
            let mut world = running.fake.world();
            let over = world.requests.iter_mut().find(|view| view.id.short() == "ZZ4H6R");
            let ended = over.and_then(|view| view.ended.as_mut()).expect("it is over");
            ended.residual_until = Some(fake::now() + Duration::minutes(minutes));
        }
        let (code, out, _) = team(&running, &["show", "ZZ4H6R"]).await;
        assert_eq!(code, 0);
        assert!(out.contains(&format!("issued before the end {words}")), "{out}");
    }
}

/// Runs a verb where the clock is five and a half hours ahead; the zone needs no data base.
async fn in_zone(running: &Running, zone: &str, args: &[&str]) -> String {
    let output = tokio::process::Command::new(crate::BINARY)
        .arg("--socket")
        .arg(running.fake.socket())
        .args(args)
        .env("TZ", zone)
        .output()
        .await
        .expect("it runs");
    assert!(output.status.success(), "{args:?}: {}", text(&output.stderr));
    text(&output.stdout) + &text(&output.stderr)
}

#[tokio::test(flavor = "multi_thread")]
async fn people_read_times_in_their_zone_and_programs_in_utc() {
    let running = fake::start().await;
    let at = "2026-11-22T20:02:31Z".parse().expect("a time");
    for view in &mut running.fake.world().requests {
        (view.created_at, view.start_at, view.end_at) = (at, Some(at), Some(at));
    }
    let (here, utc) = ("2026-11-23 01:32:31+05:30", "2026-11-22 20:02:31Z");
    for args in [
        &["ls"][..],
        &["show", "7FQHX2"],
        &["claim", "7FQHX2"],
        &["wait", "X4TE2N", "--for", "active"],
    ] {
        let out = in_zone(&running, "IST-5:30", args).await;
        assert!(out.contains(here) && !out.contains(utc), "{args:?}: {out}");
        let out = in_zone(&running, "UTC", args).await;
        assert!(out.contains(utc) && !out.contains("+00:00"), "{args:?}: {out}");
    }
    let out = in_zone(&running, "IST-5:30", &["ls", "--csv"]).await;
    assert!(out.contains(utc) && !out.contains("+05:30"), "{out}");
    let out = in_zone(&running, "IST-5:30", &["show", "7FQHX2", "--json"]).await;
    assert!(out.contains("2026-11-22T20:02:31Z"), "{out}");
    let ask = [
        "request",
        "pay-prod",
        "AdministratorAccess",
        "--reason",
        "roll back by hand",
    ];
    let ask = [
        &ask[..],
        &["--for", "2h", "--at", "2099-01-01T20:00:00Z", "--dry-run"],
    ]
    .concat();
    let out = in_zone(&running, "IST-5:30", &ask).await;
    let both = "starts 2099-01-02 01:30:00+05:30 (2099-01-01 20:00:00Z)";
    assert!(out.contains(both), "whoever asks for a time reads both: {out}");
}
