//! Reminders by the minute.

use super::*;
use team_shared::ids::RequestId;
use team_shared::terms::Shape;
use teamd_domain::request::{Basis, Key, Session, Terms};

const MINUTE: i64 = 60;
const HOUR: i64 = 3600;

/// So many seconds after the request was filed.
fn at(seconds: i64) -> Time {
    Time::from_timestamp(1_795_000_000 + seconds, 0).unwrap()
}

fn length(text: &str) -> Seconds {
    text.parse().unwrap()
}

/// A request that expires after three hours.
fn in_state(state: State) -> Request {
    Request {
        id: RequestId::from_parts(1_795_000_000_000, 1),
        version: 1,
        key: Key {
            user: "alice".parse().unwrap(),
            account: "111122223333".parse().unwrap(),
            permission_set: "arn:aws:sso:::permissionSet/ssoins-1/ps-1".parse().unwrap(),
        },
        expires_at: at(3 * HOUR),
        terms: Terms {
            revision: 1,
            shape: Shape::Window,
            start_at: Some(at(HOUR)),
            end_at: Some(at(3 * HOUR)),
            duration: length("2h"),
            justification: "the cache is on fire".to_owned(),
            ticket: None,
            break_glass: false,
        },
        extends: None,
        batch_id: None,
        created_at: at(0),
        basis: Basis {
            rule: Some("rule".to_owned()),
            rules: vec!["rule".to_owned()],
            demands: Vec::new(),
            overseers: Vec::new(),
            valid_until: None,
        },
        also_held_through: Vec::new(),
        votes: Vec::new(),
        state,
    }
}

#[test]
fn approvers_are_reminded_every_so_often_until_it_lapses() {
    let request = in_state(State::Pending);
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
fn end_reminders_fall_within_access() {
    let warned_at = |session: Session, minutes: &[i64], goes_on: bool| -> Vec<(i64, i64)> {
        let request = in_state(State::Active { session });
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
    let pending = in_state(State::Pending);
    let settings = Settings {
        escalate_after: Some(length("1h")),
        ..Settings::default()
    };
    assert!(!is_escalated(&pending, &settings, at(HOUR - 1)));
    assert!(is_escalated(&pending, &settings, at(HOUR)));
    assert!(!is_escalated(
        &in_state(State::Activating {
            since: at(HOUR),
            first_attempt_at: None
        }),
        &settings,
        at(2 * HOUR)
    ));
    assert!(!is_escalated(&pending, &Settings::default(), at(2 * HOUR)));
}
