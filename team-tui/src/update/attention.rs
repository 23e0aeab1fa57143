//! Claims, freezes and reminders: what needs no dialog.

use super::{may, why_not};
use crate::app::App;
use crate::effect::Effect;
use crate::format;
use crate::keymap::Action;
use crate::modals::decide::AsRead;
use crate::modals::{CommandLine, Modal};
use team_shared::event::{Event, EventType};
use team_shared::freeze::FreezeState;
use tui_input::Input;

/// Nobody gets or loses anything by a claim, so it takes no dialog: of all that is marked, where anything is that can be
/// claimed or given up, else of the row under the cursor.
pub(super) fn claim(app: &mut App) -> Vec<Effect> {
    let verb = claim_verb(app);
    if app.detail.is_none() {
        let marked: Vec<AsRead> = app.marked_for(verb).into_iter().map(AsRead::of).collect();
        if !marked.is_empty() {
            return vec![Effect::ActOnAll(verb, marked, None)];
        }
    }
    let view = app.selected();
    view.map(|view| Effect::Act(view.id, verb, Box::default()))
        .into_iter()
        .collect()
}

/// What the key does now. Of several that are marked those are claimed that nobody looks at; once there are none, they
/// are given up.
pub(super) fn claim_verb(app: &App) -> &'static str {
    if app.detail.is_none() {
        for verb in ["claim", "unclaim"] {
            if !app.marked_for(verb).is_empty() {
                return verb;
            }
        }
    }
    match app.selected() {
        Some(view) if may(view, "unclaim") => "unclaim",
        _ => "claim",
    }
}

/// The command line with its word in it: typing why is the second thought.
pub(super) fn begin_freeze(app: &mut App) {
    let word = if app.is_frozen() { "unfreeze " } else { "freeze " };
    app.modal = Some(Modal::Command(CommandLine {
        input: Input::new(word.to_owned()),
        ..CommandLine::new(super::context(app))
    }));
}

/// `freeze REASON`, `freeze --revoke REASON`, `unfreeze`.
pub(super) fn freeze(app: &mut App, word: &str, rest: &str) -> Vec<Effect> {
    if let Some(reason) = why_not(app, Action::Freeze) {
        app.complain(reason);
        return Vec::new();
    }
    if word == "unfreeze" {
        return vec![Effect::Unfreeze(
            Some(rest.to_owned()).filter(|why| !why.is_empty()),
        )];
    }
    // Words of their own: what only begins like the option is neither it nor a reason.
    let (first, behind) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let (reason, revoke) = match first {
        "--revoke" => (behind.trim(), true),
        word if word.starts_with("--") => {
            app.complain(format!(
                "no option {word:?}: freeze REASON, or freeze --revoke REASON"
            ));
            return Vec::new();
        }
        _ => (rest, false),
    };
    if reason.is_empty() {
        app.complain("say why: freeze REASON, or freeze --revoke REASON to end what is live too");
        return Vec::new();
    }
    vec![Effect::Freeze(reason.to_owned(), revoke)]
}

/// What became of it, in the line below the list.
pub(super) fn frozen(app: &mut App, state: &FreezeState) {
    app.say(match (&state.frozen, state.ended) {
        (None, _) => "not frozen any more".to_owned(),
        (Some(_), 0) => "frozen: nothing new is granted".to_owned(),
        (Some(_), ended) => format!("frozen: {ended} requests are being ended"),
    });
}

/// What somebody is reminded of: the end of their own access, what waits for them.
pub(super) fn remind(app: &mut App, event: &Event) {
    let Some(view) = event.request_id.and_then(|id| app.requests.get(&id)) else {
        return;
    };
    let what = format!("{} on {}", view.permission_set.name, view.account.name);
    let text = match event.kind {
        EventType::ReminderBeforeEnd if app.is_me(&view.requester) => {
            let left = event.data["seconds_left"].as_i64().unwrap_or_default();
            format!(
                "{what} ends in {}: team-tui extend {} --for 1h --reason TEXT",
                format::span(left),
                view.id.short()
            )
        }
        EventType::ReminderPending if App::may_decide(view) => {
            let who = &view.requester.user_name;
            format!("{} still waits for you: {what} for {who}", view.id.short())
        }
        _ => return,
    };
    app.say(text);
}
