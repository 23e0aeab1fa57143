//! What the changing verbs share: read, then act on exactly what was read.

use super::{Context, Failure, Outcome, resolve};
use crate::format::{self, Zone};
use std::future::Future;
use team_shared::list::Page;
use team_shared::request::{Act, RequestView};

pub(super) use crate::client::fresh_key;

/// `reject`, `cancel`, `revoke` or `done` on one request.
pub(super) async fn act(
    cx: &Context,
    view: &RequestView,
    verb: &str,
    comment: Option<&str>,
) -> Result<RequestView, Failure> {
    let body = Act {
        comment: comment.map(str::to_owned),
        version: Some(view.version),
        terms_digest: Some(view.terms_digest.clone()),
    };
    Ok(cx.client.act(&view.id, verb, &body, &fresh_key()).await?)
}

/// The same on one id, and says what became of it.
pub(super) async fn act_on_one(cx: &Context, id: &str, verb: &str, comment: Option<&str>) -> Outcome {
    let view = resolve::request(cx, id).await?;
    let after = act(cx, &view, verb, comment).await?;
    say(cx, &after)
}

/// Runs `one` for each id. One id answers with the request, several with a list. A failure does not keep the others
/// from being tried; the first one is the outcome.
pub(super) async fn each<F, W>(cx: &Context, ids: &[String], one: F) -> Outcome
where
    F: Fn(String) -> W,
    W: Future<Output = Result<RequestView, Failure>>,
{
    if let [id] = ids {
        return say(cx, &one(id.clone()).await?);
    }
    let mut done = Vec::new();
    let mut first: Option<Failure> = None;
    for id in ids {
        match one(id.clone()).await {
            Ok(view) => done.push(view),
            Err(failure) if first.is_none() => first = Some(failure),
            Err(failure) => {
                // Told at once; the exit code stays that of the first.
                let _ = failure.report(cx.out.is_json());
            }
        }
    }
    if cx.out.is_json() {
        cx.out.document(&Page::whole(done))?;
    } else {
        for view in &done {
            say(cx, view)?;
        }
    }
    first.map_or(Ok(()), Err)
}

/// The request as it stands now: a document, or a line.
pub(super) fn say(cx: &Context, view: &RequestView) -> Outcome {
    if cx.out.is_json() {
        return cx.out.document(view);
    }
    cx.out.line(&line(view, cx.out.zone()))
}

/// `7FQHX2 pending: bob on pay-prod (111122223333) as AdministratorAccess for 2h; waits for …`.
pub(super) fn line(view: &RequestView, zone: Zone) -> String {
    let mut text = format!(
        "{} {}{}: {} on {} ({}) as {} for {}",
        view.id.short(),
        view.state,
        crate::glass::behind(view),
        view.requester.user_name,
        view.account.name,
        view.account.id,
        view.permission_set.name,
        format::length(view.duration_seconds),
    );
    if let Some(end) = view.end_at {
        text += &format!(", until {}", format::full(end, zone));
    }
    // Whoever waits may have been waiting for longer than a claim holds.
    if let Some((who, _)) = crate::claim::holder(view, crate::clock::now()) {
        text += &format!("; looked at by {}", who.user_name);
    }
    if let Some(waiting) = &view.waiting_for {
        text += &format!("; waiting for {}", waiting.detail);
    }
    if let Some(ended) = &view.ended
        && let Some(held) = ended.still_held_by
    {
        text += &format!("; still held by {}", held.short());
        if let Some(until) = ended.still_held_until {
            text += &format!(" until {}", format::full(until, zone));
        }
    }
    text
}
