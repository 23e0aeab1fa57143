//! Keys in the dialogs that decide.

use super::type_key;
use crate::app::App;
use crate::drawn::Drawn;
use crate::effect::Effect;
use crate::keymap::Action;
use crate::modals::Modal;
use crate::modals::decide::{Decide, Focus, needs_words};
use chrono::{DateTime, Duration, Utc};
use crossterm::event::KeyEvent;
use team_shared::ids::RequestId;
use team_shared::request::{Act, Approve, CloseReview, Extend};

/// Enter is not taken from a dialog that has just appeared: it was meant for what was there before.
pub(super) fn too_early(opened_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    now - opened_at < Duration::milliseconds(400)
}

/// Whoever closes a review should know what was done: what is known of it at once, and all that is read anew.
pub(super) fn begin_review(app: &mut App) -> Vec<Effect> {
    app.drawn.forget_left();
    let Some(id) = app.selected().map(|view| view.id) else {
        return Vec::new();
    };
    show_left_behind(app, id);
    vec![Effect::LoadActivity(id)]
}

/// What was left behind, in the dialog that asks about it.
pub(super) fn show_left_behind(app: &mut App, id: RequestId) {
    let digest = app.tails.get(&id).and_then(|tail| tail.digest.as_ref());
    let left = digest.iter().flat_map(|digest| &digest.left_behind);
    let left: Vec<String> = left.map(|left| left.label.clone()).collect();
    if let Some(Modal::Decide(dialog)) = &mut app.modal
        && dialog.id == id
        && dialog.show_left_behind(left)
    {
        app.drawn.forget_left();
    }
}

pub(super) fn on_key(app: &mut App, key: &KeyEvent, action: Option<Action>) -> Vec<Effect> {
    let live = app.is_live();
    let now = app.now;
    let Some(Modal::Decide(dialog)) = &mut app.modal else {
        return Vec::new();
    };
    if action == Some(Action::Back) && dialog.others.is_empty() {
        // What was typed is there again when the same is decided again.
        let comment = dialog.comment.value().trim().to_owned();
        let about = (dialog.verb, dialog.id);
        if comment.is_empty() {
            app.comments.remove(&about);
        } else {
            app.comments.insert(about, comment);
        }
        app.modal = None;
        return Vec::new();
    }
    if dialog.sending {
        // The answer decides; only leaving is possible, and the row will tell.
        if action == Some(Action::Back) {
            app.modal = None;
        }
        return Vec::new();
    }
    match action {
        Some(Action::Back) => app.modal = None,
        Some(Action::NextField | Action::Down) => move_focus(dialog, 1),
        Some(Action::PreviousField | Action::Up) => move_focus(dialog, dialog.fields().len() - 1),
        // By what was drawn: nothing is jumped over, however fast the keys come.
        Some(Action::PageDown) => {
            let (first, count) = app.drawn.left();
            (dialog.left_first, dialog.error) = (first + count.max(1), None);
        }
        Some(Action::PageUp) => {
            let (first, count) = app.drawn.left();
            (dialog.left_first, dialog.error) = (first.saturating_sub(count.max(1)), None);
        }
        Some(Action::Submit) => return submit(dialog, live, now, &app.drawn),
        Some(Action::Write) => {
            let text = dialog.input().map(|input| input.value().to_owned());
            return text.map(Effect::WriteText).into_iter().collect();
        }
        Some(Action::Accept) => match dialog.focus {
            Focus::Leave => app.modal = None,
            Focus::Go if !too_early(dialog.opened_at, now) => return submit(dialog, live, now, &app.drawn),
            Focus::Go => {}
            // Enter in a text goes to the button; a second one presses it.
            Focus::Comment | Focus::Duration | Focus::Start | Focus::Confirm => dialog.focus = Focus::Go,
        },
        _ => {
            if let Some(input) = dialog.input() {
                type_key(input, key);
                dialog.error = None;
            }
        }
    }
    Vec::new()
}

fn move_focus(dialog: &mut Decide, step: usize) {
    let fields = dialog.fields();
    let at = fields
        .iter()
        .position(|field| *field == dialog.focus)
        .unwrap_or(0);
    dialog.focus = fields[(at + step) % fields.len()];
}

fn submit(dialog: &mut Decide, live: bool, now: DateTime<Utc>, drawn: &Drawn) -> Vec<Effect> {
    if !live {
        dialog.error = Some("teamd is away; what you typed is kept".to_owned());
        return Vec::new();
    }
    let comment = Some(dialog.comment.value().trim().to_owned()).filter(|comment| !comment.is_empty());
    if comment.is_none() && needs_words(dialog.verb) {
        let why = match dialog.verb {
            "review" => "say what you saw: the audit trail keeps it",
            "lost" => "say why it can never succeed: the audit trail keeps it",
            "extend" => "say why it takes longer: whoever decides reads it",
            _ => "say why: the requester reads it",
        };
        dialog.error = Some(why.to_owned());
        dialog.focus = Focus::Comment;
        return Vec::new();
    }
    if let Some(Err(error)) = comment.as_deref().map(team_shared::text::check) {
        dialog.error = Some(format!("the comment {error}"));
        dialog.focus = Focus::Comment;
        return Vec::new();
    }
    let duration_seconds = match dialog.changed_duration() {
        Ok(seconds) => seconds,
        Err(error) => {
            dialog.error = Some(error);
            dialog.focus = Focus::Duration;
            return Vec::new();
        }
    };
    let start_at = match dialog.changed_start(now) {
        Ok(start_at) => start_at,
        Err(error) => {
            dialog.error = Some(error);
            dialog.focus = Focus::Start;
            return Vec::new();
        }
    };
    if let Some(confirm) = dialog.confirm.as_ref().filter(|confirm| !confirm.is_typed()) {
        dialog.error = Some(format!("type {} first: nothing was sent", confirm.word));
        dialog.focus = Focus::Confirm;
        return Vec::new();
    }
    let all = dialog.left_behind.len();
    match drawn.unseen(all) {
        0 => {}
        unseen => {
            let id = dialog.id.short();
            dialog.error = Some(format!(
                "{unseen} of {all} left behind not seen yet: nothing was sent. What does not fit: team-tui review {id}"
            ));
            return Vec::new();
        }
    }
    dialog.sending = true;
    dialog.error = None;
    if !dialog.others.is_empty() {
        return vec![Effect::ActOnAll(dialog.verb, dialog.all(), comment)];
    }
    let (version, terms_digest) = (Some(dialog.version), Some(dialog.digest.clone()));
    if dialog.verb == "approve" {
        let body = Approve {
            comment,
            duration_seconds,
            start_at,
            version,
            terms_digest,
        };
        return vec![Effect::Approve(dialog.id, Box::new(body))];
    }
    if let ("extend", Some(duration_seconds)) = (dialog.verb, duration_seconds) {
        let body = Extend {
            duration_seconds,
            reason: comment.unwrap_or_default(),
            version,
            terms_digest,
        };
        return vec![Effect::Extend(dialog.id, Box::new(body))];
    }
    if dialog.verb == "review" {
        let body = CloseReview {
            comment,
            acknowledged: dialog.left_behind.clone(),
            version,
            terms_digest,
        };
        return vec![Effect::Review(dialog.id, Box::new(body))];
    }
    let body = Act {
        comment,
        version,
        terms_digest,
    };
    vec![Effect::Act(dialog.id, dialog.verb, Box::new(body))]
}
