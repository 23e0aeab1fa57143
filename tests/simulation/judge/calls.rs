//! What was sent to AWS, and in which order.

use super::case::{Case, Permit, moment};
use crate::bent::LOOK;
use crate::clock::SimClock;
use crate::record::{Deed, clock_face};
use crate::script::{Hand, MINUTE, Place, SECOND};
use aws_simulator::{Operation, Outcome};

/// I3. Nothing is created but for access that was agreed on, in its window.
pub(crate) fn approved_first(case: &Case<'_>) -> Vec<(i64, String)> {
    let mut found = Vec::new();
    for place in (0..Place::ALL).map(Place::number) {
        for (at, call) in case.creates(place) {
            // What arrives without an answer may have been sent long before.
            let slack = match call.outcome {
                Outcome::PerformedUnanswered => 11 * MINUTE,
                _ => 70 * SECOND,
            };
            let permitted = case
                .permits
                .iter()
                .any(|permit| permit.place == place && (permit.span.0..permit.span.1 + slack).contains(&at));
            if !permitted {
                let who = format!("{} in {}", place.user(), place.account());
                found.push((at, format!("a create for {who} that nobody has agreed on")));
            }
        }
    }
    found
}

/// Nobody's own vote counts.
pub(crate) fn no_self_approval(case: &Case<'_>) -> Vec<(i64, String)> {
    let alone = case.record.deeds.iter().filter_map(|(at, deed)| match deed {
        Deed::Voted { plea, by } if case.record.script.pleas[*plea].place.user() == *by => {
            Some((*at, format!("{by} has approved their own request")))
        }
        _ => None,
    });
    alone.collect()
}

/// I4. An intent is durable before its create is sent.
pub(crate) fn intent_first(case: &Case<'_>) -> Vec<(i64, String)> {
    let without = case.record.deeds.iter().filter_map(|(at, deed)| match deed {
        Deed::WithoutIntent(place) => Some((*at, format!("no intent for {}", place.user()))),
        _ => None,
    });
    without.collect()
}

/// A daemon that was superseded writes nothing more to AWS: every create and delete needs an intent first, and the store
/// takes none of it.
pub(crate) fn one_daemon_writes(case: &Case<'_>) -> Vec<(i64, String)> {
    let wrote = case.record.deeds.iter().filter_map(|(at, deed)| match deed {
        Deed::WroteSuperseded(place) => Some((
            *at,
            format!(
                "a superseded daemon writes for {} in {}",
                place.user(),
                place.account()
            ),
        )),
        _ => None,
    });
    wrote.collect()
}

/// While a removal is due and nothing at all is done about it, nothing is created elsewhere.
pub(crate) fn removals_first(case: &Case<'_>) -> Vec<(i64, String)> {
    /// What a removal may need to come to its turn with every place taken.
    const TURN: i64 = 5 * SECOND;
    let mut found = Vec::new();
    for permit in &case.permits {
        let due = permit.span.1;
        let is_there = case.life_at(permit.place, due).is_some_and(|life| life.is_ours);
        let others = case.permits.iter().filter(|other| other.place == permit.place);
        let is_held = others
            .filter(|other| other.plea != permit.plea)
            .any(|other| other.span.0 <= due + MINUTE && other.span.1 > due);
        // Only windows: of the others nobody but the engine knows the second.
        let is_exact = permit.taken_back.is_some() || is_window(case, permit.plea);
        if !is_there || is_held || !is_exact {
            continue;
        }
        let account = permit.place.account();
        let touched = case.record.calls.iter().find(|call| {
            let key = call.key.as_ref();
            moment(call) >= due
                && key.is_some_and(|key| key.account == account)
                && call.operation != Operation::CreateAccountAssignment
        });
        let until = touched.map_or(case.record.end, moment);
        // Where it waits for a process or for AWS, so does everything else.
        let from = case.after(due, TURN);
        let calls = case.record.calls.iter();
        let create = calls
            .filter(|call| call.operation == Operation::CreateAccountAssignment)
            .filter(|call| call.outcome == Outcome::Ok)
            .map(moment)
            .find(|at| (from..until).contains(at));
        let is_waiting = |at: &i64| case.up((due, until)) < 10 * MINUTE && !is_paused(case, permit, *at);
        if let Some(at) = create.filter(is_waiting) {
            let what = format!(
                "a create while the removal of {} in {account}, due {}, waits",
                permit.place.user(),
                clock_face(due)
            );
            found.push((at, what));
        }
    }
    found
}

