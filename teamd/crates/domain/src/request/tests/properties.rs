//! What holds after any commands at any times. The names are those of the invariants in the design.

use super::*;
use proptest::prelude::*;
use std::collections::{BTreeSet, HashMap};
use team_shared::state::RequestState;

const PEOPLE: [&str; 6] = ["alice", "bob", "carol", "dave", "olga", "mallory"];

fn any_demands() -> impl Strategy<Value = Vec<Demand>> {
    // The requester may well be in an approvers' group.
    let any_approvers = prop::sample::subsequence(&["alice", "bob", "carol", "dave"][..], 1..=4);
    prop::collection::vec(
        (1u32..=2, any_approvers).prop_map(|(quorum, people)| demand("rule", quorum, &people)),
        0..=2,
    )
}

fn any_terms() -> impl Strategy<Value = Terms> {
    let minutes = |range: std::ops::Range<i64>| range.prop_map(|minutes| minutes * 60);
    prop_oneof![
        minutes(5..300).prop_map(floating),
        (minutes(0..600), minutes(5..300)).prop_map(|(start, duration)| window(start, duration)),
        (minutes(0..300), minutes(5..300)).prop_map(|(start, length)| until(start, start + length)),
    ]
}

fn any_change() -> impl Strategy<Value = Change> {
    (
        prop::option::weighted(0.3, (5i64..300).prop_map(|minutes| seconds(minutes * 60))),
        prop::option::weighted(0.2, (0i64..900).prop_map(|minutes| at(minutes * 60))),
    )
        .prop_map(|(duration, start_at)| Change { duration, start_at })
}

fn any_command() -> impl Strategy<Value = Command> {
    let person = || prop::sample::select(&PEOPLE[..]).prop_map(user);
    let reason = || "reason".to_owned();
    prop_oneof![
        8 => (person(), any_change(), any_demands()).prop_map(|(by, change, demands)| Command::Approve {
            by, comment: None, change, basis: basis(&demands)
        }),
        1 => person().prop_map(|by| Command::Reject { by, comment: None }),
        1 => Just(Command::Escalate { basis: basis(&[demand("prod", 1, &["bob", "carol", "hank"])]) }),
        1 => Just(Command::Cancel),
        1 => Just(Command::Done),
        1 => Just(Command::Revoke { comment: None }),
        1 => Just(Command::Lapse),
        1 => Just(Command::LoseBasis { reason: reason() }),
        3 => Just(Command::Start),
        2 => Just(Command::AttemptCreate),
        2 => Just(Command::Confirm),
        1 => Just(Command::Refuse { reason: reason() }),
        1 => Just(Command::GiveUp { reason: reason() }),
        1 => Just(Command::End),
        1 => (0..HOUR).prop_map(|session_seconds| Command::VerifyAbsent { session_seconds }),
        1 => Just(Command::HandOver { to: id(2) }),
        2 => person().prop_map(move |by| Command::DeclareLost { by, reason: reason() }),
        1 => Just(Command::Reappear),
    ]
}

/// Commands with the seconds that pass before each: mostly few, sometimes past every deadline.
fn any_story() -> impl Strategy<Value = Vec<(i64, Command)>> {
    let pause = prop_oneof![4 => 0i64..60, 2 => 60i64..1200, 1 => 1200i64..20_000];
    prop::collection::vec((pause, any_command()), 1..40)
}

fn is_terminal(state: RequestState) -> bool {
    match state {
        RequestState::Pending
        | RequestState::Scheduled
        | RequestState::Activating
        | RequestState::Active
        | RequestState::Ending => false,
        RequestState::Ended
        | RequestState::Revoked
        | RequestState::Rejected
        | RequestState::Cancelled
        | RequestState::Expired
        | RequestState::Withdrawn
        | RequestState::Failed
        | RequestState::Lost => true,
    }
}

/// `no_self_approval`: the requester votes nowhere, whatever the rules list.
fn no_self_approval(request: &Request) -> bool {
    request.votes.iter().all(|vote| vote.by != request.key.user)
}

