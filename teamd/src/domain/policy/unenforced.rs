//! What a document says and this version keeps without acting on it, in lines for people. A policy author who writes it
//! must not believe that it holds.

use super::model::{Policy, Settings};

/// A line for each setting and key of a rule that asks for something that does not happen.
#[must_use]
pub fn unenforced(policy: &Policy) -> Vec<String> {
    let settings = &policy.settings;
    let defaults = Settings::default();
    let mut lines = Vec::new();
    let mut say = |differs: bool, key: &str| {
        if differs {
            lines.push(format!("{key} is kept, but this version does not act on it"));
        }
    };
    say(
        settings.claim_timeout != defaults.claim_timeout,
        "settings.claim_timeout",
    );
    say(
        settings.remind_before_end != defaults.remind_before_end,
        "settings.remind_before_end",
    );
    say(
        settings.remind_approvers_every != defaults.remind_approvers_every,
        "settings.remind_approvers_every",
    );
    say(settings.escalate_after.is_some(), "settings.escalate_after");
    say(
        settings.max_permission_set_session.is_some(),
        "settings.max_permission_set_session",
    );
    for rule in &policy.approvers {
        say(
            !rule.escalate_to.is_empty(),
            &format!("approver rule {}: escalate_to", rule.id),
        );
    }
    lines
}
