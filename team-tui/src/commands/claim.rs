//! `claim ID` and `unclaim ID`: who is looking at a request. A claim keeps nobody from deciding.

use super::{Context, Outcome, decide};

pub(super) async fn run(cx: &Context, id: &str, verb: &str) -> Outcome {
    decide::act_on_one(cx, id, verb, None).await
}
