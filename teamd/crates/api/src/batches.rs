//! Several requests at once: all of them are filed, or none.

use super::beside::Beside;
use super::body::Raw;
use super::caller::Calling;
use super::error::ApiError;
use super::requests::{filing, one, submission};
use super::views;
use super::{Api, idempotency};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use team_shared::list::Page;
use team_shared::request::{Submit, SubmitBatch};
use teamd_engine::Refused;

/// The most targets of one batch; how many may wait at a time is another limit.
const MOST: usize = 100;

/// `POST /v1/batches`.
pub(super) async fn submit(
    State(api): State<Api>,
    Calling(caller): Calling,
    headers: HeaderMap,
    raw: Raw,
) -> Result<Response, ApiError> {
    let work = async |turn: idempotency::Turn| {
        if !turn.filed.is_empty() {
            let mut items = Vec::new();
            for id in turn.filed {
                items.push(one(&api, &caller, id).await?);
            }
            return Ok((StatusCode::CREATED, Page::whole(items)));
        }
        // Rate goes before JSON, but a call that is sent again is no second one.
        api.engine.check_submit_rate(&caller)?;
        let body: SubmitBatch = raw.json()?;
        let dry_run = checked(&body.requests)?;
        let batch_id = api.engine.new_batch_id();
        let submissions: Vec<_> = body
            .requests
            .into_iter()
            .map(|one| {
                submission(Submit {
                    batch_id: Some(batch_id.clone()),
                    ..one
                })
            })
            .collect();
        let filed = api
            .engine
            .submit_all(&caller, &submissions, dry_run, turn.mark)
            .await?;
        let facts = api.engine.facts();
        let access = facts.access(&caller);
        let views = filed
            .iter()
            .map(|request| views::request(request, &Beside::default(), &facts, &access));
        let status = if dry_run {
            StatusCode::OK
        } else {
            StatusCode::CREATED
        };
        Ok((status, Page::whole(views.collect())))
    };
    filing(&api, &caller, &headers, "batch", &raw, work).await
}

/// Whether it is a dry run. A batch has something in it, not too much, and is all dry run or none.
fn checked(requests: &[Submit]) -> Result<bool, Refused> {
    let dry = requests.iter().filter(|one| one.dry_run).count();
    let wrong = match requests.len() {
        0 => "name at least one target".to_owned(),
        count if count > MOST => format!("{count} targets, and a batch has {MOST} at most"),
        count if dry != 0 && dry != count => "dry_run: for all of them, or for none".to_owned(),
        _ => return Ok(dry > 0),
    };
    Err(Refused::field("requests", wrong))
}
