//! What became of a changing command.

use super::data::{explain, keep};
use crate::app::{App, Cursor, Screen};
use crate::client::ClientError;
use crate::modals::Modal;
use team_shared::ids::RequestId;
use team_shared::request::RequestView;

/// Of one request.
pub(super) fn one(app: &mut App, verb: &'static str, result: Result<Box<RequestView>, ClientError>) {
    match result {
        Ok(view) => {
            app.modal = None;
            app.comments.remove(&(verb, view.id));
            if verb == "submit" {
                app.draft = None;
            }
            let what = match verb {
                "submit" | "extend" => "filed".to_owned(),
                "approve" => "your vote counts".to_owned(),
                "lost" => "your signature counts".to_owned(),
                verb => format!("{verb}: done"),
            };
            app.say(format!(
                "{} {what}: {} on {}, now {}",
                view.id.short(),
                view.permission_set.name,
                view.account.name,
                view.state
            ));
            if matches!(verb, "submit" | "extend") {
                show(app, view.id);
            }
            keep(app, *view);
        }
        Err(error) => refused(app, explain(&error)),
    }
}

/// Of several that were marked: what was decided is unmarked, what was refused stays, with why.
pub(super) fn all(
    app: &mut App,
    verb: &'static str,
    results: Vec<(RequestId, Result<Box<RequestView>, ClientError>)>,
) {
    let mut done = 0;
    let mut refusals = Vec::new();
    for (id, result) in results {
        match result {
            Ok(view) => {
                done += 1;
                // A claim decides nothing: what is claimed is about to be decided on.
                if !matches!(verb, "claim" | "unclaim") {
                    app.marked.remove(&id);
                }
                keep(app, *view);
            }
            Err(error) => refusals.push((id, explain(&error))),
        }
    }
    let Some((id, why)) = refusals.first() else {
        app.modal = None;
        app.say(format!("{verb}: {done} done"));
        return;
    };
    let text = format!(
        "{verb}: {done} done, {} refused; {}: {why}",
        refusals.len(),
        id.short()
    );
    if let Some(Modal::Decide(dialog)) = &mut app.modal {
        // What is left is decided anew, with what was typed.
        let left: Vec<_> = dialog
            .all()
            .into_iter()
            .filter(|read| refusals.iter().any(|(id, _)| *id == read.id))
            .collect();
        dialog.keep_only(left);
    }
    refused(app, text);
}

/// Of several, filed together.
pub(super) fn several(app: &mut App, result: Result<Vec<RequestView>, ClientError>) {
    match result {
        Ok(filed) => {
            app.modal = None;
            app.draft = None;
            app.say(format!("{} requests filed, one for each account", filed.len()));
            if let Some(first) = filed.first() {
                show(app, first.id);
            }
            for view in filed {
                keep(app, view);
            }
        }
        Err(error) => refused(app, explain(&error)),
    }
}

/// One's own list, at a request.
fn show(app: &mut App, id: RequestId) {
    let cursor = Cursor {
        id: Some(id),
        index: 0,
    };
    app.cursors.insert(Screen::Mine, cursor);
    app.detail = None;
    app.screen = Screen::Mine;
}

/// The dialog stays with all that was typed.
fn refused(app: &mut App, text: String) {
    match &mut app.modal {
        Some(Modal::Decide(dialog)) => {
            dialog.sending = false;
            dialog.error = Some(text);
        }
        Some(Modal::Form(form)) => {
            form.sending = false;
            form.error = Some(text);
        }
        _ => app.complain(text),
    }
}
