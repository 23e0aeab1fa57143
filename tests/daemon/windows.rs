//! The three shapes of a request's time, and what the clock does to each.

use crate::support::*;
use chrono::{SubsecRound, TimeDelta};
use serde_json::{Value, json};

/// A submission for the ledger with these fields about time, and no others.
fn timed(fields: Value) -> Value {
    with(
        with(ask(LEDGER, ADMIN, 0), json!({"duration_seconds": null})),
        fields,
    )
}

#[tokio::test]
async fn the_shape_is_fixed_at_submission_d45() {
    let world = World::new().await;
    let (start, end) = (in_seconds(3600), in_seconds(7200));
    let floating = world
        .submit("alice", timed(json!({"duration_seconds": 60})))
        .await;
    assert_eq!(
        (&floating["start_at"], &floating["end_at"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(floating["duration_seconds"], 60);

    let window = world
        .submit("alice", timed(json!({"duration_seconds": 60, "start_at": start})))
        .await;
    assert_eq!(
        moment(&window["start_at"]),
        start.parse::<chrono::DateTime<chrono::Utc>>().expect("a moment")
    );
    assert_eq!(
        moment(&window["end_at"]) - moment(&window["start_at"]),
        TimeDelta::seconds(60)
    );

    let until = world.submit("alice", timed(json!({"end_at": end}))).await;
    assert_eq!(
        moment(&until["end_at"]),
        end.parse::<chrono::DateTime<chrono::Utc>>().expect("a moment")
    );
    assert_eq!(moment(&until["start_at"]), moment(&until["created_at"]));
    assert_eq!(until["duration_seconds"], 7200);

    let both = world
        .submit("alice", timed(json!({"end_at": end, "start_at": start})))
        .await;
    assert_eq!(both["duration_seconds"], 3600);
    assert_eq!(
        moment(&both["end_at"]) - moment(&both["start_at"]),
        TimeDelta::seconds(3600)
    );
}

#[tokio::test]
async fn what_submit_answers_is_what_show_answers() {
    let world = World::new().await;
    let precise =
        |seconds| (now() + TimeDelta::seconds(seconds)).round_subsecs(3) + TimeDelta::nanoseconds(123_456);
    for fields in [
        json!({"duration_seconds": 60}),
        json!({"duration_seconds": 60, "start_at": precise(3600)}),
        json!({"end_at": precise(7200), "start_at": precise(3600)}),
        json!({"end_at": precise(7200)}),
    ] {
        let filed = world.submit("alice", timed(fields.clone())).await;
        let shown = world
            .as_("alice")
            .get(&format!("/v1/requests/{}", id_of(&filed)))
            .await
            .is(200);
        for field in [
            "terms_digest",
            "start_at",
            "end_at",
            "created_at",
            "expires_at",
            "duration_seconds",
            "version",
        ] {
            assert_eq!(filed[field], shown[field], "{field} of {fields}");
        }
        let approve = json!({"terms_digest": filed["terms_digest"], "version": filed["version"]});
        world
            .as_("bob")
            .post(&format!("/v1/requests/{}/approve", id_of(&filed)), approve)
            .await
            .is(200);
    }
}

#[tokio::test]
async fn a_window_that_begins_soon_begins_by_itself_and_ends_on_time_d18() {
    let world = World::new().await;
    let id = id_of(
        &world
            .submit(
                "alice",
                timed(json!({"duration_seconds": 2, "start_at": in_seconds(1)})),
            )
            .await,
    );
    let scheduled = world.act("bob", &id, "approve").await.is(200);
    assert_eq!(scheduled["state"], "scheduled");
    let active = world.reach(&id, "active").await;
    assert_eq!(
        (&active["start_at"], &active["end_at"]),
        (&scheduled["start_at"], &scheduled["end_at"])
    );
    let ended = world.reach(&id, "ended").await;
    assert!(moment(&ended["ended"]["at"]) >= moment(&scheduled["end_at"]));
    assert!(!world.is_assigned("alice", "prod-ledger", ADMIN));
}

#[tokio::test]
async fn a_late_approval_shortens_a_window_d18() {
    let world = World::new().await;
    let asked = world
        .submit("alice", timed(json!({"end_at": in_seconds(3)})))
        .await;
    world.act("bob", &id_of(&asked), "approve").await.is(200);
    let active = world.reach(&id_of(&asked), "active").await;
    assert_eq!(active["end_at"], asked["end_at"], "until T means until T");
    let ended = world.reach(&id_of(&asked), "ended").await;
    assert_eq!(ended["end_at"], asked["end_at"]);
}

#[tokio::test]
async fn a_request_that_nobody_decides_expires_d11() {
    let policy = POLICY.replace("[settings]", "[settings]\nrequest_expiry = \"1s\"");
    let world = Setup::new().policy(policy).start().await;
    let id = world.pending().await;
    let expired = world.reach(&id, "expired").await;
    assert_eq!(expired["ended"]["reason"], "expired");
    world.act("bob", &id, "approve").await.refused(409, "expired");
    // A window that has not begun can be decided until it does, and never past its end.
    let start = in_seconds(3600);
    let later = world
        .submit("alice", timed(json!({"duration_seconds": 60, "start_at": start})))
        .await;
    assert_eq!(later["expires_at"], later["start_at"]);
    let short = world
        .submit("alice", timed(json!({"end_at": in_seconds(60)})))
        .await;
    assert!(moment(&short["expires_at"]) <= moment(&short["end_at"]));
}

#[tokio::test]
async fn a_time_that_cannot_be_meant_is_refused() {
    let world = World::new().await;
    let far = "+262142-12-31T23:59:59Z";
    for (fields, wrong) in [
        (json!({}), "duration_seconds"),
        (json!({"duration_seconds": 0}), "duration_seconds"),
        (json!({"duration_seconds": i64::MAX}), "duration_seconds"),
        (json!({"duration_seconds": i64::MIN}), "duration_seconds"),
        (
            json!({"duration_seconds": 60, "end_at": in_seconds(60)}),
            "end_at",
        ),
        (json!({"end_at": in_seconds(-60)}), "end_at"),
        (
            json!({"end_at": in_seconds(60), "start_at": in_seconds(60)}),
            "end_at",
        ),
        (
            json!({"end_at": in_seconds(60), "start_at": in_seconds(90)}),
            "end_at",
        ),
        (
            json!({"duration_seconds": 60, "start_at": in_seconds(-120)}),
            "start_at",
        ),
        (
            json!({"duration_seconds": 60, "start_at": "0001-01-01T00:00:00Z"}),
            "start_at",
        ),
        (
            json!({"duration_seconds": 60, "start_at": "-262142-01-01T00:00:00Z"}),
            "start_at",
        ),
        (json!({"duration_seconds": 60, "start_at": far}), "start_at"),
        (json!({"end_at": far}), "end_at"),
    ] {
        let answer = world.as_("alice").post("/v1/requests", timed(fields)).await;
        answer.refuses_fields(&[wrong]);
    }
    let id = world.pending().await;
    for start in [
        far,
        "0001-01-01T00:00:00Z",
        "-262142-01-01T00:00:00Z",
        &in_seconds(-120),
    ] {
        let answer = world
            .as_("bob")
            .post(&format!("/v1/requests/{id}/approve"), json!({"start_at": start}))
            .await;
        answer.refuses_fields(&["start_at"]);
    }
    // A start a moment ago is meant as now.
    let request = world
        .submit(
            "alice",
            timed(json!({"duration_seconds": 90, "start_at": in_seconds(-30)})),
        )
        .await;
    assert_eq!(request["start_at"], request["created_at"]);
}

#[tokio::test]
async fn policy_says_how_long_d13() {
    let world = World::new().await;
    for (who, account, set, seconds, code) in [
        ("alice", LEDGER, ADMIN, 4 * 3600, "ok"),
        ("alice", LEDGER, ADMIN, 4 * 3600 + 1, "over_cap"),
        ("alice", DEV_WEB, ADMIN, 8 * 3600 + 1, "over_cap"),
        ("erin", LEDGER, ADMIN, 60, "not_eligible"),
        ("frank", SANDBOX_ANNA, ADMIN, 60, "denied"),
        ("alice", "900000000081", ADMIN, 60, "not_eligible"),
        ("alice", "100000000001", ADMIN, 60, "not_eligible"),
        ("kim", SANDBOX_ANNA, READ_ONLY, 60, "no_approver"),
        ("alice", LEDGER, "NoSuchSet", 60, "not_found"),
        ("alice", "123456789012", ADMIN, 60, "not_found"),
        ("alice", "prod-ledger", ADMIN, 60, "ok"),
        ("alice", "prod-ledgerx", ADMIN, 60, "not_found"),
    ] {
        let answer = world
            .as_(who)
            .post("/v1/requests", ask(account, set, seconds))
            .await;
        assert_eq!(answer.word(), code, "{who} {account} {set} {seconds}: {answer:?}");
    }
    world
        .apply(&POLICY.replace("min_duration = \"1s\"", "min_duration = \"5m\""))
        .await;
    world
        .as_("alice")
        .post("/v1/requests", ask(LEDGER, ADMIN, 299))
        .await
        .refused(403, "under_min");
    world.submit("alice", ask(LEDGER, ADMIN, 300)).await;
}

#[tokio::test]
async fn a_later_start_is_judged_as_that_start() {
    let ends = in_seconds(2 * 3600);
    let policy = POLICY.replace(
        "id = \"oncall-prod\"",
        &format!("id = \"oncall-prod\"\nvalid_until = {ends}"),
    );
    let world = Setup::new().policy(policy).start().await;
    let id = id_of(&world.submit("alice", ask(LEDGER, ADMIN, 3600)).await);
    let approve = async |start: i64| {
        let body = json!({ "start_at": in_seconds(start) });
        world
            .as_("bob")
            .post(&format!("/v1/requests/{id}/approve"), body)
            .await
    };
    // The rule has ended by the end of it: refused, and the request is as it was.
    approve(5400).await.refused(403, "over_cap");
    assert_eq!(world.show(&id).await["state"], "pending");
    assert_eq!(approve(1800).await.is(200)["state"], "scheduled");
}
