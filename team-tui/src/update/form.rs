//! Keys in the request form.

use super::dialogs::too_early;
use super::type_key;
use crate::app::App;
use crate::effect::Effect;
use crate::keymap::Action;
use crate::modals::Modal;
use crate::modals::request_form::{Field, Form};
use crossterm::event::{KeyCode, KeyEvent};
use team_shared::me::Entitlement;

pub(super) fn on_key(app: &mut App, key: &KeyEvent, action: Option<Action>) -> Vec<Effect> {
    let (live, now) = (app.is_live(), app.now);
    let entitlements = &app.entitlements;
    let Some(Modal::Form(form)) = &mut app.modal else {
        return Vec::new();
    };
    if form.sending {
        if action == Some(Action::Back) {
            app.modal = None;
        }
        return Vec::new();
    }
    match action {
        Some(Action::Back) => return leave(app),
        Some(Action::NextField) => {
            form.take_choice(entitlements);
            move_focus(form, entitlements, 1);
        }
        Some(Action::PreviousField) => {
            let count = form.fields(entitlements).len();
            move_focus(form, entitlements, count - 1);
        }
        Some(Action::Down) => match candidates(form, entitlements) {
            Some(count) => form.choice = (form.choice + 1).min(count.saturating_sub(1)),
            None => move_focus(form, entitlements, 1),
        },
        Some(Action::Up) => match candidates(form, entitlements) {
            Some(_) => form.choice = form.choice.saturating_sub(1),
            None => {
                let count = form.fields(entitlements).len();
                move_focus(form, entitlements, count - 1);
            }
        },
        Some(Action::Accept) => match form.focus {
            Field::Leave => return leave(app),
            Field::Go if !too_early(form.opened_at, now) => return submit(form, entitlements, live, now),
            Field::Go => {}
            Field::Reason => form.focus = Field::Go,
            _ => {
                form.take_choice(entitlements);
                move_focus(form, entitlements, 1);
            }
        },
        Some(Action::Write) => {
            let text = form.input().map(|input| input.value().to_owned());
            return text.map(Effect::WriteText).into_iter().collect();
        }
        Some(Action::Submit) => {
            form.take_choice(entitlements);
            return submit(form, entitlements, live, now);
        }
        _ if form.focus == Field::BreakGlass => {
            if key.code == KeyCode::Char(' ') {
                form.break_glass = !form.break_glass;
            }
        }
        _ => {
            if let Some(input) = form.input() {
                let before = input.value().to_owned();
                type_key(input, key);
                if input.value() != before {
                    form.typed();
                }
            }
        }
    }
    Vec::new()
}

/// A new request: the one that was begun, where one was.
pub(super) fn begin(app: &mut App) {
    let form = match &app.draft {
        Some(draft) => {
            let form = Form::from_template(draft, &app.entitlements, app.now);
            app.say("what you typed before; :new begins anew");
            form
        }
        None => Form::new(app.now),
    };
    app.modal = Some(Modal::Form(Box::new(form)));
}

/// An empty one; what was begun is forgotten.
pub(super) fn begin_anew(app: &mut App) -> Vec<Effect> {
    app.draft = None;
    app.modal = Some(Modal::Form(Box::new(Form::new(app.now))));
    vec![Effect::KeepDraft(None)]
}

/// Leaves the form. What was typed is kept.
fn leave(app: &mut App) -> Vec<Effect> {
    let Some(Modal::Form(form)) = app.modal.take() else {
        return Vec::new();
    };
    app.draft = form.draft();
    if app.draft.is_some() {
        let key = app.key(Action::New);
        app.say(format!("what you typed is kept: {key} goes on with it"));
    }
    vec![Effect::KeepDraft(app.draft.clone().map(Box::new))]
}

/// How many candidates the focused pick offers; `None`: it is no pick, or it is settled.
fn candidates(form: &Form, entitlements: &[Entitlement]) -> Option<usize> {
    match form.focus {
        Field::Account if form.chosen_account.is_none() => Some(form.accounts(entitlements).len()),
        Field::Set if form.chosen_set.is_none() => Some(form.sets(entitlements).len()),
        _ => None,
    }
}

fn move_focus(form: &mut Form, entitlements: &[Entitlement], step: usize) {
    let fields = form.fields(entitlements);
    let at = fields.iter().position(|field| *field == form.focus).unwrap_or(0);
    form.focus = fields[(at + step) % fields.len()];
    form.choice = 0;
}

fn submit(
    form: &mut Form,
    entitlements: &[Entitlement],
    live: bool,
    now: chrono::DateTime<chrono::Utc>,
) -> Vec<Effect> {
    if !live {
        form.error = Some("teamd is away; what you typed is kept".to_owned());
        return Vec::new();
    }
    match form.submissions(entitlements, now) {
        Ok(mut bodies) => {
            form.sending = true;
            form.error = None;
            match bodies.pop() {
                Some(only) if bodies.is_empty() => vec![Effect::Submit(Box::new(only))],
                last => {
                    bodies.extend(last);
                    vec![Effect::SubmitBatch(bodies)]
                }
            }
        }
        Err((field, error)) => {
            form.focus = field;
            form.choice = 0;
            form.error = Some(error);
            Vec::new()
        }
    }
}
