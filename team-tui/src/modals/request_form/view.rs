//! How the form looks.

use super::{Field, Form};
use crate::app::App;
use crate::format::{self, fit, wrap};
use crate::glass;
use crate::modals::{buttons, window};
use crate::theme::Theme;
use crate::widgets::{field, rule};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::Clear;

pub(crate) fn draw(frame: &mut Frame, area: Rect, app: &App, form: &Form, theme: Theme) {
    let inside = window(
        frame,
        area,
        theme,
        "New request",
        area.width.min(100),
        area.height.min(30),
    );
    let fields = form.fields(&app.entitlements);
    let roomy = inside.height >= 18;
    let height = |field: &Field| match field {
        Field::Reason if roomy => 4,
        Field::Reason => 3,
        Field::Leave | Field::Go => 0,
        _ => 1,
    };
    let error = form.error.as_ref().map_or_else(Vec::new, |error| {
        let mut lines = wrap(&format!("✗ {error}"), usize::from(inside.width));
        lines.truncate(2);
        lines
    });
    let said = u16::try_from(error.len()).unwrap_or(0);
    // The buttons and what is wrong are always in sight, and so is the field that one types in.
    let foot = inside.bottom().saturating_sub(1 + said);
    let at = fields.iter().position(|field| *field == form.focus).unwrap_or(0);
    let mut first = 0;
    while first < at && inside.y + fields[first..=at].iter().map(height).sum::<u16>() > foot {
        first += 1;
    }
    let mut y = inside.y;
    let mut anchor = y;
    for current in &fields[first..] {
        let height = height(current);
        if height == 0 {
            continue;
        }
        if y + height > foot {
            break;
        }
        let place = Rect { y, height, ..inside };
        draw_field(frame, place, app, form, *current, theme);
        if *current == form.focus {
            anchor = y + 1;
        }
        y += height;
    }
    for part in error {
        let place = Rect {
            y,
            height: 1,
            ..inside
        };
        frame.render_widget(Line::styled(part, theme.bad()), place);
        y += 1;
    }
    if y + 2 < inside.bottom() {
        rule::draw(
            frame,
            Rect {
                y,
                height: 1,
                ..inside
            },
            theme,
            "what will happen",
            "",
        );
        y += 1;
    }
    for (style, text) in outlook(app, form, theme) {
        for part in wrap(&text, usize::from(inside.width)) {
            if y + 1 < inside.bottom() {
                frame.render_widget(
                    Line::styled(part, style),
                    Rect {
                        y,
                        height: 1,
                        ..inside
                    },
                );
                y += 1;
            }
        }
    }
    let last = Rect {
        y: inside.bottom().saturating_sub(1),
        height: 1,
        ..inside
    };
    let (leave, go) = (form.focus == Field::Leave, form.focus == Field::Go);
    frame.render_widget(buttons(app, theme, "Submit", (leave, go), form.sending), last);
    draw_choices(frame, inside, anchor, app, form, theme);
}

fn draw_field(frame: &mut Frame, area: Rect, app: &App, form: &Form, field: Field, theme: Theme) {
    let focus = form.focus == field;
    match field {
        Field::Account => {
            let note = form.chosen_account.as_ref().map_or_else(
                || "type to search".to_owned(),
                |account| format!("✓ {}  {}", account.id, account.ou_path),
            );
            field::line(frame, area, theme, "Account", &form.account, focus, &note);
        }
        Field::Set => {
            let note = if form.chosen_set.is_some() {
                "✓"
            } else {
                "type to search"
            };
            field::line(frame, area, theme, "Permission set", &form.set, focus, note);
        }
        Field::Duration => {
            let note = match (form.duration.value().is_empty(), form.end(app.now)) {
                (true, _) if !form.until.value().is_empty() => "as long as until then".to_owned(),
                (true, _) => "90s, 45m, 2h30m, 3d".to_owned(),
                (false, Some(end)) => format!("ends {}", format::full(end, app.zone)),
                (false, None) => "not a duration: 90s, 45m, 2h30m, 3d".to_owned(),
            };
            field::line(frame, area, theme, "For", &form.duration, focus, &note);
        }
        Field::Until => {
            let note = match form.until(app.now) {
                Ok(None) => "or a fixed end: tomorrow 18:00".to_owned(),
                Ok(Some(at)) => format!("ends {}", format::both(at, app.now, app.zone)),
                Err(error) => error,
            };
            field::line(frame, area, theme, "Until", &form.until, focus, &note);
        }
        Field::Start => {
            let note = match form.start_at(app.now) {
                Ok(None) => "on approval; or: tomorrow 9:00".to_owned(),
                Ok(Some(at)) => format!("at {}", format::both(at, app.now, app.zone)),
                Err(_) => "not a time to come: tomorrow 9:00, +30m".to_owned(),
            };
            field::line(frame, area, theme, "Start", &form.start, focus, &note);
        }
        Field::Ticket => {
            let required = form
                .entitlement(&app.entitlements)
                .is_some_and(|e| e.ticket_required);
            let note = if required { "required" } else { "optional" };
            field::line(frame, area, theme, "Ticket", &form.ticket, focus, note);
        }
        Field::Also => {
            let note = "other accounts, with commas: all or none";
            field::line(frame, area, theme, "Also on", &form.also, focus, note);
        }
        Field::Reason => field::boxed(frame, area, theme, "Why", &form.reason, focus),
        Field::BreakGlass => {
            let mark = if form.break_glass { "[x]" } else { "[ ]" };
            let style = if focus { theme.selected() } else { theme.text() };
            let text = format!(" Break-glass     {mark} space: no approval, but everyone concerned is told");
            frame.render_widget(Line::styled(fit(&text, usize::from(area.width)), style), area);
        }
        Field::Confirm => {
            field::line(
                frame,
                area,
                theme,
                "Account's name",
                &form.confirm,
                focus,
                "guarded or break-glass: type it",
            );
        }
        Field::Leave | Field::Go => {}
    }
}

