//! The policy: what one can ask for, and for those who may read it its rules, settings and history.

#[cfg(test)]
mod tests;

use super::parts;
use crate::app::App;
use crate::format;
use crate::policy::{Part, Policy, Sheet, approval};
use crate::theme::Theme;
use crate::widgets::table::{Column, Row, fixed, growing};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

pub(super) fn draw(frame: &mut Frame, area: Rect, app: &App, theme: Theme) {
    if let Some(sheet) = &app.policy.sheet {
        draw_sheet(frame, area, app, sheet, theme);
        return;
    }
    match app.policy.part {
        Part::Mine => draw_mine(frame, area, app, theme),
        Part::Rules => draw_rules(frame, area, app, theme),
        Part::Settings => draw_settings(frame, area, app, theme),
        Part::History => draw_history(frame, area, app, theme),
    }
}

fn draw_sheet(frame: &mut Frame, area: Rect, app: &App, sheet: &Sheet, theme: Theme) {
    let body = parts::title(frame, area, app, theme, &sheet.title(), &app.keyed("{back} back"));
    let width = usize::from(body.width).saturating_sub(2);
    let lines: Vec<Line> = sheet
        .lines(&app.keys)
        .iter()
        .flat_map(|line| wrapped(line, width))
        .map(|line| {
            let style = match line.trim_start().chars().next() {
                Some('!') => theme.care(),
                Some('#') => theme.dim(),
                _ => theme.text(),
            };
            Line::styled(format!(" {line}"), style)
        })
        .collect();
    let most = u16::try_from(lines.len())
        .unwrap_or(u16::MAX)
        .saturating_sub(body.height);
    frame.render_widget(
        Paragraph::new(lines).scroll((app.policy.scroll.min(most), 0)),
        body,
    );
}

/// Long lines go on below, as far in as they began.
fn wrapped(line: &str, width: usize) -> Vec<String> {
    let indent: String = line.chars().take_while(|c| *c == ' ').collect();
    let text = line.trim_start();
    if text.is_empty() {
        return vec![String::new()];
    }
    let room = width.saturating_sub(indent.len()).max(20);
    format::wrap(&team_shared::text::inert(text), room)
        .into_iter()
        .map(|part| format!("{indent}{part}"))
        .collect()
}

fn draw_mine(frame: &mut Frame, area: Rect, app: &App, theme: Theme) {
    let rows = app.policy_rows();
    let title = format!("what you can ask for: {}", rows.len());
    let note = if app.reads_policy() {
        "{policy_part} rules"
    } else {
        ""
    };
    let note = app.keyed(note);
    let body = parts::title(frame, area, app, theme, &title, &note);
    if rows.is_empty() {
        let text = app.keyed("No rule lets you ask for anything.  {open} says why");
        parts::empty(frame, body, app, theme, &text);
        return;
    }
    let columns = [
        growing("ACCOUNT", 12),
        growing("PERMISSION SET", 19),
        fixed("UP TO", 6),
        growing("APPROVAL", 14),
        growing("RULE", 8),
    ];
    let cells: Vec<Row> = rows
        .iter()
        .filter_map(|at| app.entitlements.get(*at))
        .map(|one| Row {
            cells: vec![
                one.account.name.clone(),
                one.permission_set.name.clone(),
                format::length(one.max_duration_seconds.get()),
                approval(one),
                one.rule.clone(),
            ],
            style: theme.text(),
        })
        .collect();
    parts::list(frame, body, app, theme, &columns, &cells, app.policy.index);
}

