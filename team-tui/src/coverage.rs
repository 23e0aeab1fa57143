//! What the events that are shown cover, and what they do not: one line that is always there.

use crate::app::{App, Tail};
use crate::format::{self, Zone, fit};
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;
use team_shared::activity::ActivityPage;
use team_shared::ids::RequestId;
use team_shared::state::RequestState;
use unicode_width::UnicodeWidthStr;

/// Sessions that are named where something is to be said of several.
const NAMED: usize = 3;

/// What is known of one session.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cover<'a> {
    pub(crate) id: RequestId,
    /// teamd's sentence; empty: not read yet.
    pub(crate) text: &'a str,
    pub(crate) complete_until: Option<DateTime<Utc>>,
    pub(crate) gap_before: Option<DateTime<Utc>>,
}

impl<'a> Cover<'a> {
    /// As the dashboard knows it.
    pub(crate) fn of_tail(app: &App, id: RequestId, tail: &'a Tail) -> Self {
        Self {
            id,
            text: &tail.coverage,
            complete_until: tail.complete_until,
            gap_before: app.feed.gap_before(id),
        }
    }

    pub(crate) fn of_page(id: RequestId, page: &'a ActivityPage) -> Self {
        Self {
            id,
            text: &page.coverage,
            complete_until: page.complete_until,
            gap_before: None,
        }
    }

    fn is_complete(&self) -> bool {
        parts(self.text).any(|part| part == "complete")
    }
}

/// A line in parts, each whole for itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    parts: Vec<String>,
    /// Something is missing that time alone does not bring.
    pub(crate) is_bad: bool,
}

impl Said {
    /// In the order in which it was said, where that fits; else what one must know goes first.
    pub(crate) fn within(&self, width: usize) -> String {
        let whole = self.whole();
        if whole.width() <= width {
            return whole;
        }
        let mut parts = self.parts.clone();
        parts.sort_by_key(|part| rank(part));
        fit(&parts.join("; "), width)
    }

    pub(crate) fn whole(&self) -> String {
        self.parts.join("; ")
    }
}

/// The daemon's sentence says by its words what is worse than that all has not arrived yet.
fn rank(part: &str) -> u8 {
    if is_fault(part) {
        0
    } else if part.contains("complete") {
        1
    } else if part.starts_with("newest") {
        2
    } else {
        3
    }
}

fn is_fault(part: &str) -> bool {
    ["cannot be read", "no activity source", "missing", "being read"]
        .iter()
        .any(|words| part.contains(words))
}

fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split("; ").filter(|part| !part.is_empty())
}

/// Of one session.
pub(crate) fn of_one(cover: &Cover, zone: Zone) -> Said {
    let mut said = Said::default();
    if let Some(at) = cover.gap_before {
        said.parts.push(format!(
            "events before {} are missing: team-tui activity {}",
            format::clock(at, zone),
            cover.id.short()
        ));
    }
    if cover.text.is_empty() {
        said.parts.push("what is covered is being read".to_owned());
        return said;
    }
    said.parts.extend(parts(cover.text).map(str::to_owned));
    said.is_bad = said.parts.iter().any(|part| is_fault(part));
    said
}

/// Of several: the worst of them, by name.
pub(crate) fn of_all(covers: &[Cover], zone: Zone) -> Said {
    if let [only] = covers {
        return of_one(only, zone);
    }
    let mut said = Said::default();
    let Some(known) = covers.iter().find(|cover| !cover.text.is_empty()) else {
        said.parts.push(match covers.len() {
            0 => "no live session: there is nothing to cover".to_owned(),
            _ => "what is covered is being read".to_owned(),
        });
        return said;
    };
    let names = |is_one: &dyn Fn(&Cover) -> bool| {
        let names: Vec<String> = covers
            .iter()
            .filter(|cover| is_one(cover))
            .map(|cover| cover.id.short())
            .collect();
        let shown = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        match names.len().saturating_sub(NAMED) {
            0 => shown,
            more => format!("{shown} and {more} more"),
        }
    };
    let is_unread = |cover: &Cover| parts(cover.text).any(is_fault);
    let is_open = |cover: &Cover| !cover.text.is_empty() && !is_unread(cover) && !cover.is_complete();
    // What all have in common: it is a setting.
    let common = covers
        .iter()
        .find(|cover| !cover.text.is_empty() && !is_unread(cover));
    let common = parts(common.unwrap_or(known).text)
        .take_while(|part| !is_fault(part) && !part.contains("complete") && !part.starts_with("the same"));
    said.parts.extend(common.map(str::to_owned));
    for (is_one, words) in [
        (
            &(|cover: &Cover| cover.gap_before.is_some()) as &dyn Fn(&Cover) -> bool,
            "events are missing of",
        ),
        (&is_unread, "cannot be read in full:"),
        (&|cover| cover.text.is_empty(), "being read:"),
        (
            &|cover| is_open(cover) && cover.complete_until.is_none(),
            "nothing is complete yet of",
        ),
    ] {
        let names = names(is_one);
        if !names.is_empty() {
            said.parts.push(format!("{words} {names}"));
        }
    }
    said.is_bad = covers
        .iter()
        .any(|cover| is_unread(cover) || cover.gap_before.is_some());
    let worst = covers.iter().filter(|cover| is_open(cover));
    if let Some((until, id)) = worst
        .filter_map(|cover| Some((cover.complete_until?, cover.id)))
        .min()
    {
        let until = format::short(until, zone);
        said.parts
            .push(format!("incomplete from {until} on ({})", id.short()));
    } else if covers.iter().all(Cover::is_complete) {
        said.parts.push("complete".to_owned());
    }
    said
}

