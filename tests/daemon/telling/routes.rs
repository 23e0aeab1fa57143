//! Routes of the policy: in force with it, whatever the configuration of the host says.

use super::log::smtp;
use super::smtp::{Kind, Server};
use super::{notifications, webhook};
use crate::support::*;
use serde_json::{Value, json};

/// The policy of the tests with a route for the ledger, to this address.
fn routed(to: &str) -> String {
    format!(
        "{POLICY}\n[[route]]\nid = \"ledger\"\naccounts = [\"{LEDGER}\"]\nevents = [\"request.*\"]\nto = [\"{to}\"]\n"
    )
}

/// What went to this recipient: types of events, each with its request.
async fn told(world: &World, recipient: &str) -> Vec<(String, String)> {
    let word = |one: &Value, key: &str| one[key].as_str().unwrap_or_default().to_owned();
    let all = notifications(world, "").await;
    let mine = all.iter().filter(|one| one["recipient"] == recipient);
    mine.map(|one| (word(one, "type"), word(one, "request_id")))
        .collect()
}

#[tokio::test]
async fn a_route_of_the_policy_reaches_its_team_from_the_moment_that_it_is_in_force() {
    let server = Server::start(Kind::Plain).await;
    let setup = Setup::new().config(|config| config.notify.smtp = Some(smtp(&server)));
    let world = setup.policy(routed("mail:first@acme.example")).start().await;
    let of_ledger = world.pending().await;
    let of_web = id_of(&world.submit("alice", ask(WEB, ADMIN, 3600)).await);
    soon("the team has mail", || {
        server.taken().iter().any(|mail| mail.to == "first@acme.example")
    })
    .await;
    world.apply(&routed("mail:second@acme.example")).await;
    world.act("bob", &of_web, "approve").await.is(200);
    world.act("bob", &of_ledger, "approve").await.is(200);
    world.reach(&of_ledger, "active").await;
    world.reach(&of_web, "active").await;
    soon("the other team has mail", || {
        let told = server.taken();
        let active = |mail: &super::smtp::Taken| {
            mail.to == "second@acme.example" && mail.parts().concat().contains(&format!("show {of_ledger}"))
        };
        told.iter().any(active)
    })
    .await;
    let submitted = ("request.submitted".to_owned(), of_ledger.clone());
    assert_eq!(told(&world, "first@acme.example").await, [submitted]);
    let second = told(&world, "second@acme.example").await;
    assert!(
        second.iter().any(|(kind, _)| kind == "request.approved"),
        "{second:?}"
    );
    assert!(second.iter().all(|(_, id)| *id == of_ledger), "{second:?}");
    // Whom it concerns is told as before.
    let bobs = told(&world, "bob").await;
    assert!(bobs.iter().any(|(_, id)| *id == of_web), "{bobs:?}");
}

#[tokio::test]
async fn a_route_to_what_is_not_there_is_said_and_the_policy_holds() {
    let folder = tempfile::tempdir().expect("a folder");
    let receiver = super::http::Receiver::start(|_| super::http::ok()).await;
    let setup = Setup::new().config(|config| webhook(config, folder.path(), "siem", &receiver.url("/")));
    let world = setup.start().await;
    let gita = world.as_("gita");
    let document = routed("webhook:siemm");
    let plan = gita
        .post("/v1/policy/plan", json!({ "document": document }))
        .await
        .is(200);
    let findings = plan["findings"].to_string();
    assert!(
        findings.contains("dead-end") && findings.contains("called \\\"siemm\\\""),
        "{findings}"
    );
    assert_eq!(plan["rules"][0]["kind"], "route");
    gita.put("/v1/policy", json!({ "document": document }))
        .await
        .is(200);
    let status = gita.get("/v1/status").await.is(200);
    let warnings = status["policy_warnings"].to_string();
    assert!(warnings.contains("route ledger: it leads nowhere"), "{warnings}");
    let rules = gita.get("/v1/policy/rules").await.is(200);
    let listed = rules["rules"].as_array().expect("rules");
    let route = listed
        .iter()
        .find(|rule| rule["kind"] == "route")
        .expect("the route");
    assert_eq!(
        (&route["id"], &route["account_count"]),
        (&json!("ledger"), &json!(1))
    );
    assert!(
        route["warnings"].to_string().contains("leads nowhere"),
        "{route:#}"
    );
    assert!(
        route["other"].to_string().contains("to = webhook:siemm"),
        "{route:#}"
    );
    let detail = gita.get("/v1/policy/rules/route/ledger").await.is(200);
    assert!(
        detail["text"]
            .as_str()
            .is_some_and(|text| text.starts_with("[[route]]"))
    );
    // A webhook that a route of the policy names still gets everything.
    world.apply(&routed("webhook:siem")).await;
    let id = id_of(&world.submit("alice", ask(WEB, ADMIN, 3600)).await);
    soon("the webhook is told", || {
        receiver
            .got()
            .iter()
            .any(|got| got.json().to_string().contains(&id))
    })
    .await;
    let status = gita.get("/v1/status").await.is(200);
    assert!(
        !status["policy_warnings"].to_string().contains("ledger"),
        "{status:#}"
    );
}
