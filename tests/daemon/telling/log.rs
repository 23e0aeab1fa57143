//! Who was told, over which channel, and what it said; trying a channel; what is said of a channel that is broken.

use super::http::{Receiver, ok, status};
use super::smtp::{Kind, Server};
use super::{notifications, reach_state, secret_file, webhook};
use crate::support::*;
use chrono::TimeDelta;
use serde_json::json;
use teamd_config::{Route, Smtp, SmtpTls};
use teamd_policy as policy;
use teamd_policy::{AccountPattern, Target};

pub(super) fn smtp(server: &Server) -> Smtp {
    Smtp {
        host: "127.0.0.1".to_owned(),
        port: server.port,
        tls: SmtpTls::None,
        username: None,
        password_file: None,
        from: "teamd@acme.example".to_owned(),
        ca_file: None,
    }
}

#[tokio::test]
async fn whoever_may_see_a_request_sees_who_was_told_of_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let (server, receiver) = (Server::start(Kind::Plain).await, Receiver::start(|_| ok()).await);
    let setup = Setup::new().config(|config| {
        config.notify.smtp = Some(smtp(&server));
        webhook(config, folder.path(), "siem", &receiver.url("/"));
    });
    let world = setup.start().await;
    let id = world.pending().await;
    reach_state(&world, "sent", 3).await;
    let path = format!("/v1/notifications?request={id}");
    for who in ["alice", "bob", "hugo", "ivy", "gita"] {
        let page = world.as_(who).get(&path).await.is(200);
        let told: Vec<_> = items(&page)
            .iter()
            .map(|one| {
                (
                    one["recipient"].as_str().unwrap_or("?"),
                    one["channel"].as_str().unwrap_or("?"),
                )
            })
            .collect();
        assert_eq!(told.len(), 3, "{who}: {page:#}");
        for one in [("bob", "smtp"), ("carol", "smtp"), ("its place", "webhook:siem")] {
            assert!(told.contains(&one), "{who}: {told:?}");
        }
    }
    world.as_("erin").get(&path).await.refused(404, "not_found");
    // Without a request everybody sees what went to them.
    let own = world.as_("bob").get("/v1/notifications").await.is(200);
    assert_eq!(items(&own).len(), 1);
    assert!(items(&world.as_("erin").get("/v1/notifications").await.is(200)).is_empty());
    world
        .as_("nobody-we-know")
        .get("/v1/notifications")
        .await
        .refused(403, "unknown_identity");
    let first = world.as_("hugo").get("/v1/notifications?limit=2").await.is(200);
    let cursor = first["next_cursor"].as_str().expect("a cursor");
    let rest = world
        .as_("hugo")
        .get(&format!("/v1/notifications?limit=500&cursor={cursor}"))
        .await
        .is(200);
    assert_eq!(
        items(&first).len() + items(&rest).len(),
        notifications(&world, "").await.len()
    );
    world
        .as_("hugo")
        .get("/v1/notifications?state=lost")
        .await
        .refused(422, "invalid");
    world
        .as_("hugo")
        .get("/v1/notifications?limit=0")
        .await
        .refused(422, "invalid");
}

#[tokio::test]
async fn an_administrator_tries_a_channel() {
    let folder = tempfile::tempdir().expect("a folder");
    let (server, receiver) = (
        Server::start(Kind::Plain).await,
        Receiver::start(|_| status(503)).await,
    );
    let setup = Setup::new().config(|config| {
        config.notify.smtp = Some(smtp(&server));
        webhook(config, folder.path(), "siem", &receiver.url("/"));
    });
    let world = setup.start().await;
    let try_it =
        async |who: &str, body: serde_json::Value| world.as_(who).post("/v1/notifications/test", body).await;
    let done = try_it("gita", json!({ "channel": "smtp" })).await.is(200);
    assert_eq!(
        (&done["taken"], &done["to"]),
        (&json!(true), &json!("gita@example.com")),
        "{done:#}"
    );
    let samples = || {
        let is_one = |mail: &super::smtp::Taken| mail.header("Subject") == "Test of smtp by gita";
        server.taken().into_iter().filter(is_one).count()
    };
    assert_eq!(samples(), 1);
    let to = json!({ "channel": "smtp", "to": "ops@acme.example" });
    assert_eq!(try_it("gita", to).await.is(200)["to"], "ops@acme.example");
    let failed = try_it("gita", json!({ "channel": "webhook:siem" })).await.is(200);
    assert_eq!(
        (&failed["taken"], &failed["reply"]),
        (&json!(false), &json!("HTTP 503")),
        "{failed:#}"
    );
    let unknown = try_it("gita", json!({ "channel": "fax" }))
        .await
        .refused(404, "not_found");
    assert!(
        unknown["help"]
            .as_str()
            .is_some_and(|help| help.contains("smtp, webhook:siem")),
        "{unknown:#}"
    );
    for who in ["alice", "hugo", "ivy"] {
        try_it(who, json!({ "channel": "smtp" }))
            .await
            .refused(403, "not_allowed");
    }
    assert_eq!(samples(), 2);
}

