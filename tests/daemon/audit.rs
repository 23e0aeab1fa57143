//! The trail: what is in it, that hostile text is harmless in it.

use crate::support::*;
use aws_simulator::organisation::NewUser;
use reqwest::Method;
use serde_json::{Value, json};

pub(crate) async fn rows(world: &World, who: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = world
            .as_(who)
            .get(&format!("/v1/audit?limit=7{cursor}"))
            .await
            .is(200);
        rows.extend(items(&page).iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    // The list is newest first; the tests read as things happened.
    rows.reverse();
    rows
}

async fn export(world: &World, who: &str, format: &str) -> Answer {
    let answer = world
        .as_(who)
        .get(&format!("/v1/audit/export?format={format}"))
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer
}

fn csv_rows(text: &str) -> Vec<csv::StringRecord> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.records().map(|record| record.expect("a record")).collect()
}

#[tokio::test]
async fn every_step_is_a_row_and_every_form_says_the_same_d36() {
    let world = World::new().await;
    let id = world.active().await;
    world.act("alice", &id, "done").await.is(200);
    world.reach(&id, "ended").await;
    world
        .as_("alice")
        .post("/v1/requests", ask(BILLING, ADMIN, 600))
        .await
        .refused(403, "not_eligible");
    for who in ["hugo", "alice", "bob", "kim"] {
        let rows = rows(&world, who).await;
        let jsonl = export(&world, who, "jsonl").await;
        assert_eq!(jsonl.media, "application/jsonl");
        let lines: Vec<Value> = jsonl
            .text
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        assert_eq!(lines, rows, "{who}");
        let csv = export(&world, who, "csv").await;
        assert_eq!(csv.media, "text/csv; charset=utf-8");
        let records = csv_rows(&csv.text);
        assert_eq!(records.len(), rows.len(), "{who}");
        for (record, row) in records.iter().zip(&rows) {
            assert_eq!(record[0], row["seq"].to_string());
            assert_eq!(record[2], *row["type"].as_str().unwrap_or_default());
            assert_eq!(record[10], *row["hash"].as_str().unwrap_or_default());
        }
    }
    let all = rows(&world, "hugo").await;
    for pair in all.windows(2) {
        assert_eq!(pair[0]["hash"], pair[1]["prev"]);
        assert_eq!(
            pair[1]["seq"].as_u64(),
            pair[0]["seq"].as_u64().map(|seq| seq + 1)
        );
    }
    assert!(rows(&world, "kim").await.is_empty());
    // Each step of its life, once, in order, and by whom: also the vote, which changes nothing that is shown.
    let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let steps: Vec<String> = all
        .iter()
        .filter(|row| row["request_id"] == *id && word(&row["type"]).starts_with("request."))
        .map(|row| format!("{} {}", word(&row["type"]), word(&row["actor"]["user_name"])))
        .collect();
    assert_eq!(
        steps,
        [
            "request.submitted alice",
            "request.voted bob",
            "request.approved bob",
            "request.activating bob",
            "request.active -",
            "request.ending alice",
            "request.ended -"
        ]
    );
    // On which terms and by which rule, whatever the step.
    let of_it = all.iter().filter(|row| row["request_id"] == *id);
    for row in of_it.filter(|row| word(&row["type"]).starts_with("request.")) {
        assert_eq!(row["data"]["rule"], "oncall-prod", "{row}");
        assert_eq!(word(&row["data"]["terms_digest"]).len(), 64, "{row}");
        assert_eq!(
            row["actor"]["uid"].is_null(),
            row["actor"]["user_name"].is_null(),
            "{row}"
        );
    }
    let submitted = all
        .iter()
        .find(|row| row["type"] == "request.submitted")
        .expect("the submission");
    assert_eq!(submitted["actor"]["user_name"], "alice");
    assert_eq!(submitted["data"]["justification"], REASON);
    let refused = all
        .iter()
        .find(|row| row["type"] == "refused")
        .expect("the refusal");
    assert_eq!(
        (&refused["data"]["verb"], &refused["data"]["code"]),
        (&json!("submit"), &json!("not_eligible"))
    );
    // The trail of one request, and of a time.
    let of_one = world
        .as_("hugo")
        .get(&format!("/v1/audit?request={id}"))
        .await
        .is(200);
    assert!(items(&of_one).iter().all(|row| row["request_id"] == *id) && items(&of_one).len() >= 10);
    let before = world
        .as_("hugo")
        .get("/v1/audit?until=2020-01-01T00:00:00Z")
        .await
        .is(200);
    assert!(items(&before).is_empty());
}