/// How old the newest event is.
pub(crate) fn newest(at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> String {
    at.map_or_else(
        || "no event yet".to_owned(),
        |at| format!("newest event {}", format::relative(at, now)),
    )
}

/// The same at the end of a line.
pub(crate) fn with_newest(mut said: Said, at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Said {
    said.parts.push(newest(at, now));
    said
}

impl App {
    /// The one session that the Activity screen follows, if it is one.
    pub(crate) fn followed(&self) -> Option<RequestId> {
        let mut words = self.filter.value().split_whitespace();
        let short = words.find_map(|word| word.strip_prefix("id:"))?;
        let is_it = |id: &&RequestId| id.short().eq_ignore_ascii_case(short);
        self.tails.keys().find(is_it).copied()
    }

    /// What the Activity screen covers: of the session that is followed, else of all that are live or have events there.
    pub(crate) fn covered(&self) -> Said {
        if let Some((id, tail)) = self.followed().and_then(|id| Some((id, self.tails.get(&id)?))) {
            return of_one(&Cover::of_tail(self, id, tail), self.zone);
        }
        let is_live = |id: &RequestId| {
            let view = self.requests.get(id);
            view.is_some_and(|view| matches!(view.state, RequestState::Active | RequestState::Ending))
        };
        let with_events: BTreeSet<RequestId> = self.feed.sessions().collect();
        let mut covers: Vec<Cover> = self
            .tails
            .iter()
            .filter(|(id, _)| is_live(id) || with_events.contains(id))
            .map(|(id, tail)| Cover::of_tail(self, *id, tail))
            .collect();
        covers.sort_by_key(|cover| cover.id);
        if !self.loaded {
            return Said {
                parts: vec!["what is covered is being read".to_owned()],
                is_bad: false,
            };
        }
        of_all(&covers, self.zone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_000_000, 0).expect("a moment")
    }

    fn cover<'a>(short: &str, text: &'a str, minutes: Option<i64>) -> Cover<'a> {
        Cover {
            id: fixtures::id(now(), short),
            text,
            complete_until: minutes.map(|minutes| now() - chrono::Duration::minutes(minutes)),
            gap_before: None,
        }
    }

    const COMMON: &str = "management events of eu-west-1; no other region; ";

    #[test]
    fn where_there_is_little_room_the_worst_goes_first() {
        let text = format!(
            "{COMMON}complete until 2026-11-18 10:50Z; 111122223333 eu-west-1 cannot be read since then: no"
        );
        let said = of_one(&cover("X4TE2N", &text, Some(16)), Zone::Utc);
        assert_eq!(said.within(500), text);
        let short = said.within(78);
        assert!(
            short.starts_with("111122223333 eu-west-1 cannot be read") && said.is_bad,
            "{short}"
        );
        let text = format!("{COMMON}nothing is complete yet");
        let said = of_one(&cover("X4TE2N", &text, None), Zone::Utc);
        assert!(said.within(40).starts_with("nothing is complete yet") && !said.is_bad);
        let mut gap = cover("X4TE2N", &text, None);
        gap.gap_before = Some(now());
        let said = of_one(&gap, Zone::Utc);
        assert!(said.is_bad && said.whole().starts_with("events before 11:06:40Z are missing"));
    }

    #[test]
    fn of_several_the_worst_is_named() {
        let (open, done) = (format!("{COMMON}complete until x"), format!("{COMMON}complete"));
        let (none, bad) = (
            format!("{COMMON}nothing is complete yet"),
            "account 111122223333 cannot be read: set [activity] role_name",
        );
        let all = [
            cover("AAAAA1", &open, Some(5)),
            cover("AAAAA2", &open, Some(25)),
            cover("AAAAA3", &done, Some(900)),
            cover("AAAAA4", bad, None),
            cover("AAAAA5", &none, None),
            cover("AAAAA6", "", None),
        ];
        let said = of_all(&all, Zone::Utc);
        let text = said.whole();
        for words in [
            "management events of eu-west-1; no other region",
            "cannot be read in full: AAAAA4",
            "nothing is complete yet of AAAAA5",
            "being read: AAAAA6",
            "(AAAAA2)",
        ] {
            assert!(text.contains(words), "{words}: {text}");
        }
        assert!(
            said.is_bad && said.within(60).starts_with("cannot be read"),
            "{}",
            said.within(60)
        );
        assert!(of_all(&all[2..3], Zone::Utc).whole().ends_with("complete"));
        assert!(!of_all(&all[..3], Zone::Utc).is_bad);
        assert!(of_all(&[], Zone::Utc).whole().contains("no live session"));
        let many: Vec<Cover> = (0..9).map(|_| cover("AAAAA5", &none, None)).collect();
        assert!(of_all(&many, Zone::Utc).whole().contains("and 6 more"));
    }
}
