//! Where a reply is missing, late, or no proof; and how long a try is put off.

use super::*;

#[test]
fn an_operation_without_result_does_not_hold_up_a_removal_for_ever() {
    let creating = grant(State::Creating(accepted(0)));
    assert_eq!(
        step(&creating, WANTED, 300),
        Step::PollCreate { request_id: id() }
    );
    let next = plan(&creating, CLOSING, at(300));
    assert_eq!(next.step, Step::Delete);
    assert_eq!(
        next.save.and_then(|grant| grant.ambiguous_create_at),
        Some(at(300))
    );
    let deleting = grant(State::Deleting(accepted(0)));
    assert_eq!(
        step(&deleting, CLOSING, 299),
        Step::PollDelete { request_id: id() }
    );
    assert_eq!(step(&deleting, CLOSING, 300), Step::Delete);
}

#[test]
fn a_new_lease_waits_for_the_delete_under_way() {
    for state in [
        State::Deleting(Phase::Intent),
        State::Deleting(accepted(0)),
        State::Deleting(verifying(Some("req-1"), 0)),
    ] {
        let next = step(&grant(state.clone()), WANTED, 1);
        assert!(!matches!(next, Step::Create | Step::Rest), "{state:?}: {next:?}");
    }
    let absent = reply(
        &grant(State::Deleting(verifying(Some("req-1"), 0))),
        WANTED,
        seen(false),
        1,
    )
    .grant;
    assert_eq!(step(&absent, WANTED, 1), Step::Create);
}

#[test]
fn an_intent_found_at_boot_may_have_been_sent() {
    let next = plan(&grant(State::Creating(Phase::Intent)), WANTED, at(7));
    assert_eq!(next.step, Step::List);
    let unknown = next.save.unwrap();
    assert_eq!(unknown.state, State::Unknown);
    assert_eq!(unknown.ambiguous_create_at, Some(at(7)));
    // A delete is simply sent again.
    for wanted in [WANTED, CLOSING, NOBODY] {
        assert_eq!(
            step(&grant(State::Deleting(Phase::Intent)), wanted, 0),
            Step::Delete
        );
    }
}

#[test]
fn a_lost_create_is_looked_for_and_unwanted_it_is_deleted_unseen() {
    let unknown = reply(&grant(listed(0)), WANTED, lost(), 1).grant;
    assert_eq!(unknown.state, State::Unknown);
    assert_eq!(unknown.ambiguous_create_at, Some(at(1)));
    assert_eq!(step(&unknown, WANTED, 2), Step::List);
    assert_eq!(reply(&unknown, WANTED, seen(true), 2).notes, [Note::Confirmed]);
    // The lease is dropped: what a listing does not show may still come.
    let unwanted = reply(&unknown, CLOSING, seen(false), 2).grant;
    assert_eq!(step(&unwanted, CLOSING, 2), Step::Delete);
    // The same where it was looked for before the lease was dropped.
    let absent = reply(&unknown, WANTED, seen(false), 7).grant;
    assert_eq!(step(&absent, WANTED, 7), Step::Create);
    assert_eq!(step(&absent, CLOSING, 8), Step::Delete);
}

/// AWS may still be at work on it when it is looked for.
#[test]
fn a_lost_create_is_looked_for_longer_than_a_create_takes_before_another_is_sent() {
    let unknown = reply(&grant(listed(0)), WANTED, lost(), 1).grant;
    let early = reply(&unknown, WANTED, seen(false), 3).grant;
    assert_eq!(early.state, State::Unknown);
    assert!(matches!(step(&early, WANTED, 3), Step::Wait(_)));
    assert_eq!(step(&early, WANTED, 5), Step::List);
}

#[test]
fn after_an_earlier_life_only_a_create_that_succeeds_vouches() {
    let unknown = Grant {
        aws_request_id: Some("earlier".to_owned()),
        ambiguous_create_at: Some(at(0)),
        ..grant(State::Unknown)
    };
    let shown = reply(&unknown, WANTED, seen(true), 1);
    assert!(shown.notes.is_empty());
    assert_eq!(step(&shown.grant, WANTED, 1), Step::Create);
    assert_eq!(step(&shown.grant, CLOSING, 1), Step::Delete);
}