/// Whether the removal has been tried and failed, and is in the pause before the next try: a minute at most.
fn is_paused(case: &Case<'_>, permit: &Permit, at: i64) -> bool {
    let told = permit.request.into_iter().flat_map(|id| case.told(id));
    let mut retries = told.filter(|told| told.kind == "grant.retry" && (at - MINUTE..=at).contains(&told.at));
    retries.any(|told| {
        let next = told.data["next_attempt_at"].as_str();
        let next = next.and_then(|text| text.parse::<chrono::DateTime<chrono::Utc>>().ok());
        next.is_some_and(|next| next.timestamp_millis() - SimClock::epoch(0) >= at)
    })
}

fn is_window(case: &Case<'_>, plea: usize) -> bool {
    use crate::script::Shape;
    matches!(
        case.record.script.pleas[plea].shape,
        Shape::At(..) | Shape::Until(_)
    )
}

/// The more often a removal has failed, the longer the pause before the next try: also across a restart. Otherwise a
/// daemon that dies again and again hammers.
pub(crate) fn tries_are_remembered(case: &Case<'_>) -> Vec<(i64, String)> {
    let mut found = Vec::new();
    let acts: Vec<_> = case
        .record
        .deeds
        .iter()
        .filter(|(_, deed)| {
            matches!(
                deed,
                Deed::Filed { .. } | Deed::Voted { .. } | Deed::TookBack { .. }
            )
        })
        .map(|(at, _)| *at)
        .collect();
    let deaths: Vec<_> = case
        .record
        .deeds
        .iter()
        .filter(|(_, deed)| *deed == Deed::Died)
        .map(|(at, _)| *at)
        .collect();
    for place in (0..Place::ALL).map(Place::number) {
        let mut failures = 0;
        let mut last: Option<i64> = None;
        for (at, call) in case.calls(place) {
            // Another instance has answered meanwhile, that it knows nothing of it.
            let mut instances = case.record.script.instances.iter();
            if instances.any(|(from, to)| last.is_some_and(|last| *from < at && *to > last)) {
                (failures, last) = (0, None);
            }
            let is_answered = match &call.outcome {
                Outcome::Ok => true,
                Outcome::Refused(code) => code == "ResourceNotFoundException",
                Outcome::Dropped | Outcome::PerformedUnanswered => false,
            };
            if call.operation != Operation::DeleteAccountAssignment || is_answered {
                (failures, last) = (0, None);
                continue;
            }
            // Some of the failures were never counted: the daemon died with them, or the store took no row. By then there
            // are enough left for the longest pause.
            if let Some(before) = last.filter(|_| failures >= 20) {
                // Whoever died in the middle of a call does not know how it went; whoever wants something else now
                // need not wait.
                let restarted = deaths
                    .iter()
                    .any(|died| (before + 16 * SECOND..at).contains(died));
                let is_wanted = acts.iter().any(|act| (before..=at).contains(act))
                    || starts_or_ends(case, place, before, at);
                if at - before < 25 * SECOND && restarted && !is_wanted {
                    let what = format!(
                        "the removal of {} in {}, failed {failures} times, is tried again after {} s",
                        place.user(),
                        place.account(),
                        (at - before) / SECOND
                    );
                    found.push((at, what));
                }
            }
            failures += 1;
            last = Some(at);
        }
    }
    found
}

