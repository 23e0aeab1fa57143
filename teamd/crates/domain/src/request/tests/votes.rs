//! Who may decide, and what a vote is worth once the terms change.

use super::*;
use crate::event::EventDraft;

fn kinds(events: &[EventDraft]) -> Vec<&'static str> {
    events.iter().map(|event| event.kind.as_str()).collect()
}

/// Two of three must approve.
fn two_of_three(terms: Terms) -> Request {
    request(terms, &[demand("prod", 2, &["bob", "carol", "dave"])])
}

#[test]
fn nobody_decides_their_own_request() {
    // Not even where a rule lists the requester.
    let request = request(floating(HOUR), &[demand("prod", 1, &["alice", "bob"])]);
    assert_eq!(
        apply(&request, approve(&request, "alice", as_asked()), 1),
        Err(TransitionError::SelfApproval)
    );
    let reject = Command::Reject {
        by: user("alice"),
        comment: None,
    };
    assert_eq!(apply(&request, reject, 1), Err(TransitionError::SelfApproval));
}

#[test]
fn a_vote_of_the_requester_counts_nowhere() {
    // The second line of defence: a vote that should not exist, from a row that was tampered with.
    let mut request = request(floating(HOUR), &[demand("prod", 1, &["alice", "bob"])]);
    request.votes.push(Vote {
        by: user("alice"),
        at: at(1),
        digest: request.digest(),
        comment: None,
    });
    assert!(!request.is_approved());
}

#[test]
fn who_is_not_listed_does_not_vote() {
    let request = pending(floating(HOUR));
    for name in ["mallory", "olga", "Bob"] {
        assert_eq!(
            apply(&request, approve(&request, name, as_asked()), 1),
            Err(TransitionError::NotAnApprover),
            "{name}"
        );
    }
}

#[test]
fn an_overseer_decides_where_nothing_demands_it_any_more() {
    let request = pending(floating(HOUR));
    let command = Command::Approve {
        by: user("olga"),
        comment: None,
        change: as_asked(),
        basis: basis(&[]),
    };
    let approved = after(&request, command, 1);
    assert_eq!(approved.state.word().as_str(), "activating");
}

#[test]
fn nobody_votes_twice_on_the_same_terms() {
    let request = two_of_three(floating(2 * HOUR));
    let once = after(&request, approve(&request, "bob", as_asked()), 1);
    for change in [as_asked(), for_(2 * HOUR)] {
        assert_eq!(
            apply(&once, approve(&once, "bob", change), 2),
            Err(TransitionError::AlreadyVoted)
        );
    }
}

#[test]
fn two_of_three_need_two_distinct_people() {
    let request = two_of_three(floating(HOUR));
    let next = apply(&request, approve(&request, "bob", as_asked()), 1).unwrap();
    assert_eq!(next.request.state, State::Pending);
    assert_eq!(kinds(&next.events), ["request.voted"]);
    let next = apply(&next.request, approve(&next.request, "dave", as_asked()), 2).unwrap();
    assert_eq!(next.request.state.word().as_str(), "activating");
    assert_eq!(
        kinds(&next.events),
        ["request.voted", "request.approved", "request.activating"]
    );
}

#[test]
fn one_vote_counts_for_every_demand_that_lists_the_voter() {
    let both = [demand("prod", 1, &["bob"]), demand("data", 2, &["bob", "carol"])];
    let request = request(floating(HOUR), &both);
    let bob = after(&request, approve(&request, "bob", as_asked()), 1);
    assert!(bob.votes_for(&both[0]).count() == 1 && bob.votes_for(&both[1]).count() == 1);
    assert_eq!(bob.state, State::Pending, "one demand still wants carol");
    let carol = after(&bob, approve(&bob, "carol", as_asked()), 2);
    assert_eq!(carol.state.word().as_str(), "activating");
}

#[test]
fn votes_count_by_the_policy_of_this_moment_d16() {
    let request = two_of_three(floating(HOUR));
    let bob = after(&request, approve(&request, "bob", as_asked()), 1);
    // Bob is no approver any more: his vote is kept, and counts for nothing.
    let now = basis(&[demand("prod", 2, &["carol", "dave"])]);
    let carol = after(
        &bob,
        Command::Approve {
            by: user("carol"),
            comment: None,
            change: as_asked(),
            basis: now,
        },
        2,
    );
    assert_eq!(voters(&carol), ["bob", "carol"]);
    assert_eq!(carol.state, State::Pending);
}

