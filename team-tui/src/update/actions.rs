//! Keys on screens and on the sheet of a request.

use super::{activity, attention, policy, why_not};
use crate::access::{Access, AccessKind};
use crate::app::{App, Cursor, Detail, Screen};
use crate::effect::Effect;
use crate::format::Zone;
use crate::keymap::Action;
use crate::modals::{CommandLine, Decide, Form, Modal};
use crate::report::Part;
use team_shared::ids::RequestId;
use tui_input::Input;

/// Rows of a page.
const PAGE: usize = 10;

pub(super) fn on(app: &mut App, action: Action) -> Vec<Effect> {
    if let Some(reason) = why_not(app, action) {
        app.complain(reason);
        return Vec::new();
    }
    match action {
        Action::Go(screen) => return go(app, screen),
        Action::NextScreen => return go(app, neighbour(app.screen, 1)),
        Action::PreviousScreen => return go(app, neighbour(app.screen, Screen::ALL.len() - 1)),
        Action::Up => step(app, |at| at.saturating_sub(1)),
        Action::Down => return on_down(app, |at| at.saturating_add(1)),
        Action::PageUp => step(app, |at| at.saturating_sub(PAGE)),
        Action::PageDown => return on_down(app, |at| at.saturating_add(PAGE)),
        Action::Top => step(app, |_| 0),
        Action::Bottom => return on_down(app, |_| usize::MAX),
        Action::Open if app.screen == Screen::Policy && app.detail.is_none() => return policy::open(app),
        Action::Open if app.screen == Screen::Activity && app.detail.is_none() => return activity::open(app),
        Action::NextPart => return policy::next(app),
        Action::Edit => return policy::edit(app),
        Action::Apply => return policy::apply(app),
        Action::Open if app.on_report() && app.detail.is_none() => super::report::open(app),
        Action::Open => {
            if let Some(id) = app.selected().map(|view| view.id) {
                open(app, id);
            }
        }
        Action::Back => back(app),
        Action::Quit if app.detail.is_some() => app.detail = None,
        Action::Quit if app.screen == Screen::Policy && policy::back(app) => {}
        Action::Quit if activity::back(app) => {}
        Action::Quit => app.quit = true,
        Action::Filter if app.on_report() => app.complain(app.keyed("{open} on a row shows its requests")),
        Action::Filter => app.filtering = true,
        Action::Sort | Action::SortBack if app.on_report() => return super::report::turn(app, action),
        Action::Sort => sort(app, crate::lists::Sort::next),
        Action::SortBack => sort(app, crate::lists::Sort::reversed),
        Action::Mark => mark(app),
        Action::Command => {
            app.modal = Some(Modal::Command(CommandLine::new(super::context(app))));
        }
        Action::LocalTime => {
            app.zone = if app.zone == Zone::Utc {
                Zone::Local
            } else {
                Zone::Utc
            };
        }
        Action::Copy => {
            if let Some(id) = app.selected().map(|view| view.id.to_string()) {
                app.say(format!("copied {id}"));
                return vec![Effect::Copy(id)];
            }
        }
        Action::Resync => return resync(app),
        Action::Approve => decide(app, "approve"),
        Action::Reject => decide(app, "reject"),
        Action::Revoke => decide(app, "revoke"),
        Action::Cancel => decide(app, "cancel"),
        Action::Done => decide(app, "done"),
        Action::Review => {
            decide(app, "review");
            return super::dialogs::begin_review(app);
        }
        Action::Extend => decide(app, "extend"),
        Action::Lost => decide(app, "lost"),
        Action::Use => return super::use_sheet::open(app),
        Action::Claim => return attention::claim(app),
        Action::Freeze => attention::begin_freeze(app),
        Action::New => super::form::begin(app),
        Action::Mouse => {
            app.mouse = !app.mouse;
            app.say(match app.mouse {
                true => "the mouse is ours: wheel, tabs, rows; most terminals select with Shift",
                false => "the mouse is the terminal's",
            });
            return vec![Effect::Mouse(app.mouse)];
        }
        Action::Columns => super::columns::begin(app),
        Action::Zoom => app.zoomed = !app.zoomed,
        Action::CopyMore => {
            let mut line = CommandLine::new(super::context(app));
            line.input = Input::new("copy ".to_owned());
            app.modal = Some(Modal::Command(line));
        }
        Action::Repeat => {
            if let Some(view) = app.selected() {
                app.modal = Some(Modal::Form(Box::new(Form::like(view, app.now))));
            }
        }
        Action::Audit => {
            app.history = app.history.next();
            app.audit_index = 0;
            if app.on_audit() && app.is_live() {
                return vec![Effect::LoadAudit];
            }
            return super::report::load(app);
        }
        Action::Pause => activity::pause(app),
        Action::FollowOne => activity::follow_one(app),
        Action::Bars => app.bars_shown = !app.bars_shown,
        Action::Access => return next_access(app),
        // These have a meaning only in dialogs, or were handled before.
        Action::Help
        | Action::ForceQuit
        | Action::Suspend
        | Action::Submit
        | Action::NextField
        | Action::PreviousField
        | Action::Accept
        | Action::Write
        | Action::Complete => {}
    }
    Vec::new()
}

