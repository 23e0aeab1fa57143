//! The emergency stop, on and off. The operator may do both, so these are not verbs of a person.

use super::Api;
use super::body::Raw;
use super::caller::Calling;
use super::error::ApiError;
use axum::Json;
use axum::extract::State;
use team_shared::freeze::{Freeze, FreezeState, FrozenView, Unfreeze};
use teamd_domain::identity::Caller;
use teamd_engine::Frozen;

type Answer = Result<Json<FreezeState>, ApiError>;

/// `POST /v1/freeze`.
pub(super) async fn on(State(api): State<Api>, Calling(caller): Calling, raw: Raw) -> Answer {
    let done = async {
        // Identity goes before JSON.
        api.engine.facts().access(&caller).refuse_nobody()?;
        let body: Freeze = raw.json()?;
        let freezing = api.engine.freeze(&caller, &body.reason, body.revoke).await?;
        Ok(Json(FreezeState {
            frozen: Some(view(&freezing.frozen)),
            ended: freezing.ended,
        }))
    };
    noted(&api, &caller, "freeze", done.await).await
}

/// `POST /v1/unfreeze`.
pub(super) async fn off(State(api): State<Api>, Calling(caller): Calling, raw: Raw) -> Answer {
    let done = async {
        api.engine.facts().access(&caller).refuse_nobody()?;
        let body: Unfreeze = raw.json()?;
        api.engine.unfreeze(&caller, body.reason.as_deref()).await?;
        Ok(Json(FreezeState {
            frozen: None,
            ended: 0,
        }))
    };
    noted(&api, &caller, "unfreeze", done.await).await
}

async fn noted(api: &Api, caller: &Caller, verb: &str, answer: Answer) -> Answer {
    if let Err(error) = &answer {
        api.engine
            .note_refusal(caller, verb, None, &error.refused())
            .await;
    }
    answer
}

fn view(frozen: &Frozen) -> FrozenView {
    FrozenView {
        since: frozen.since,
        by: frozen.by.clone(),
        reason: frozen.reason.clone(),
    }
}
