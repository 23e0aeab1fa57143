//! Keys in the command line, and what its words do.

use super::{actions, attention, type_key, why_not};
use crate::app::{App, Screen};
use crate::effect::Effect;
use crate::keymap::{Action, Context};
use crate::modals::command_line::completions;
use crate::modals::{Form, Modal};
use crossterm::event::{KeyCode, KeyEvent};
use team_shared::ids::RequestId;
use tui_input::Input;

pub(super) fn on_key(app: &mut App, key: &KeyEvent, action: Option<Action>) -> Vec<Effect> {
    let Some(Modal::Command(line)) = &mut app.modal else {
        return Vec::new();
    };
    match action {
        Some(Action::Back) => app.modal = None,
        Some(Action::Accept) => {
            let text = line.input.value().trim().to_owned();
            app.modal = None;
            return run(app, &text);
        }
        Some(Action::Complete) => {
            let found = completions(line.input.value(), app.demo.as_deref());
            if let Some(first) = found.first() {
                line.input = Input::new(first.clone());
            }
        }
        // Backspace on an empty line leaves it, as in vi.
        _ if key.code == KeyCode::Backspace && line.input.value().is_empty() => app.modal = None,
        _ => type_key(&mut line.input, key),
    }
    Vec::new()
}

fn run(app: &mut App, text: &str) -> Vec<Effect> {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    let rest = rest.trim();
    match word {
        "" => {}
        "q" | "quit" => app.quit = true,
        "queue" => return actions::go(app, Screen::Queue),
        "mine" => return actions::go(app, Screen::Mine),
        "sessions" => return actions::go(app, Screen::Sessions),
        "history" => {
            app.audit_shown = false;
            return actions::go(app, Screen::History);
        }
        "audit" => {
            let effects = actions::go(app, Screen::History);
            app.audit_shown = true;
            return if app.is_live() {
                vec![Effect::LoadAudit]
            } else {
                effects
            };
        }
        "status" => return actions::go(app, Screen::Status),
        "policy" => return actions::go(app, Screen::Policy),
        "refresh" => return actions::resync(app),
        "help" => app.help = Some((0, Context::of(app.screen))),
        "new" => match why_not(app, Action::New) {
            Some(reason) => app.complain(reason),
            None => app.modal = Some(Modal::Form(Box::new(Form::new(app.now)))),
        },
        "open" => open(app, rest),
        "freeze" | "unfreeze" => return attention::freeze(app, word, rest),
        "as" if app.demo.is_some() => return act_as(app, rest),
        "chaos" if app.demo.is_some() => {
            app.chaos.clear();
            app.say("chaos: begins");
            return vec![Effect::Chaos];
        }
        other => app.complain(format!("no command {other:?}; ? lists them")),
    }
    Vec::new()
}

fn open(app: &mut App, text: &str) {
    if let Ok(id) = text.parse::<RequestId>() {
        actions::open(app, id);
        return;
    }
    let wanted = text.to_ascii_uppercase();
    let found: Vec<RequestId> = app
        .requests
        .keys()
        .filter(|id| id.short() == wanted)
        .copied()
        .collect();
    match found[..] {
        [id] => actions::open(app, id),
        [] => app.complain(format!("no request {text:?} that you may see")),
        _ => app.complain(format!("{wanted} is ambiguous: give the whole id")),
    }
}

/// Another person sees another world: nothing of the first one's stays on the screen.
fn act_as(app: &mut App, name: &str) -> Vec<Effect> {
    if name.is_empty() {
        let people = app.demo.as_deref().unwrap_or_default().join(", ");
        app.complain(format!("as whom? {people}"));
        return Vec::new();
    }
    let known = app.demo.as_deref().unwrap_or_default();
    if !known.is_empty() && !known.iter().any(|person| person == name) {
        let mut known: Vec<&str> = known.iter().map(String::as_str).collect();
        known.sort_unstable();
        let text = format!("no {name:?}: {}", known.join(" "));
        app.complain(text);
        return Vec::new();
    }
    let mut fresh = App::new(app.now, app.socket.clone());
    fresh.demo = app.demo.take();
    fresh.zone = app.zone;
    fresh.acting_as = Some(name.to_owned());
    fresh.screen_undecided = true;
    *app = fresh;
    app.say(format!("you act as {name}"));
    // Everything is read once the new link stands.
    vec![Effect::ActAs(name.to_owned())]
}
