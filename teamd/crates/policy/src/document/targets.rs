//! How events and the places that they go to are spelt, in the policy and in the configuration.

use super::patterns;
use crate::Target;
use team_shared::event::EventType;
use teamd_domain::event::{EventPattern, Severity};

/// A type of event, or a family of them: `request.*`, `*`.
///
/// # Errors
/// What is wrong with it, and what would be right.
pub fn event(text: &str) -> Result<EventPattern, String> {
    if let Some(family) = text.strip_suffix('*') {
        let any = EventType::ALL
            .iter()
            .any(|kind| kind.as_str().starts_with(family));
        return if any && (family.is_empty() || family.ends_with('.')) {
            Ok(EventPattern::Family(family.to_owned()))
        } else {
            Err(format!(
                "{text:?} means no event: write a type, or a family like \"request.*\""
            ))
        };
    }
    text.parse().map(EventPattern::Kind).map_err(|_| {
        let likeness = |kind: &&EventType| strsim::jaro_winkler(text, kind.as_str());
        let near = EventType::ALL
            .iter()
            .max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        let near = near.map(|kind| kind.as_str()).unwrap_or_default();
        format!("{text:?} is not a type of event; did you mean {near:?}?")
    })
}

/// `info`, `warning` or `alarm`.
///
/// # Errors
/// What is wrong with it, and what would be right.
pub fn severity(text: &str) -> Result<Severity, String> {
    let all = [Severity::Info, Severity::Warning, Severity::Alarm];
    let known = all.into_iter().find(|severity| severity.as_str() == text);
    known.ok_or_else(|| format!("{text:?} is not one of \"info\", \"warning\", \"alarm\""))
}

/// `slack:#room`, `webhook:NAME`, `mail:ADDRESS`, `sns`, or people as rules name them.
///
/// # Errors
/// What is wrong with it, and what would be right.
pub fn target(text: &str) -> Result<Target, String> {
    if text == "sns" {
        return Ok(Target::Sns);
    }
    match text.split_once(':') {
        Some(("slack", rest)) => room(rest).map(Target::Slack),
        Some(("webhook", rest)) => name(rest).map(Target::Webhook),
        Some(("mail", rest)) => address(rest).map(Target::Mail),
        Some(("user" | "group" | "oncall", _)) => patterns::subject(text).map(Target::People),
        _ => Err(format!(
            "{text:?} leads nowhere: write \"slack:#room\", \"webhook:NAME\", \"mail:ADDRESS\", \"sns\", \
             \"group:NAME\", \"user:NAME\" or \"oncall:NAME\""
        )),
    }
}

/// A room of Slack: `#name`, or an id.
///
/// # Errors
/// What is wrong with it, and what would be right.
pub fn room(text: &str) -> Result<String, String> {
    let body = text.strip_prefix('#').unwrap_or(text);
    let plain = body.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_');
    if !body.is_empty() && plain && text.len() <= 81 {
        Ok(text.to_owned())
    } else {
        Err(format!("{text:?} is not a room: write \"#name\", or its id"))
    }
}

/// The name of a webhook.
///
/// # Errors
/// What is wrong with it, and what would be right.
pub fn name(text: &str) -> Result<String, String> {
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if !text.is_empty() && plain && text.len() <= 40 {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "{text:?} is not a name: letters, digits, - and _, at most 40"
        ))
    }
}

/// A mail address, with or without a name before it: `teamd <teamd@example.com>`.
///
/// # Errors
/// What is wrong with it, and what would be right.
pub fn address(text: &str) -> Result<String, String> {
    match text.parse::<lettre::message::Mailbox>() {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err(format!("{text:?} is not a mail address")),
    }
}
