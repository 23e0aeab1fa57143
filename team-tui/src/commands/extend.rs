//! `extend ID --for 1h --reason TEXT`: more time on one's own access, as a request of its own. Answers with that one.

use super::{Context, Outcome, decide, resolve};
use team_shared::duration::Seconds;
use team_shared::request::Extend;

pub(super) async fn run(cx: &Context, id: &str, duration: &str, reason: &str) -> Outcome {
    let duration: Seconds = duration.parse()?;
    let view = resolve::request(cx, id).await?;
    let body = Extend {
        duration_seconds: duration.get(),
        reason: reason.to_owned(),
        version: Some(view.version),
        terms_digest: Some(view.terms_digest.clone()),
    };
    let extension = cx.client.extend(&view.id, &body, &decide::fresh_key()).await?;
    decide::say(cx, &extension)
}
