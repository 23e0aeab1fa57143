//! `revoke ID --comment TEXT`: somebody's access, now.

use super::{Context, Outcome, decide};

pub(super) async fn run(cx: &Context, id: &str, comment: &str) -> Outcome {
    decide::act_on_one(cx, id, "revoke", Some(comment)).await
}
