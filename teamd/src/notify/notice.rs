//! What is said about an event to one reader, before it takes the form of a medium. Every text in it is inert: no control
//! character, no line break, nothing that turns what is read around.

use super::audience::{Part, severity};
use super::{Told, times, words};
use crate::config::Severity;
use crate::domain::Time;
use crate::domain::directory::Directory;
use crate::domain::event::Actor;
use crate::domain::request::Request;
use chrono_tz::Tz;
use minijinja::context;
use serde_json::{Value, json};
use team_shared::event::EventType;
use team_shared::ids::{AccountId, PermissionSetArn, UserId};
use team_shared::text::inert;

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

/// Names from the directory: never what somebody else says that they are.
struct Names<'a>(Option<&'a Directory>);

impl Names<'_> {
    fn person(&self, id: &UserId) -> String {
        let known = self.0.and_then(|directory| directory.people.get(id));
        known.map_or_else(
            || inert(id.as_str()),
            |person| {
                let (shown, name) = (short(&person.display_name), short(&person.user_name));
                format!("{shown} ({name})")
            },
        )
    }

    fn account(&self, id: &AccountId) -> String {
        let known = self.0.and_then(|directory| directory.accounts.get(id));
        known.map_or_else(
            || id.to_string(),
            |account| format!("{} ({id})", short(&account.name)),
        )
    }

    fn unit(&self, id: &AccountId) -> Option<String> {
        let directory = self.0?;
        Some(cut(&inert(&directory.ou_path(directory.accounts.get(id)?)), TEXT))
    }

    fn set(&self, arn: &PermissionSetArn) -> String {
        let known = self.0.and_then(|directory| directory.permission_sets.get(arn));
        known.map_or_else(|| inert(arn.as_str()), |set| short(&set.name))
    }

    fn actor(&self, actor: &Actor) -> String {
        match (&actor.user_id, actor.uid) {
            (Some(id), _) => self.person(id),
            (None, Some(0)) => "the operator".to_owned(),
            (None, Some(uid)) => format!("uid {uid}"),
            (None, None) => "teamd".to_owned(),
        }
    }
}

/// What of a text is shown, and of a name, in characters: a message is for reading.
const TEXT: usize = 1100;
const NAME: usize = 120;

fn short(name: &str) -> String {
    cut(&inert(name), NAME)
}

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
            held_through => told.request.map(|r| groups(r)),
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
            channel => data.text("channel"),
            version => data.number("version"),
            count => data.number("count"),
            revoke => told.data["revoke"] == true,
        },
    );
    let mut facts = facts(told, &names, zone, &data, &actor);
    facts.extend(extra);
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

/// The particulars of an event, made inert.
struct Particulars<'a> {
    data: &'a Value,
    zone: Tz,
}

impl Particulars<'_> {
    fn text(&self, name: &str) -> Option<String> {
        self.data[name].as_str().map(|text| cut(&inert(text), TEXT))
    }

    fn number(&self, name: &str) -> Option<i64> {
        self.data[name].as_i64()
    }

    fn length(&self, name: &str) -> Option<String> {
        self.number(name).map(times::length)
    }

    fn moment(&self, name: &str) -> Option<String> {
        let at: Time = self.data[name].as_str()?.parse().ok()?;
        Some(times::moment(at, self.zone))
    }

    fn id<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.data[name].as_str()?.parse().ok()
    }
}

fn facts(told: &Told<'_>, names: &Names<'_>, zone: Tz, data: &Particulars<'_>, actor: &str) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut say = |label: &'static str, value: Option<String>| {
        facts.extend(
            value
                .filter(|value| !value.is_empty())
                .map(|value| Fact { label, value }),
        );
    };
    if let Some(request) = told.request {
        let key = &request.key;
        say("Who", Some(names.person(&key.user)));
        say("Account", Some(names.account(&key.account)));
        say("Unit", names.unit(&key.account));
        say("As", Some(names.set(&key.permission_set)));
        say("When", Some(window(request, zone)));
        say("Why", Some(cut(&inert(&request.terms.justification), TEXT)));
        say(
            "Ticket",
            request
                .terms
                .ticket
                .as_deref()
                .map(|ticket| cut(&inert(ticket), TEXT)),
        );
        let groups = groups(request);
        say(
            "Also held",
            (!groups.is_empty()).then(|| format!("through {}", groups.join(", "))),
        );
        say("Request", Some(request.id.to_string()));
    } else {
        say("Who", data.id("user_id").map(|id| names.person(&id)));
        say("Account", data.id("account_id").map(|id| names.account(&id)));
        say("As", data.id("permission_set_arn").map(|arn| names.set(&arn)));
    }
    if told.actor != &Actor::daemon() {
        say("By", Some(actor.to_owned()));
    }
    say("Comment", data.text("comment"));
    if told.request.is_none() || told.kind == EventType::RequestLost || told.kind == EventType::RequestGivenUp
    {
        say("Reason", data.text("reason"));
    }
    say("AWS said", data.text("last_error"));
    say(
        "Decide by",
        data.moment("expires_at")
            .filter(|_| told.request.is_some_and(is_open)),
    );
    say("Keys live until", data.moment("residual_until"));
    say(
        "Rules",
        list(told.data, "rules").filter(|_| told.request.is_none()),
    );
    say("Marks", list(told.data, "marks"));
    say("Change", data.text("change"));
    say(
        "Document",
        data.text("sha256").map(|hash| hash.chars().take(12).collect()),
    );
    say("At", Some(times::moment(told.at, zone)));
    facts
}

