//! What several screens share.

use crate::app::{App, Link, Screen};
use crate::claim;
use crate::commands::request_sheet;
use crate::coverage::Said;
use crate::format::{self, wrap};
use crate::glass;
use crate::keymap::Action;
use crate::lists::Rows;
use crate::residual;
use crate::theme::Theme;
use crate::widgets::table::{self, Column, Row};
use crate::widgets::{rule, sheet};
use chrono::{DateTime, Utc};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::{Block, Borders, Paragraph};
use team_shared::request::RequestView;

/// A list, and beside or below it the sheet of the selected request where there is room.
pub(super) fn split(area: Rect, app: &App) -> (Rect, Option<Rect>) {
    if app.zoomed {
        return (area, None);
    }
    if area.width >= 100 && area.height >= 24 {
        let [list, side] = Layout::horizontal([Constraint::Percentage(65), Constraint::Fill(1)]).areas(area);
        return (list, Some(side));
    }
    if area.height >= 14 {
        let [list, below] = Layout::vertical([Constraint::Fill(1), Constraint::Length(8)]).areas(area);
        return (list, Some(below));
    }
    (area, None)
}

/// The title line of a list: what it holds, and the filter.
pub(super) fn title(frame: &mut Frame, area: Rect, app: &App, theme: Theme, title: &str, note: &str) -> Rect {
    let filter = app.filter.value();
    let title = if app.filtering {
        format!("{title} · filter: {filter}█")
    } else if filter.is_empty() {
        title.to_owned()
    } else {
        let back = app.key(Action::Back);
        format!("{title} · filter: {filter} ({back} clears)")
    };
    rule::draw(frame, Rect { height: 1, ..area }, theme, &title, note);
    Rect {
        y: area.y + 1,
        height: area.height.saturating_sub(1),
        ..area
    }
}

/// A list with a cursor, which the mouse can point at.
pub(super) fn list(
    frame: &mut Frame,
    area: Rect,
    app: &App,
    theme: Theme,
    columns: &[Column],
    rows: &[Row],
    at: usize,
) {
    let first = table::draw(frame, area, theme, columns, rows, Some(at));
    app.drawn.list_is(area, first);
}

/// What the events below cover, in one line; what is left below it.
pub(super) fn covered(frame: &mut Frame, area: Rect, said: &Said, theme: Theme) -> Rect {
    if area.height == 0 {
        return area;
    }
    let style = if said.is_bad { theme.care() } else { theme.dim() };
    let text = said.within(usize::from(area.width).saturating_sub(2));
    frame.render_widget(
        Line::styled(format!(" {text}"), style),
        Rect { height: 1, ..area },
    );
    Rect {
        y: area.y + 1,
        height: area.height - 1,
        ..area
    }
}

/// Words where a list would be.
pub(super) fn empty(frame: &mut Frame, area: Rect, app: &App, theme: Theme, text: &str) {
    let text = match (&app.link, app.loaded, app.filter.value()) {
        (Link::Lost { .. }, false, _) => {
            app.keyed("Nothing to show before teamd answers.  {resync} tries again now")
        }
        (_, false, _) => "loading…".to_owned(),
        (_, true, "") => text.to_owned(),
        (_, true, filter) => {
            let back = app.key(Action::Back);
            format!("Nothing matches {filter:?}.  {back} clears the filter")
        }
    };
    let area = Rect {
        x: area.x + 1,
        y: area.y + 1.min(area.height),
        width: area.width.saturating_sub(2),
        height: area.height.saturating_sub(1),
    };
    let lines: Vec<Line> = wrap(&text, usize::from(area.width))
        .into_iter()
        .map(Line::from)
        .collect();
    frame.render_widget(Paragraph::new(lines).style(theme.text()), area);
}