#[tokio::test]
async fn hidden_characters_are_refused_by_name() {
    let world = World::new().await;
    let id = world.pending().await;
    for (text, name) in [
        ("Clear the screen \u{1b}[2J please", "U+001B"),
        ("Reads backwards \u{202e}nimda", "U+202E"),
        ("Zero\u{200b}width characters", "U+200B"),
        ("Two lines\nof a reason", "U+000A"),
        ("C1 control \u{9b}31m in here", "U+009B"),
        ("A tag character \u{e0041} in here", "U+E0041"),
        ("A nul \u{0} in here, quietly", "U+0000"),
    ] {
        let named = |answer: Answer| {
            let problem = answer.refused(422, "invalid");
            let message = problem["errors"][0]["message"].as_str().unwrap_or_default();
            assert!(message.contains(name), "{name}: {problem}");
            assert!(!message.contains(text), "{name}: {problem}");
        };
        for field in ["justification", "ticket"] {
            let body = with(ask(WEB, ADMIN, 600), json!({field: text}));
            named(world.as_("alice").post("/v1/requests", body).await);
        }
        for (who, verb) in [("bob", "approve"), ("bob", "reject"), ("alice", "cancel")] {
            let path = format!("/v1/requests/{id}/{verb}");
            named(world.as_(who).post(&path, json!({"comment": text})).await);
        }
    }
    assert_eq!(world.show(&id).await["version"], 1);
}

#[tokio::test]
async fn an_export_is_safe_to_open() {
    let evil = "=HYPERLINK(\"http://evil.example/\")";
    let policy = POLICY.replace(
        "who = [\"group:finance\"]",
        "who = [\"group:finance\", \"user:=HYPERLINK(\\\"http://evil.example/\\\")\"]",
    );
    let world = Setup::new()
        .policy(policy)
        .organisation(|aws| {
            let user = NewUser {
                user_name: evil.to_owned(),
                display_name: Some("@SUM(1+1)*cmd|' /C calc'!A0".to_owned()),
                ..NewUser::default()
            };
            aws.add_user(user).expect("a user");
        })
        .start()
        .await;
    let body = with(
        ask(BILLING, "BillingReadOnly", 600),
        json!({"justification": "=1+1; @SUM(A1:A9)", "ticket": "-2+3"}),
    );
    world.as_(evil).post("/v1/requests", body).await.is(201);
    // A refusal repeats what was sent: it must be inert too.
    let field = "{\"\\u001b]0;owned\\u0007=cmd\": 1}";
    world
        .as_("alice")
        .send(Method::POST, "/v1/requests", field)
        .await
        .refused(400, "unknown_field");
    let csv = export(&world, "hugo", "csv").await.text;
    let hidden = csv
        .chars()
        .filter(|c| team_shared::text::is_hidden(*c) && *c != '\n')
        .collect::<String>();
    assert_eq!(hidden, "");
    let mut quoted = 0;
    for record in csv_rows(&csv) {
        for cell in &record {
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell}");
        }
        quoted += usize::from(record[4] == format!("'{evil}"));
    }
    assert!(quoted > 0, "{csv}");
    let jsonl = export(&world, "hugo", "jsonl").await.text;
    assert!(!jsonl.contains('\u{1b}') && !jsonl.contains('\u{7}'));
    let rows = rows(&world, "hugo").await;
    assert_eq!(jsonl.lines().count(), rows.len());
}

