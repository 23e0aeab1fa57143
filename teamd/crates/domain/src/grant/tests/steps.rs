//! State by state: what is done next, and what a reply makes of it.

mod doubts;

use super::*;

const WANTED: Wanted = Wanted {
    leases: 1,
    closing: 0,
    may_create: true,
};
const CLOSING: Wanted = Wanted {
    leases: 0,
    closing: 1,
    may_create: true,
};
const NOBODY: Wanted = Wanted {
    leases: 0,
    closing: 0,
    may_create: true,
};

fn at(seconds: i64) -> Time {
    start() + TimeDelta::seconds(seconds)
}

fn grant(state: State) -> Grant {
    Grant {
        state,
        ..Grant::new(key())
    }
}

fn listed(seconds: i64) -> State {
    State::Absent {
        listed_at: Some(at(seconds)),
    }
}

fn id() -> String {
    "req-1".to_owned()
}

fn accepted(seconds: i64) -> Phase {
    Phase::Accepted {
        request_id: id(),
        at: at(seconds),
    }
}

fn verifying(request_id: Option<&str>, seconds: i64) -> Phase {
    Phase::Verifying {
        request_id: request_id.map(ToOwned::to_owned),
        since: at(seconds),
    }
}

fn step(grant: &Grant, wanted: Wanted, seconds: i64) -> Step {
    plan(grant, wanted, at(seconds)).step
}

/// The grant after a reply to what it plans by itself, and the notes.
fn reply(grant: &Grant, wanted: Wanted, reply: Reply, seconds: i64) -> Recorded {
    let plan = plan(grant, wanted, at(seconds));
    let sent = plan.save.unwrap_or_else(|| grant.clone());
    record(&sent, &plan.step, reply, wanted.leases, 0.5, at(seconds))
}

fn seen(present: bool) -> Reply {
    Reply::Listed { present }
}

fn refused(class: Refusal) -> Reply {
    Reply::Refused {
        class,
        message: "no".to_owned(),
    }
}

fn lost() -> Reply {
    Reply::Unknown {
        message: "timed out".to_owned(),
    }
}

fn not_found() -> Reply {
    Reply::NotFound {
        message: "not found".to_owned(),
    }
}

fn taken(status: Status) -> Reply {
    Reply::Accepted {
        request_id: id(),
        status,
    }
}

fn failed() -> Status {
    Status::Failed {
        reason: "internal".to_owned(),
    }
}

#[test]
fn a_grant_is_looked_for_intended_created_polled_and_looked_at() {
    let new = Grant::new(key());
    assert_eq!(step(&new, WANTED, 0), Step::List);
    let absent = reply(&new, WANTED, seen(false), 0).grant;
    let next = plan(&absent, WANTED, at(1));
    assert_eq!(next.step, Step::Create);
    assert_eq!(
        next.save.map(|grant| grant.state),
        Some(State::Creating(Phase::Intent))
    );
    let creating = reply(&absent, WANTED, taken(Status::InProgress), 1).grant;
    assert_eq!(creating.aws_request_id, Some(id()));
    assert!(matches!(step(&creating, WANTED, 1), Step::Wait(_)));
    assert_eq!(step(&creating, WANTED, 2), Step::PollCreate { request_id: id() });
    let done = reply(&creating, WANTED, Reply::Status(Status::Succeeded), 2).grant;
    assert_eq!(step(&done, WANTED, 2), Step::List);
    let present = reply(&done, WANTED, seen(true), 2);
    assert_eq!(present.grant.state, State::Present);
    assert_eq!(present.notes, [Note::Confirmed]);
    assert_eq!(step(&present.grant, WANTED, 3), Step::Rest);
}

#[test]
fn it_is_deleted_polled_and_looked_at_before_anything_is_closed() {
    let present = grant(State::Present);
    let next = plan(&present, CLOSING, at(0));
    assert_eq!(next.step, Step::Delete);
    assert_eq!(
        next.save.map(|grant| grant.state),
        Some(State::Deleting(Phase::Intent))
    );
    let deleting = reply(&present, CLOSING, taken(Status::InProgress), 0).grant;
    assert_eq!(step(&deleting, CLOSING, 1), Step::PollDelete { request_id: id() });
    let done = reply(&deleting, CLOSING, Reply::Status(Status::Succeeded), 1).grant;
    assert_eq!(step(&done, CLOSING, 1), Step::List);
    let absent = reply(&done, CLOSING, seen(false), 1);
    assert_eq!(absent.notes, [Note::Removed]);
    assert_eq!(step(&absent.grant, CLOSING, 1), Step::Settle);
    assert_eq!(step(&absent.grant, NOBODY, 1), Step::Rest);
}

