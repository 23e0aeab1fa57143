//! The beginning of what `run` asks for. An answer that is lost is no refusal: the request may have been filed, and its
//! access may begin with nobody there to end it.

use super::super::{Context, Failure, decide};
use crate::client::ClientError;
use std::time::Duration;
use team_shared::problem::Code;
use team_shared::request::{RequestView, Submit};

/// How often it is asked again what became of it: the daemon may be restarting.
const TRIES: u32 = 5;
/// How long between two tries.
const PAUSE: Duration = Duration::from_millis(500);

/// Files it. The same key with each try: the daemon files it once, and answers each with that one.
///
/// # Errors
/// The daemon's refusal, or that it was not reached at all; or that it cannot be learned whether it was filed, and what
/// to look for.
pub(super) async fn file(cx: &Context, body: &Submit) -> Result<RequestView, Failure> {
    let key = decide::fresh_key();
    let mut lost = match cx.client.submit(body, &key).await {
        Ok(view) => return Ok(view),
        Err(error) if is_certain(&error) => return Err(error.into()),
        Err(error) => error,
    };
    for _ in 0..TRIES {
        tokio::time::sleep(PAUSE).await;
        match cx.client.submit(body, &key).await {
            Ok(view) => return Ok(view),
            Err(ClientError::Problem(refusal)) if is_of_the_request(refusal.code) => {
                return Err(Failure::Problem(refusal));
            }
            Err(error) => lost = error,
        }
    }
    Err(Failure::Failed {
        detail: format!(
            "the answer of teamd was lost, so the request may be filed and its access may begin: {lost}"
        ),
        help: Some(
            "look for it with team-tui ls --mine, and take it back: team-tui cancel ID, or team-tui done ID once it is active"
                .to_owned(),
        ),
    })
}

/// Whether nothing was filed for sure: it was refused, or never sent.
fn is_certain(error: &ClientError) -> bool {
    match error {
        ClientError::Problem(problem) => problem.code != Code::Internal,
        ClientError::Absent(_)
        | ClientError::Refused(_)
        | ClientError::Permission { .. }
        | ClientError::Untrusted { .. } => true,
        ClientError::Broken { .. } | ClientError::Unexpected(_) => false,
    }
}

/// Whether a refusal is about the request itself, and so would have met the first try as well. That the daemon cannot
/// take anything just now, or has one like it already, says nothing of the first.
fn is_of_the_request(code: Code) -> bool {
    let status = code.http_status();
    status < 500 && status != 429 && code != Code::Duplicate
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_refusal_of_the_request_itself_settles_what_was_lost() {
        for (code, is_settled) in [
            (Code::NotEligible, true),
            (Code::Invalid, true),
            (Code::StoreUnavailable, false),
            (Code::LimitReached, false),
            (Code::Duplicate, false),
            (Code::Internal, false),
        ] {
            assert_eq!(is_of_the_request(code), is_settled, "{code:?}");
        }
    }
}
