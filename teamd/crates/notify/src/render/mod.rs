//! A notice in the form of a medium, escaped for it.
//!
//! * [`mail`] plain text and HTML · [`slack`] blocks · [`payload`] JSON for programs · [`short`] one line

pub mod mail;
pub mod payload;
pub mod slack;

use super::Notice;

/// One line, for what shows no more: `subject · team-tui open ID`.
#[must_use]
pub fn short(notice: &Notice) -> String {
    match notice.acts.first() {
        Some(act) => format!("{} · {}", notice.subject, act.line),
        None => notice.subject.clone(),
    }
}
