//! Claims and reviews in every state.

use super::*;
use crate::request::tests::{at, one_of_each};
use std::fmt::Write as _;

const MINUTE: i64 = 60;

fn user(name: &str) -> UserId {
    name.parse().unwrap()
}

fn length(text: &str) -> Seconds {
    text.parse().unwrap()
}

fn in_state(word: RequestState) -> Request {
    let mut all = one_of_each().into_iter();
    all.find(|request| request.state.word() == word).unwrap()
}

fn says(answer: &Answer) -> String {
    match answer {
        Ok(noted) => noted.event.kind.to_string(),
        Err(error) => format!("refused: {error}"),
    }
}

fn claimed(by: &str) -> Attention {
    let claim = Claim {
        by: user(by),
        at: at(0),
        until: at(10 * MINUTE),
    };
    Attention {
        claim: Some(claim),
        ..Attention::default()
    }
}

#[test]
fn the_table_of_claims_and_reviews() {
    let mut text = format!("{:<11} {:<8} {:<6} what comes of it\n", "state", "command", "who");
    let (now, daemon, hold) = (at(5 * MINUTE), Actor::daemon(), length("10m"));
    for request in one_of_each() {
        text.push('\n');
        let mut line = |command: &str, who: &str, answer: &Answer| {
            let state = request.state.word().as_str();
            let _ = writeln!(text, "{state:<11} {command:<8} {who:<6} {}", says(answer));
        };
        let nothing = Attention::default();
        for who in ["alice", "bob"] {
            line(
                "claim",
                who,
                &claim(&request, &nothing, &user(who), hold, &daemon, now),
            );
            line(
                "review",
                who,
                &review(
                    &request,
                    &nothing,
                    &user(who),
                    Found {
                        comment: Some("seen"),
                        ..Found::default()
                    },
                    &daemon,
                    now,
                ),
            );
        }
        line(
            "unclaim",
            "bob",
            &unclaim(&request, &claimed("bob"), &user("bob"), &daemon, now),
        );
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_claim_holds_for_its_time_and_against_others_only() {
    let (request, hold, daemon) = (in_state(RequestState::Pending), length("10m"), Actor::daemon());
    let bobs = claimed("bob");
    let carol = |seconds| claim(&request, &bobs, &user("carol"), hold, &daemon, at(seconds));
    assert_eq!(
        carol(9 * MINUTE),
        Err(AttentionError::Claimed {
            by: user("bob"),
            until: at(10 * MINUTE)
        })
    );
    let taken = carol(10 * MINUTE).unwrap().attention.claim.unwrap();
    assert_eq!((taken.by, taken.until), (user("carol"), at(20 * MINUTE)));
    let again = claim(&request, &bobs, &user("bob"), hold, &daemon, at(5 * MINUTE)).unwrap();
    assert_eq!(again.attention.claim.unwrap().until, at(15 * MINUTE));
    assert_eq!(
        unclaim(&request, &bobs, &user("carol"), &daemon, at(MINUTE)),
        Err(AttentionError::NotClaimed)
    );
}

#[test]
fn a_review_is_closed_once_and_break_glass_needs_one_at_once() {
    let ended = in_state(RequestState::Ended);
    let daemon = Actor::daemon();
    let nothing = Attention::default();
    assert!(nothing.needs_review(&ended));
    let closed = review(&ended, &nothing, &user("bob"), Found::default(), &daemon, at(0))
        .unwrap()
        .attention;
    assert!(!closed.needs_review(&ended));
    let again = review(&ended, &closed, &user("carol"), Found::default(), &daemon, at(1));
    assert!(matches!(again, Err(AttentionError::Reviewed { by, .. }) if by == user("bob")));
    let mut live = in_state(RequestState::Active);
    assert!(!nothing.needs_review(&live));
    live.terms.break_glass = true;
    assert!(nothing.needs_review(&live));
    // What never was access leaves nothing to look at.
    assert!(!nothing.needs_review(&in_state(RequestState::Rejected)));
}
