//! Approve, reject, revoke, cancel, done, extend, review: shows the text that is decided on, at the version it was read.

use super::{buttons, window};
use crate::app::App;
use crate::commands::{parse_time, residual};
use crate::digest::Digest;
use crate::format::{self, wrap};
use crate::theme::Theme;
use crate::widgets::field;
use chrono::{DateTime, Duration, Utc};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
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
    Leave,
    Go,
}

/// The dialog's state.
#[derive(Debug, Clone)]
pub(crate) struct Decide {
    pub(crate) verb: &'static str,
    pub(crate) id: RequestId,
    pub(crate) version: u64,
    pub(crate) digest: String,
    pub(crate) comment: Input,
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
            comment: Input::default(),
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

    /// The order of the fields.
    pub(crate) fn fields(&self) -> Vec<Focus> {
        let mut fields = vec![Focus::Comment];
        fields.extend(self.duration.as_ref().map(|_| Focus::Duration));
        fields.extend(self.start.as_ref().map(|_| Focus::Start));
        fields.extend([Focus::Leave, Focus::Go]);
        fields
    }

    /// The text that is being typed.
    pub(crate) fn input(&mut self) -> Option<&mut Input> {
        match self.focus {
            Focus::Comment => Some(&mut self.comment),
            Focus::Duration => self.duration.as_mut(),
            Focus::Start => self.start.as_mut(),
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
    matches!(verb, "reject" | "revoke" | "review" | "extend")
}

/// `Approve` for `approve`.
pub(crate) fn capital(verb: &str) -> String {
    let mut letters = verb.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

pub(crate) fn draw(frame: &mut Frame, area: Rect, app: &App, dialog: &Decide, theme: Theme) {
    let Some(view) = app.requests.get(&dialog.id) else {
        return;
    };
    let inside = window(
        frame,
        area,
        theme,
        &format!("{} {}", capital(dialog.verb), dialog.id.short()),
        76,
        17,
    );
    let width = usize::from(inside.width);
    let mut y = inside.y;
    let bottom = inside.bottom();
    let put = |frame: &mut Frame, line: Line<'static>, y: &mut u16| {
        if *y + 1 < bottom {
            frame.render_widget(
                line,
                Rect {
                    y: *y,
                    height: 1,
                    ..inside
                },
            );
            *y += 1;
        }
    };
    let who = format!(
        "{} · {} · {} {}",
        view.requester.user_name, view.permission_set.name, view.account.name, view.account.id
    );
    put(
        frame,
        Line::styled(format::fit(&who, width), theme.strong()),
        &mut y,
    );
    let ticket = view
        .ticket
        .as_ref()
        .map_or_else(String::new, |ticket| format!("  ({ticket})"));
    let reason = wrap(&format!("\"{}\"{ticket}", view.justification), width);
    let shown = if inside.height < 14 { 1 } else { 3 };
    let more = reason.len() > shown;
    for (at, part) in reason.into_iter().take(shown).enumerate() {
        let part = if more && at + 1 == shown {
            format::fit(&format!("{part} …"), width)
        } else {
            part
        };
        put(frame, Line::from(part), &mut y);
    }
    for warning in warnings(view, dialog, app) {
        put(
            frame,
            Line::styled(format::fit(&warning, width), theme.care()),
            &mut y,
        );
    }
    if inside.height > 12 {
        y += 1;
    }
    let box_height = if inside.height > 12 { 4 } else { 3 };
    let label = match dialog.verb {
        "extend" => "Reason needed",
        verb if needs_words(verb) => "Comment needed",
        _ => "Comment",
    };
    let area = Rect {
        y,
        height: box_height.min(bottom.saturating_sub(y)),
        ..inside
    };
    field::boxed(
        frame,
        area,
        theme,
        label,
        &dialog.comment,
        dialog.focus == Focus::Comment,
    );
    y += box_height;
    if let Some(input) = &dialog.duration
        && y < bottom
    {
        let note = granted(view, dialog, app);
        let area = Rect {
            y,
            height: 1,
            ..inside
        };
        field::line(
            frame,
            area,
            theme,
            if dialog.verb == "extend" {
                "Extend by"
            } else {
                "Grant for"
            },
            input,
            dialog.focus == Focus::Duration,
            &note,
        );
        y += 1;
    }
    if let Some(input) = &dialog.start
        && y < bottom
    {
        let note = match dialog.changed_start(app.now) {
            Ok(None) => "as it was asked; or: tomorrow 9:00".to_owned(),
            Ok(Some(at)) => format!("from {}", format::short(at, app.zone)),
            Err(error) => error,
        };
        let area = Rect {
            y,
            height: 1,
            ..inside
        };
        let focus = dialog.focus == Focus::Start;
        field::line(frame, area, theme, "Start at", input, focus, &note);
        y += 1;
    }
    let (style, version) = if view.version == dialog.version {
        (
            theme.dim(),
            format!("Nothing changed since you opened this (v{})", view.version),
        )
    } else {
        let text = format!(
            "! It changed since you opened this (v{} → v{}) and is {}: leave and look again",
            dialog.version, view.version, view.state
        );
        (theme.bad(), text)
    };
    for part in wrap(&version, width) {
        put(frame, Line::styled(part, style), &mut y);
    }
    if let Some(error) = &dialog.error {
        for part in wrap(&format!("✗ {error}"), width) {
            put(frame, Line::styled(part, theme.bad()), &mut y);
        }
    }
    let last = Rect {
        y: bottom.saturating_sub(1),
        height: 1,
        ..inside
    };
    let (leave, go) = (dialog.focus == Focus::Leave, dialog.focus == Focus::Go);
    frame.render_widget(buttons(theme, &go_label(dialog), leave, go, dialog.sending), last);
}

fn go_label(dialog: &Decide) -> String {
    let verb = capital(dialog.verb);
    match dialog.changed_duration() {
        Ok(Some(seconds)) => format!("{verb} for {}", format::length(seconds)),
        _ if dialog.verb == "cancel" => "Cancel the request".to_owned(),
        _ => verb,
    }
}

/// What the length means in time, beside the field.
fn granted(view: &RequestView, dialog: &Decide, app: &App) -> String {
    let asked = format!("asked {}", format::length(dialog.asked));
    let Ok(changed) = dialog.changed_duration() else {
        return format!("not a duration · {asked}");
    };
    let seconds = Duration::seconds(changed.unwrap_or(dialog.asked));
    if let ("extend", Some(end)) = (dialog.verb, view.end_at) {
        return format!("until {}, decided anew", format::short(end + seconds, app.zone));
    }
    if let Ok(Some(start)) = dialog.changed_start(app.now) {
        return format!("ends {} · {asked}", format::short(start + seconds, app.zone));
    }
    let ends = match (view.start_at, view.end_at) {
        (_, Some(end)) if changed.is_none() => format!("ends {}", format::short(end, app.zone)),
        (Some(start), _) => format!("ends {}", format::short(start + seconds, app.zone)),
        (None, _) => format!("ends ~{} if now", format::minute(app.now + seconds, app.zone)),
    };
    format!("{ends} · {asked}")
}

fn warnings(view: &RequestView, dialog: &Decide, app: &App) -> Vec<String> {
    let mut warnings = Vec::new();
    if let Some(who) = view.claimed_by.as_ref().filter(|who| !app.is_me(who)) {
        warnings.push(format!("! {} is looking at it", who.user_name));
    }
    if dialog.verb == "review" {
        match app.tails.get(&view.id) {
            Some(tail) => warnings.extend(
                Digest::of(&tail.items)
                    .lines(app.zone)
                    .into_iter()
                    .map(|(label, text)| format!("{label} {text}")),
            ),
            None => warnings.push("reading what was done with it…".to_owned()),
        }
    }
    if dialog.verb == "approve" {
        warnings.push(format!("! {}", residual(view)));
    }
    if view.break_glass {
        warnings.push("! break-glass".to_owned());
    }
    if !view.also_held_through.is_empty() {
        warnings.push(format!(
            "! also held through group {}",
            view.also_held_through.join(", ")
        ));
    }
    warnings
}
