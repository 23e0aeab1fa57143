//! When a digest is due, over changes of clocks and absences; what is counted.

use super::*;
use chrono_tz::Tz;

const BERLIN: Tz = Tz::Europe__Berlin;

fn at(text: &str) -> Time {
    text.parse().unwrap()
}

fn on(day: Weekday, hour: u32, minute: u32) -> Schedule {
    Schedule {
        day,
        time: NaiveTime::from_hms_opt(hour, minute, 0).unwrap(),
    }
}

#[test]
fn it_is_due_at_that_time_of_that_day_in_that_zone() {
    let monday = on(Weekday::Mon, 8, 0);
    let now = at("2026-11-25T12:00:00Z");
    assert_eq!(monday.last(&Tz::UTC, now), at("2026-11-23T08:00:00Z"));
    assert_eq!(monday.last(&BERLIN, now), at("2026-11-23T07:00:00Z"));
    assert_eq!(monday.next(&BERLIN, now), at("2026-11-30T07:00:00Z"));
    let sharp = at("2026-11-23T07:00:00Z");
    assert_eq!(monday.last(&BERLIN, sharp), sharp);
    assert_eq!(monday.next(&BERLIN, sharp), at("2026-11-30T07:00:00Z"));
    assert_eq!(
        monday.last(&BERLIN, sharp - TimeDelta::seconds(1)),
        at("2026-11-16T07:00:00Z")
    );
    // It is Monday there already.
    assert_eq!(
        on(Weekday::Mon, 1, 0).last(&Tz::Pacific__Auckland, at("2026-11-22T13:00:00Z")),
        at("2026-11-22T12:00:00Z")
    );
}

#[test]
fn clocks_that_are_put_forward_or_back_neither_lose_nor_repeat_it() {
    let night = on(Weekday::Sun, 2, 30);
    // 2026-03-29: 2:00 is 3:00. 2026-10-25: 3:00 is 2:00.
    assert_eq!(
        night.last(&BERLIN, at("2026-03-29T12:00:00Z")),
        at("2026-03-29T01:00:00Z")
    );
    assert_eq!(
        night.last(&BERLIN, at("2026-10-25T12:00:00Z")),
        at("2026-10-25T00:30:00Z")
    );
    for schedule in [night, on(Weekday::Wed, 0, 0)] {
        let mut told = at("2026-01-01T00:00:00Z");
        let mut times = 0;
        for hour in 0..24 * 364 {
            let now = at("2026-01-01T00:00:00Z") + TimeDelta::hours(hour);
            if let Some(due) = schedule.due(&BERLIN, told, now) {
                assert_eq!(due.since, told);
                assert!(due.until <= now && now - due.until < TimeDelta::hours(1));
                told = due.until;
                times += 1;
            }
        }
        assert_eq!(times, 52);
    }
}

#[test]
fn it_is_told_a_day_late_at_most_and_the_next_one_counts_what_was_missed() {
    let monday = on(Weekday::Mon, 8, 0);
    let told = at("2026-11-09T08:00:00Z");
    let due = |now: &str| monday.due(&Tz::UTC, told, at(now));
    assert_eq!(due("2026-11-16T07:59:59Z"), None);
    let late = due("2026-11-17T08:00:00Z").unwrap();
    assert_eq!((late.since, late.until), (told, at("2026-11-16T08:00:00Z")));
    assert_eq!(due("2026-11-17T08:00:01Z"), None);
    let next = due("2026-11-23T08:00:00Z").unwrap();
    assert_eq!((next.since, next.until), (told, at("2026-11-23T08:00:00Z")));
    // But not for ever.
    assert_eq!(
        due("2027-03-01T08:00:00Z").unwrap().since,
        at("2027-01-29T08:00:00Z")
    );
}

#[test]
fn each_event_is_counted_as_what_it_is() {
    let mut tally = Tally::default();
    let hour = About {
        seconds: 3600,
        ..About::default()
    };
    let plain = About::default();
    let glass = About {
        break_glass: true,
        ..plain
    };
    let automatic = About {
        automatic: true,
        ..plain
    };
    let gone = About { gone: true, ..plain };
    for (kind, about) in [
        (EventType::RequestSubmitted, glass),
        (EventType::RequestSubmitted, plain),
        (EventType::RequestApproved, automatic),
        (EventType::RequestApproved, plain),
        (EventType::RequestRejected, plain),
        (EventType::RequestCancelled, plain),
        (EventType::RequestActive, hour),
        (EventType::RequestActive, hour),
        (EventType::RequestActive, plain),
        (EventType::GrantDrift, plain),
        (EventType::GrantDrift, gone),
        (EventType::ReminderPending, plain),
    ] {
        tally.count(kind, &about);
    }
    let expected = Tally {
        submitted: 2,
        break_glass: 1,
        approved: 1,
        automatic: 1,
        rejected: 1,
        withdrawn: 1,
        sessions: 3,
        granted_seconds: 7200,
        drift: 1,
        ..Tally::default()
    };
    assert_eq!(tally, expected);
}
