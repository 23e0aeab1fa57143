//! Claims and reviews in every state, reminders by the minute.

use super::reminders::{before_end, is_escalated, next, to_approvers};
use super::*;
use crate::domain::policy::Settings;
use crate::domain::request::Session;
use crate::domain::request::tests::{at, one_of_each};
use std::fmt::Write as _;

const MINUTE: i64 = 60;
const HOUR: i64 = 3600;

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

#[test]
fn approvers_are_reminded_every_so_often_until_it_lapses() {
    let request = in_state(RequestState::Pending);
    let settings = Settings::default();
    let reminded =
        |attention: &Attention, minute| to_approvers(&request, attention, &settings, at(minute * MINUTE));
    let mut attention = Attention::default();
    assert_eq!(next(&request, &attention, &settings), Some(at(30 * MINUTE)));
    assert!(reminded(&attention, 29).is_none());
    attention = reminded(&attention, 30).unwrap().attention;
    assert!(reminded(&attention, 59).is_none());
    // The daemon was away: once, not once for each that was missed.
    attention = reminded(&attention, 140).unwrap().attention;
    assert!(reminded(&attention, 141).is_none());
    assert_eq!(next(&request, &attention, &settings), Some(at(170 * MINUTE)));
    attention = reminded(&attention, 170).unwrap().attention;
    // At three hours it lapses.
    assert_eq!(next(&request, &attention, &settings), None);
    let never = Settings {
        remind_approvers_every: None,
        ..settings
    };
    assert_eq!(next(&request, &Attention::default(), &never), None);
}

#[test]
fn the_end_is_warned_of_at_each_moment_that_lies_within_the_access() {
    let warned_at = |session: Session, minutes: &[i64], goes_on: bool| -> Vec<(i64, i64)> {
        let mut request = in_state(RequestState::Active);
        request.state = State::Active { session };
        let mut attention = Attention::default();
        let mut told = Vec::new();
        for minute in minutes {
            let now = at(minute * MINUTE);
            let Some((kept, noted)) = before_end(&request, &attention, &Settings::default(), goes_on, now)
            else {
                continue;
            };
            attention = kept;
            if noted.is_some() {
                told.push((*minute, (session.end_at - now).num_minutes()));
            }
        }
        told
    };
    let hours = Session {
        start_at: at(0),
        end_at: at(2 * HOUR),
    };
    let every_minute: Vec<i64> = (0..=120).collect();
    assert_eq!(warned_at(hours, &every_minute, false), [(90, 30), (105, 15)]);
    assert_eq!(warned_at(hours, &every_minute, true), []);
    // The daemon was away at both: one warning, with the time that is left.
    assert_eq!(warned_at(hours, &[80, 110, 111], false), [(110, 10)]);
    let short = Session {
        start_at: at(0),
        end_at: at(20 * MINUTE),
    };
    assert_eq!(warned_at(short, &every_minute, false), [(5, 15)]);
}

#[test]
fn what_waits_long_goes_to_others_while_it_waits() {
    let pending = in_state(RequestState::Pending);
    let settings = Settings {
        escalate_after: Some(length("1h")),
        ..Settings::default()
    };
    assert!(!is_escalated(&pending, &settings, at(HOUR - 1)));
    assert!(is_escalated(&pending, &settings, at(HOUR)));
    assert!(!is_escalated(
        &in_state(RequestState::Active),
        &settings,
        at(2 * HOUR)
    ));
    assert!(!is_escalated(&pending, &Settings::default(), at(2 * HOUR)));
}
