//! What a sweep makes of what it sees.

use super::*;

const NOBODY: (usize, usize) = (0, 0);

fn at(seconds: i64) -> Time {
    start() + TimeDelta::seconds(seconds)
}

fn absent() -> Grant {
    Grant {
        state: State::Absent {
            listed_at: Some(at(0)),
        },
        owned_at: Some(at(0)),
        ..Grant::new(key())
    }
}

#[test]
fn a_key_is_looked_at_each_minute_then_every_five_for_a_day() {
    let absent = absent();
    for (age, every) in [
        (0, Some(60)),
        (899, Some(60)),
        (900, Some(300)),
        (86_399, Some(300)),
        (86_400, None),
    ] {
        assert_eq!(
            look_again(&absent, at(age)),
            every.map(TimeDelta::seconds),
            "{age}"
        );
    }
    // A clock that was set back.
    assert_eq!(look_again(&absent, at(-500)), Some(TimeDelta::minutes(1)));
    // A later attempt counts, whichever came of it.
    let lost = Grant {
        ambiguous_create_at: Some(at(86_000)),
        ..absent.clone()
    };
    assert_eq!(look_again(&lost, at(86_400)), Some(TimeDelta::minutes(1)));
    for state in [
        State::Present,
        State::Unknown,
        State::Deleting(Phase::Intent),
        State::Creating(Phase::Intent),
    ] {
        let busy = Grant {
            state,
            ..absent.clone()
        };
        assert_eq!(look_again(&busy, at(1)), None);
    }
    assert_eq!(look_again(&Grant::new(key()), at(1)), None, "never ours");
}

#[test]
fn what_re_appears_is_ours_only_where_a_create_was_lost_within_a_day() {
    let lost = Grant {
        ambiguous_create_at: Some(at(0)),
        ..absent()
    };
    let seen = swept(&lost, NOBODY, true, at(86_399));
    assert!(seen.reappeared && seen.drift.is_none() && !seen.standing);
    assert_eq!(seen.save.unwrap().state, State::Present);
    for (grant, when) in [(lost, 86_400), (absent(), 120)] {
        let seen = swept(&grant, NOBODY, true, at(when));
        assert_eq!(
            (seen.reappeared, seen.drift, seen.standing),
            (false, Some(DriftKind::Foreign), true)
        );
        let foreign = seen.save.unwrap();
        assert_eq!(foreign.state, State::Foreign { listed_at: at(when) });
        let wanted = Wanted {
            leases: 0,
            closing: 0,
            may_create: true,
        };
        assert_eq!(plan(&foreign, wanted, at(when)).step, Step::Rest, "never deleted");
        // It stays a finding while it stays, and is over when it goes.
        assert_eq!(
            swept(&foreign, NOBODY, true, at(when + 60)).drift,
            Some(DriftKind::Foreign)
        );
        let gone = swept(&foreign, NOBODY, false, at(when + 60));
        assert_eq!((gone.drift, gone.standing), (None, false));
        assert!(matches!(gone.save.unwrap().state, State::Absent { .. }));
    }
}

#[test]
fn a_listing_that_lags_is_no_drift() {
    assert_eq!(swept(&absent(), NOBODY, true, at(59)).save, None);
    assert_eq!(swept(&absent(), NOBODY, true, at(59)).drift, None);
    let present = Grant {
        state: State::Present,
        ..absent()
    };
    assert_eq!(swept(&present, (1, 0), false, at(59)).drift, None);
    assert_eq!(
        swept(&present, (1, 0), false, at(60)).drift,
        Some(DriftKind::Missing)
    );
    // Without a lease it is being removed.
    assert_eq!(swept(&present, (0, 1), false, at(60)).drift, None);
    assert_eq!(
        swept(&present, (1, 0), false, at(60)).save,
        None,
        "not created again"
    );
}

#[test]
fn what_was_never_ours_is_standing_access_and_no_drift() {
    let tried = Grant {
        owned_at: None,
        ..absent()
    };
    let seen = swept(&tried, NOBODY, true, at(60));
    assert_eq!((seen.drift, seen.standing), (None, true));
}

#[test]
fn requests_that_wait_for_the_key_are_the_reconcilers() {
    let lost = Grant {
        ambiguous_create_at: Some(at(0)),
        ..absent()
    };
    for counts in [(1, 0), (0, 1)] {
        for grant in [absent(), lost.clone()] {
            let seen = swept(&grant, counts, true, at(120));
            assert_eq!((seen.save, seen.reappeared, seen.drift), (None, false, None));
        }
    }
}

#[test]
fn a_lost_create_is_forgotten_after_a_day() {
    let lost = Grant {
        ambiguous_create_at: Some(at(0)),
        ..absent()
    };
    assert_eq!(swept(&lost, NOBODY, false, at(86_399)).save, None);
    let forgotten = swept(&lost, NOBODY, false, at(86_400)).save.unwrap();
    assert_eq!(forgotten.ambiguous_create_at, None);
}
