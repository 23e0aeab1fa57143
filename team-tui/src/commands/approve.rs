//! `approve ID…` and `approve --batch ID`.

use super::{Context, Failure, Outcome, decide, resolve, when};
use crate::app::may;
use crate::cli::ApproveArgs;
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;
use team_shared::duration::Seconds;
use team_shared::request::{Approve, RequestQuery, RequestView};

pub(super) async fn run(cx: &Context, args: ApproveArgs) -> Outcome {
    let duration = args.duration.as_deref().map(str::parse::<Seconds>).transpose()?;
    let start_at = args
        .at
        .as_deref()
        .map(|at| when::parse_future(at, cx.now))
        .transpose()?;
    let (args_ref, cx_ref) = (&args, cx);
    if let Some(batch) = &args.batch {
        // Each as the one listing had it: what has changed since then is refused by the daemon, not read anew.
        let members = batch_members(cx, batch).await?;
        let whole: Vec<(String, RequestView)> = members
            .into_iter()
            .map(|view| (view.id.to_string(), view))
            .collect();
        let ids: Vec<String> = whole.iter().map(|(id, _)| id.clone()).collect();
        let whole = &whole;
        return decide::each(cx, &ids, |id| async move {
            let member = whole.iter().find(|(of, _)| *of == id).map(|(_, view)| view);
            let view = member.ok_or_else(|| Failure::failed(format!("{id} was not listed")))?;
            approve(cx_ref, view, args_ref, duration, start_at).await
        })
        .await;
    }
    decide::each(cx, &args.ids, |id| async move {
        let view = resolve::request(cx_ref, &id).await?;
        approve(cx_ref, &view, args_ref, duration, start_at).await
    })
    .await
}

async fn approve(
    cx: &Context,
    view: &RequestView,
    args: &ApproveArgs,
    duration: Option<Seconds>,
    start_at: Option<DateTime<Utc>>,
) -> Result<RequestView, Failure> {
    let body = Approve {
        comment: args.comment.clone(),
        duration_seconds: duration.map(Seconds::get),
        start_at,
        // Terms that somebody looked at earlier bind more than a version that was read this moment.
        version: args.terms.is_none().then_some(view.version),
        terms_digest: Some(args.terms.clone().unwrap_or_else(|| view.terms_digest.clone())),
    };
    Ok(cx.client.approve(&view.id, &body, &decide::fresh_key()).await?)
}

/// Requests of a batch that wait for the caller's decision; the batch is named by its id or by any request in it.
///
/// The id of a batch is chosen by whoever files: two people's requests under one id are no batch, and one command must
/// not decide on both.
async fn batch_members(cx: &Context, batch: &str) -> Result<Vec<RequestView>, Failure> {
    let none = || {
        Failure::not_found(
            format!("no request of batch {batch:?} waits for your decision"),
            "team-tui ls --queue shows those that do, with --json or --csv each one's batch",
        )
    };
    let query = RequestQuery {
        scope: Some("queue".to_owned()),
        batch: Some(resolve::batch(cx, batch).await?),
        ..RequestQuery::default()
    };
    let mut waiting = cx.client.requests(&query, usize::MAX).await?.items;
    // The queue is what one may still reject; what has one's vote already needs no second one.
    waiting.retain(|view| may(view, "approve"));
    let people: BTreeSet<&str> = waiting
        .iter()
        .map(|view| view.requester.user_name.as_str())
        .collect();
    match people.len() {
        0 => Err(none()),
        1 => Ok(waiting),
        _ => {
            let people: Vec<&str> = people.into_iter().collect();
            Err(Failure::usage(
                format!(
                    "batch {batch:?} has requests of {}: nothing was approved",
                    people.join(" and ")
                ),
                "look at each, and approve it by its own id",
            ))
        }
    }
}
