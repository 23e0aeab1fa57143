//! What a terminal is made to do so that somebody looks: the bell, and the two sequences by which terminals show a notice
//! of the desktop, OSC 9 and OSC 777. A terminal that knows neither shows nothing.
//!
//! Which events somebody should look up for is here too, for `watch --notify` and for the dashboard.

use crate::format::inert;
use team_shared::event::{Event, EventType};
use team_shared::ids::UserId;
use team_shared::request::RequestView;

/// No terminal shows more.
const MOST: usize = 200;

/// What is written to the terminal. Inside of tmux the sequences are wrapped, so that they reach the terminal around it.
pub(crate) fn sequences(text: &str, in_tmux: bool) -> String {
    // `;` would begin the next part of OSC 777.
    let text: String = inert(text).replace(';', ",").chars().take(MOST).collect();
    let both = format!("\x1b]9;{text}\x07\x1b]777;notify;team-tui;{text}\x07");
    let both = if in_tmux {
        format!("\x1bPtmux;{}\x1b\\", both.replace('\x1b', "\x1b\x1b"))
    } else {
        both
    };
    format!("\x07{both}")
}

/// What an event says to this person, where it should make them look up; none: it is nothing to them, or they did it.
/// `view` is the request that it is about.
pub(crate) fn line(event: &Event, view: Option<&RequestView>, me: &UserId) -> Option<String> {
    if event.actor.user_id.as_ref() == Some(me) {
        return None;
    }
    let Some(view) = view else {
        return of_house(event);
    };
    let what = format!("{} on {}", view.permission_set.name, view.account.name);
    if view.requester.user_id == *me {
        return of_mine(event.kind).map(|word| format!("{word}: your {what} ({})", view.id.short()));
    }
    let who = &view.requester.user_name;
    let asked = || {
        let mut approvers = view.approval.demands.iter().flat_map(|demand| &demand.approvers);
        approvers.any(|person| person.user_id == *me)
    };
    let oversees = || view.overseers.iter().any(|person| person.user_id == *me);
    match event.kind {
        EventType::RequestSubmitted if view.break_glass && oversees() => {
            Some(format!("Break-glass: {who} takes {what} ({})", view.id.short()))
        }
        EventType::RequestSubmitted | EventType::RequestEscalated if asked() => {
            Some(format!("{who} asks for {what} ({})", view.id.short()))
        }
        EventType::ReminderPending if asked() => Some(format!(
            "Still waiting: {who} asks for {what} ({})",
            view.id.short()
        )),
        EventType::GrantStuck => Some(format!("NOT taken back: {what} of {who} ({})", view.id.short())),
        _ => None,
    }
}

/// What becomes of one's own request.
fn of_mine(kind: EventType) -> Option<&'static str> {
    Some(match kind {
        EventType::RequestApproved => "Approved",
        EventType::RequestRejected => "Rejected",
        EventType::RequestTermsChanged => "Terms changed",
        EventType::RequestExpired => "Nobody decided",
        EventType::RequestWithdrawn => "Withdrawn",
        EventType::RequestActive => "Active",
        EventType::ReminderBeforeEnd => "Ends soon",
        EventType::RequestEnded => "Ended",
        EventType::RequestRevoked => "Revoked",
        EventType::RequestFailed => "Failed",
        EventType::GrantStuck => "NOT taken back",
        _ => return None,
    })
}

/// What is about no request.
fn of_house(event: &Event) -> Option<String> {
    let word = |name: &str| event.data[name].as_str().unwrap_or("?").to_owned();
    Some(match event.kind {
        EventType::FreezeOn => "Frozen: no new access".to_owned(),
        EventType::FreezeOff => "The freeze is lifted".to_owned(),
        EventType::GrantStuck => "A removal is stuck".to_owned(),
        EventType::GrantReappeared => "Access that was taken back is there again".to_owned(),
        EventType::ClockSuspect => "The clock cannot be trusted: no access is granted".to_owned(),
        EventType::DaemonRevokeOnly => "teamd only takes back: nothing is granted".to_owned(),
        EventType::AuditFault => "The audit trail does not verify".to_owned(),
        EventType::DirectoryWidened => "The directory gives somebody more".to_owned(),
        EventType::PolicyProposed => "Another policy waits for a second administrator".to_owned(),
        EventType::NotifyFailing => format!("Messages over {} do not arrive", word("channel")),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_gets_out_of_a_sequence() {
        let evil = "x\x07\x1b]52;c;aGk=\x07\x1b\\\u{9c}\u{202e}y;z\n";
        for in_tmux in [false, true] {
            let text = sequences(evil, in_tmux);
            // One bell for itself, one for each of the two.
            assert_eq!(text.matches('\x07').count(), 3, "{text:?}");
            assert_eq!(text.matches(']').count(), 4, "{text:?}");
            assert!(!text.contains(['\u{9c}', '\u{202e}', '\n']), "{text:?}");
            assert!(!text.contains("y;z"), "{text:?}");
        }
        assert_eq!(
            sequences("a", false),
            "\x07\x1b]9;a\x07\x1b]777;notify;team-tui;a\x07"
        );
        assert_eq!(
            sequences("a", true),
            "\x07\x1bPtmux;\x1b\x1b]9;a\x07\x1b\x1b]777;notify;team-tui;a\x07\x1b\\"
        );
        assert!(sequences(&"é".repeat(5000), false).chars().count() < 500);
    }
}