#[test]
fn a_status_that_aws_does_not_know_proves_nothing() {
    let creating = grant(State::Creating(accepted(0)));
    // Not yet heard of.
    let young = reply(&creating, WANTED, not_found(), 1).grant;
    assert_eq!(young.state, creating.state);
    // Forgotten.
    let old = reply(&creating, WANTED, not_found(), 60).grant;
    assert_eq!(
        (old.state, old.ambiguous_create_at),
        (State::Unknown, Some(at(60)))
    );
    let deleting = reply(&grant(State::Deleting(accepted(0))), CLOSING, not_found(), 1).grant;
    assert_eq!(deleting.state, State::Deleting(verifying(None, 1)));
}

#[test]
fn absence_after_a_delete_that_did_not_succeed_needs_a_later_listing() {
    for answer in [not_found(), taken(failed())] {
        let deleting = reply(&grant(State::Present), CLOSING, answer, 0).grant;
        let early = reply(&deleting, CLOSING, seen(false), 1);
        assert!(early.notes.is_empty() && early.grant.state == deleting.state);
        // Shown, it is deleted again.
        let shown = reply(&early.grant, CLOSING, seen(true), 8).grant;
        assert_eq!(shown.state, State::Deleting(Phase::Intent));
        // A listing may show what was a minute ago: before the create, if the end came seconds after it.
        let old = reply(&early.grant, CLOSING, seen(false), 59);
        assert!(old.notes.is_empty() && old.grant.state == deleting.state);
        let late = reply(&early.grant, CLOSING, seen(false), 60);
        assert_eq!(late.notes, [Note::Removed]);
    }
}

#[test]
fn a_delete_that_succeeded_is_doubted_once_listings_should_have_caught_up() {
    let done = grant(State::Deleting(verifying(Some("req-1"), 0)));
    let lagging = reply(&done, CLOSING, seen(true), 29).grant;
    assert_eq!(lagging.state, done.state);
    let doubted = reply(&done, CLOSING, seen(true), 30).grant;
    assert_eq!(doubted.state, State::Deleting(Phase::Intent));
}

#[test]
fn a_create_that_never_shows_is_tried_again_and_watched_for() {
    let done = grant(State::Creating(verifying(Some("req-1"), 0)));
    assert_eq!(reply(&done, WANTED, seen(false), 29).grant.state, done.state);
    let doubted = reply(&done, WANTED, seen(false), 30).grant;
    assert_eq!(
        (doubted.state, doubted.ambiguous_create_at),
        (listed(30), Some(at(30)))
    );
}

#[test]
fn a_late_create_is_watched_for_a_day_whatever_came_between() {
    // The grant had two lives since; the look is one of the reconciler's own.
    let swept = Grant {
        ambiguous_create_at: Some(at(0)),
        ..grant(listed(22 * 3600))
    };
    let back = reply(&swept, CLOSING, seen(true), 23 * 3600);
    assert_eq!(back.notes, [Note::Reappeared]);
    assert_eq!(step(&back.grant, NOBODY, 23 * 3600), Step::Delete);
    // After a day it is somebody's.
    assert_eq!(step(&swept, NOBODY, 24 * 3600), Step::Rest);
    assert_eq!(
        reply(&swept, WANTED, seen(true), 24 * 3600).notes,
        [Note::Standing]
    );
}

#[test]
fn a_pause_of_what_nobody_wanted_holds_nobody_back() {
    let idle = Grant {
        ambiguous_create_at: Some(at(0)),
        next_attempt_at: Some(at(1300)),
        ..grant(listed(1000))
    };
    assert_eq!(step(&idle, NOBODY, 1100), Step::Rest);
    assert_eq!(step(&idle, WANTED, 1100), Step::List);
    assert_eq!(step(&idle, CLOSING, 1100), Step::List);
    // But a look that failed is not repeated without a pause.
    let failed = reply(&idle, CLOSING, lost(), 1100).grant;
    assert!(matches!(step(&failed, CLOSING, 1100), Step::Wait(_)));
}

#[test]
fn a_removal_is_tried_for_ever_with_pauses_of_at_most_a_minute_d3() {
    let mut present = grant(State::Present);
    let mut now = start();
    for class in [
        Refusal::Throttled,
        Refusal::AccessDenied,
        Refusal::Permanent,
        Refusal::Conflict,
    ]
    .into_iter()
    .cycle()
    .take(200)
    {
        let next = plan(&present, CLOSING, now);
        assert_eq!(next.step, Step::Delete);
        present = record(&next.save.unwrap(), &next.step, refused(class), 0, 1.0, now).grant;
        let Step::Wait(until) = plan(&present, CLOSING, now).step else {
            panic!("no pause after {class:?}");
        };
        let pause = until - now;
        assert!(
            pause <= TimeDelta::seconds(60) && pause > TimeDelta::zero(),
            "{pause}"
        );
        assert!(class != Refusal::Conflict || pause >= TimeDelta::seconds(2));
        now = until;
    }
}

