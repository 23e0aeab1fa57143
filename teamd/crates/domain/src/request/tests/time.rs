//! When things happen: expiry, the floating clock, windows that stay where they are, lateness.

use super::*;
use crate::event::Datum;
use team_shared::event::EventType;

const MINUTE: i64 = 60;

fn session(request: &Request) -> (i64, i64) {
    let session = request.state.session().expect("it has a session");
    (
        (session.start_at - at(0)).num_seconds(),
        (session.end_at - at(0)).num_seconds(),
    )
}

fn finish(request: &Request) -> &Finish {
    match &request.state {
        State::Ended(finish) | State::Revoked(finish) | State::Failed(finish) => finish,
        other => panic!("not finished: {other:?}"),
    }
}

fn verify_absent(request: &Request, now: i64) -> Request {
    after(
        request,
        Command::VerifyAbsent {
            session_seconds: HOUR,
        },
        now,
    )
}

#[test]
fn the_time_to_decide_ends_at_its_very_moment() {
    let request = pending(floating(HOUR));
    let last = 3 * HOUR;
    assert!(apply(&request, approve(&request, "bob", as_asked()), last - 1).is_ok());
    assert_eq!(
        apply(&request, Command::Lapse, last - 1),
        Err(TransitionError::TooEarly(at(last)))
    );
    // No timer has fired, and the decision is refused all the same.
    assert_eq!(
        apply(&request, approve(&request, "bob", as_asked()), last),
        Err(TransitionError::Expired(at(last)))
    );
    let reject = Command::Reject {
        by: user("bob"),
        comment: None,
    };
    assert_eq!(
        apply(&request, reject, last),
        Err(TransitionError::Expired(at(last)))
    );
    assert_eq!(
        after(&request, Command::Lapse, last).state,
        State::Expired { at: at(last) }
    );
}

#[test]
fn expires_at_is_creation_plus_expiry_or_the_start_and_never_after_the_end() {
    for (terms, expected) in [
        (floating(9 * HOUR), 3 * HOUR),
        (window(HOUR, 9 * HOUR), 3 * HOUR),
        (window(24 * HOUR, HOUR), 24 * HOUR),
        (window(HOUR, HOUR), 2 * HOUR),
        (until(0, 2 * HOUR), 2 * HOUR),
        (until(0, 8 * HOUR), 3 * HOUR),
        (until(5 * HOUR, 8 * HOUR), 5 * HOUR),
    ] {
        assert_eq!(
            expires_at(at(0), seconds(3 * HOUR), &terms),
            at(expected),
            "{terms:?}"
        );
    }
}

#[test]
fn the_clock_of_a_floating_request_starts_when_aws_confirms() {
    let request = pending(floating(HOUR));
    let request = after(&request, approve(&request, "bob", as_asked()), 2 * HOUR);
    assert_eq!(request.terms.start_at, None);
    let request = after(&request, Command::AttemptCreate, 2 * HOUR + 1);
    let request = after(&request, Command::Confirm, 2 * HOUR + 20);
    assert_eq!(session(&request), (2 * HOUR + 20, 3 * HOUR + 20));
    assert_eq!(request.deadline(), Some(at(3 * HOUR + 20)));
}

#[test]
fn a_slow_aws_starts_the_floating_clock_five_minutes_after_the_earliest_attempt() {
    let mut request = activating(floating(HOUR), 0);
    for attempt in [10, 100, 400] {
        request = after(&request, Command::AttemptCreate, attempt);
    }
    let at_grace = after(&request, Command::Confirm, 10 + 5 * MINUTE);
    assert_eq!(session(&at_grace).0, 10 + 5 * MINUTE);
    let later = after(&request, Command::Confirm, 10 + 9 * MINUTE);
    assert_eq!(session(&later), (10 + 5 * MINUTE, 10 + 5 * MINUTE + HOUR));
    // Confirmed through another lease, no create was ever sent: from now.
    let held = after(&activating(floating(HOUR), 0), Command::Confirm, 9 * MINUTE);
    assert_eq!(session(&held), (9 * MINUTE, 9 * MINUTE + HOUR));
}