#[test]
fn narrower_terms_keep_earlier_votes() {
    let request = two_of_three(floating(2 * HOUR));
    let bob = after(&request, approve(&request, "bob", as_asked()), 1);
    let next = apply(&bob, approve(&bob, "carol", for_(HOUR)), 2).unwrap();
    assert_eq!(
        kinds(&next.events)[..2],
        ["request.terms_changed", "request.voted"]
    );
    assert_eq!(voters(&next.request), ["bob", "carol"]);
    assert_eq!(next.request.state.word().as_str(), "activating");
    assert_eq!(
        (next.request.terms.revision, next.request.terms.duration),
        (2, seconds(HOUR))
    );
}

#[test]
fn wider_terms_or_another_start_void_earlier_votes() {
    for (terms, change) in [
        (floating(HOUR), for_(2 * HOUR)),
        (floating(HOUR), starting(HOUR)),
        (window(HOUR, HOUR), for_(2 * HOUR)),
        (window(HOUR, HOUR), starting(2 * HOUR)),
        (until(0, 5 * HOUR), for_(6 * HOUR)),
        (until(0, 5 * HOUR), starting(HOUR)),
    ] {
        let request = two_of_three(terms);
        let bob = after(&request, approve(&request, "bob", as_asked()), 1);
        let carol = after(&bob, approve(&bob, "carol", change), 2);
        assert_eq!(voters(&carol), ["carol"], "{change:?}");
        assert_eq!((&carol.state, carol.terms.revision), (&State::Pending, 2));
        // Bob is free to vote on what it is now.
        let bob = after(&carol, approve(&carol, "bob", as_asked()), 3);
        assert!(bob.state.word().as_str() != "pending");
    }
}

#[test]
fn the_vote_of_who_changes_the_terms_lands_on_the_new_ones() {
    let request = two_of_three(floating(3 * HOUR));
    let bob = after(&request, approve(&request, "bob", as_asked()), 1);
    let narrowed = after(&bob, approve(&bob, "bob", for_(HOUR)), 2);
    assert_eq!(voters(&narrowed), ["bob"], "one person, one vote");
    assert_eq!(narrowed.votes[0].digest, narrowed.digest());
    assert_ne!(narrowed.digest(), request.digest());
    assert_eq!(narrowed.state, State::Pending);
}

#[test]
fn terms_back_to_what_they_were_are_new_terms() {
    // 2h, 1h, 2h: the vote for the first two hours was kept through the narrowing and is void after the widening.
    let three = [demand("prod", 3, &["bob", "carol", "dave"])];
    let request = request(floating(2 * HOUR), &three);
    let bob = after(&request, approve(&request, "bob", as_asked()), 1);
    let carol = after(&bob, approve(&bob, "carol", for_(HOUR)), 2);
    let dave = after(&carol, approve(&carol, "dave", for_(2 * HOUR)), 3);
    assert_eq!(voters(&dave), ["dave"]);
    assert_eq!(dave.terms.revision, 3);
    assert_ne!(dave.digest(), request.digest());
}

#[test]
fn one_reject_rejects() {
    let request = two_of_three(floating(HOUR));
    let bob = after(&request, approve(&request, "bob", as_asked()), 1);
    let reject = Command::Reject {
        by: user("carol"),
        comment: Some("not today".to_owned()),
    };
    let rejected = after(&bob, reject, 2);
    assert_eq!(rejected.state.word().as_str(), "rejected");
    assert_eq!(
        apply(&rejected, approve(&rejected, "dave", as_asked()), 3),
        Err(TransitionError::AlreadyDecided(rejected.state.word()))
    );
}

#[test]
fn a_refused_command_changes_nothing() {
    let request = pending(floating(HOUR));
    let before = request.clone();
    assert!(apply(&request, approve(&request, "mallory", for_(60)), 1).is_err());
    assert_eq!(request, before);
}
