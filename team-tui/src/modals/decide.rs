//! Approve, reject, revoke, cancel, done, extend, review, lost: one request, or several that were marked, each at the version
//! at which it was read. [`view`] shows the text that is decided on.

mod left;
pub(super) mod view;

use crate::commands::parse_time;
use crate::format;
use chrono::{DateTime, Utc};
use team_shared::duration::Seconds;
use team_shared::ids::RequestId;
use team_shared::request::RequestView;
use tui_input::Input;

/// What has the focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Focus {
    Comment,
    Duration,
    Start,
    Confirm,
    Leave,
    Go,
}

/// Above this many at once, their number is typed.
const MANY: usize = 5;

/// A word that is typed before anything happens: what is approved is guarded, or it is a lot.
#[derive(Debug, Clone)]
pub(crate) struct Confirm {
    /// The name of the account, or how many there are.
    pub(crate) word: String,
    pub(crate) input: Input,
}

impl Confirm {
    fn new(word: String) -> Self {
        Self {
            word,
            input: Input::default(),
        }
    }

    pub(crate) fn is_typed(&self) -> bool {
        self.input.value().trim() == self.word
    }
}

/// A request as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AsRead {
    pub(crate) id: RequestId,
    pub(crate) version: u64,
    pub(crate) digest: String,
}

impl AsRead {
    pub(crate) fn of(view: &RequestView) -> Self {
        Self {
            id: view.id,
            version: view.version,
            digest: view.terms_digest.clone(),
        }
    }
}

/// The dialog's state.
#[derive(Debug, Clone)]
pub(crate) struct Decide {
    pub(crate) verb: &'static str,
    pub(crate) id: RequestId,
    pub(crate) version: u64,
    pub(crate) digest: String,
    /// What the same verb and comment are for as well.
    pub(crate) others: Vec<AsRead>,
    pub(crate) comment: Input,
    pub(crate) confirm: Option<Confirm>,
    /// For a review: what the access left behind. Sending it acknowledges each.
    pub(crate) left_behind: Vec<String>,
    /// The first of it that is shown.
    pub(crate) left_first: usize,
    /// What is granted, where the verb is `approve`, or asked for, where it is `extend`.
    pub(crate) duration: Option<Input>,
    /// From when, where the verb is `approve`; empty: as it was asked.
    pub(crate) start: Option<Input>,
    pub(crate) asked: i64,
    pub(crate) focus: Focus,
    pub(crate) error: Option<String>,
    pub(crate) sending: bool,
    pub(crate) opened_at: DateTime<Utc>,
}

impl Decide {
    pub(crate) fn new(verb: &'static str, view: &RequestView, now: DateTime<Utc>) -> Self {
        // A fixed end cannot be asked for in another length without moving what was asked.
        let asked = || Input::new(format::length(view.duration_seconds));
        Self {
            verb,
            id: view.id,
            version: view.version,
            digest: view.terms_digest.clone(),
            others: Vec::new(),
            comment: Input::default(),
            left_behind: Vec::new(),
            left_first: 0,
            confirm: (verb == "lost" || verb == "approve" && view.guarded)
                .then(|| Confirm::new(view.account.name.clone())),
            duration: match verb {
                "approve" => Some(asked()),
                "extend" => Some(Input::new("1h".to_owned())),
                _ => None,
            },
            // An extension starts where what it extends ends.
            start: (verb == "approve" && view.extends.is_none()).then(Input::default),
            // More time is always another length than none.
            asked: if verb == "extend" {
                0
            } else {
                view.duration_seconds
            },
            focus: Focus::Comment,
            error: None,
            sending: false,
            opened_at: now,
        }
    }

    /// For several, of which there is at least one: as they were asked, with one comment.
    pub(crate) fn for_all(verb: &'static str, views: &[&RequestView], now: DateTime<Utc>) -> Option<Self> {
        let (first, others) = views.split_first()?;
        let mut dialog = Self::new(verb, first, now);
        if !others.is_empty() {
            dialog.others = others.iter().map(|view| AsRead::of(view)).collect();
            (dialog.duration, dialog.start) = (None, None);
            dialog.confirm = (views.len() > MANY).then(|| Confirm::new(views.len().to_string()));
        }
        Some(dialog)
    }

    /// What is left behind is acknowledged by typing how many things that are; whether these are other ones than before.
    pub(crate) fn show_left_behind(&mut self, left: Vec<String>) -> bool {
        if self.verb != "review" || !self.others.is_empty() || left == self.left_behind {
            return false;
        }
        self.confirm = (!left.is_empty()).then(|| Confirm::new(left.len().to_string()));
        self.left_behind = left;
        self.left_first = 0;
        true
    }

    /// From here on for these: what is done needs no second time.
    pub(crate) fn keep_only(&mut self, left: Vec<AsRead>) {
        let mut left = left.into_iter();
        if let Some(first) = left.next() {
            (self.id, self.version, self.digest) = (first.id, first.version, first.digest);
            self.others = left.collect();
        }
    }

    /// All that it is for.
    pub(crate) fn all(&self) -> Vec<AsRead> {
        let first = AsRead {
            id: self.id,
            version: self.version,
            digest: self.digest.clone(),
        };
        std::iter::once(first)
            .chain(self.others.iter().cloned())
            .collect()
    }

    /// The order of the fields.
    pub(crate) fn fields(&self) -> Vec<Focus> {
        let mut fields = vec![Focus::Comment];
        fields.extend(self.duration.as_ref().map(|_| Focus::Duration));
        fields.extend(self.start.as_ref().map(|_| Focus::Start));
        fields.extend(self.confirm.as_ref().map(|_| Focus::Confirm));
        fields.extend([Focus::Leave, Focus::Go]);
        fields
    }

    /// The text that is being typed.
    pub(crate) fn input(&mut self) -> Option<&mut Input> {
        match self.focus {
            Focus::Comment => Some(&mut self.comment),
            Focus::Duration => self.duration.as_mut(),
            Focus::Start => self.start.as_mut(),
            Focus::Confirm => self.confirm.as_mut().map(|confirm| &mut confirm.input),
            Focus::Leave | Focus::Go => None,
        }
    }

    /// The length to grant, where it is another one than was asked for.
    pub(crate) fn changed_duration(&self) -> Result<Option<i64>, String> {
        let Some(input) = &self.duration else {
            return Ok(None);
        };
        let seconds: Seconds = input
            .value()
            .parse()
            .map_err(|e: team_shared::duration::InvalidDuration| e.to_string())?;
        Ok(Some(seconds.get()).filter(|seconds| *seconds != self.asked))
    }
}

impl Decide {
    /// The start to grant, where it is another one than was asked for.
    pub(crate) fn changed_start(&self, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, String> {
        match self.start.as_ref().map(|input| input.value().trim()) {
            None | Some("") => Ok(None),
            Some(text) => parse_time(text, now)
                .map(Some)
                .map_err(|_| "not a time to come: tomorrow 9:00, +30m".to_owned()),
        }
    }
}

/// Whether somebody reads why: it cannot be left out.
pub(crate) fn needs_words(verb: &str) -> bool {
    matches!(verb, "reject" | "revoke" | "review" | "extend" | "lost")
}

/// `Approve` for `approve`. What is lost is given up by somebody.
pub(crate) fn capital(verb: &str) -> String {
    let verb = if verb == "lost" { "give up" } else { verb };
    let mut letters = verb.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