/// `votes_fit_terms`: each vote was given on these terms, or on terms that these are narrower than.
fn votes_fit_terms(request: &Request, seen: &HashMap<String, Terms>) -> bool {
    request.votes.iter().all(|vote| {
        seen.get(&vote.digest)
            .is_some_and(|voted_on| request.terms == *voted_on || narrower(&request.terms, voted_on))
    })
}

/// Every demand has its quorum of distinct people, none of them the requester. Counted anew, not with `is_approved`.
fn demands_are_met(request: &Request) -> bool {
    request.basis.demands.iter().all(|demand| {
        let people: BTreeSet<_> = request
            .votes
            .iter()
            .map(|vote| vote.by.as_str())
            .filter(|by| *by != "alice" && demand.approvers.iter().any(|a| a.as_str() == *by))
            .collect();
        people.len() >= demand.quorum as usize
    })
}

fn has_timer(state: RequestState) -> bool {
    matches!(
        state,
        RequestState::Pending | RequestState::Scheduled | RequestState::Activating | RequestState::Active
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn invariants_hold_through_any_story(terms in any_terms(), demands in any_demands(), story in any_story()) {
        let first = submit(request(terms, &demands), &Actor::daemon(), at(0));
        prop_assert!(!first.events.is_empty());
        let mut request = first.request;
        let mut seen = HashMap::from([(request.digest(), request.terms.clone())]);
        let mut now = 0;
        for (pause, command) in story {
            now += pause;
            let before = request.state.word();
            let next = match transition(&request, &command, &Actor::daemon(), at(now)) {
                Ok(next) => next,
                Err(_) => continue,
            };
            let word = next.request.state.word();
            seen.insert(next.request.digest(), next.request.terms.clone());

            prop_assert_eq!(next.request.version, request.version + 1);
            prop_assert!(
                !is_terminal(before) || (before == RequestState::Lost && word == RequestState::Ending),
                "{} became {}", before, word
            );
            prop_assert!(next.request.terms.revision >= request.terms.revision);
            prop_assert!(
                next.request.terms == request.terms || next.request.terms.revision == request.terms.revision + 1
            );
            prop_assert!(no_self_approval(&next.request));
            prop_assert!(votes_fit_terms(&next.request, &seen));
            if before == RequestState::Pending && matches!(word, RequestState::Scheduled | RequestState::Activating) {
                prop_assert!(demands_are_met(&next.request));
                prop_assert!(at(now) < request.expires_at);
            }
            if before != RequestState::Pending {
                prop_assert_eq!(&next.request.terms, &request.terms);
                prop_assert_eq!(&next.request.votes, &request.votes);
            }
            if word == RequestState::Activating && before != word {
                prop_assert!(!next.request.terms.is_over(at(now)));
            }
            prop_assert_eq!(next.request.deadline().is_some(), has_timer(word));
            prop_assert!(next.request.terms.end_at.is_none_or(|end| next.request.expires_at <= end));
            prop_assert_eq!(next.events.is_empty(), matches!(command, Command::AttemptCreate));
            prop_assert!(next.events.iter().all(|event| event.request_id == Some(request.id)));
            request = next.request;
        }
    }

    /// A timer that does what it is there for leaves nothing due behind it: no state waits for ever.
    #[test]
    fn timers_alone_bring_every_request_to_rest(terms in any_terms(), demands in any_demands()) {
        let mut request = submit(request(terms, &demands), &Actor::daemon(), at(0)).request;
        for _ in 0..4 {
            let Some(due) = request.deadline() else { break };
            let command = match request.state.word() {
                RequestState::Pending => Command::Lapse,
                RequestState::Scheduled => Command::Start,
                _ => Command::End,
            };
            let command = match (&request.state, request.terms.end_at) {
                (State::Activating { .. }, end) if end.is_none_or(|end| due < end) => {
                    Command::GiveUp { reason: "slow".to_owned() }
                }
                _ => command,
            };
            request = transition(&request, &command, &Actor::daemon(), due).unwrap().request;
        }
        prop_assert!(!has_timer(request.state.word()));
    }
}
