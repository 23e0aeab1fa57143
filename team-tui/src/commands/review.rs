//! `review ID --comment TEXT`: somebody has looked at what was done with the access.

use super::{Context, Outcome, decide};

pub(super) async fn run(cx: &Context, id: &str, comment: &str) -> Outcome {
    decide::act_on_one(cx, id, "review", Some(comment)).await
}
