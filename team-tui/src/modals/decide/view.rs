//! What the dialog shows: the text that is decided on, what it leads to, whether it changed meanwhile.

use super::super::{buttons, window};
use super::left;
use super::{Decide, Focus, capital, needs_words};
use crate::app::App;
use crate::claim;
use crate::commands::residual_in_words;
use crate::format::{self, wrap};
use crate::glass;
use crate::theme::Theme;
use crate::widgets::field;
use chrono::Duration;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use team_shared::request::RequestView;
use tui_input::Input;

/// Of several requests, so many are named.
const NAMED: usize = 4;

pub(crate) fn draw(frame: &mut Frame, area: Rect, app: &App, dialog: &Decide, theme: Theme) {
    let Some(view) = app.requests.get(&dialog.id) else {
        return;
    };
    let title = match dialog.others.len() {
        0 => format!("{} {}", capital(dialog.verb), dialog.id.short()),
        others => format!("{} {} requests", capital(dialog.verb), others + 1),
    };
    let has_left = !dialog.left_behind.is_empty();
    let height = match &dialog.confirm {
        Some(_) if has_left => left::window_height(view, dialog, app, area),
        Some(_) => 18,
        None => 17,
    };
    let inside = window(frame, area, theme, &title, left::WIDTH, height);
    let width = usize::from(inside.width);
    let box_height = match inside.height {
        0..=12 => 3,
        // The list has the room.
        _ if has_left => 3,
        _ => 4,
    };
    let fields = lines(view, dialog, app);
    let notes = notes(view, dialog, app, inside);
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
    for (style, text) in subject(view, dialog, app, theme, inside) {
        put(frame, Line::styled(text, style), &mut y);
    }
    if has_left {
        let below = usize::from(box_height) + fields.len() + notes.len() + 1;
        let free = usize::from(bottom.saturating_sub(y)).saturating_sub(below + 1);
        let digest = left::digest(view, app, true);
        // A few of the list at least, then the figures, then the rest of the list.
        let list = left::height(dialog, width).min(free.saturating_sub(digest.len()).max(free.min(4)));
        for text in digest.into_iter().take(free - list) {
            put(
                frame,
                Line::styled(format::fit(&text, width), theme.care()),
                &mut y,
            );
        }
        let height = u16::try_from(list + 1).unwrap_or(u16::MAX);
        left::draw(frame, Rect { y, height, ..inside }, app, dialog, theme);
        y += height;
    } else if inside.height > 12 {
        y += 1;
    }
    let label = match dialog.verb {
        "extend" | "lost" => "Reason needed",
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
    for (label, input, focus, note) in fields {
        if y < bottom {
            let area = Rect {
                y,
                height: 1,
                ..inside
            };
            field::line(frame, area, theme, label, input, dialog.focus == focus, &note);
            y += 1;
        }
    }
    for (is_bad, text) in notes {
        let style = if is_bad { theme.bad() } else { theme.dim() };
        put(frame, Line::styled(text, style), &mut y);
    }
    let last = Rect {
        y: bottom.saturating_sub(1),
        height: 1,
        ..inside
    };
    let (leave, go) = (dialog.focus == Focus::Leave, dialog.focus == Focus::Go);
    frame.render_widget(
        buttons(app, theme, &go_label(dialog), (leave, go), dialog.sending),
        last,
    );
}

/// Below the fields: whether it changed meanwhile, and what went wrong.
fn notes(view: &RequestView, dialog: &Decide, app: &App, inside: Rect) -> Vec<(bool, String)> {
    let width = usize::from(inside.width);
    let (is_bad, version) = changes(view, dialog, app);
    let error = dialog.error.as_ref().map(|error| format!("✗ {error}"));
    let mut notes = Vec::new();
    // Where there is little room, that all is as it was gives way.
    let is_crowded = inside.height < 14 && (error.is_some() || !dialog.left_behind.is_empty());
    if is_bad || !is_crowded {
        notes.extend(wrap(&version, width).into_iter().map(|part| (is_bad, part)));
    }
    let error = error.iter().flat_map(|error| wrap(error, width));
    notes.extend(error.map(|part| (true, part)));
    notes
}

/// What is decided on: one request in its own words, or the first few of several.
fn subject(
    view: &RequestView,
    dialog: &Decide,
    app: &App,
    theme: Theme,
    inside: Rect,
) -> Vec<(ratatui::style::Style, String)> {
    let width = usize::from(inside.width);
    let target = |view: &RequestView| {
        format!(
            "{} · {} · {} {}",
            view.requester.user_name, view.permission_set.name, view.account.name, view.account.id
        )
    };
    let mut lines = Vec::new();
    if dialog.others.is_empty() {
        lines.push((theme.strong(), format::fit(&target(view), width)));
        let ticket = view
            .ticket
            .as_ref()
            .map_or_else(String::new, |ticket| format!("  ({ticket})"));
        let reason = wrap(&format!("\"{}\"{ticket}", view.justification), width);
        let shown = match inside.height {
            0..14 => 1,
            14..24 if !dialog.left_behind.is_empty() => 1,
            _ => 3,
        };
        let more = reason.len() > shown;
        for (at, part) in reason.into_iter().take(shown).enumerate() {
            let part = if more && at + 1 == shown {
                format::fit(&format!("{part} …"), width)
            } else {
                part
            };
            lines.push((theme.text(), part));
        }
        if view.break_glass {
            let text = format!("{} {}: nobody had to approve it", glass::SIGN, glass::WORD);
            lines.push((theme.bad(), format::fit(&text, width)));
        }
        let warnings = warnings(view, dialog, app);
        lines.extend(
            warnings
                .into_iter()
                .map(|line| (theme.care(), format::fit(&line, width))),
        );
        return lines;
    }
    let all = dialog.all();
    let (named, warned) = if inside.height < 14 {
        (NAMED / 2, 1)
    } else {
        (NAMED, 3)
    };
    for as_read in all.iter().take(named) {
        if let Some(view) = app.requests.get(&as_read.id) {
            let line = format!(
                "{}{} {} for {}",
                view.id.short(),
                glass::behind(view),
                target(view),
                format::length(view.duration_seconds)
            );
            let style = if view.break_glass {
                theme.bad()
            } else {
                theme.text()
            };
            lines.push((style, format::fit(&line, width)));
        }
    }
    if all.len() > named {
        lines.push((theme.dim(), format!("… and {} more", all.len() - named)));
    }
    let views = all.iter().filter_map(|as_read| app.requests.get(&as_read.id));
    let warnings = warnings_of_several(&views.collect::<Vec<_>>(), dialog, app);
    let shown = warnings.iter().take(warned);
    lines.extend(shown.map(|line| (theme.care(), format::fit(line, width))));
    lines
}

/// The fields of one line: label, what was typed, its focus, what it means.
fn lines<'a>(
    view: &RequestView,
    dialog: &'a Decide,
    app: &App,
) -> Vec<(&'static str, &'a Input, Focus, String)> {
    let mut lines = Vec::new();
    if let Some(input) = &dialog.duration {
        let label = if dialog.verb == "extend" {
            "Extend by"
        } else {
            "Grant for"
        };
        lines.push((label, input, Focus::Duration, granted(view, dialog, app)));
    }
    if let Some(input) = &dialog.start {
        let note = match dialog.changed_start(app.now) {
            Ok(None) => "as it was asked; or: tomorrow 9:00".to_owned(),
            Ok(Some(at)) => format!("from {}", format::short(at, app.zone)),
            Err(error) => error,
        };
        lines.push(("Start at", input, Focus::Start, note));
    }
    if let Some(confirm) = &dialog.confirm {
        let note = match dialog.others.len() {
            _ if confirm.is_typed() => "✓".to_owned(),
            0 if !dialog.left_behind.is_empty() => {
                format!(
                    "type {}: how many are left behind, all of them seen",
                    confirm.word
                )
            }
            0 if dialog.verb == "lost" => format!("type {}: nobody takes it back then", confirm.word),
            0 => format!("guarded: type {} to go on", confirm.word),
            _ => format!("type {}, how many they are, to go on", confirm.word),
        };
        lines.push(("Type", &confirm.input, Focus::Confirm, note));
    }
    lines
}