/// The candidates below the pick that has the focus.
fn draw_choices(frame: &mut Frame, inside: Rect, y: u16, app: &App, form: &Form, theme: Theme) {
    let lines: Vec<String> = match form.focus {
        Field::Account if form.chosen_account.is_none() => form
            .accounts(&app.entitlements)
            .iter()
            .map(|account| format!("{:<24} {}  {}", account.name, account.id, account.ou_path))
            .collect(),
        Field::Set if form.chosen_set.is_none() => form
            .sets(&app.entitlements)
            .iter()
            .map(|set| set.name.clone())
            .collect(),
        _ => return,
    };
    let room = usize::from(inside.bottom().saturating_sub(y + 1)).min(8);
    let height = lines.len().max(1).min(room);
    if height == 0 {
        return;
    }
    let area = Rect {
        x: inside.x + 16.min(inside.width),
        width: inside.width.saturating_sub(16),
        y,
        height: u16::try_from(height).unwrap_or(1),
    };
    frame.render_widget(Clear, area);
    if lines.is_empty() {
        let text = if app.entitlements.is_empty() {
            "no rule lets you ask for anything"
        } else {
            "nothing matches"
        };
        frame.render_widget(Line::styled(text, theme.care()), area);
        return;
    }
    let first = form.choice.saturating_sub(height - 1);
    for (row, (at, text)) in lines.iter().enumerate().skip(first).take(height).enumerate() {
        let marked = at == form.choice;
        let style = if marked { theme.selected() } else { theme.text() };
        let text = fit(
            &format!("{} {text}", if marked { "▸" } else { " " }),
            usize::from(area.width),
        );
        let pad = " ".repeat(
            usize::from(area.width).saturating_sub(unicode_width::UnicodeWidthStr::width(text.as_str())),
        );
        let y = area.y + u16::try_from(row).unwrap_or(0);
        frame.render_widget(Line::styled(text + &pad, style), Rect { y, height: 1, ..area });
    }
}

/// What will happen, as far as the entitlement says.
fn outlook(app: &App, form: &Form, theme: Theme) -> Vec<(Style, String)> {
    if app.entitlements.is_empty() {
        let groups = app
            .me
            .as_ref()
            .map_or_else(String::new, |me| me.groups.join(", "));
        let groups = if groups.is_empty() {
            "none".to_owned()
        } else {
            groups
        };
        return vec![(
            theme.care(),
            format!("✗ No rule lets you ask for anything.  Your groups: {groups}.  Ask an administrator."),
        )];
    }
    let Some(entitlement) = form.entitlement(&app.entitlements) else {
        let text = if form.chosen_account.is_some() && form.chosen_set.is_some() {
            "✗ no rule lets you ask for this"
        } else {
            "Pick an account and a permission set: ↑ ↓ choose, {accept} takes."
        };
        return vec![(theme.dim(), app.keyed(text))];
    };
    let mut lines = Vec::new();
    let ticket = if entitlement.ticket_required {
        ", ticket required"
    } else {
        ""
    };
    let cap = entitlement.max_duration_seconds;
    lines.push((
        theme.good(),
        format!("✓ eligible by rule {} (max {cap}{ticket})", entitlement.rule),
    ));
    if form.length(app.now).is_some_and(|seconds| seconds > cap.get()) {
        lines.push((
            theme.bad(),
            format!("✗ longer than the {cap} that this rule allows"),
        ));
    }
    let names: Vec<&str> = entitlement
        .approvers
        .iter()
        .map(|p| p.user_name.as_str())
        .collect();
    lines.push(if entitlement.approval_required {
        (
            theme.care(),
            format!(
                "● needs {} of: {} (you cannot approve your own)",
                entitlement.quorum,
                names.join(", ")
            ),
        )
    } else {
        (theme.good(), "● needs no approval".to_owned())
    });
    let end = match (
        form.start.value().trim().is_empty(),
        form.seconds(),
        form.end(app.now),
    ) {
        (true, Ok(seconds), _) => format!("● access ends by itself {seconds} after it starts"),
        (_, _, Some(end)) => format!("● access ends by itself at {}", format::full(end, app.zone)),
        _ => "● access ends by itself".to_owned(),
    };
    lines.push((theme.text(), end));
    if let Some(text) = form.residual(app.now) {
        lines.push((theme.care(), format!("! {text}")));
    }
    if form.break_glass {
        lines.push((
            theme.bad(),
            format!(
                "{} {}: those who oversee the target are told at once",
                glass::SIGN,
                glass::WORD
            ),
        ));
    }
    lines
}