/// Groups through which the same is held, as far as there is room for them.
fn groups(request: &Request) -> Vec<String> {
    let groups = request.also_held_through.iter().take(10);
    groups.map(|group| short(group)).collect()
}

fn is_open(request: &Request) -> bool {
    matches!(request.state, crate::domain::request::State::Pending)
}

fn list(data: &Value, name: &str) -> Option<String> {
    let all = data[name].as_array()?;
    let words: Vec<String> = all.iter().filter_map(Value::as_str).take(20).map(inert).collect();
    let more = all.len().saturating_sub(words.len());
    let tail = if more > 0 {
        format!(", and {more} more")
    } else {
        String::new()
    };
    (!words.is_empty()).then(|| format!("{}{tail}", words.join(", ")))
}

/// The time that is asked for, or that it has come to.
fn window(request: &Request, zone: Tz) -> String {
    let terms = &request.terms;
    let length = times::length(terms.duration.get());
    if let Some(session) = request.state.session() {
        let (start, end) = (
            times::moment(session.start_at, zone),
            times::moment(session.end_at, zone),
        );
        return format!("{start} to {end}");
    }
    match (terms.start_at, terms.end_at) {
        (Some(start), Some(end)) => {
            format!("{} to {}", times::moment(start, zone), times::moment(end, zone))
        }
        (None, Some(end)) => format!("until {}", times::moment(end, zone)),
        (Some(start), None) => format!("{length} from {}", times::moment(start, zone)),
        (None, None) => format!("{length} from approval"),
    }
}

/// Lines that can be copied as they are: only words of ours, ids, and what the operators configured.
fn acts(told: &Told<'_>, reader: &Reader) -> Vec<Act> {
    let line = |verb: &str| format!("{} {verb}", inert(&reader.command));
    let act = |label, verb: String| Act {
        label,
        line: line(&verb),
    };
    let Some(id) = told.request.map(|request| request.id) else {
        return match told.kind {
            EventType::PolicyProposed => vec![act("To see it", "policy history --diff".to_owned())],
            EventType::NotifyFailing => vec![act("To see what waits", "notify log".to_owned())],
            _ => vec![act("To see more", "status".to_owned())],
        };
    };
    let mine = reader.part == Some(Part::Requester);
    match told.kind {
        EventType::RequestSubmitted
        | EventType::ReminderPending
        | EventType::RequestEscalated
        | EventType::RequestTermsChanged
            if reader.part == Some(Part::Approver) =>
        {
            vec![act("To decide", format!("open {id}"))]
        }
        EventType::RequestActive if mine => vec![
            act("To use it", format!("use {id}")),
            act("When you are done", format!("done {id}")),
        ],
        EventType::ReminderBeforeEnd if mine => vec![
            act("For more time", format!("extend {id} --for 1h --reason \"…\"")),
            act("When you are done", format!("done {id}")),
        ],
        EventType::RequestEnded | EventType::RequestRevoked if !mine => {
            vec![act("What was done", format!("activity {id} --digest"))]
        }
        _ => vec![act("To see it", format!("show {id}"))],
    }
}

/// The event as the event stream has it, its texts inert and short.
fn event(told: &Told<'_>) -> Value {
    let actor = told.actor;
    json!({
        "seq": told.seq,
        "at": told.at,
        "type": told.kind.as_str(),
        "actor": {
            "user_id": actor.user_id.as_ref().map(UserId::as_str),
            "user_name": actor.user_name.as_deref().map(inert),
            "uid": actor.uid,
            "login_uid": actor.login_uid,
        },
        "request_id": told.request.map(|request| request.id.to_string()),
        "data": made_inert(told.data),
    })
}

fn made_inert(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(cut(&inert(text), TEXT)),
        Value::Array(all) => all.iter().take(50).map(made_inert).collect(),
        Value::Object(map) => {
            let entries = map.iter().map(|(name, value)| (short(name), made_inert(value)));
            Value::Object(entries.collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
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