/// Whether anything has changed since it was opened: bad, and in which words.
fn changes(view: &RequestView, dialog: &Decide, app: &App) -> (bool, String) {
    if dialog.others.is_empty() {
        if view.version == dialog.version {
            let digest: String = dialog.digest.chars().take(8).collect();
            let version = view.version;
            return (
                false,
                format!("Nothing changed since you opened this (v{version}, terms {digest})"),
            );
        }
        let text = format!(
            "! It changed since you opened this (v{} → v{}) and is {}: leave and look again",
            dialog.version, view.version, view.state
        );
        return (true, text);
    }
    let all = dialog.all();
    let is_changed = |read: &&super::AsRead| {
        let now = app.requests.get(&read.id);
        now.is_none_or(|view| view.version != read.version)
    };
    match all.iter().filter(is_changed).count() {
        0 => (false, "Nothing changed since you opened this".to_owned()),
        some => (
            true,
            format!("! {some} of them changed since you opened this: leave and look again"),
        ),
    }
}

fn go_label(dialog: &Decide) -> String {
    let verb = capital(dialog.verb);
    match dialog.changed_duration() {
        _ if !dialog.others.is_empty() => format!("{verb} all {}", dialog.others.len() + 1),
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
        // Another day is said: 19:18 alone would be read as today's.
        (None, _) if seconds >= Duration::hours(20) => {
            format!("ends ~{} if now", format::short(app.now + seconds, app.zone))
        }
        (None, _) => format!("ends ~{} if now", format::minute(app.now + seconds, app.zone)),
    };
    format!("{ends} · {asked}")
}