/// The health, then the lists one after the other, then the health again.
fn next_access(app: &mut App) -> Vec<Effect> {
    app.scroll = 0;
    app.access = match &app.access {
        None => Some(Access::new(AccessKind::Managed)),
        Some(access) => access.kind.next().map(Access::new),
    };
    load_access(app)
}

/// Reads the list that is shown, if one is.
pub(super) fn load_access(app: &App) -> Vec<Effect> {
    match &app.access {
        Some(access) if app.is_live() && app.screen == Screen::Status => {
            vec![Effect::LoadAccess(access.kind)]
        }
        Some(_) | None => Vec::new(),
    }
}

fn neighbour(screen: Screen, step: usize) -> Screen {
    let at = Screen::ALL.iter().position(|other| *other == screen).unwrap_or(0);
    Screen::ALL[(at + step) % Screen::ALL.len()]
}

/// Another screen. The filter belongs to the one that is left.
pub(super) fn go(app: &mut App, screen: Screen) -> Vec<Effect> {
    app.screen_undecided = false;
    app.detail = None;
    app.scroll = 0;
    if app.screen != screen {
        app.access = None;
        app.policy.sheet = None;
        app.feed.sheet = None;
        app.policy.index = 0;
        app.filter = Input::default();
        app.marked.clear();
        app.screen = screen;
    }
    if screen == Screen::Policy {
        return policy::load(app);
    }
    if screen == Screen::Status && app.is_live() {
        vec![Effect::LoadHealth]
    } else {
        Vec::new()
    }
}

/// Opens the sheet of a request, which is read where it is older than what was loaded.
pub(super) fn open(app: &mut App, id: RequestId) {
    if !app.requests.contains_key(&id) {
        app.stale.insert(id);
        app.retry_at = Some(app.now);
    }
    app.detail = Some(Detail { id, scroll: 0 });
}

/// Reads everything again, or tries the daemon at once.
pub(super) fn resync(app: &mut App) -> Vec<Effect> {
    app.tails.clear();
    app.stale_tails.clear();
    app.feed.clear();
    app.timelines.clear();
    if app.is_live() {
        app.loading = true;
        app.say("reading everything again");
        let mut effects = vec![Effect::Load];
        effects.extend(load_access(app));
        if app.screen == Screen::Policy {
            effects.extend(policy::load(app));
        }
        effects
    } else {
        app.say("trying teamd now");
        vec![Effect::Reconnect]
    }
}

fn sort(app: &mut App, to: impl Fn(crate::lists::Sort) -> crate::lists::Sort) {
    if app.on_audit() {
        return;
    }
    let sort = app.sorts.entry(app.screen).or_default();
    *sort = to(*sort);
}

/// Marks the row under the cursor, or takes its mark, and goes on to the next.
fn mark(app: &mut App) {
    if app.on_audit() {
        return;
    }
    if let Some(id) = app.selected().map(|view| view.id) {
        if !app.marked.remove(&id) {
            app.marked.insert(id);
        }
        step(app, |at| at.saturating_add(1));
    }
}

