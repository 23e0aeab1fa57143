//! `lost ID --reason TEXT`: one of the two signatures that give up a removal.

use super::{Context, Outcome, decide};

pub(super) async fn run(cx: &Context, id: &str, reason: &str) -> Outcome {
    decide::act_on_one(cx, id, "lost", Some(reason)).await
}