/// What one would be warned of for each, the worst first: keys that live longest, then each in its turn.
fn warnings_of_several(views: &[&RequestView], dialog: &Decide, app: &App) -> Vec<String> {
    let mut warnings = Vec::new();
    let longest = views
        .iter()
        .max_by_key(|view| view.permission_set.session_duration_seconds);
    if let ("approve", Some(view)) = (dialog.verb, longest) {
        warnings.push(format!("! {}: {}", view.id.short(), residual_in_words(view)));
    }
    for view in views {
        if let Some((who, _)) = claim::holder(view, app.now).filter(|(who, _)| !app.is_me(who)) {
            warnings.push(format!(
                "! {}: {} is looking at it",
                view.id.short(),
                who.user_name
            ));
        }
        if !view.also_held_through.is_empty() {
            warnings.push(format!(
                "! {}: also held through group {}",
                view.id.short(),
                view.also_held_through.join(", ")
            ));
        }
    }
    warnings
}

fn warnings(view: &RequestView, dialog: &Decide, app: &App) -> Vec<String> {
    let mut warnings = Vec::new();
    if let Some((who, _)) = claim::holder(view, app.now).filter(|(who, _)| !app.is_me(who)) {
        warnings.push(format!("! {} is looking at it", who.user_name));
    }
    if dialog.verb == "review" && dialog.left_behind.is_empty() {
        warnings.extend(left::digest(view, app, false));
    }
    if dialog.verb == "lost" {
        warnings.push("! teamd stops trying: the access stays until somebody ends it in AWS".to_owned());
        warnings.push(match &view.given_up {
            Some(first) => format!("! {} gave it up first: {}", first.by.user_name, first.reason),
            None => "! the first of two signatures: another administrator gives the second".to_owned(),
        });
    }
    if dialog.verb == "approve" {
        warnings.push(format!("! {}", residual_in_words(view)));
    }
    if !view.also_held_through.is_empty() {
        warnings.push(format!(
            "! also held through group {}",
            view.also_held_through.join(", ")
        ));
    }
    warnings
}
