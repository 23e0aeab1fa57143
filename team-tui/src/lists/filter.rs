//! The filter of a list: words, found by pieces, and `column:value` terms, found by their letters. `!` before a term: rows
//! that do not have it. `|` within a value: any of them. `state:active|ending !who:bob pay`.

use crate::commands::activity_call;
use crate::digest::is_unused;
use crate::widgets::fuzzy;
use team_shared::activity::ActivityItem;
use team_shared::event::Event;
use team_shared::request::RequestView;

/// What may stand before the colon.
pub(crate) const COLUMNS: [&str; 17] = [
    "id", "state", "who", "account", "set", "ticket", "rule", "reason", "batch", "what", "used", "service",
    "error", "write", "region", "from", "mark",
];

/// A filter that was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    terms: Vec<Term>,
    words: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    is_not: bool,
    column: &'static str,
    /// In small letters; any of them.
    values: Vec<String>,
}

impl Filter {
    /// Reads what was typed. What is no term is words.
    pub(crate) fn read(text: &str) -> Self {
        let mut filter = Self::default();
        for word in text.split_whitespace() {
            match term(word) {
                // While one types, `who:` is about to become a term.
                Some(term) if term.values.is_empty() => {}
                Some(term) => filter.terms.push(term),
                None if filter.words.is_empty() => filter.words = word.to_owned(),
                None => filter.words = format!("{} {word}", filter.words),
            }
        }
        filter
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.terms.is_empty() && self.words.is_empty()
    }

    /// Whether a request has what is asked for.
    pub(crate) fn fits(&self, view: &RequestView) -> bool {
        let in_column = |column| match column {
            "id" => vec![view.id.to_string()],
            "state" => vec![view.state.to_string()],
            "who" => vec![
                view.requester.user_name.clone(),
                view.requester.display_name.clone(),
            ],
            "account" => vec![view.account.name.clone(), view.account.id.to_string()],
            "set" => vec![view.permission_set.name.clone()],
            "ticket" => view.ticket.iter().cloned().collect(),
            "rule" => view.rules.clone(),
            "reason" => vec![view.justification.clone()],
            "batch" => view.batch_id.iter().cloned().collect(),
            "used" => match &view.activity {
                Some(activity) if activity.events > 0 => vec!["yes".to_owned()],
                activity if is_unused(activity.as_ref()) => vec!["no".to_owned()],
                _ => Vec::new(),
            },
            _ => Vec::new(),
        };
        self.terms.iter().all(|term| term.fits(&in_column(term.column)))
            && (self.words.is_empty() || fuzzy::matches(&self.words, &haystack(view)))
    }

    /// Whether an event of a session has what is asked for; of the session's request, where it is known.
    pub(crate) fn fits_activity(&self, item: &ActivityItem, view: Option<&RequestView>) -> bool {
        let yes_or_no = |is: bool| if is { "yes" } else { "no" };
        let in_column = |column| match column {
            "id" => item.request_id.iter().map(|id| id.short()).collect(),
            "who" => view.iter().map(|view| view.requester.user_name.clone()).collect(),
            "account" => {
                let name = view.map(|view| view.account.name.clone());
                name.into_iter().chain([item.account_id.to_string()]).collect()
            }
            "set" => view.iter().map(|view| view.permission_set.name.clone()).collect(),
            "what" => vec![activity_call(item)],
            "service" => vec![item.event_source.clone()],
            "error" => vec![item.error_code.clone().unwrap_or_else(|| "no".to_owned())],
            "write" => vec![yes_or_no(!item.read_only).to_owned()],
            "region" => vec![item.region.clone()],
            "from" => vec![item.source_ip.clone()],
            "mark" => item.marks.clone(),
            _ => Vec::new(),
        };
        let words = || {
            let who = view.map_or("", |view| view.requester.user_name.as_str());
            format!("{} {who} {}", activity_call(item), item.resources.join(" "))
        };
        self.terms.iter().all(|term| term.fits(&in_column(term.column)))
            && (self.words.is_empty() || fuzzy::matches(&self.words, &words()))
    }

    /// Whether an audit row has what is asked for.
    pub(crate) fn fits_event(&self, event: &Event) -> bool {
        let id = event.request_id.map_or_else(String::new, |id| id.short());
        let who = event.actor.user_name.as_deref().unwrap_or("teamd");
        let in_column = |column| match column {
            "id" => vec![id.clone()],
            "who" => vec![who.to_owned()],
            "what" => vec![event.kind.to_string()],
            // The particulars say whatever there is about the rest.
            _ => vec![event.data.to_string()],
        };
        self.terms.iter().all(|term| term.fits(&in_column(term.column)))
            && (self.words.is_empty()
                || fuzzy::matches(&self.words, &format!("{} {who} {id} {}", event.kind, event.data)))
    }
}

impl Term {
    fn fits(&self, texts: &[String]) -> bool {
        let is_there = texts.iter().any(|text| {
            let text = text.to_lowercase();
            // `ending` is within `pending`: states are words of their own.
            let is_word = self.column == "state";
            let mut values = self.values.iter();
            values.any(|value| {
                if is_word {
                    text.starts_with(value)
                } else {
                    text.contains(value)
                }
            })
        });
        is_there != self.is_not
    }
}

fn term(word: &str) -> Option<Term> {
    let (is_not, rest) = word.strip_prefix('!').map_or((false, word), |rest| (true, rest));
    let (name, value) = rest.split_once(':')?;
    let column = COLUMNS
        .into_iter()
        .find(|column| column.eq_ignore_ascii_case(name))?;
    let values = value.split('|').filter(|value| !value.is_empty());
    Some(Term {
        is_not,
        column,
        values: values.map(str::to_lowercase).collect(),
    })
}

fn haystack(view: &RequestView) -> String {
    format!(
        "{} {} {} {} {} {} {} {}",
        view.id.short(),
        view.state,
        view.requester.user_name,
        view.requester.display_name,
        view.account.name,
        view.account.id,
        view.permission_set.name,
        view.ticket.as_deref().unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    #[test]
    fn terms_and_words_must_all_fit() {
        let view = fixtures::request(
            "2026-11-22T14:02:31Z".parse().expect("a time"),
            "7FQHX2",
            "bob",
            4,
        );
        for (text, fits) in [
            ("", true),
            ("who:bob", true),
            ("WHO:B", true),
            ("who:alice", false),
            ("who:alice|bob", true),
            ("!who:alice", true),
            ("!who:bob", false),
            ("state:pending set:admin", true),
            ("state:active|ending", false),
            ("account:1111 pprod", true),
            ("account:pay-prod zz", false),
            ("ticket:inc-4711 reason:rollback", false),
            ("ticket:inc-4711 reason:roll", true),
            // Not typed to its end, and no column at all.
            ("who:", true),
            ("nothing:bob", false),
            ("batch:x", false),
            ("!batch:x", true),
        ] {
            assert_eq!(Filter::read(text).fits(&view), fits, "{text}");
        }
    }

    #[test]
    fn audit_rows_are_found_by_who_what_and_particulars() {
        let now = "2026-11-22T14:02:31Z".parse().expect("a time");
        let kind = team_shared::event::EventType::RequestApproved;
        let mut event = fixtures::event(1, now, kind, None, Some("ann"));
        event.data = serde_json::json!({"rule": "prod-admin"});
        for (text, fits) in [
            ("what:approved", true),
            ("what:rejected", false),
            ("who:ann rule:prod-admin", true),
            ("!who:ann", false),
            ("approved", true),
        ] {
            assert_eq!(Filter::read(text).fits_event(&event), fits, "{text}");
        }
    }
}