#[test]
fn what_the_create_cost_in_tries_does_not_slow_its_removal() {
    for state in [
        State::Creating(verifying(Some("req-1"), 0)),
        State::Creating(accepted(-300)),
    ] {
        let tired = Grant {
            attempts: 9,
            ..grant(state)
        };
        let refused = reply(&tired, CLOSING, refused(Refusal::Throttled), 0).grant;
        assert!(refused.next_attempt_at.unwrap() - at(0) <= TimeDelta::seconds(1));
    }
}

#[test]
fn a_pause_of_the_create_holds_a_removal_back_for_a_minute_at_most_and_not_if_cleared() {
    // What the engine does when leases change; the machine cannot: it does not see the change, only the state.
    let unknown = Grant {
        next_attempt_at: Some(at(55)),
        attempts: 8,
        ..grant(State::Unknown)
    };
    assert_eq!(step(&unknown, CLOSING, 0), Step::Wait(at(55)));
    let woken = Grant {
        next_attempt_at: None,
        ..unknown
    };
    assert_eq!(step(&woken, CLOSING, 0), Step::List);
}

#[test]
fn a_result_that_fails_for_the_same_reason_again_and_again_is_final() {
    let mut tries = grant(listed(0));
    let mut hopeless = Vec::new();
    for round in 0..6 {
        let now = round * 100;
        if step(&tries, WANTED, now) == Step::List {
            tries = reply(&tries, WANTED, seen(false), now).grant;
        }
        let recorded = reply(&tries, WANTED, taken(failed()), now);
        let is_hopeless = |note: &Note| matches!(note, Note::Hopeless { .. });
        hopeless.push(recorded.notes.iter().any(is_hopeless));
        tries = recorded.grant;
    }
    assert_eq!(hopeless[..4], [false, false, false, true]);
    // Three throttled calls before do not make the first failed result final.
    let throttled = Grant {
        attempts: 3,
        last_error: Some("Throttled".to_owned()),
        ..grant(listed(0))
    };
    let first = reply(&throttled, WANTED, taken(failed()), 0);
    assert!(
        !first
            .notes
            .iter()
            .any(|note| matches!(note, Note::Hopeless { .. }))
    );
}

#[test]
fn an_answer_to_another_call_is_a_failure_and_changes_nothing_that_is_known() {
    let present = grant(State::Present);
    let wrong = reply(&present, CLOSING, seen(false), 0).grant;
    assert_eq!(wrong.state, State::Deleting(Phase::Intent));
    let wrong = reply(&grant(listed(0)), WANTED, seen(false), 0).grant;
    assert_eq!(wrong.state, State::Unknown, "the create may have been sent");
    let verifying = grant(State::Deleting(verifying(Some("req-1"), 0)));
    let wrong = reply(&verifying, CLOSING, Reply::Status(Status::Succeeded), 0).grant;
    assert_eq!(wrong.state, verifying.state);
}

#[test]
fn a_drift_is_nobody_s_business_here() {
    // A sweep may list at any time: what it sees of a grant that is held, or on its way, changes nothing.
    for state in [
        State::Present,
        State::Creating(accepted(0)),
        State::Deleting(Phase::Intent),
        State::Deleting(accepted(0)),
    ] {
        let grant = grant(state);
        let after = record(&grant, &Step::List, seen(false), 1, 0.5, at(1));
        assert_eq!((after.grant.state, after.notes.len()), (grant.state, 0));
    }
}

#[test]
fn a_lease_dropped_during_the_look_leaves_no_doubt_behind() {
    // A create of unknown outcome, not shown so far; the list is under way when the last lease goes.
    let doubtful = Grant {
        attempts: 1,
        ambiguous_create_at: Some(at(0)),
        ..grant(listed(0))
    };
    assert_eq!(step(&doubtful, WANTED, 40), Step::List);
    let after = record(&doubtful, &Step::List, seen(false), 0, 0.5, at(40)).grant;
    assert_eq!(step(&after, CLOSING, 40), Step::Delete);
}