fn draw_rules(frame: &mut Frame, area: Rect, app: &App, theme: Theme) {
    let rows = app.policy_rows();
    let version = app.policy.rules.as_ref().map_or(0, |rules| rules.version);
    let title = format!("policy version {version}: {} rules", rows.len());
    let body = parts::title(frame, area, app, theme, &title, "v settings");
    let Some(rules) = &app.policy.rules else {
        parts::empty(frame, body, app, theme, "reading…");
        return;
    };
    if rules.version == 0 {
        parts::empty(
            frame,
            body,
            app,
            theme,
            "No policy; as root: team-tui policy apply FILE",
        );
        return;
    }
    if rows.is_empty() {
        parts::empty(
            frame,
            body,
            app,
            theme,
            "The policy has no rules: nobody may ask for anything",
        );
        return;
    }
    let columns: [Column; 7] = [
        fixed("KIND", 11),
        growing("ID", 12),
        growing("WHO", 12),
        growing("ACCOUNTS", 10),
        growing("SETS", 10),
        fixed("UP TO", 5),
        fixed("APPROVAL", 11),
    ];
    let cells: Vec<Row> = rows
        .iter()
        .filter_map(|at| rules.rules.get(*at))
        .map(|rule| Row {
            cells: vec![
                rule.kind.clone(),
                rule.id.clone(),
                format!("{} {}", rule.people_count, rule.who.join(" ")),
                format!("{} {}", rule.account_count, rule.accounts.join(" ")),
                format!("{} {}", rule.permission_set_count, rule.permission_sets.join(" ")),
                rule.max_duration_seconds.map_or_else(String::new, format::length),
                rule.approval.clone(),
            ],
            style: if rule.warnings.is_empty() {
                theme.text()
            } else {
                theme.care()
            },
        })
        .collect();
    parts::list(frame, body, app, theme, &columns, &cells, app.policy.index);
}

fn draw_settings(frame: &mut Frame, area: Rect, app: &App, theme: Theme) {
    let body = parts::title(frame, area, app, theme, "settings and roles", "v history");
    let Some(rules) = &app.policy.rules else {
        parts::empty(frame, body, app, theme, "reading…");
        return;
    };
    let columns = [growing("KEY", 24), growing("VALUE", 30), fixed("", 8)];
    let cells: Vec<Row> = app
        .policy_rows()
        .iter()
        .filter_map(|at| rules.settings.get(*at))
        .map(|one| Row {
            cells: vec![
                one.key.clone(),
                if one.value.is_empty() {
                    "(none)"
                } else {
                    &one.value
                }
                .to_owned(),
                if one.is_default { "default" } else { "" }.to_owned(),
            ],
            style: if one.is_default { theme.dim() } else { theme.text() },
        })
        .collect();
    parts::list(frame, body, app, theme, &columns, &cells, app.policy.index);
}

fn draw_history(frame: &mut Frame, area: Rect, app: &App, theme: Theme) {
    let body = parts::title(
        frame,
        area,
        app,
        theme,
        "policy history",
        "v what you can ask for",
    );
    let Policy {
        history: Some(history),
        ..
    } = &app.policy
    else {
        parts::empty(frame, body, app, theme, "reading…");
        return;
    };
    if history.is_empty() {
        parts::empty(
            frame,
            body,
            app,
            theme,
            "No policy; as root: team-tui policy apply FILE",
        );
        return;
    }
    let columns = [
        fixed("VERSION", 7),
        fixed("APPLIED", 12),
        growing("BY", 10),
        fixed("LINES", 9),
        growing("NOTE", 20),
    ];
    let cells: Vec<Row> = app
        .policy_rows()
        .iter()
        .filter_map(|at| history.get(*at))
        .map(|one| {
            let by = match &one.confirmed_by {
                Some(second) => format!("{} and {second}", one.applied_by),
                None => one.applied_by.clone(),
            };
            let notes = [
                one.current.then(|| "in force".to_owned()),
                one.rolled_back_to.map(|to| format!("as version {to}")),
                one.force_reason.as_ref().map(|why| format!("forced: {why}")),
            ];
            Row {
                cells: vec![
                    one.version.to_string(),
                    format::short(one.applied_at, app.zone),
                    by,
                    one.change.clone(),
                    notes.into_iter().flatten().collect::<Vec<_>>().join(", "),
                ],
                style: theme.text(),
            }
        })
        .collect();
    parts::list(frame, body, app, theme, &columns, &cells, app.policy.index);
}