/// The selected request in short, below the list, or in full beside it.
pub(super) fn preview(frame: &mut Frame, area: Rect, app: &App, theme: Theme) {
    let Some(view) = app.selected() else { return };
    let beside = area.x > 0;
    let inside = if beside {
        let block = Block::new().borders(Borders::LEFT).border_style(theme.dim());
        let inside = block.inner(area);
        frame.render_widget(block, area);
        inside
    } else {
        area
    };
    rule::draw(
        frame,
        Rect { height: 1, ..inside },
        theme,
        &view.id.short(),
        &app.keyed("{open} full detail"),
    );
    let body = Rect {
        y: inside.y + 1,
        height: inside.height.saturating_sub(1),
        ..inside
    };
    let rows = if beside {
        request_sheet(view, app.now, app.zone)
    } else {
        brief(view, app)
    };
    let lines = sheet::lines(&rows, usize::from(body.width), theme);
    let body = if beside {
        let past = past(view, app, usize::from(body.width), theme);
        let height = u16::try_from(past.len()).unwrap_or(0).min(body.height / 3);
        let [sheet, foot] = Layout::vertical([Constraint::Fill(1), Constraint::Length(height)]).areas(body);
        frame.render_widget(Paragraph::new(past), foot);
        sheet
    } else {
        body
    };
    frame.render_widget(Paragraph::new(lines), body);
}

/// What the same person had or asked for in the same account: what an approver would look for.
fn past(view: &RequestView, app: &App, width: usize, theme: Theme) -> Vec<Line<'static>> {
    const MOST: usize = 5;
    let past = app.past_of(view);
    let title = format!(" {} on {} before", view.requester.user_name, view.account.name);
    let mut lines = vec![Line::styled(format::fit(&title, width), theme.strong())];
    if past.is_empty() {
        let text = match app.requests.values().next() {
            Some(oldest) if app.pages.has_more() => {
                format!(" nothing since {}", format::short(oldest.created_at, app.zone))
            }
            _ => " nothing".to_owned(),
        };
        lines.push(Line::styled(text, theme.dim()));
    }
    for other in past.iter().take(MOST) {
        let text = format!(
            " {}  {}  {}  {}{}",
            format::short(other.created_at, app.zone),
            other.permission_set.name,
            format::length(other.duration_seconds),
            other.state,
            glass::behind(other)
        );
        let style = style(other, theme);
        lines.push(Line::styled(format::fit(&text, width), style));
    }
    if past.len() > MOST {
        lines.push(Line::styled(
            format!(
                " and {} more: / who:{}",
                past.len() - MOST,
                view.requester.user_name
            ),
            theme.dim(),
        ));
    }
    lines
}

/// What one needs to decide, in seven lines.
fn brief(view: &RequestView, app: &App) -> Vec<(&'static str, String)> {
    let verb = if view.state.is_terminal() { "asked" } else { "asks" };
    let start = view.start_at.map_or_else(
        || "on approval".to_owned(),
        |at| format::both(at, app.now, app.zone),
    );
    let mut rows = Vec::new();
    if view.break_glass {
        rows.push((glass::WORD, "nobody had to approve it".to_owned()));
    }
    rows.extend([
        (
            "Who",
            format!(
                "{} {verb} for {} on {} ({}) for {}",
                view.requester.user_name,
                view.permission_set.name,
                view.account.name,
                view.account.id,
                format::length(view.duration_seconds)
            ),
        ),
        ("Why", view.justification.clone()),
    ]);
    let ticket = view
        .ticket
        .as_ref()
        .map_or_else(String::new, |t| format!("   ticket {t}"));
    rows.push(("Start", format!("{start}{ticket}")));
    if let Some(who) = claim::words(view, app.now, |until| format::minute(until, app.zone)) {
        rows.push(("Looks", who));
    }
    if view.review.needed && view.state.is_terminal() {
        rows.push(("Review", app.keyed("needed: {review} closes it")));
    }
    if let Some(waiting) = &view.waiting_for {
        rows.push(("Waits", format!("for {}", waiting.detail)));
    }
    if let Some(error) = view.grant.as_ref().and_then(|grant| grant.last_error.clone()) {
        rows.push(("! AWS", error));
    }
    if let Some(ended) = &view.ended {
        rows.push((
            "Over",
            format!("{}, {}", ended.reason, format::both(ended.at, app.now, app.zone)),
        ));
        let keys = residual::words(ended, app.now, |at| format::short(at, app.zone));
        let is_live = residual::until(view, app.now).is_some();
        rows.extend(keys.map(|keys| (if is_live { "! Keys" } else { "Keys" }, keys)));
        let held = residual::held(ended, |at| format::short(at, app.zone));
        rows.extend(held.map(|held| ("Held", held)));
    }
    if let Some(used) = view.activity.as_ref().and_then(crate::digest::in_short) {
        rows.push(("Used", used));
    }
    if let Some(rule) = &view.rule {
        rows.push(("Rule", rule.clone()));
    }
    rows
}

