//! `approve ID…` and `approve --batch ID`.

use super::{Context, Failure, Outcome, decide, resolve, when};
use crate::cli::ApproveArgs;
use team_shared::duration::Seconds;
use team_shared::ids::RequestId;
use team_shared::request::{Approve, RequestQuery, RequestView};

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
    let query = RequestQuery {
        scope: Some("all".to_owned()),
        state: Some("pending".to_owned()),
        ..RequestQuery::default()
    };
    let pending = cx.client.requests(&query, usize::MAX).await?.items;
    let named = |view: &RequestView| {
        view.batch_id.as_deref() == Some(batch)
            || batch.parse::<RequestId>().is_ok_and(|id| id == view.id)
            || view.id.short().eq_ignore_ascii_case(batch)
    };
    let wanted = pending
        .iter()
        .find(|view| named(view))
        .and_then(|view| view.batch_id.clone());
    let members: Vec<String> = pending
        .iter()
        .filter(|view| wanted.is_some() && view.batch_id == wanted)
        .map(|view| view.id.to_string())
        .collect();
    if members.is_empty() {
        return Err(Failure::not_found(
            format!("no pending request of batch {batch:?} that you may see"),
            "team-tui ls --queue --json shows batch_id",
        ));
    }
    Ok(members)
}
