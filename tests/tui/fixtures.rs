//! A small world for tests: people, accounts, and requests in every interesting state, relative to a given moment.
//! Used by the fake daemon here and by the unit tests of the crate.

use chrono::{DateTime, Duration, Utc};
use std::sync::Arc;
use team_shared::activity::{ActivityDigest, ActivityItem, LeftBehind, Times};
use team_shared::event::{Actor, Event, EventType};
use team_shared::ids::RequestId;
use team_shared::me::{Entitlement, Me};
use team_shared::report::{Counts, Report, ReportBy, ReportRow};
use team_shared::request::{
    AccountRef, ApprovalView, DemandView, EndedView, GrantOfRequest, PermissionSetRef, PersonRef,
    RequestView, ReviewView, VoteView, WaitingFor,
};
use team_shared::state::{GrantState, RequestState};

/// A person by name.
pub(crate) fn person(name: &str) -> PersonRef {
    let mut display = name.to_owned();
    display[..1].make_ascii_uppercase();
    PersonRef {
        user_id: format!("u-{name}").parse().expect("a user id"),
        user_name: name.to_owned(),
        display_name: format!("{display} Example"),
    }
}

/// An account by name.
pub(crate) fn account(name: &str) -> AccountRef {
    let (id, ou) = match name {
        "pay-prod" => ("111122223333", "Workloads/Prod"),
        "web-prod" => ("444455556666", "Workloads/Prod"),
        "data-stage" => ("222233334444", "Workloads/Stage"),
        _ => ("000011112222", "/"),
    };
    AccountRef {
        id: id.parse().expect("an account id"),
        name: name.to_owned(),
        ou_path: ou.to_owned(),
    }
}

/// A permission set by name.
pub(crate) fn set(name: &str) -> PermissionSetRef {
    PermissionSetRef {
        arn: format!("arn:aws:sso:::permissionSet/ssoins-1/ps-{name}")
            .parse()
            .expect("an ARN"),
        name: name.to_owned(),
        session_duration_seconds: 3600,
    }
}

/// The id that ends in `short` (six characters of Crockford's alphabet).
pub(crate) fn id(at: DateTime<Utc>, short: &str) -> RequestId {
    let made = RequestId::from_parts(at.timestamp_millis().unsigned_abs(), 0x0123_4567_89ab_cdef_0123);
    format!("{}{short}", &made.to_string()[..20])
        .parse()
        .expect("a request id")
}

/// A pending request of `who`, which ann may decide.
pub(crate) fn request(now: DateTime<Utc>, short: &str, who: &str, minutes_ago: i64) -> RequestView {
    let created_at = now - Duration::minutes(minutes_ago);
    RequestView {
        claimed_until: None,
        ticket_link: None,
        id: id(created_at, short),
        version: 3,
        revision: 1,
        state: RequestState::Pending,
        requester: person(who).into(),
        account: account("pay-prod").into(),
        permission_set: set("AdministratorAccess").into(),
        start_at: None,
        end_at: None,
        duration_seconds: 7200,
        justification: "Payment worker crash-loops after deploy 2291; roll back the queue migration by hand."
            .to_owned(),
        ticket: Some("INC-4711".to_owned()),
        break_glass: false,
        extends: None,
        batch_id: None,
        rule: Some("ops-prod-admin".to_owned()),
        rules: vec!["ops-prod-admin".to_owned()],
        approval: ApprovalView {
            required: true,
            demands: vec![DemandView {
                rule: "ops-prod-admin".to_owned(),
                quorum: 1,
                approvers: vec![person("ann"), person("frank")],
                votes: Vec::new(),
            }],
        },
        overseers: Vec::new(),
        guarded: false,
        also_held_through: Vec::new(),
        claimed_by: None,
        created_at,
        expires_at: created_at + Duration::hours(1),
        grant: None,
        waiting_for: Some(WaitingFor {
            what: "approval".to_owned(),
            detail: "approval by 1 of ann, frank".to_owned(),
            help: Some("ask ann or frank".to_owned()),
        }),
        ended: None,
        given_up: None,
        review: ReviewView {
            comment: None,
            needed: false,
            by: None,
            at: None,
        },
        activity: None,
        terms_digest: format!("digest-of-{short}"),
        you_may: vec!["approve".to_owned(), "reject".to_owned()],
    }
}

fn voted(mut view: RequestView, by: &str) -> RequestView {
    view.approval.demands[0].votes.push(VoteView {
        by: person(by),
        at: view.created_at + Duration::minutes(2),
        comment: Some("one hour is enough".to_owned()),
        terms_digest: view.terms_digest.clone(),
    });
    view
}

