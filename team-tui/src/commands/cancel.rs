//! `cancel ID`: one's own request, before it is active.

use super::{Context, Outcome, decide};

pub(super) async fn run(cx: &Context, id: &str) -> Outcome {
    decide::act_on_one(cx, id, "cancel", None).await
}