#[tokio::test]
async fn a_channel_that_is_broken_is_told_of_over_the_others_d40() {
    let folder = tempfile::tempdir().expect("a folder");
    let (server, receiver) = (
        Server::start(Kind::Plain).await,
        Receiver::start(|_| status(503)).await,
    );
    let setup = Setup::new().config(|config| {
        config.notify.smtp = Some(smtp(&server));
        webhook(config, folder.path(), "siem", &receiver.url("/"));
    });
    let world = setup.start().await;
    world.pending().await;
    let subject = "Messages over webhook:siem do not arrive";
    let to_gita = || {
        let all = server
            .taken()
            .into_iter()
            .filter(|mail| mail.to.starts_with("gita"));
        all.map(|mail| mail.header("Subject")).collect::<Vec<_>>()
    };
    let deadline = std::time::Instant::now() + SOON;
    while !to_gita().iter().any(|told| told == subject) {
        assert!(std::time::Instant::now() < deadline, "{:?}", to_gita());
        world.clock.shift(TimeDelta::minutes(2));
        pause().await;
    }
    // The second way: whoever looks at the daemon, and whoever watches its events.
    let health = world.as_("gita").get("/v1/status?short=true").await.is(200);
    assert!(
        health["notices"]
            .to_string()
            .contains("messages over webhook:siem do not arrive"),
        "{health:#}"
    );
    assert_eq!(health["healthy"], true);
    let audit = world.as_("hugo").get("/v1/audit").await.is(200);
    assert_eq!(
        items(&audit)
            .iter()
            .filter(|row| row["type"] == "notify.failing")
            .count(),
        1
    );
    receiver.answer(|_| ok());
    let deadline = std::time::Instant::now() + SOON;
    while !to_gita()
        .iter()
        .any(|told| told == "Messages over webhook:siem arrive again")
    {
        assert!(std::time::Instant::now() < deadline, "{:?}", to_gita());
        world.clock.shift(TimeDelta::minutes(5));
        pause().await;
    }
    assert_eq!(to_gita().iter().filter(|told| *told == subject).count(), 1);
}

#[tokio::test]
async fn routes_lead_to_a_team_and_decisions_wait_for_no_channel_d39() {
    let server = Server::start(Kind::Plain).await;
    let setup = Setup::new().config(|config| {
        let mut smtp = smtp(&server);
        // Nothing listens there.
        smtp.port = 1;
        config.notify.smtp = Some(smtp);
        config.notify.routes.push(Route {
            route: policy::Route {
                id: "ledger".to_owned(),
                accounts: vec![AccountPattern::Id("400000000032".parse().expect("an id"))],
                to: vec![Target::Mail("ledger-team@acme.example".to_owned())],
                ..policy::Route::default()
            },
            people_by: Vec::new(),
        });
    });
    let world = setup.start().await;
    let id = world.active().await;
    world.act("gita", &id, "revoke").await.is(200);
    world.reach(&id, "revoked").await;
    let all = notifications(&world, "").await;
    let team = all
        .iter()
        .filter(|one| one["recipient"] == "ledger-team@acme.example")
        .count();
    assert!(team >= 3, "{all:#?}");
    assert!(all.iter().all(|one| one["state"] == "due"), "{all:#?}");
}

#[tokio::test]
async fn no_secret_is_in_any_answer_d15() {
    let folder = tempfile::tempdir().expect("a folder");
    let receiver = Receiver::start(|_| status(500)).await;
    let setup = Setup::new().config(|config| {
        webhook(config, folder.path(), "siem", &receiver.url("/"));
        // A file that everybody could read is not used, and not quoted.
        let path = secret_file(folder.path(), "open", "whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0");
        let mode = <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o644);
        std::fs::set_permissions(&path, mode).expect("a mode");
        webhook(config, folder.path(), "other", &receiver.url("/"));
        config.notify.webhooks[1].secret_file = path;
    });
    let world = setup.start().await;
    world.pending().await;
    let deadline = std::time::Instant::now() + SOON;
    let all = loop {
        let all = notifications(&world, "").await;
        if all.iter().any(|one| one["reply"].to_string().contains("chmod")) {
            break all;
        }
        assert!(std::time::Instant::now() < deadline, "{all:#?}");
        pause().await;
    };
    assert!(!format!("{all:#?}").contains("whsec_"));
    assert!(
        !receiver
            .got()
            .iter()
            .any(|got| got.header("webhook-id").is_empty())
    );
}
