//! What a message does to the app. Pure: no clock, no I/O; what must happen outside is returned.
//!
//! * [`data`] answers and events · [`pages`] the history, page by page
//! * [`actions`] keys on screens · [`dialogs`], [`form`], [`command`] keys in dialogs · [`mouse`] the mouse

mod actions;
mod activity;
mod alerts;
mod answers;
mod attention;
mod columns;
mod command;
pub(crate) mod copy;
mod data;
mod dialogs;
mod form;
mod mouse;
pub(crate) mod pages;
mod policy;
mod report;
#[cfg(test)]
mod tests;
mod use_sheet;

use crate::app::{App, Link, Screen, may};
use crate::client::api::Health;
use crate::effect::Effect;
use crate::keymap::{Action, Context};
use crate::message::Message;
use crate::modals::Modal;
use crossterm::event::{Event as TerminalEvent, KeyEvent};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

/// Changes the app as the message says, and names what to do outside.
pub(crate) fn update(app: &mut App, message: Message) -> Vec<Effect> {
    let mut effects = match message {
        Message::Key(key) => on_key(app, &key),
        Message::Mouse(event) => mouse::on(app, event),
        Message::Paste(text) => {
            on_paste(app, &text);
            Vec::new()
        }
        Message::Written(text) => {
            on_written(app, &text);
            Vec::new()
        }
        Message::Tick(now) => {
            app.now = now;
            data::retry(app)
        }
        other => data::on(app, other),
    };
    effects.extend(needed(app));
    effects
}

/// What the screen shows and nobody has read yet.
fn needed(app: &mut App) -> Vec<Effect> {
    let mut effects = Vec::new();
    if !app.is_live() {
        return effects;
    }
    if app.screen == Screen::Sessions
        && let Some(id) = app.selected().map(|view| view.id)
        && !app.tails.contains_key(&id)
    {
        app.tails.insert(id, crate::app::Tail::default());
        effects.push(Effect::LoadActivity(id));
    }
    // Sessions shows the last hour of each.
    if matches!(app.screen, Screen::Sessions | Screen::Activity) {
        effects.extend(activity::load(app));
        effects.extend(activity::load_coverage(app));
    }
    effects.extend(activity::load_digest(app));
    if let Some(id) = app.detail.as_ref().map(|detail| detail.id)
        && !app.timelines.contains_key(&id)
    {
        app.timelines.insert(id, Vec::new());
        effects.push(Effect::LoadTimeline(id));
    }
    effects
}

/// Where keys go now.
pub(crate) fn context(app: &App) -> Context {
    if app.help.is_some() {
        return Context::Help;
    }
    match &app.modal {
        Some(Modal::Decide(_)) => Context::Dialog,
        Some(Modal::Form(_)) => Context::Form,
        Some(Modal::Use(_)) => Context::Use,
        Some(Modal::Command(_)) => Context::Command,
        None if app.filtering => Context::Filter,
        None if app.detail.is_some() => Context::Detail,
        None => Context::of(app.screen),
    }
}

/// Why an action cannot be done now, in words for the reader; `None`: it can.
pub(crate) fn why_not(app: &App, action: Action) -> Option<String> {
    if app.read_only && action.changes() {
        return Some("read-only: nothing is changed from this dashboard".to_owned());
    }
    let verb = match action {
        Action::Approve => "approve",
        Action::Reject => "reject",
        Action::Revoke => "revoke",
        Action::Cancel => "cancel",
        Action::Done => "done",
        Action::Review => "review",
        Action::Extend => "extend",
        Action::Lost => "lost",
        Action::Use => return use_sheet::why_not(app),
        Action::Claim => attention::claim_verb(app),
        Action::Freeze if !app.freezes() => {
            return Some("freezing takes security, an administrator or the operator".to_owned());
        }
        Action::Freeze if !app.is_live() => {
            return Some("teamd is away: nothing can be changed now".to_owned());
        }
        Action::Access if !matches!(app.health, Some(Health::Full(_))) => {
            return Some("that list takes security, auditor, administrator or operator".to_owned());
        }
        Action::Edit if !app.changes_policy() => {
            return Some("changing the policy takes an administrator or the operator".to_owned());
        }
        Action::Edit | Action::Apply if !app.is_live() => {
            return Some("teamd is away: nothing can be changed now".to_owned());
        }
        Action::Apply if !matches!(app.policy.sheet, Some(crate::policy::Sheet::Plan(..))) => {
            return Some(format!(
                "there is no plan to apply: {} edits the document",
                app.key(Action::Edit)
            ));
        }
        Action::NextPart if !app.reads_policy() => {
            return Some("the rules take security, auditor, administrator or operator".to_owned());
        }
        Action::Open if app.on_report() && app.detail.is_none() => return None,
        Action::Open if matches!(app.screen, Screen::Policy | Screen::Activity) && app.detail.is_none() => {
            return None;
        }
        Action::New if !app.is_live() => return Some("teamd is away: nothing can be changed now".to_owned()),
        Action::Open | Action::Copy if app.selected().is_none() => {
            return Some("no request is selected".to_owned());
        }
        Action::Repeat if app.selected().is_none() || !app.is_live() => {
            return Some("no request is selected, or teamd is away".to_owned());
        }
        _ => return None,
    };
    if app.is_live() && app.detail.is_none() && takes_several(verb) && !app.marked_for(verb).is_empty() {
        return None;
    }
    let Some(view) = app.selected() else {
        return Some("no request is selected".to_owned());
    };
    if let Link::Lost { .. } | Link::Connecting = app.link {
        return Some("teamd is away: nothing can be changed now".to_owned());
    }
    if may(view, verb) {
        return None;
    }
    let own = app
        .me
        .as_ref()
        .and_then(|me| me.person.as_ref())
        .is_some_and(|person| person.user_id == view.requester.user_id);
    Some(match action {
        Action::Approve | Action::Reject if own => "nobody decides on their own request".to_owned(),
        Action::Revoke if own => {
            format!(
                "your own: {} cancels it, {} ends it",
                app.key(Action::Cancel),
                app.key(Action::Done)
            )
        }
        Action::Lost => "giving up a removal takes an administrator, and one that is under way".to_owned(),
        Action::Cancel | Action::Done if !own => format!("only {} may do that", view.requester.user_name),
        _ => format!("{} is {}: not yours to {verb} now", view.id.short(), view.state),
    })
}