#[test]
fn windows_do_not_move() {
    for terms in [window(HOUR, 2 * HOUR), until(HOUR, 3 * HOUR)] {
        // Approved in time, and late; confirmed late.
        for (approved, start) in [(10, HOUR), (2 * HOUR, 2 * HOUR)] {
            let request = pending(terms.clone());
            let mut request = after(&request, approve(&request, "bob", as_asked()), approved);
            if request.state.word().as_str() == "scheduled" {
                assert_eq!(request.deadline(), Some(at(HOUR)));
                assert_eq!(
                    apply(&request, Command::Start, HOUR - 1),
                    Err(TransitionError::TooEarly(at(HOUR)))
                );
                request = after(&request, Command::Start, start);
            }
            let request = after(&request, Command::AttemptCreate, start);
            let request = after(&request, Command::Confirm, start + 10 * MINUTE);
            assert_eq!(session(&request).1, 3 * HOUR);
            assert_eq!(
                apply(&request, Command::End, 3 * HOUR - 1),
                Err(TransitionError::TooEarly(at(3 * HOUR)))
            );
            let ending = after(&request, Command::End, 3 * HOUR);
            assert_eq!(ending.state.word().as_str(), "ending");
        }
    }
}

#[test]
fn no_session_goes_past_the_end_of_the_rules_however_slow_aws_is() {
    // Asked for, an hour fits: the rule ends two minutes later. AWS takes four.
    for terms in [floating(HOUR), until(0, HOUR + 2 * MINUTE)] {
        let mut request = activating(terms, 0);
        request.basis.valid_until = Some(at(HOUR + 2 * MINUTE));
        let active = after(&request, Command::Confirm, 4 * MINUTE);
        assert_eq!(session(&active).1, HOUR + 2 * MINUTE);
        // Over already when AWS confirms: it ends at once, and never before it began.
        let late = after(&request, Command::Confirm, 2 * HOUR);
        let (start, end) = session(&late);
        assert!(start <= end && late.deadline() <= Some(at(2 * HOUR)), "{late:?}");
    }
    let mut request = activating(floating(HOUR), 0);
    request.basis.valid_until = Some(at(9 * HOUR));
    assert_eq!(session(&after(&request, Command::Confirm, 60)), (60, HOUR + 60));
}

#[test]
fn until_now_ends_at_its_time_whatever_happens_before() {
    // `--until`: the end counts, also where no start was ever set.
    let mut terms = until(0, 4 * HOUR);
    terms.start_at = None;
    let request = activating(terms, 0);
    assert_eq!(session(&after(&request, Command::Confirm, 7)), (7, 4 * HOUR));
}

#[test]
fn a_start_after_the_window_withdraws() {
    let scheduled = &one_of_each()[1];
    for command in [Command::Start, Command::Lapse, Command::End] {
        assert_eq!(
            after(scheduled, command, 3 * HOUR).state,
            State::Withdrawn {
                at: at(3 * HOUR),
                reason: "window_over".to_owned()
            }
        );
    }
}

#[test]
fn an_approver_turns_floating_into_a_window() {
    let request = pending(floating(2 * HOUR));
    let request = after(&request, approve(&request, "bob", starting(HOUR)), 1);
    let terms = &request.terms;
    assert_eq!(
        (terms.shape, terms.start_at, terms.end_at),
        (Shape::Window, Some(at(HOUR)), Some(at(3 * HOUR)))
    );
    assert_eq!(request.state, State::Scheduled { approved_at: at(1) });
}

#[test]
fn an_approvers_length_keeps_the_start() {
    for (terms, shape) in [
        (window(HOUR, 4 * HOUR), Shape::Window),
        (until(HOUR, 5 * HOUR), Shape::Until),
    ] {
        let changed = terms.changed(Some(seconds(HOUR)), None);
        assert_eq!(changed.shape, shape);
        assert_eq!(
            (changed.start_at, changed.end_at),
            (Some(at(HOUR)), Some(at(2 * HOUR)))
        );
        assert!(narrower(&changed, &terms) && !narrower(&terms, &changed));
    }
    let terms = floating(HOUR);
    assert_eq!(terms.changed(Some(seconds(HOUR)), None), terms, "no new revision");
}

