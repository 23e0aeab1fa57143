//! One of each event that people are told of.

use super::week::week;
use super::{Event, SET, active, actor, at, id, request};
use crate::Part;
use serde_json::{Value, json};
use team_shared::event::EventType;
use teamd_domain::event::Actor;

/// One of each event that people are told of, for each kind of reader whom it has its own words for.
pub(super) fn every() -> Vec<(Event, Option<Part>)> {
    use EventType as E;
    let daemon = Actor::daemon;
    let asked = request;
    let broken = || {
        let mut request = request();
        request.terms.break_glass = true;
        request.basis.demands.clear();
        request.basis.overseers = vec![id("dora")];
        request
    };
    let more = || {
        let mut request = request();
        request.extends = Some(request.id);
        request
    };
    let about = json!({ "user_id": "u-ann", "account_id": "111122223333", "permission_set_arn": SET });
    let with = |more: Value| {
        let mut all = about.clone();
        for (name, value) in more.as_object().into_iter().flatten() {
            all[name] = value.clone();
        }
        all
    };
    let (approver, mine, admin) = (Some(Part::Approver), Some(Part::Requester), Some(Part::Admin));
    let until = json!({ "until": at(15) });
    let ended = json!({ "reason": "end", "late_by_seconds": 42, "residual_until": at(190) });
    let stuck =
        with(json!({ "last_error": "AccessDenied: no", "late_by_seconds": 300, "attempts": 9, "alarm": 2 }));
    let by = actor;
    vec![
        (
            Event::of(
                E::RequestSubmitted,
                by("ann"),
                Some(asked()),
                json!({ "expires_at": at(180) }),
            ),
            approver,
        ),
        (
            Event::of(E::RequestSubmitted, by("ann"), Some(broken()), json!({})),
            Some(Part::Overseer),
        ),
        (
            Event::of(E::RequestClaimed, by("bob"), Some(asked()), until),
            approver,
        ),
        (
            Event::of(E::RequestUnclaimed, by("bob"), Some(asked()), json!({})),
            approver,
        ),
        (
            Event::of(
                E::RequestEscalated,
                daemon(),
                Some(asked()),
                json!({ "to": ["u-cleo"], "expires_at": at(180) }),
            ),
            approver,
        ),
        (
            Event::of(
                E::ReminderPending,
                daemon(),
                Some(asked()),
                json!({ "waiting_seconds": 1800, "expires_at": at(180) }),
            ),
            approver,
        ),
        (
            Event::of(
                E::RequestTermsChanged,
                by("bob"),
                Some(asked()),
                json!({ "duration_seconds": 3600 }),
            ),
            mine,
        ),
        (
            Event::of(
                E::RequestApproved,
                by("bob"),
                Some(asked()),
                json!({ "rule": "ops" }),
            ),
            mine,
        ),
        (
            Event::of(
                E::RequestApproved,
                by("bob"),
                Some(asked()),
                json!({ "rule": "ops" }),
            ),
            approver,
        ),
        (
            Event::of(
                E::RequestRejected,
                by("bob"),
                Some(asked()),
                json!({ "comment": "Use the replica" }),
            ),
            mine,
        ),
        (
            Event::of(E::RequestCancelled, by("ann"), Some(asked()), json!({})),
            approver,
        ),
        (
            Event::of(E::RequestExpired, daemon(), Some(asked()), json!({})),
            mine,
        ),
        (
            Event::of(
                E::RequestWithdrawn,
                daemon(),
                Some(asked()),
                json!({ "reason": "the rule is gone" }),
            ),
            mine,
        ),
        (
            Event::of(
                E::RequestScheduled,
                daemon(),
                Some(asked()),
                json!({ "start_at": at(600) }),
            ),
            mine,
        ),
        (
            Event::of(
                E::RequestActive,
                daemon(),
                Some(active(asked())),
                json!({ "start_at": at(6), "end_at": at(126) }),
            ),
            mine,
        ),
        (
            Event::of(E::RequestApproved, by("bob"), Some(more()), json!({})),
            mine,
        ),
        (
            Event::of(
                E::RequestScheduled,
                daemon(),
                Some(more()),
                json!({ "start_at": at(126) }),
            ),
            mine,
        ),
        (
            Event::of(
                E::RequestActive,
                daemon(),
                Some(active(more())),
                json!({ "end_at": at(246) }),
            ),
            mine,
        ),
        (
            Event::of(
                E::RequestActive,
                daemon(),
                Some(active(broken())),
                json!({ "start_at": at(6), "end_at": at(126) }),
            ),
            None,
        ),
        (
            Event::of(
                E::ReminderBeforeEnd,
                daemon(),
                Some(active(asked())),
                json!({ "end_at": at(126), "seconds_left": 900 }),
            ),
            mine,
        ),
        (
            Event::of(E::RequestEnded, daemon(), Some(active(asked())), ended.clone()),
            mine,
        ),
        (
            Event::of(E::RequestRevoked, by("bob"), Some(active(asked())), ended),
            mine,
        ),
        (
            Event::of(
                E::RequestFailed,
                daemon(),
                Some(asked()),
                json!({ "reason": "standing_access" }),
            ),
            mine,
        ),
        (
            Event::of(
                E::RequestFailed,
                daemon(),
                Some(asked()),
                json!({ "reason": "AWS refused: no such set" }),
            ),
            mine,
        ),
        (
            Event::of(
                E::RequestGivenUp,
                by("ada"),
                Some(asked()),
                json!({ "reason": "account is closed" }),
            ),
            admin,
        ),
        (
            Event::of(
                E::RequestLost,
                by("ada"),
                Some(asked()),
                json!({ "reason": "account is closed" }),
            ),
            admin,
        ),
        (
            Event::of(
                E::RequestReviewed,
                by("bob"),
                Some(active(asked())),
                json!({ "comment": "fine" }),
            ),
            mine,
        ),
        (
            Event::of(E::GrantStuck, daemon(), Some(active(asked())), stuck),
            admin,
        ),
        (
            Event::of(E::GrantReappeared, daemon(), None, about.clone()),
            admin,
        ),
        (
            Event::of(
                E::GrantDrift,
                daemon(),
                None,
                with(json!({ "kind": "missing", "finding": "new" })),
            ),
            admin,
        ),
        (
            Event::of(
                E::GrantDrift,
                daemon(),
                None,
                with(json!({ "kind": "missing", "finding": "gone" })),
            ),
            admin,
        ),
        (
            Event::of(
                E::ActivityMarked,
                daemon(),
                Some(active(asked())),
                json!({ "marks": ["iam-change", "denied"] }),
            ),
            Some(Part::Security),
        ),
        (
            Event::of(
                E::PolicyApplied,
                by("ada"),
                None,
                json!({ "version": 7, "sha256": "0123456789abcdef", "change": "1 rule more" }),
            ),
            admin,
        ),
        (
            Event::of(
                E::PolicyProposed,
                by("ada"),
                None,
                json!({ "sha256": "0123456789abcdef", "base_version": 6 }),
            ),
            admin,
        ),
        (
            Event::of(
                E::FreezeOn,
                by("sam"),
                None,
                json!({ "reason": "Incident 12", "revoke": true }),
            ),
            admin,
        ),
        (
            Event::of(E::FreezeOff, by("ada"), None, json!({ "reason": "Over" })),
            admin,
        ),
        (
            Event::of(
                E::ClockSuspect,
                daemon(),
                None,
                json!({ "why": "ahead", "by_seconds": 90 }),
            ),
            admin,
        ),
        (
            Event::of(E::ClockClear, daemon(), None, json!({ "how": "agreement" })),
            admin,
        ),
        (
            Event::of(
                E::DirectoryWidened,
                daemon(),
                None,
                json!({ "rules": ["ops", "all"], "count": 2 }),
            ),
            admin,
        ),
        (
            Event::of(
                E::AuditFault,
                daemon(),
                None,
                json!({ "why": "row 7 does not follow row 6" }),
            ),
            admin,
        ),
        (
            Event::of(
                E::DaemonRevokeOnly,
                daemon(),
                None,
                json!({ "why": "the disk is full" }),
            ),
            admin,
        ),
        (
            Event::of(
                E::NotifyFailing,
                daemon(),
                None,
                json!({ "channel": "slack", "why": "HTTP 503" }),
            ),
            admin,
        ),
        (
            Event::of(E::NotifyClear, daemon(), None, json!({ "channel": "slack" })),
            admin,
        ),
        (
            Event::of(E::DigestWeekly, daemon(), None, week(2)),
            Some(Part::Decider),
        ),
        (Event::of(E::DigestWeekly, daemon(), None, week(0)), None),
    ]
}
