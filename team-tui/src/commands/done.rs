//! `done ID`: one's own access, finished early.

use super::{Context, Outcome, decide};

pub(super) async fn run(cx: &Context, id: &str) -> Outcome {
    decide::act_on_one(cx, id, "done", None).await
}