#[test]
fn a_stale_look_is_not_enough_for_a_create() {
    assert_eq!(step(&grant(listed(0)), WANTED, 29), Step::Create);
    assert_eq!(step(&grant(listed(0)), WANTED, 30), Step::List);
    // Nor one from the future, should the clock have been set back.
    assert_eq!(step(&grant(listed(60)), WANTED, 30), Step::List);
}

#[test]
fn where_nothing_was_ever_sent_there_is_nothing_to_look_for() {
    assert_eq!(step(&Grant::new(key()), CLOSING, 0), Step::Settle);
    let refused = reply(&grant(listed(0)), WANTED, refused(Refusal::Permanent), 1);
    assert!(matches!(refused.notes[..], [Note::Hopeless { .. }]));
    assert_eq!(step(&refused.grant, CLOSING, 1), Step::List, "and else there is");
}

#[test]
fn standing_access_is_told_and_left_alone() {
    let foreign = reply(&Grant::new(key()), WANTED, seen(true), 0);
    assert_eq!(foreign.notes, [Note::Standing]);
    for wanted in [WANTED, CLOSING] {
        assert_eq!(step(&foreign.grant, wanted, 1), Step::Settle);
    }
    assert_eq!(step(&foreign.grant, NOBODY, 1), Step::Rest);
    // A later request looks again, and finds that it is gone.
    assert_eq!(step(&foreign.grant, WANTED, 30), Step::List);
    let gone = reply(&foreign.grant, WANTED, seen(false), 30).grant;
    assert_eq!(step(&gone, WANTED, 30), Step::Create);
    // The look failed, and meanwhile the request was cancelled: it ends all the same.
    let paused = reply(&foreign.grant, WANTED, lost(), 30).grant;
    assert_eq!(step(&paused, CLOSING, 30), Step::Settle);
}

#[test]
fn a_listing_of_an_earlier_life_is_not_standing_access() {
    // Removed at 0; the next create is throttled; the look before the second try is old.
    let absent = grant(listed(0));
    let throttled = reply(&absent, WANTED, refused(Refusal::Throttled), 1).grant;
    let old = reply(&throttled, WANTED, seen(true), 5);
    assert!(!old.notes.contains(&Note::Standing));
    assert_ne!(step(&old.grant, WANTED, 9), Step::Create, "nor is it absence");
    // What stays is somebody's.
    let stays = reply(&old.grant, WANTED, seen(true), 40);
    assert_eq!(stays.notes, [Note::Standing]);
}

#[test]
fn a_cancel_lets_the_create_finish_and_deletes_then() {
    let creating = grant(State::Creating(accepted(0)));
    assert_eq!(step(&creating, CLOSING, 5), Step::PollCreate { request_id: id() });
    let done = reply(&creating, CLOSING, Reply::Status(Status::Succeeded), 5).grant;
    assert_eq!(
        step(&done, CLOSING, 5),
        Step::Delete,
        "without a look that may be old"
    );
    let failed = reply(&creating, CLOSING, Reply::Status(failed()), 5).grant;
    assert_eq!(failed.ambiguous_create_at, None);
    assert_eq!(step(&failed, CLOSING, 6), Step::List);
}

/// A held gate holds creates, and nothing else.
#[test]
fn without_leave_no_create_is_planned_and_removals_go_on() {
    let held = Wanted {
        may_create: false,
        ..WANTED
    };
    let listed = Grant {
        state: State::Absent {
            listed_at: Some(start()),
        },
        ..Grant::new(key())
    };
    assert_eq!(plan(&listed, WANTED, start()).step, Step::Create);
    assert!(matches!(plan(&listed, held, start()).step, Step::Wait(_)));
    let present = Grant {
        state: State::Present,
        ..Grant::new(key())
    };
    let held = Wanted {
        may_create: false,
        ..CLOSING
    };
    assert_eq!(plan(&present, held, start()).step, Step::Delete);
}
