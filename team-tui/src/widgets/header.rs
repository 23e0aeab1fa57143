//! The top: who one is, how one stands with the daemon, the time; tabs; banners.

use crate::app::{App, Link, Screen};
use crate::client::api::Health;
use crate::commands::removals;
use crate::format::{self, fit};
use crate::keymap::Action;
use crate::theme::Theme;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

/// So many removals at a time are news: AWS takes a while for them.
const MANY: u64 = 20;

/// Two ends of a line with blanks between; the left one gives way.
fn ends(width: usize, left: &str, right: Vec<Span<'static>>, theme: Theme) -> Line<'static> {
    let taken: usize = right.iter().map(|span| span.content.width()).sum();
    let left = fit(left, width.saturating_sub(taken + 1));
    let pad = width.saturating_sub(left.width() + taken);
    let mut spans = vec![Span::styled(left, theme.strong()), Span::raw(" ".repeat(pad))];
    spans.extend(right);
    Line::from(spans)
}

pub(crate) fn draw_identity(frame: &mut Frame, area: Rect, app: &App, theme: Theme) {
    let who = match &app.me {
        None => String::new(),
        Some(me) => {
            let name = match (&me.person, me.uid) {
                (Some(person), _) => person.user_name.clone(),
                (None, 0) => "operator (root)".to_owned(),
                (None, _) => format!(
                    "{}: not known to Identity Center",
                    me.login.as_deref().unwrap_or("?")
                ),
            };
            format!("{name}  {}", me.roles.join(","))
        }
    };
    let link = match &app.link {
        Link::Live => Span::styled("● live", theme.good()),
        Link::Connecting => Span::styled("○ connecting", theme.care()),
        Link::Lost { .. } => Span::styled("○ away", theme.bad()),
    };
    let right = vec![
        link,
        Span::raw(format!("   {} ", format::minute(app.now, app.zone))),
    ];
    frame.render_widget(
        ends(usize::from(area.width), &format!(" team  {who}"), right, theme),
        area,
    );
}

pub(crate) fn draw_tabs(frame: &mut Frame, area: Rect, app: &App, theme: Theme) {
    let mut texts: Vec<String> = Vec::new();
    for (at, screen) in Screen::ALL.into_iter().enumerate() {
        let count = match screen {
            Screen::Queue | Screen::Mine | Screen::Sessions if app.loaded => {
                format!(" {}", count(app, screen))
            }
            _ => String::new(),
        };
        texts.push(format!("{} {}{count}", at + 1, screen.name()));
    }
    // Where there is no room for air, there is none.
    let needed: usize = texts.iter().map(|text| text.width() + 3).sum();
    let gap = if needed < usize::from(area.width) { " " } else { "" };
    let mut spans: Vec<Span<'_>> = Vec::new();
    let mut x = area.x + 1;
    for (text, screen) in texts.into_iter().zip(Screen::ALL) {
        let width = u16::try_from(text.width() + 2).unwrap_or(u16::MAX);
        app.drawn.tab_is(Rect { x, width, ..area }, screen);
        x = x.saturating_add(width + u16::try_from(gap.len()).unwrap_or(0));
        spans.push(if screen == app.screen {
            Span::styled(format!("[{text}]{gap}"), theme.strong())
        } else {
            Span::styled(format!(" {text} {gap}"), theme.dim())
        });
    }
    let right = app.keyed("{help} help  {command} cmd ");
    let taken: usize = spans.iter().map(|span| span.content.width()).sum();
    let pad = usize::from(area.width).saturating_sub(taken + right.width() + 1);
    if pad > 0 {
        spans.push(Span::raw(" ".repeat(pad)));
        spans.push(Span::styled(right, theme.dim()));
    }
    spans.insert(0, Span::raw(" "));
    frame.render_widget(Line::from(spans), area);
}

/// One's own open ones on Mine: those that are over ask for nothing.
fn count(app: &App, screen: Screen) -> usize {
    let rows = app.rows(screen);
    if screen == Screen::Mine {
        rows.open
    } else {
        rows.total
    }
}

/// What everybody should know before anything else, most urgent first.
pub(crate) fn banners(app: &App) -> Vec<(bool, String)> {
    let mut banners = Vec::new();
    if let Link::Lost { since, why, retry_at } = &app.link {
        // What was read at the moment it went away needs no second time on a narrow screen.
        let shown = app
            .fresh_at
            .map(|at| format::clock(at, app.zone))
            .filter(|at| *at != format::clock(*since, app.zone))
            .map_or_else(String::new, |at| format!("  Showing {at}."));
        banners.push((
            true,
            format!(
                "○ teamd is away since {}.  Retry {}, {} now.{shown}  ({why})",
                format::clock(*since, app.zone),
                format::relative(*retry_at, app.now),
                app.key(Action::Resync)
            ),
        ));
    }
    let own = env!("CARGO_PKG_VERSION");
    if let Some(other) = app
        .me
        .as_ref()
        .map(|me| &me.daemon_version)
        .filter(|other| *other != own)
    {
        banners.push((
            false,
            format!("! teamd is {other} and this dashboard {own}: leave it and open it again"),
        ));
    }
    if let Some(me) = &app.me {
        banners.extend(me.notices.iter().map(|notice| (false, format!("! {notice}"))));
    }
    if let Some(health) = &app.health {
        let short = health.short();
        banners.extend(short.problems.iter().map(|p| (true, format!("! {p}"))));
        // What everybody is told is told once.
        let told: Vec<String> = banners.iter().map(|(_, text)| text.clone()).collect();
        let notices = short.notices.iter().map(|notice| format!("! {notice}"));
        banners.extend(
            notices
                .filter(|text| !told.contains(text))
                .map(|text| (true, text)),
        );
        if let Health::Full(status) = health
            && status.removals.due >= MANY
        {
            let text = removals(&status.removals, app.zone).unwrap_or_default();
            banners.push((false, format!("! access is being taken back: {text}")));
        }
    }
    if app.demo.is_some() {
        let who = app
            .acting_as
            .as_deref()
            .map_or_else(String::new, |name| format!("  (you are {name})"));
        banners.push((
            false,
            format!("demo: :as NAME switches person · :chaos kills the daemon{who}"),
        ));
    }
    banners
}
