//! Mail: to whom, in which words, encrypted, and what a server's refusals lead to.

use super::smtp::{Kind, Server};
use super::{notifications, reach_state, secret_file};
use crate::support::*;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::TimeDelta;
use teamd_config::{Config, Smtp, SmtpTls};

/// Through this server.
fn through(config: &mut Config, server: &Server, tls: SmtpTls, folder: &tempfile::TempDir) {
    let ca = secret_file(folder.path(), "ca.pem", &server.certificate);
    config.notify.smtp = Some(Smtp {
        host: "localhost".to_owned(),
        port: server.port,
        tls,
        username: Some("teamd".to_owned()),
        password_file: Some(secret_file(folder.path(), "password", "hunter2\n")),
        from: "teamd <teamd@acme.example>".to_owned(),
        ca_file: Some(ca),
    });
    config.notify.command = "ssh -t bastion team-tui".to_owned();
}

async fn world(server: &Server, tls: SmtpTls, folder: &tempfile::TempDir) -> World {
    Setup::new()
        .config(|config| through(config, server, tls, folder))
        .start()
        .await
}

#[tokio::test]
async fn approvers_get_what_they_need_to_decide() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(Kind::StartTls).await;
    let world = world(&server, SmtpTls::StartTls, &folder).await;
    let id = world.pending().await;
    // Administrators and security have heard of the policy.
    let asked = || {
        let about = |mail: &super::smtp::Taken| mail.header("Subject").contains("asks for");
        server.taken().into_iter().filter(about).collect::<Vec<_>>()
    };
    soon("both leads have mail", || asked().len() >= 2).await;
    let mut to: Vec<String> = asked().into_iter().map(|mail| mail.to).collect();
    to.sort();
    assert_eq!(to, ["bob@example.com", "carol@example.com"]);
    let mail = asked().remove(0);
    assert!(mail.encrypted);
    let login = BASE64_STANDARD
        .decode(mail.login.clone().expect("a login"))
        .expect("base64");
    assert_eq!(login, b"\0teamd\0hunter2");
    assert_eq!(
        mail.header("Subject"),
        "Alice Andersson (alice) asks for AdministratorAccess on prod-ledger (400000000032)"
    );
    assert_eq!(mail.header("From"), "teamd <teamd@acme.example>");
    assert_eq!(mail.header("Auto-Submitted"), "auto-generated");
    let [text, html] = <[String; 2]>::try_from(mail.parts()).expect("two parts");
    for part in [&text, &html] {
        assert!(
            part.contains(&format!("ssh -t bastion team-tui open {id}")),
            "{part}"
        );
        assert!(
            part.contains(REASON) && part.contains("you are an approver"),
            "{part}"
        );
    }
    let sent = reach_state(&world, "sent", 2).await;
    assert!(
        sent.iter().all(|one| one["reply"] == "250 queued as 4711"),
        "{sent:#?}"
    );
    let message_id = mail.header("Message-ID");
    assert!(
        sent.iter()
            .any(|one| message_id == format!("<{}@acme.example>", one["id"].as_str().expect("an id")))
    );
}

#[tokio::test]
async fn the_requester_hears_what_became_of_it_and_not_what_they_did() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(Kind::Tls).await;
    let world = world(&server, SmtpTls::Tls, &folder).await;
    let id = world.active().await;
    let subjects = |to: &str| {
        let all = server.taken().into_iter().filter(|mail| mail.to.starts_with(to));
        all.map(|mail| mail.header("Subject")).collect::<Vec<_>>()
    };
    soon("alice hears twice", || subjects("alice").len() >= 2).await;
    let hers = subjects("alice");
    assert!(
        hers[0].starts_with("Approved: your AdministratorAccess"),
        "{hers:?}"
    );
    assert!(
        hers[1].starts_with("Active: your AdministratorAccess"),
        "{hers:?}"
    );
    // Bob approved it himself.
    soon("carol hears that it is decided", || subjects("carol").len() >= 2).await;
    assert_eq!(subjects("bob").len(), 1);
    world.act("alice", &id, "done").await.is(200);
    world.reach(&id, "ended").await;
    soon("alice hears of the end", || subjects("alice").len() >= 3).await;
    let last = server
        .taken()
        .into_iter()
        .rfind(|mail| mail.to.starts_with("alice"));
    let text = last.expect("a mail").parts().remove(0);
    assert!(
        text.contains("Credentials that were issued before the end may go on working until"),
        "{text}"
    );
}

