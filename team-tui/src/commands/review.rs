//! `review ID --comment TEXT`: somebody has looked at what was done with the access, and says of each thing that it left
//! behind that it may stay or is gone.

use super::{Context, Outcome, decide, resolve};
use team_shared::request::CloseReview;

pub(super) async fn run(
    cx: &Context,
    id: &str,
    comment: &str,
    mut acknowledged: Vec<String>,
    acknowledge_all: bool,
) -> Outcome {
    let view = resolve::request(cx, id).await?;
    if acknowledge_all {
        let digest = cx
            .client
            .activity_digest(&view.id)
            .await?
            .digest
            .unwrap_or_default();
        for left in digest.left_behind {
            cx.out.note(&format!("acknowledged: {}", left.label));
            acknowledged.push(left.label);
        }
    }
    let body = CloseReview {
        comment: Some(comment.to_owned()),
        acknowledged,
        version: Some(view.version),
        terms_digest: Some(view.terms_digest.clone()),
    };
    let after = cx.client.review(&view.id, &body, &decide::fresh_key()).await?;
    decide::say(cx, &after)
}
