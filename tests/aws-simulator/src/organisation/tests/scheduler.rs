//! Schedules, and what they do when nobody else does anything any more.

use super::*;
use crate::faults::{FaultKind, FaultRule};

const MINUTE: i64 = 60_000;

impl World {
    fn spec(&self, name: &str, at: i64) -> ScheduleSpec {
        let key = self.key("alice");
        let input = serde_json::json!({
            "InstanceArn": self.org.instance_arn(), "TargetId": key.account, "TargetType": "AWS_ACCOUNT",
            "PermissionSetArn": key.permission_set, "PrincipalType": "USER", "PrincipalId": key.principal.id(),
        });
        ScheduleSpec {
            name: name.to_owned(),
            at_ms: START + at,
            target: DELETE_ASSIGNMENT.to_owned(),
            role: format!("arn:aws:iam::{}:role/teamd-backstop", self.by.account),
            input: input.to_string(),
            retries: 185,
            age_seconds: 86_400,
            delete_after: true,
            enabled: true,
        }
    }

    fn schedule(&mut self, name: &str, at: i64) {
        let spec = self.spec(name, at);
        self.org.create_schedule(&self.by, &spec, None, START).unwrap();
    }

    /// What schedules did: their name, when in milliseconds from the start, and how it ended.
    fn ran(&self) -> Vec<(String, i64, String)> {
        let ran = self
            .org
            .calls()
            .filter_map(|call| Some((call.schedule.clone()?, call)));
        ran.map(|(name, call)| (name, call.at_ms - START, format!("{:?}", call.outcome)))
            .collect()
    }
}

#[test]
fn a_schedule_deletes_at_its_time_and_is_gone() {
    let mut w = world(Faults::default());
    let key = w.key("alice");
    w.create(&key, 0).unwrap();
    w.schedule("teamd-1-a", 15 * MINUTE);
    w.org.advance(START + 15 * MINUTE - 1);
    assert!(w.ran().is_empty());
    // Nobody called in between: it ran when it was due, not when somebody looked.
    assert_eq!(w.listed(&key, 20 * MINUTE), 0);
    assert_eq!(w.ran(), [("teamd-1-a".to_owned(), 15 * MINUTE, "Ok".to_owned())]);
    assert_eq!((w.org.schedules().count(), w.org.dead_letters()), (0, 0));
    let call = w.org.calls().find(|call| call.schedule.is_some()).unwrap();
    assert_eq!((call.key.as_ref(), &call.caller), (Some(&key), &w.by.account));
}

#[test]
fn it_tries_again_what_time_heals_and_gives_up_on_refusals() {
    let throttled = FaultRule::new("DeleteAccountAssignment", FaultKind::Throttle).first(3);
    let mut w = world(Faults::default().with(throttled));
    let key = w.key("alice");
    w.create(&key, 0).unwrap();
    w.schedule("teamd-1-a", MINUTE);
    assert_eq!(w.listed(&key, 2 * MINUTE), 0);
    let times: Vec<_> = w.ran().iter().map(|(_, at, _)| *at - MINUTE).collect();
    assert_eq!(times, [0, 2_000, 6_000, 14_000]);
    // There is nothing to delete any more.
    w.schedule("teamd-1-b", 5 * MINUTE);
    w.org.advance(START + 5 * MINUTE);
    assert_eq!(w.org.dead_letters(), 1);
    assert!(w.org.schedules().next().is_none());
}

#[test]
fn a_delete_that_ends_failed_is_not_noticed_and_the_second_schedule_does_it() {
    let failed = FaultRule::new("DeleteAccountAssignment", FaultKind::Failed).first(1);
    let mut w = world(Faults::default().with(failed));
    let key = w.key("alice");
    w.create(&key, 0).unwrap();
    w.schedule("teamd-1-a", 15 * MINUTE);
    w.schedule("teamd-1-b", 120 * MINUTE);
    assert_eq!(w.listed(&key, 119 * MINUTE), 1);
    assert_eq!(w.listed(&key, 121 * MINUTE), 0);
    assert_eq!(w.org.dead_letters(), 0);
}

#[test]
fn retries_end_with_the_age_of_the_event() {
    let mut w = world(Faults::default().with(FaultRule::new("sso:*", FaultKind::InternalError)));
    w.schedule("teamd-1-a", 0);
    w.org.advance(START + 48 * 60 * MINUTE);
    let ran = w.ran();
    assert!((150..=186).contains(&ran.len()), "{}", ran.len());
    assert!(ran.iter().all(|(_, at, _)| *at <= 24 * 60 * MINUTE));
    assert_eq!(w.org.dead_letters(), 1);
}

#[test]
fn names_tokens_and_the_quota() {
    let mut w = world(Faults {
        schedules: 2,
        ..Faults::default()
    });
    let spec = w.spec("teamd-1-a", MINUTE);
    let arn = w.org.create_schedule(&w.by, &spec, Some("t1"), START).unwrap();
    assert_eq!(
        w.org.create_schedule(&w.by, &spec, Some("t1"), START),
        Ok(arn.clone())
    );
    assert_eq!(
        kind_of(w.org.create_schedule(&w.by, &spec, Some("t2"), START)),
        ErrorKind::Conflict
    );
    assert_eq!(
        kind_of(w.org.create_schedule(&w.by, &spec, None, START)),
        ErrorKind::Conflict
    );
    let later = w.spec("teamd-1-a", 9 * MINUTE);
    assert_eq!(w.org.update_schedule(&w.by, &later, START), Ok(arn));
    let found = w
        .org
        .get_schedule(&w.by, "teamd-1-a", START + 2 * MINUTE)
        .unwrap();
    assert_eq!(found.spec, later, "it has not run at its old time");
    w.schedule("other", MINUTE);
    let third = w.spec("teamd-3-a", MINUTE);
    assert_eq!(
        kind_of(w.org.create_schedule(&w.by, &third, None, START)),
        ErrorKind::QuotaExceeded
    );
    let listed = w.org.list_schedules(&w.by, "teamd-", START).unwrap();
    assert_eq!(listed.len(), 1);
    w.org.delete_schedule(&w.by, "teamd-1-a", START).unwrap();
    assert_eq!(
        kind_of(w.org.delete_schedule(&w.by, "teamd-1-a", START)),
        ErrorKind::NotFound
    );
    assert_eq!(
        kind_of(w.org.update_schedule(&w.by, &later, START)),
        ErrorKind::NotFound
    );
}

#[test]
fn many_at_once_are_run_one_after_the_other() {
    let mut w = world(Faults::none());
    for number in 0..2_000 {
        w.schedule(&format!("teamd-{number}-a"), MINUTE);
    }
    w.org.advance(START + MINUTE);
    assert_eq!(w.org.dead_letters(), 2_000, "there was nothing to delete");
    assert_eq!(w.ran().len(), 2_000);
}