#[tokio::test]
async fn refusals_cannot_fill_the_trail() {
    let mut world = World::new().await;
    for _ in 0..10 {
        world
            .as_("alice")
            .post("/v1/requests", ask(BILLING, ADMIN, 600))
            .await
            .refused(403, "not_eligible");
    }
    // Another code, and another person, are counted apart.
    world
        .as_("alice")
        .post("/v1/requests", ask(LEDGER, ADMIN, 0))
        .await
        .refused(422, "invalid");
    for _ in 0..7 {
        world
            .as_("dave")
            .post("/v1/requests", ask(BILLING, ADMIN, 600))
            .await
            .refused(403, "not_eligible");
    }
    let count = async |world: &World, who: &str, code: &str| {
        let rows = rows(world, "hugo").await;
        let of = rows.iter().filter(|row| {
            row["type"] == "refused" && row["actor"]["user_name"] == who && row["data"]["code"] == code
        });
        of.map(|row| row["data"]["count"].as_i64().unwrap_or(1))
            .collect::<Vec<_>>()
    };
    assert_eq!(count(&world, "alice", "not_eligible").await, [1; 6]);
    assert_eq!(count(&world, "alice", "invalid").await, [1]);
    assert_eq!(count(&world, "dave", "not_eligible").await, [1; 6]);
    // The rest of the minute is one row, and a stop does not lose it.
    world.stop().await;
    world.run().await;
    assert_eq!(
        count(&world, "alice", "not_eligible").await,
        [1, 1, 1, 1, 1, 1, 4]
    );
    assert_eq!(count(&world, "alice", "invalid").await, [1]);
    assert_eq!(count(&world, "dave", "not_eligible").await, [1, 1, 1, 1, 1, 1, 1]);
    assert_eq!(world.as_("ivy").get("/v1/audit/verify").await.is(200)["ok"], true);
}

/// Nothing is decided without its row, and access is taken back without it.
#[tokio::test]
async fn removals_go_on_where_the_trail_takes_no_row() {
    let mut world = World::new().await;
    let id = world.active().await;
    world.stop().await;
    let file = rusqlite::Connection::open(world.database()).expect("the database");
    file.execute_batch(
        "DROP TRIGGER audit_delete; DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)",
    )
    .expect("the tail is gone");
    drop(file);
    world.run().await;
    let again = world
        .as_("alice")
        .post("/v1/requests", ask(WEB, ADMIN, 600))
        .await;
    assert_eq!(
        (again.status, again.json()["code"].as_str()),
        (503, Some("store_unavailable"))
    );
    world.act("alice", &id, "done").await.is(200);
    world.reach(&id, "ended").await;
    let status = world.as_("ivy").get("/v1/status").await.is(200);
    assert_eq!(status["audit"]["ok"], false, "{status}");
}

#[tokio::test]
async fn every_refused_verb_leaves_a_row() {
    let world = World::new().await;
    let id = world.pending().await;
    world
        .act("alice", &id, "approve")
        .await
        .refused(403, "self_approval");
    world.act("hugo", &id, "revoke").await.refused(403, "not_allowed");
    world.act("erin", &id, "cancel").await.refused(404, "not_found");
    world
        .as_("bob")
        .send(Method::POST, &format!("/v1/requests/{id}/reject"), "{")
        .await
        .refused(400, "bad_json");
    world
        .as_("stranger")
        .post("/v1/requests", ask(LEDGER, ADMIN, 60))
        .await
        .refused(403, "unknown_identity");
    world
        .as_("dave")
        .put("/v1/policy", json!({"document": ""}))
        .await
        .refused(403, "not_allowed");
    let rows = rows(&world, "hugo").await;
    let refusals: Vec<_> = rows
        .iter()
        .filter(|row| row["type"] == "refused")
        .map(|row| {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            (
                text(&row["actor"]["user_name"]),
                text(&row["data"]["verb"]),
                text(&row["data"]["code"]),
            )
        })
        .collect();
    let expected = [
        ("alice", "approve", "self_approval"),
        ("hugo", "revoke", "not_allowed"),
        ("erin", "cancel", "not_found"),
        ("bob", "reject", "bad_json"),
        ("", "submit", "unknown_identity"),
        ("dave", "policy apply", "not_allowed"),
    ];
    let expected = expected.map(|(who, verb, code)| (who.to_owned(), verb.to_owned(), code.to_owned()));
    assert_eq!(refusals, expected);
}
