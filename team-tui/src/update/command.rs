//! Keys in the command line, and what its words do.

use super::{actions, attention, type_key, why_not};
use crate::app::{App, Screen};
use crate::effect::Effect;
use crate::keymap::{Action, Context};
use crate::modals::command_line::{COMMANDS, Candidate, Does, completions};
use crate::modals::{CommandLine, Form, Modal};
use crate::report::Part;
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
            let line = line.clone();
            let found = line.found(app);
            app.modal = None;
            return accept(app, &line, &found);
        }
        Some(Action::Down) => line.index = line.index.saturating_add(1),
        Some(Action::Up) => line.index = line.index.saturating_sub(1),
        Some(Action::Complete) => {
            let found = completions(line.input.value(), app.demo.as_deref());
            if let Some(first) = found.first() {
                line.input = Input::new(first.clone());
            }
        }
        // Backspace on an empty line leaves it, as in vi.
        _ if key.code == KeyCode::Backspace && line.input.value().is_empty() => app.modal = None,
        _ => {
            type_key(&mut line.input, key);
            line.index = 0;
        }
    }
    // The list shrinks while one types, and has an end.
    if let Some(Modal::Command(line)) = &app.modal {
        let last = line.found(app).len().saturating_sub(1);
        if let Some(Modal::Command(line)) = &mut app.modal {
            line.index = line.index.min(last);
        }
    }
    Vec::new()
}

/// A word of the line as it was typed, else what is chosen of what was found.
fn accept(app: &mut App, line: &CommandLine, found: &[Candidate]) -> Vec<Effect> {
    let text = line.input.value().trim();
    let first = text.split(' ').next().unwrap_or_default();
    if text.is_empty() && line.index == 0 {
        return Vec::new();
    }
    if line.index == 0 && COMMANDS.iter().any(|command| command.word == first) {
        return run(app, text);
    }
    match found.get(line.index).map(|candidate| candidate.does) {
        Some(Does::Word("columns")) => {
            super::columns::begin(app);
            Vec::new()
        }
        Some(Does::Word(word @ ("open" | "as" | "freeze" | "template"))) => {
            // They take something: it is typed behind them.
            let mut next = CommandLine::new(line.from);
            next.input = Input::new(format!("{word} "));
            app.modal = Some(Modal::Command(next));
            Vec::new()
        }
        Some(Does::Word(word)) => run(app, word),
        Some(Does::Action(Action::Help)) => {
            app.help = Some((0, line.from));
            Vec::new()
        }
        Some(Does::Action(action)) => actions::on(app, action),
        None => run(app, text),
    }
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
            app.history = Part::Requests;
            return actions::go(app, Screen::History);
        }
        "audit" => {
            let effects = actions::go(app, Screen::History);
            app.history = Part::Audit;
            return if app.is_live() {
                vec![Effect::LoadAudit]
            } else {
                effects
            };
        }
        "report" => {
            let mut effects = actions::go(app, Screen::History);
            app.history = Part::Report;
            effects.extend(super::report::load(app));
            return effects;
        }
        "status" => return actions::go(app, Screen::Status),
        "policy" => return actions::go(app, Screen::Policy),
        "activity" => return actions::go(app, Screen::Activity),
        "refresh" => return actions::resync(app),
        "help" => app.help = Some((0, Context::of(app.screen))),
        "new" => match why_not(app, Action::New) {
            Some(reason) => app.complain(reason),
            None => return super::form::begin_anew(app),
        },
        "open" => open(app, rest),
        "use" => return actions::on(app, Action::Use),
        "lost" => return actions::on(app, Action::Lost),
        "columns" => return super::columns::choose(app, rest),
        "copy" => return super::copy::copy(app, rest),
        "template" => template(app, rest),
        "freeze" | "unfreeze" if app.read_only => {
            app.complain("read-only: nothing is changed from this dashboard");
        }
        "freeze" | "unfreeze" => return attention::freeze(app, word, rest),
        "as" if app.demo.is_some() => return act_as(app, rest),
        "chaos" if app.demo.is_some() => {
            app.chaos.clear();
            app.say("chaos: begins");
            return vec![Effect::Chaos];
        }
        other => app.complain(format!(
            "no command {other:?}; {} lists them",
            app.key(Action::Help)
        )),
    }
    Vec::new()
}

/// The request form, filled as the reader's settings say.
fn template(app: &mut App, name: &str) {
    let known = || app.templates.keys().cloned().collect::<Vec<_>>().join(", ");
    match app.templates.get(name) {
        None if app.templates.is_empty() => {
            app.complain("there are no templates: [templates.NAME] in config.toml");
        }
        None => {
            let known = known();
            app.complain(format!("no template {name:?}: {known}"));
        }
        Some(_) if why_not(app, Action::New).is_some() => {
            let why = why_not(app, Action::New).unwrap_or_default();
            app.complain(why);
        }
        Some(template) => {
            let form = Form::from_template(template, &app.entitlements, app.now);
            app.modal = Some(Modal::Form(Box::new(form)));
        }
    }
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
    fresh.read_only = app.read_only;
    fresh.keys = app.keys.clone();
    fresh.columns = std::mem::take(&mut app.columns);
    fresh.mouse = app.mouse;
    fresh.templates = std::mem::take(&mut app.templates);
    fresh.acting_as = Some(name.to_owned());
    fresh.screen_undecided = true;
    *app = fresh;
    app.say(format!("you act as {name}"));
    // Everything is read once the new link stands.
    vec![Effect::ActAs(name.to_owned())]
}