/// `1/2`: votes of the demand that lacks most.
pub(super) fn votes(view: &RequestView) -> String {
    view.approval
        .demands
        .iter()
        .max_by_key(|demand| u64::from(demand.quorum).saturating_sub(demand.votes.len() as u64))
        .map_or_else(
            || "auto".to_owned(),
            |demand| format!("{}/{}", demand.votes.len(), demand.quorum),
        )
}

/// Who looks at it, for the row.
pub(super) fn claimed(view: &RequestView, app: &App) -> String {
    claim::holder(view, app.now).map_or_else(String::new, |(who, _)| who.user_name.clone())
}

/// The sign before a row of a list: that it is marked, else what it is.
pub(super) fn row_sign(app: &App, view: &RequestView) -> String {
    let sign = match app.marked.contains(&view.id) {
        true if glass::is_open(view) => glass::MARKED,
        true => "■",
        false => sign(view),
    };
    sign.to_owned()
}

/// The style of a row that has no other reason: its state, or that glass was broken.
pub(super) fn style(view: &RequestView, theme: Theme) -> Style {
    if glass::is_open(view) {
        theme.bad()
    } else {
        theme.state(view.state)
    }
}

/// The same for a list of what is over as well: keys that may still live are no past.
pub(super) fn style_at(view: &RequestView, now: DateTime<Utc>, theme: Theme) -> Style {
    match residual::until(view, now) {
        Some(_) if !glass::is_open(view) => theme.care(),
        _ => style(view, theme),
    }
}

/// The order of a list, and how many rows are marked, for its title.
pub(super) fn note(app: &App, screen: Screen, usual: &str) -> String {
    let sort = app.sorts.get(&screen).copied().unwrap_or_default().words(usual);
    match app.marked.len() {
        0 => sort,
        marked => format!("{marked} marked · {sort}"),
    }
}

/// The sign before a row: what cares, what runs, what waits.
pub(super) fn sign(view: &RequestView) -> &'static str {
    use team_shared::state::RequestState as S;
    match view.state {
        _ if glass::is_open(view) => glass::SIGN,
        S::Pending if App::may_decide(view) => "!",
        S::Active => "●",
        S::Pending | S::Scheduled | S::Activating | S::Ending => "○",
        _ if view.review.needed && view.state.is_terminal() => "?",
        S::Ended => "✓",
        S::Failed | S::Lost => "!",
        S::Revoked | S::Rejected | S::Cancelled | S::Expired | S::Withdrawn => "✗",
    }
}

/// `3 of 5` where a filter hides some; `5+` where older ones were not read yet.
pub(super) fn shown_of(app: &App, rows: &Rows<'_>) -> String {
    let more = if app.pages.has_more() { "+" } else { "" };
    if rows.len() == rows.total {
        format!("{}{more}", rows.total)
    } else {
        format!("{} of {}{more}", rows.len(), rows.total)
    }
}
