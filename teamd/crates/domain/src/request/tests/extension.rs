//! An extension: a window after another's, whose lease begins at its approval.

use super::*;

fn extension(state: State) -> Request {
    Request {
        extends: Some(id(2)),
        ..in_state(state, window(HOUR, HOUR))
    }
}

fn scheduled() -> State {
    State::Scheduled { approved_at: at(60) }
}

#[test]
fn only_an_extension_holds_its_lease_before_its_start() {
    assert!(extension(scheduled()).holds_lease());
    assert!(!in_state(scheduled(), window(HOUR, HOUR)).holds_lease());
    assert!(!extension(State::Pending).holds_lease());
    for request in one_of_each() {
        let extends = Request {
            extends: Some(id(2)),
            ..request.clone()
        };
        let differs = matches!(request.state, State::Scheduled { .. });
        assert_eq!(
            request.holds_lease() != extends.holds_lease(),
            differs,
            "{:?}",
            request.state
        );
    }
}

#[test]
fn it_takes_the_grant_over_at_its_start_and_not_before() {
    let waiting = extension(scheduled());
    let early = apply(&waiting, Command::Confirm, HOUR - 1);
    assert_eq!(early, Err(TransitionError::TooEarly(at(HOUR))));
    let active = after(&waiting, Command::Confirm, HOUR);
    let session = Session {
        start_at: at(HOUR),
        end_at: at(2 * HOUR),
    };
    assert_eq!(active.state, State::Active { session });
    // Taken late it is shorter, not later; too late it is over.
    assert_eq!(
        after(&waiting, Command::Confirm, HOUR + 600).state,
        State::Active { session }
    );
    let over = after(&waiting, Command::Confirm, 2 * HOUR);
    assert!(matches!(over.state, State::Withdrawn { .. }) && !over.holds_lease());
    // Anything else must be confirmed by AWS.
    let plain = in_state(scheduled(), window(HOUR, HOUR));
    assert!(matches!(
        apply(&plain, Command::Confirm, HOUR),
        Err(TransitionError::NotNow { .. })
    ));
}

#[test]
fn whatever_takes_it_back_before_its_start_gives_the_lease_back() {
    for command in [
        Command::Cancel,
        Command::Done,
        Command::Revoke { comment: None },
        Command::LoseBasis {
            reason: "gone".to_owned(),
        },
    ] {
        let name = command.name();
        assert!(
            !after(&extension(scheduled()), command, 120).holds_lease(),
            "{name}"
        );
    }
    assert!(!after(&extension(scheduled()), Command::Lapse, 2 * HOUR).holds_lease());
}