#[tokio::test]
async fn a_recipient_that_is_refused_is_given_up_and_others_are_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(Kind::StartTls).await;
    server.answer(|to| match to {
        "bob@example.com" => "550 no such mailbox",
        _ => "451 come back later",
    });
    let world = world(&server, SmtpTls::StartTls, &folder).await;
    world.pending().await;
    let dead = reach_state(&world, "dead", 1).await;
    assert_eq!(dead[0]["recipient"], "bob");
    assert!(
        dead[0]["reply"]
            .as_str()
            .is_some_and(|reply| reply.contains("550")),
        "{dead:#?}"
    );
    let status = world.as_("gita").get("/v1/status").await.is(200);
    assert!(
        status["notices"]
            .to_string()
            .contains("1 messages over smtp were given up"),
        "{status:#}"
    );
    server.answer(|_| "250 ok");
    let deadline = std::time::Instant::now() + SOON;
    while !notifications(&world, "&state=due")
        .await
        .iter()
        .any(|one| one["attempts"] == 1)
    {
        assert!(std::time::Instant::now() < deadline);
        pause().await;
    }
    world.clock.shift(TimeDelta::minutes(1));
    soon("carol is tried again", || {
        server.taken().iter().any(|mail| mail.to.starts_with("carol"))
    })
    .await;
}

#[tokio::test]
async fn a_server_that_is_not_who_it_says_gets_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (server, other) = (
        Server::start(Kind::StartTls).await,
        Server::start(Kind::StartTls).await,
    );
    let setup = Setup::new().config(|config| {
        through(config, &server, SmtpTls::StartTls, &folder);
        if let Some(smtp) = &mut config.notify.smtp {
            smtp.ca_file = Some(secret_file(folder.path(), "other.pem", &other.certificate));
        }
    });
    let world = setup.start().await;
    world.pending().await;
    let deadline = std::time::Instant::now() + SOON;
    while !notifications(&world, "&state=due")
        .await
        .iter()
        .any(|one| one["attempts"] == 1)
    {
        assert!(std::time::Instant::now() < deadline);
        pause().await;
    }
    let due = notifications(&world, "&state=due").await;
    assert!(
        !due.iter().any(|one| one["reply"].to_string().contains("hunter2")),
        "{due:#?}"
    );
    assert!(server.taken().is_empty());
    // One that offers no encryption is not spoken to in the clear either.
    let plain = Server::start(Kind::Plain).await;
    let setup = Setup::new().config(|config| through(config, &plain, SmtpTls::StartTls, &folder));
    let world = setup.start().await;
    world.pending().await;
    let deadline = std::time::Instant::now() + SOON;
    while !notifications(&world, "&state=due")
        .await
        .iter()
        .any(|one| one["attempts"] == 1)
    {
        assert!(std::time::Instant::now() < deadline);
        pause().await;
    }
    assert!(plain.taken().is_empty());
}

#[tokio::test]
async fn who_heard_of_a_claim_hears_that_it_was_given_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(Kind::Tls).await;
    let world = world(&server, SmtpTls::Tls, &folder).await;
    let id = world.pending().await;
    let subjects = |to: &str, word: &str| {
        let all = server.taken().into_iter().filter(|mail| mail.to.starts_with(to));
        let all = all.map(|mail| mail.header("Subject"));
        all.filter(|subject| subject.contains(word)).count()
    };
    world.act("bob", &id, "claim").await.is(200);
    soon("carol hears of the claim", || {
        subjects("carol", "is looking at") == 1
    })
    .await;
    world.act("bob", &id, "unclaim").await.is(200);
    soon("carol hears that it is over", || {
        subjects("carol", "is not looking") == 1
    })
    .await;
    // Neither whoever did it, nor the requester, whom claims do not concern.
    for name in ["alice", "bob"] {
        assert_eq!(subjects(name, "looking"), 0, "{name}");
    }
}