fn running(mut view: RequestView, now: DateTime<Utc>, minutes_left: i64, verbs: &[&str]) -> RequestView {
    view = voted(view, "ann");
    view.state = RequestState::Active;
    view.start_at = Some(now - Duration::minutes(30));
    view.end_at = Some(now + Duration::minutes(minutes_left) + Duration::seconds(12));
    view.grant = Some(GrantOfRequest {
        state: GrantState::Present,
        attempts: 0,
        next_attempt_at: None,
        last_error: None,
        aws_request_id: Some("2f1c6c5e-0000-4000-8000-000000000001".to_owned()),
    });
    view.waiting_for = Some(WaitingFor {
        what: "end".to_owned(),
        detail: "the assignment is removed at the end".to_owned(),
        help: None,
    });
    view.you_may = verbs.iter().map(|verb| (*verb).to_owned()).collect();
    view
}

fn over(mut view: RequestView, state: RequestState, reason: &str) -> RequestView {
    view.state = state;
    view.you_may.clear();
    view.waiting_for = None;
    view.ended = Some(EndedView {
        at: view.created_at + Duration::hours(1),
        reason: reason.to_owned(),
        late_by_seconds: 0,
        residual_until: Some(view.created_at + Duration::hours(2)),
        still_held_by: None,
        still_held_until: None,
    });
    view
}

/// Requests in every interesting state, as ann sees them.
pub(crate) fn requests(now: DateTime<Utc>) -> Vec<RequestView> {
    let mut dmitri = request(now, "9QPV4D", "dmitri", 12);
    dmitri.account = account("web-prod").into();
    dmitri.permission_set = set("PowerUserAccess").into();
    dmitri.approval.demands[0].quorum = 2;
    dmitri = voted(dmitri, "frank");
    let mut carol = request(now, "K3QJ9W", "carol", 11);
    carol.account = account("data-stage").into();
    carol.permission_set = set("ReadOnlyAccess").into();
    carol.duration_seconds = 28_800;
    let mut own = request(now, "NN5E0J", "ann", 3);
    own.account = account("web-prod").into();
    own.you_may = vec!["cancel".to_owned()];
    let mut scheduled = voted(request(now, "S0WX4A", "hugo", 90), "ann");
    scheduled.state = RequestState::Scheduled;
    scheduled.account = account("web-prod").into();
    scheduled.start_at = Some(now + Duration::minutes(58));
    scheduled.end_at = Some(now + Duration::minutes(178));
    scheduled.you_may = vec!["revoke".to_owned()];
    let mut failing = running(request(now, "E7ND1N", "erin", 200), now, -1, &[]);
    failing.state = RequestState::Ending;
    failing.waiting_for = Some(WaitingFor {
        what: "aws".to_owned(),
        detail: "DeleteAccountAssignment, attempt 4".to_owned(),
        help: None,
    });
    failing.grant = Some(GrantOfRequest {
        state: GrantState::Deleting,
        attempts: 4,
        next_attempt_at: Some(now + Duration::seconds(9)),
        last_error: Some("ThrottlingException: rate exceeded".to_owned()),
        aws_request_id: None,
    });
    vec![
        request(now, "7FQHX2", "bob", 4),
        carol,
        dmitri,
        own,
        running(request(now, "X4TE2N", "ivy", 40), now, 4, &["revoke"]),
        running(request(now, "R1N6BC", "ann", 50), now, 41, &["done"]),
        scheduled,
        failing,
        over(
            voted(request(now, "ZZ4H6R", "bob", 3000), "ann"),
            RequestState::Ended,
            "end",
        ),
        over(
            request(now, "F3C7YQ", "ann", 4000),
            RequestState::Rejected,
            "rejected",
        ),
    ]
}

/// A request whose texts try to take over the terminal.
pub(crate) fn hostile(now: DateTime<Utc>) -> RequestView {
    let mut view = request(now, "HAX0R1", "mallory", 1);
    view.justification = "x\u{1b}]52;c;aGk=\u{7}\u{1b}[2J\u{202e}gnp.exe\u{2066}".to_owned();
    Arc::make_mut(&mut view.requester).display_name = "M\u{200b}allory\u{1b}[31m".to_owned();
    view.ticket = Some("\u{9b}31mINC".to_owned());
    Arc::make_mut(&mut view.account).name = "pay\u{202e}prod".to_owned();
    view
}

/// Ann, who asks and approves.
pub(crate) fn me() -> Me {
    Me {
        uid: 1001,
        login_uid: Some(1001),
        login_uid_unknown: false,
        login: Some("ann".to_owned()),
        person: Some(person("ann")),
        roles: vec!["requester".to_owned(), "approver".to_owned()],
        groups: vec!["ops".to_owned(), "prod-leads".to_owned()],
        explanation: "login ann is user name ann".to_owned(),
        notices: Vec::new(),
        daemon_version: "0.1.0".to_owned(),
    }
}

