//! The whole machine on paper: every state, every command, before and at the moment when its timer is due.

use super::*;
use std::fmt::Write as _;
use team_shared::state::RequestState;

/// The error's name, without its particulars.
fn name(error: &TransitionError) -> &'static str {
    match error {
        TransitionError::SelfApproval => "SelfApproval",
        TransitionError::NotAnApprover => "NotAnApprover",
        TransitionError::AlreadyVoted => "AlreadyVoted",
        TransitionError::AlreadySigned => "AlreadySigned",
        TransitionError::Expired(_) => "Expired",
        TransitionError::AlreadyDecided(_) => "AlreadyDecided",
        TransitionError::TooEarly(_) => "TooEarly",
        TransitionError::NotNow { .. } => "NotNow",
    }
}

fn table(moment: impl Fn(&Request) -> Time) -> String {
    let mut text = format!("{:<11} {:<15} {:<15} events\n", "state", "command", "becomes");
    for request in one_of_each() {
        let now = moment(&request);
        text.push('\n');
        for command in every_command(&request) {
            let state = request.state.word().as_str();
            let (becomes, events) = match transition(&request, &command, &Actor::daemon(), now) {
                Ok(next) => {
                    let events: Vec<_> = next.events.iter().map(|event| event.kind.as_str()).collect();
                    let events = if events.is_empty() {
                        "none".to_owned()
                    } else {
                        events.join(", ")
                    };
                    (next.request.state.word().to_string(), events)
                }
                Err(error) => ("-".to_owned(), name(&error).to_owned()),
            };
            let _ = writeln!(text, "{state:<11} {:<15} {becomes:<15} {events}", command.name());
        }
    }
    text
}

#[test]
fn the_table_before_a_timer_is_due() {
    insta::assert_snapshot!(table(|request| {
        request
            .deadline()
            .map_or(at(4 * HOUR), |due| due - TimeDelta::seconds(1))
    }));
}

#[test]
fn the_table_when_a_timer_is_due() {
    insta::assert_snapshot!(table(|request| request.deadline().unwrap_or(at(4 * HOUR))));
}

#[test]
fn the_samples_cover_every_state_and_command() {
    let mut words: Vec<_> = one_of_each().iter().map(|request| request.state.word()).collect();
    words.sort_unstable();
    let mut all = RequestState::ALL.to_vec();
    all.sort_unstable();
    assert_eq!(words, all);
    let mut names: Vec<_> = every_command(&pending(floating(HOUR)))
        .iter()
        .map(Command::name)
        .collect();
    names.sort_unstable();
    names.dedup();
    // A new command needs a line in `every_command`; its match arm in `Command::name` leads here.
    assert_eq!(names.len(), 18);
}

#[test]
fn errors_name_state_and_command() {
    let active = &one_of_each()[3];
    let error = apply(active, Command::Cancel, 2 * HOUR).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cancel does not apply to a request that is active"
    );
}
