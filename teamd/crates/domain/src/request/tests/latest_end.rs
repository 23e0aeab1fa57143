//! When access that was never confirmed is over all the same.

use super::*;

const MINUTE: i64 = 60;

#[test]
fn floating_request_ends_by_its_first_attempt() {
    let request = activating(floating(MINUTE), 0);
    assert_eq!(request.latest_end(), None);
    assert_eq!(request.deadline(), Some(at(15 * MINUTE)));
    let request = after(&request, Command::AttemptCreate, 10);
    let over = 10 + 6 * MINUTE;
    assert_eq!(request.latest_end(), Some(at(over)));
    assert_eq!(request.deadline(), Some(at(over)));
    assert_eq!(
        apply(&request, Command::End, over - 1),
        Err(TransitionError::TooEarly(at(over)))
    );
    let ended = after(&request, Command::End, over);
    assert!(matches!(
        &ended.state,
        State::Ending { outcome: Outcome::Failed, reason, .. } if reason == "not_confirmed"
    ));
}

#[test]
fn long_floating_request_is_given_up_first() {
    let request = after(&activating(floating(HOUR), 0), Command::AttemptCreate, 10);
    assert_eq!(request.latest_end(), Some(at(10 + 5 * MINUTE + HOUR)));
    assert_eq!(request.deadline(), Some(at(15 * MINUTE)));
    assert!(apply(&request, Command::End, 15 * MINUTE).is_ok());
}

#[test]
fn window_and_session_end_where_they_say() {
    let request = after(&activating(window(0, HOUR), 0), Command::AttemptCreate, 10);
    assert_eq!(request.latest_end(), Some(at(HOUR)));
    let active = after(&activating(floating(HOUR), 0), Command::Confirm, 20);
    assert_eq!(active.latest_end(), Some(at(HOUR + 20)));
}
