//! The particulars of an event as facts: names from the directory, texts inert and cut.

use super::{Fact, NAME, TEXT, cut};
use crate::{Told, times};
use chrono_tz::Tz;
use serde_json::Value;
use team_shared::event::EventType;
use team_shared::ids::{AccountId, PermissionSetArn, UserId};
use team_shared::text::inert;
use teamd_domain::Time;
use teamd_domain::directory::Directory;
use teamd_domain::event::Actor;
use teamd_domain::request::{Request, State};

/// Names from the directory: never what somebody else says that they are.
pub(super) struct Names<'a>(pub(super) Option<&'a Directory>);

impl Names<'_> {
    pub(super) fn person(&self, id: &UserId) -> String {
        let known = self.0.and_then(|directory| directory.people.get(id));
        known.map_or_else(
            || inert(id.as_str()),
            |person| {
                let (shown, name) = (short(&person.display_name), short(&person.user_name));
                format!("{shown} ({name})")
            },
        )
    }

    pub(super) fn account(&self, id: &AccountId) -> String {
        let known = self.0.and_then(|directory| directory.accounts.get(id));
        known.map_or_else(
            || id.to_string(),
            |account| format!("{} ({id})", short(&account.name)),
        )
    }

    pub(super) fn unit(&self, id: &AccountId) -> Option<String> {
        let directory = self.0?;
        Some(cut(&inert(&directory.ou_path(directory.accounts.get(id)?)), TEXT))
    }

    pub(super) fn set(&self, arn: &PermissionSetArn) -> String {
        let known = self.0.and_then(|directory| directory.permission_sets.get(arn));
        known.map_or_else(|| inert(arn.as_str()), |set| short(&set.name))
    }

    pub(super) fn actor(&self, actor: &Actor) -> String {
        match (&actor.user_id, actor.uid) {
            (Some(id), _) => self.person(id),
            (None, Some(0)) => "the operator".to_owned(),
            (None, Some(uid)) => format!("uid {uid}"),
            (None, None) => "teamd".to_owned(),
        }
    }
}

pub(super) fn short(name: &str) -> String {
    cut(&inert(name), NAME)
}

/// The particulars of an event, made inert.
pub(super) struct Particulars<'a> {
    pub(super) data: &'a Value,
    pub(super) zone: Tz,
}

impl Particulars<'_> {
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.data[name].as_str().map(|text| cut(&inert(text), TEXT))
    }

    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.data[name].as_i64()
    }

    pub(super) fn length(&self, name: &str) -> Option<String> {
        self.number(name).map(times::length)
    }

    pub(super) fn moment(&self, name: &str) -> Option<String> {
        let at: Time = self.data[name].as_str()?.parse().ok()?;
        Some(times::moment(at, self.zone))
    }

    pub(super) fn id<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.data[name].as_str()?.parse().ok()
    }
}

pub(super) fn facts(
    told: &Told<'_>,
    names: &Names<'_>,
    zone: Tz,
    data: &Particulars<'_>,
    actor: &str,
) -> Vec<Fact> {
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
pub(super) fn groups(request: &Request) -> Vec<String> {
    let groups = request.also_held_through.iter().take(10);
    groups.map(|group| short(group)).collect()
}

fn is_open(request: &Request) -> bool {
    matches!(request.state, State::Pending)
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
