//! `approve ID…` and `approve --batch ID`.

use super::{Context, Failure, Outcome, decide, resolve, when};
use crate::cli::ApproveArgs;
use team_shared::duration::Seconds;
use team_shared::request::{Approve, RequestQuery};

pub(super) async fn run(cx: &Context, args: ApproveArgs) -> Outcome {
    let duration = args.duration.as_deref().map(str::parse::<Seconds>).transpose()?;
    let start_at = args
        .at
        .as_deref()
        .map(|at| when::parse_future(at, cx.now))
        .transpose()?;
    let ids = match &args.batch {
        Some(batch) => batch_members(cx, batch).await?,
        None => args.ids.clone(),
    };
    let (cx_ref, args_ref) = (cx, &args);
    decide::each(cx, &ids, |id| async move {
        let view = resolve::request(cx_ref, &id).await?;
        let body = Approve {
            comment: args_ref.comment.clone(),
            duration_seconds: duration.map(Seconds::get),
            start_at,
            // Terms that somebody looked at earlier bind more than a version that was read this moment.
            version: args_ref.terms.is_none().then_some(view.version),
            terms_digest: Some(
                args_ref
                    .terms
                    .clone()
                    .unwrap_or_else(|| view.terms_digest.clone()),
            ),
        };
        Ok(cx_ref
            .client
            .approve(&view.id, &body, &decide::fresh_key())
            .await?)
    })
    .await
}

/// Pending requests of a batch, named by its id or by any request in it.
async fn batch_members(cx: &Context, batch: &str) -> Result<Vec<String>, Failure> {
    let none = || {
        Failure::not_found(
            format!("no pending request of batch {batch:?} that you may see"),
            "team-tui ls --queue --json shows batch_id",
        )
    };
    let of = |batch: String| RequestQuery {
        scope: Some("all".to_owned()),
        state: Some("pending".to_owned()),
        batch: Some(batch),
        ..RequestQuery::default()
    };
    let mut pending = cx.client.requests(&of(batch.to_owned()), usize::MAX).await?.items;
    if pending.is_empty() {
        let member = resolve::request(cx, batch).await.map_err(|_| none())?;
        let batch = member.batch_id.ok_or_else(none)?;
        pending = cx.client.requests(&of(batch), usize::MAX).await?.items;
    }
    match pending.is_empty() {
        true => Err(none()),
        false => Ok(pending.iter().map(|view| view.id.to_string()).collect()),
    }
}
