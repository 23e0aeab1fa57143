//! `reject ID… --comment TEXT`.

use super::{Context, Outcome, decide, resolve};

pub(super) async fn run(cx: &Context, ids: &[String], comment: &str) -> Outcome {
    decide::each(cx, ids, |id| async move {
        let view = resolve::request(cx, &id).await?;
        decide::act(cx, &view, "reject", Some(comment)).await
    })
    .await
}