/// What ann may ask for.
pub(crate) fn entitlements() -> Vec<Entitlement> {
    let one = |account_name: &str, set_name: &str, approval_required, break_glass| Entitlement {
        account: account(account_name),
        permission_set: set(set_name),
        max_duration_seconds: "4h".parse().expect("a duration"),
        default_duration_seconds: "1h".parse().expect("a duration"),
        approval_required,
        break_glass,
        approvers: vec![person("frank"), person("gita")],
        quorum: u32::from(approval_required),
        rule: format!("ops-{set_name}"),
        ticket_required: approval_required,
        justification_min: 10,
        guarded: set_name == "AdministratorAccess",
    };
    vec![
        one("pay-prod", "AdministratorAccess", true, false),
        one("pay-prod", "ReadOnlyAccess", false, false),
        one("web-prod", "PowerUserAccess", true, false),
        one("web-prod", "PowerUserAccess", false, true),
        one("data-stage", "ReadOnlyAccess", false, false),
    ]
}

/// What was done in that session.
pub(crate) fn digest() -> ActivityDigest {
    let times = |name: &str, times| Times {
        name: name.to_owned(),
        times,
    };
    let at = DateTime::from_timestamp(1_795_000_000, 0);
    ActivityDigest {
        sessions: 1,
        events: 3,
        writes: 2,
        errors: 1,
        first_event_at: at,
        last_event_at: at,
        signed_in_at: None,
        services: vec![times("ecs", 2), times("rds", 1)],
        actions: vec![times("ecs:UpdateService", 2), times("rds:ModifyDBCluster", 1)],
        addresses: vec![times("203.0.113.7", 3)],
        marks: vec![times("write", 2), times("left-behind", 1)],
        left_behind: vec![LeftBehind {
            label: "access key: deploy · AKIAEXAMPLE".to_owned(),
            kind: "access key".to_owned(),
            name: "deploy · AKIAEXAMPLE".to_owned(),
            at: at.expect("a moment"),
            event_id: "event-2".to_owned(),
        }],
    }
}

/// What people asked for in a month.
pub(crate) fn report(now: DateTime<Utc>, by: ReportBy) -> Report {
    let row = |name: &str, requests: u64, break_glass: u64| ReportRow {
        id: format!("id-of-{name}"),
        name: name.to_owned(),
        last_at: now - Duration::days(1),
        counts: Counts {
            requests,
            granted: requests - 1,
            rejected: 1,
            break_glass,
            live_seconds: 7_380,
            unused: 1,
            median_decision_seconds: Some(240),
            ..Counts::default()
        },
    };
    let items = match by {
        ReportBy::Person => vec![row("bob", 9, 1), row("=SUM(\u{1b}[2J)", 3, 0)],
        _ => vec![row("pay-prod", 12, 1)],
    };
    Report {
        by,
        since: now - Duration::days(30),
        until: now,
        total: row("", 12, 1).counts,
        items,
    }
}

/// CloudTrail events of a session.
pub(crate) fn activity(now: DateTime<Utc>, request: RequestId) -> Vec<ActivityItem> {
    let item = |n: i64, source: &str, name: &str, read_only, error: Option<&str>| ActivityItem {
        event_id: format!("event-{n}"),
        event_time: now - Duration::minutes(14 - n),
        event_name: name.to_owned(),
        event_source: format!("{source}.amazonaws.com"),
        region: "eu-west-1".to_owned(),
        account_id: account("pay-prod").id,
        request_id: Some(request),
        source_ip: "203.0.113.7".to_owned(),
        user_agent: "aws-cli/2.31".to_owned(),
        read_only,
        error_code: error.map(str::to_owned),
        resources: vec!["pay-worker".to_owned()],
        marks: Vec::new(),
        raw: None,
    };
    vec![
        item(1, "ecs", "DescribeServices", true, None),
        item(2, "ecs", "UpdateService", false, None),
        item(3, "rds", "ModifyDBCluster", false, Some("AccessDenied")),
    ]
}

/// An event of a request.
pub(crate) fn event(
    seq: u64,
    at: DateTime<Utc>,
    kind: EventType,
    request: Option<RequestId>,
    who: Option<&str>,
) -> Event {
    Event {
        seq,
        at,
        kind,
        actor: Actor {
            user_id: who.map(|who| person(who).user_id),
            user_name: who.map(str::to_owned),
            uid: None,
            login_uid: None,
        },
        request_id: request,
        data: serde_json::json!({}),
    }
}
