//! Answers that do not arrive: what was asked for is done all the same.

use super::Shared;
use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Loses as many answers to a submission as the world says. The same key files nothing twice, as with the daemon.
pub(super) async fn lose_answers(State(fake): State<Shared>, request: Request, next: Next) -> Response {
    if request.method() != Method::POST || request.uri().path() != "/v1/requests" {
        return next.run(request).await;
    }
    let key = request.headers().get("Idempotency-Key").cloned();
    let key = key.and_then(|key| key.to_str().map(str::to_owned).ok());
    let filed = {
        let world = fake.world();
        let is_known = key.is_some() && world.seen.iter().any(|(.., known, _)| *known == key);
        let filed = world.requests.iter().find(|view| view.id.short() == "NEWREQ");
        filed.filter(|_| is_known).cloned()
    };
    let answer = match filed {
        Some(view) => Json(view).into_response(),
        None => next.run(request).await,
    };
    let mut world = fake.world();
    if world.answers_lost == 0 {
        return answer;
    }
    world.answers_lost -= 1;
    // The connection breaks within the body.
    let broken = futures::stream::once(async { Err::<String, _>(std::io::Error::other("lost")) });
    Response::new(Body::from_stream(broken))
}