#[test]
fn another_start_leaves_until_where_it_is() {
    let terms = until(HOUR, 5 * HOUR).changed(None, Some(at(2 * HOUR)));
    assert_eq!(
        (terms.start_at, terms.end_at),
        (Some(at(2 * HOUR)), Some(at(5 * HOUR)))
    );
    assert_eq!(terms.duration, seconds(3 * HOUR));
    // With a length of its own the approver has said all there is to say.
    let terms = until(HOUR, 5 * HOUR).changed(Some(seconds(HOUR)), Some(at(2 * HOUR)));
    assert_eq!(terms.end_at, Some(at(3 * HOUR)));
}

#[test]
fn a_later_start_leaves_time_for_the_second_vote() {
    let two = [demand("prod", 2, &["bob", "carol"])];
    let request = request(floating(HOUR), &two);
    let request = after(&request, approve(&request, "bob", starting(24 * HOUR)), 1);
    assert_eq!(request.expires_at, at(24 * HOUR));
    // And a shorter window leaves less.
    let request = after(
        &request,
        approve(
            &request,
            "bob",
            Change {
                duration: Some(seconds(HOUR)),
                start_at: Some(at(MINUTE)),
            },
        ),
        2,
    );
    assert_eq!(request.expires_at, at(MINUTE + HOUR));
}

#[test]
fn nobody_approves_a_window_that_is_over() {
    let request = pending(window(0, 2 * HOUR));
    assert_eq!(
        apply(&request, approve(&request, "bob", for_(HOUR)), HOUR),
        Err(TransitionError::Expired(at(HOUR)))
    );
}

#[test]
fn activation_is_given_up_after_fifteen_minutes() {
    assert_eq!(
        activating(floating(HOUR), 7).deadline(),
        Some(at(7 + 15 * MINUTE))
    );
    assert_eq!(
        activating(window(0, 10 * MINUTE), 0).deadline(),
        Some(at(10 * MINUTE)),
        "or at the end, if that is earlier"
    );
    let gave_up = after(
        &activating(floating(HOUR), 0),
        Command::GiveUp {
            reason: "throttled".to_owned(),
        },
        15 * MINUTE,
    );
    assert_eq!(
        verify_absent(&gave_up, 16 * MINUTE).state.word().as_str(),
        "failed"
    );
    // Floating has no end before it is active: what the timer finds there is a failure too.
    let request = activating(floating(HOUR), 0);
    assert!(apply(&request, Command::End, 15 * MINUTE - 1).is_err());
    let ended = after(&request, Command::End, 15 * MINUTE);
    assert_eq!(verify_absent(&ended, 16 * MINUTE).state.word().as_str(), "failed");
}

#[test]
fn lateness_counts_from_when_it_should_have_been_gone() {
    let active = &one_of_each()[3];
    let late = |command, ended, verified| {
        finish(&verify_absent(&after(active, command, ended), verified)).late_by_seconds
    };
    assert_eq!(late(Command::End, 3 * HOUR, 3 * HOUR + 4), 4);
    // The daemon was down over the end.
    assert_eq!(late(Command::End, 3 * HOUR + 100, 3 * HOUR + 104), 104);
    assert_eq!(late(Command::Done, 2 * HOUR, 2 * HOUR + 3), 3);
    // Whoever ends it after its end does not set the clock back.
    assert_eq!(late(Command::Done, 3 * HOUR + 100, 3 * HOUR + 104), 104);
    assert_eq!(
        late(Command::Revoke { comment: None }, 3 * HOUR + 100, 3 * HOUR + 104),
        104
    );
    assert_eq!(
        late(
            Command::LoseBasis {
                reason: "gone".to_owned()
            },
            3 * HOUR + 100,
            3 * HOUR + 104
        ),
        104
    );
    // Never below nothing, should the clock be set back.
    assert_eq!(late(Command::End, 3 * HOUR, 3 * HOUR - 50), 0);
}