/// Whether somebody's window begins or ends in this span.
fn starts_or_ends(case: &Case<'_>, place: Place, from: i64, to: i64) -> bool {
    let theirs = case.permits.iter().filter(|permit| permit.place == place);
    let mut moments = theirs.flat_map(|permit| {
        let told = permit.request.into_iter().flat_map(|id| case.told(id));
        let moves = told.filter(|told| told.kind.starts_with("request."));
        moves.map(|told| told.at).chain([permit.span.0, permit.span.1])
    });
    moments.any(|at| (from..=to).contains(&at))
}

/// A new policy, a freeze and an unknown own account hold from the moment at which they are acknowledged: no create for
/// the person who is denied, or for anybody.
pub(crate) fn commands_hold(case: &Case<'_>) -> Vec<(i64, String)> {
    let creates = |from: i64, to: i64, person: Option<usize>| {
        (0..Place::ALL)
            .map(Place::number)
            .filter(move |place| person.is_none_or(|person| place.person == person))
            .flat_map(|place| case.creates(place))
            // Those may have been sent before.
            .filter(|(_, call)| call.outcome != Outcome::PerformedUnanswered)
            .map(|(at, _)| at)
            .filter(move |at| (from..to).contains(at))
    };
    let nameless = case.record.script.nameless_until;
    let mut found: Vec<_> = creates(0, nameless, None)
        .map(|at| {
            (
                at,
                "a create while the daemon's own account is unknown".to_owned(),
            )
        })
        .collect();
    let script = &case.record.script.commands;
    let is_command = |hand: &Hand| {
        matches!(
            hand,
            Hand::Deny(_) | Hand::Allow(_) | Hand::Freeze | Hand::Unfreeze
        )
    };
    let said: Vec<(i64, Hand)> = case
        .record
        .deeds
        .iter()
        .filter_map(|(at, deed)| match deed {
            Deed::Hand(hand) if is_command(hand) => Some((*at, *hand)),
            _ => None,
        })
        .collect();
    for (number, (from, hand)) in said.iter().enumerate() {
        let (person, what) = match hand {
            Hand::Deny(person) => (Some(*person), "a create against the policy in force"),
            Hand::Freeze => (None, "a create during a freeze"),
            _ => continue,
        };
        // The word that ends it may be in force from the moment at which it is said first.
        let to = script.get(number + 1).map_or(case.record.end, |(at, _)| *at);
        found.extend(creates(*from + 1, to, person).map(|at| (at, what.to_owned())));
    }
    found
}

/// I11. While somebody holds the gate, nothing is created.
pub(crate) fn held_gate(case: &Case<'_>) -> Vec<(i64, String)> {
    let mut found = Vec::new();
    let mut since = None;
    for (at, deed) in &case.record.deeds {
        match deed {
            Deed::Hand(Hand::Hold) => since = Some(*at),
            Deed::Hand(Hand::Release) => {
                let Some(held) = since.take() else { continue };
                let creates = case.record.calls.iter().filter(|call| {
                    call.operation == Operation::CreateAccountAssignment
                        // Those may have been sent before.
                        && call.outcome != Outcome::PerformedUnanswered
                        && (held + SECOND..*at).contains(&moment(call))
                });
                found
                    .extend(creates.map(|call| (moment(call), "a create while the gate is held".to_owned())));
            }
            _ => {}
        }
    }
    found
}

/// While the wall clock is wrong, nothing is created. A call that is on its way when somebody sets it is not called back.
pub(crate) fn trusted_clock(case: &Case<'_>) -> Vec<(i64, String)> {
    let mut found = Vec::new();
    for bend in &case.record.script.bends {
        let known = bend.span.0 + LOOK + SECOND;
        let creates = case.record.calls.iter().filter(|call| {
            call.operation == Operation::CreateAccountAssignment
                && call.outcome == Outcome::Ok
                && (known..bend.span.1).contains(&moment(call))
        });
        for call in creates {
            let what = format!("a create with the wall clock {} s off", bend.by / SECOND);
            found.push((moment(call), what));
        }
    }
    found
}