/// Asks about what is marked, where anything is and the verb is open for it; else about the row under the cursor. What
/// takes a confirmation of its own is decided alone.
fn decide(app: &mut App, verb: &'static str) {
    let marked: Vec<_> = app
        .marked_for(verb)
        .into_iter()
        .filter(|view| !(verb == "approve" && (view.guarded || view.break_glass)))
        .collect();
    if app.detail.is_none() && !marked.is_empty() && super::takes_several(verb) {
        let dialog = Decide::for_all(verb, &marked, app.now);
        app.modal = dialog.map(|dialog| Modal::Decide(Box::new(dialog)));
        return;
    }
    if let Some(view) = app.selected() {
        let mut dialog = Decide::new(verb, view, app.now);
        if let Some(comment) = app.comments.get(&(verb, view.id)) {
            dialog.comment = Input::new(comment.clone());
        }
        app.modal = Some(Modal::Decide(Box::new(dialog)));
    }
}

/// One step back, from the nearest thing to the furthest. Never quits.
fn back(app: &mut App) {
    if app.detail.take().is_some() {
        return;
    }
    if app.screen == Screen::Status && app.access.take().is_some() {
        return;
    }
    if app.screen == Screen::Policy && policy::back(app) || activity::back(app) {
        return;
    }
    if app.filter.value().is_empty() && !app.marked.is_empty() {
        app.marked.clear();
    } else if app.filter.value().is_empty() {
        app.toast = None;
    } else {
        app.filter = Input::default();
    }
}

/// Down a list; past the end of one that has older requests, those are read.
fn on_down(app: &mut App, to: impl Fn(usize) -> usize) -> Vec<Effect> {
    let is_list = app.detail.is_none()
        && matches!(app.screen, Screen::Mine | Screen::History)
        && app.history == Part::Requests;
    let before = place(app);
    step(app, to);
    if is_list && before == place(app) {
        return super::pages::past_the_end(app).into_iter().collect();
    }
    Vec::new()
}

/// To a row, and what it holds where one is there already.
pub(super) fn point(app: &mut App, row: usize) -> Vec<Effect> {
    let before = place(app);
    step(app, |_| row);
    if before == place(app) {
        return on(app, Action::Open);
    }
    Vec::new()
}

/// Where the cursor is, as a number that differs from row to row.
fn place(app: &App) -> Option<usize> {
    match app.screen {
        Screen::Activity => super::activity::row(app),
        Screen::Policy => Some(app.policy.index),
        Screen::Status => app.access.as_ref().map(|access| access.index),
        Screen::History if app.on_audit() => Some(app.audit_index),
        Screen::History if app.on_report() => Some(app.report.index),
        Screen::Queue | Screen::Mine | Screen::Sessions | Screen::History => {
            let rows = app.rows(app.screen);
            app.position(app.screen, &rows)
        }
    }
}

fn step(app: &mut App, to: impl Fn(usize) -> usize) {
    if let Some(detail) = &mut app.detail {
        // The view cuts it to what there is.
        detail.scroll = u16::try_from(to(usize::from(detail.scroll)).min(500)).unwrap_or(500);
        return;
    }
    if app.screen == Screen::Policy {
        policy::step(app, to);
        return;
    }
    if app.screen == Screen::Activity {
        activity::step(app, to);
        return;
    }
    if app.screen == Screen::Status
        && let Some(access) = &mut app.access
    {
        let last = access
            .rows
            .as_ref()
            .map_or(0, |rows| rows.len().saturating_sub(1));
        access.index = to(access.index).min(last);
        return;
    }
    if app.screen == Screen::Status {
        app.scroll = u16::try_from(to(usize::from(app.scroll)).min(500)).unwrap_or(500);
        return;
    }
    if app.on_audit() {
        let last = app.audit_rows().len().saturating_sub(1);
        app.audit_index = to(app.audit_index).min(last);
        return;
    }
    if app.on_report() {
        let rows = app.report.report.as_ref().map_or(0, |report| report.items.len());
        app.report.index = to(app.report.index).min(rows.saturating_sub(1));
        return;
    }
    let rows = app.rows(app.screen);
    let Some(at) = app.position(app.screen, &rows) else {
        return;
    };
    let index = to(at).min(rows.len() - 1);
    let cursor = Cursor {
        id: rows.get(index).map(|view| view.id),
        index,
    };
    app.cursors.insert(app.screen, cursor);
}