#[test]
fn what_is_left_is_told_where_anything_may_live() {
    let active = &one_of_each()[3];
    let ending = after(active, Command::Done, 2 * HOUR);
    let done = verify_absent(&ending, 2 * HOUR + 5);
    assert_eq!(finish(&done).residual_until, Some(at(3 * HOUR + 5)));
    assert_eq!(finish(&done).session.map(|s| s.start_at), Some(at(HOUR)));
    let nothing = after(
        &ending,
        Command::VerifyAbsent { session_seconds: 0 },
        2 * HOUR + 5,
    );
    assert_eq!(finish(&nothing).residual_until, None);
    let handed = after(&ending, Command::HandOver { to: id(9) }, 2 * HOUR + 5);
    assert_eq!(finish(&handed).residual_until, None);
    assert_eq!(finish(&handed).still_held_by, Some(id(9)));
}

#[test]
fn the_reason_decides_where_an_ending_leads() {
    let active = &one_of_each()[3];
    for (command, word) in [
        (Command::End, "ended"),
        (Command::Done, "ended"),
        (Command::Revoke { comment: None }, "revoked"),
        (
            Command::LoseBasis {
                reason: "gone".to_owned(),
            },
            "revoked",
        ),
    ] {
        let next = apply(active, command, 3 * HOUR).unwrap();
        // The fold of the events must know where it leads and since when it was due.
        let ending = next
            .events
            .iter()
            .find(|event| event.kind == EventType::RequestEnding)
            .unwrap();
        assert_eq!(ending.data["outcome"], Datum::Text(word.to_owned()));
        assert_eq!(ending.data["due_at"], Datum::Moment(at(3 * HOUR)));
        let over = verify_absent(&next.request, 3 * HOUR);
        assert_eq!(over.state.word().as_str(), word);
    }
}

#[test]
fn a_lost_request_comes_back_when_a_sweep_sees_it() {
    let ending = &one_of_each()[4];
    let give_up = |by: &str| Command::DeclareLost {
        by: user(by),
        reason: "account closed".to_owned(),
    };
    let refused = |request: &Request, by: &str| {
        transition(request, &give_up(by), &Actor::daemon(), at(4 * HOUR)).map(drop)
    };
    assert_eq!(refused(ending, "alice"), Err(TransitionError::SelfApproval));
    let signed = after(ending, give_up("gita"), 4 * HOUR);
    assert_eq!(
        signed.state.word().as_str(),
        "ending",
        "one signature changes nothing"
    );
    assert_eq!(refused(&signed, "gita"), Err(TransitionError::AlreadySigned));
    let lost = after(&signed, give_up("bob"), 4 * HOUR);
    assert_eq!(lost.state.word().as_str(), "lost");
    assert_eq!(lost.deadline(), None);
    let back = after(&lost, Command::Reappear, 5 * HOUR);
    assert_eq!(back.state.word().as_str(), "ending");
    assert_eq!(back.state.session(), ending.state.session());
    // Its credentials may live, and it is as late as it is.
    let over = verify_absent(&back, 5 * HOUR + 3);
    let State::Ended(finish) = &over.state else {
        panic!("{:?}", over.state)
    };
    assert_eq!(finish.late_by_seconds, 2 * HOUR + 3);
    assert!(finish.residual_until.is_some());
}

#[test]
fn submission_goes_straight_on_where_nothing_must_be_approved() {
    for (terms, word) in [(floating(HOUR), "activating"), (window(HOUR, HOUR), "scheduled")] {
        let next = submit(request(terms, &[]), &Actor::daemon(), at(0));
        assert_eq!(next.request.state.word().as_str(), word);
        assert_eq!(next.request.version, 1);
    }
    let next = submit(pending(floating(HOUR)), &Actor::daemon(), at(0));
    assert_eq!(next.request.state, State::Pending);
    assert_eq!(next.events.len(), 1);
}
