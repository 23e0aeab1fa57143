//! The operator's word on the clock.

use super::Api;
use super::caller::Calling;
use super::error::ApiError;
use axum::Json;
use axum::extract::State;
use team_shared::status::ClockAccepted;

/// `POST /v1/clock/accept`.
pub(super) async fn accept(
    State(api): State<Api>,
    Calling(caller): Calling,
) -> Result<Json<ClockAccepted>, ApiError> {
    match api.engine.accept_clock(&caller).await {
        Ok(done) => Ok(Json(ClockAccepted {
            was_suspect: done.was_suspect,
            was: done.was,
            now: done.now,
        })),
        Err(refused) => {
            api.engine
                .note_refusal(&caller, "clock accept", None, &refused)
                .await;
            Err(refused.into())
        }
    }
}
