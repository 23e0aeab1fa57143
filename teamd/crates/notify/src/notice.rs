//! What is said about an event to one reader, before it takes the form of a medium. Every text in it is inert: no control
//! character, no line break, nothing that turns what is read around.

mod event;
mod facts;
mod weekly;

use super::audience::{Part, severity};
use super::{Told, times, words};
use event::{acts, event};
use facts::{Names, Particulars, facts, groups};
use minijinja::context;
use serde_json::{Value, json};
use team_shared::event::EventType;
use team_shared::text::inert;
use teamd_domain::Time;
use teamd_domain::directory::Directory;
use teamd_domain::event::{Actor, Severity};

/// For whom it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// Why they are told; none: it is a place, not a person.
    pub part: Option<Part>,
    /// IANA name of their zone; none: UTC.
    pub zone: Option<String>,
    /// What stands before `open ID`.
    pub command: String,
}

/// A label and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// One or two words.
    pub label: &'static str,
    /// What it says.
    pub value: String,
}

/// A command line to copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// What it is for: `To decide`.
    pub label: &'static str,
    /// The line.
    pub line: String,
}

/// What is said.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// The event's number.
    pub seq: u64,
    /// Its type.
    pub kind: EventType,
    /// When it happened.
    pub at: Time,
    /// How much it matters.
    pub severity: Severity,
    /// One line.
    pub subject: String,
    /// What happened.
    pub lead: String,
    /// Particulars.
    pub facts: Vec<Fact>,
    /// What one can do.
    pub acts: Vec<Act>,
    /// Why the reader is told.
    pub because: Option<&'static str>,
    /// The event for programs, in the vocabulary of the event stream.
    pub event: Value,
    /// The account, where it is about one; for filters.
    pub account_id: Option<String>,
    /// The permission set's name, likewise.
    pub permission_set: Option<String>,
}

/// What of a text is shown, and of a name, in characters: a message is for reading.
const TEXT: usize = 1100;
const NAME: usize = 120;

/// Writes a notice. `extra` are facts that only the engine can find out, such as what was done with the access.
#[must_use]
pub fn write(told: &Told<'_>, directory: Option<&Directory>, reader: &Reader, extra: Vec<Fact>) -> Notice {
    let names = Names(directory);
    let zone = times::zone(reader.zone.as_deref());
    let data = Particulars {
        data: told.data,
        zone,
    };
    let account = told
        .request
        .map(|r| r.key.account.clone())
        .or_else(|| data.id("account_id"));
    let set = told.request.map(|r| r.key.permission_set.clone());
    let set = set.or_else(|| data.id("permission_set_arn"));
    let user = told
        .request
        .map(|r| r.key.user.clone())
        .or_else(|| data.id("user_id"));
    let (who, place, role) = (
        user.as_ref().map(|id| names.person(id)),
        account.as_ref().map(|id| names.account(id)),
        set.as_ref().map(|arn| names.set(arn)),
    );
    let actor = names.actor(told.actor);
    let words = words::of(
        told.kind,
        &context! {
            part => reader.part.map_or("place", Part::as_str),
            mine => reader.part == Some(Part::Requester),
            event => told.kind.as_str(),
            who, actor => &actor, account => &place, set => &role,
            by_daemon => told.actor == &Actor::daemon(),
            break_glass => told.request.is_some_and(|request| request.terms.break_glass),
            extends => told.request.is_some_and(|request| request.extends.is_some()),
            waits => told.request.is_some_and(|request| !request.basis.demands.is_empty()),
            held_through => told.request.map(groups),
            length => told.request.map(|request| times::length(request.terms.duration.get())),
            start => data.moment("start_at"),
            end => data.moment("end_at"),
            left => data.length("seconds_left"),
            waiting => data.length("waiting_seconds"),
            late => data.number("late_by_seconds").filter(|late| *late > 10).map(times::length),
            until => data.moment("until"),
            residual => data.moment("residual_until"),
            still_held_by => data.text("still_held_by"),
            reason => data.text("reason"),
            why => data.text("why"),
            error => data.text("last_error"),
            kind => data.text("kind"),
            finding => data.text("finding"),
            submitted => data.number("submitted"),
            pending => data.number("pending"),
            unreviewed => data.number("unreviewed"),
            channel => data.text("channel"),
            version => data.number("version"),
            count => data.number("count"),
            revoke => told.data["revoke"] == true,
        },
    );
    let mut facts = match told.kind {
        EventType::DigestWeekly => weekly::facts(&data),
        _ => facts(told, &names, zone, &data, &actor),
    };
    facts.extend(extra.into_iter().map(|fact| Fact {
        value: cut(&inert(&fact.value), TEXT),
        ..fact
    }));
    Notice {
        seq: told.seq,
        kind: told.kind,
        at: told.at,
        severity: severity(told),
        subject: cut(&words.subject, 150),
        lead: words.lead,
        facts,
        acts: acts(told, reader),
        because: reader.part.map(Part::because),
        event: event(told),
        account_id: account.map(|id| id.to_string()),
        permission_set: role,
    }
}

/// At most so many characters, with `…` where anything is gone.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{kept}…")
}

/// A notice that says only that the channel works.
#[must_use]
pub fn sample(by: &str, channel: &str, now: Time, reader: &Reader) -> Notice {
    let by = inert(by);
    Notice {
        seq: 0,
        kind: EventType::NotifyClear,
        at: now,
        severity: Severity::Info,
        subject: format!("Test of {channel} by {by}"),
        lead: "This is a test. Nothing has happened, and nothing needs to be done.".to_owned(),
        facts: vec![
            Fact {
                label: "By",
                value: by.clone(),
            },
            Fact {
                label: "At",
                value: times::moment(now, times::zone(reader.zone.as_deref())),
            },
        ],
        acts: vec![Act {
            label: "To see more",
            line: format!("{} notify log", inert(&reader.command)),
        }],
        because: None,
        event: json!({ "type": "notify.test", "at": now, "actor": { "user_name": by } }),
        account_id: None,
        permission_set: None,
    }
}