/// Whether a verb is for all that is marked; the others are for one.
pub(crate) fn takes_several(verb: &str) -> bool {
    matches!(
        verb,
        "approve" | "reject" | "revoke" | "review" | "claim" | "unclaim"
    )
}

fn on_key(app: &mut App, key: &KeyEvent) -> Vec<Effect> {
    if std::mem::take(&mut app.welcome) {
        // The card goes with the first key, which does what it always does.
        let mut effects = vec![Effect::Welcomed];
        effects.extend(on_key(app, key));
        return effects;
    }
    let context = context(app);
    let action = app.keys.lookup(context, key);
    match action {
        Some(Action::ForceQuit) => {
            app.quit = true;
            return Vec::new();
        }
        Some(Action::Suspend) => return vec![Effect::Suspend],
        Some(Action::Help) => {
            app.help = if app.help.is_some() {
                None
            } else {
                Some((0, context))
            };
            return Vec::new();
        }
        _ => {}
    }
    match context {
        Context::Help => {
            on_help(app, action);
            Vec::new()
        }
        Context::Dialog => dialogs::on_key(app, key, action),
        Context::Form => form::on_key(app, key, action),
        Context::Command => command::on_key(app, key, action),
        Context::Use => use_sheet::on_key(app, action),
        Context::Filter => {
            on_filter(app, key, action);
            Vec::new()
        }
        Context::Queue
        | Context::Mine
        | Context::Sessions
        | Context::History
        | Context::Status
        | Context::Policy
        | Context::Activity
        | Context::Detail => action.map_or_else(Vec::new, |action| actions::on(app, action)),
    }
}

fn on_help(app: &mut App, action: Option<Action>) {
    let Some((scroll, _)) = &mut app.help else { return };
    match action {
        Some(Action::Up) => *scroll = scroll.saturating_sub(1),
        Some(Action::Down) => *scroll = scroll.saturating_add(1).min(100),
        Some(Action::PageUp) => *scroll = scroll.saturating_sub(10),
        Some(Action::PageDown) => *scroll = scroll.saturating_add(10).min(100),
        Some(Action::Top) => *scroll = 0,
        Some(Action::Bottom) => *scroll = 100,
        Some(Action::Back | Action::Quit) => app.help = None,
        _ => {}
    }
}

fn on_filter(app: &mut App, key: &KeyEvent, action: Option<Action>) {
    match action {
        Some(Action::Accept) => app.filtering = false,
        Some(Action::Back) => {
            app.filtering = false;
            app.filter = Input::default();
        }
        _ => type_key(&mut app.filter, key),
    }
    app.audit_index = 0;
}

/// What the editor has left takes the place of what was typed.
fn on_written(app: &mut App, text: &str) {
    let input = match &mut app.modal {
        Some(Modal::Decide(dialog)) => dialog.input(),
        Some(Modal::Form(form)) => form.input(),
        Some(Modal::Command(_) | Modal::Use(_)) | None => None,
    };
    if let Some(input) = input {
        *input = Input::default();
        on_paste(app, text);
    }
}

/// Pasted text goes where one types, in one line, and is lost elsewhere: it never acts as keys.
fn on_paste(app: &mut App, text: &str) {
    let line: String = text
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .collect();
    let line = line.trim();
    let put = |input: &mut Input| {
        for c in line
            .chars()
            .filter(|c| !c.is_control())
            .take(team_shared::text::MAX_TEXT)
        {
            input.handle(tui_input::InputRequest::InsertChar(c));
        }
    };
    match &mut app.modal {
        Some(Modal::Decide(dialog)) => dialog.input().into_iter().for_each(put),
        Some(Modal::Form(form)) => {
            form.input().into_iter().for_each(put);
            form.typed();
        }
        Some(Modal::Command(command)) => put(&mut command.input),
        None if app.filtering => put(&mut app.filter),
        Some(Modal::Use(_)) | None => {}
    }
}

/// A key that is text, or moves within it.
fn type_key(input: &mut Input, key: &KeyEvent) {
    let full = input.value().chars().count() >= team_shared::text::MAX_TEXT;
    if full && matches!(key.code, crossterm::event::KeyCode::Char(_)) {
        return;
    }
    input.handle_event(&TerminalEvent::Key(*key));
}
