//! The end of what `run` asked for, whatever state it is in by then.

use super::super::{Context, Failure, decide};
use super::say_aloud;
use std::time::Duration;
use team_shared::ids::RequestId;
use team_shared::problem::Code;
use team_shared::state::RequestState;

/// How often it is tried: the state may change under us, or the daemon may be restarting.
const TRIES: u32 = 10;
/// How long between two tries.
const PAUSE: Duration = Duration::from_millis(500);

/// Cancels it while it waits, ends it once it is live; says loudly where neither works.
pub(super) async fn give_back(cx: &Context, id: &RequestId) {
    let mut last = None;
    for _ in 0..TRIES {
        match once(cx, id).await {
            Ok(Some(line)) => return cx.out.note(&line),
            Ok(None) => return,
            Err(failure) => {
                let again = match &failure {
                    Failure::Problem(problem) => {
                        matches!(
                            problem.code,
                            Code::Stale | Code::AlreadyDecided | Code::StoreUnavailable
                        )
                    }
                    Failure::Unreachable { .. } => true,
                    _ => false,
                };
                last = Some(failure);
                if !again {
                    break;
                }
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
    let why = last.map_or_else(String::new, |failure| format!(": {failure}"));
    say_aloud(&format!("ATTENTION: {id} could not be ended{why}"));
    say_aloud(&format!("the access may still be live. Type: team-tui done {id}"));
}

/// One try: what became of it, or nothing where it was over already.
async fn once(cx: &Context, id: &RequestId) -> Result<Option<String>, Failure> {
    let view = cx.client.request_by_id(id).await?;
    let verb = match view.state {
        RequestState::Pending | RequestState::Scheduled => "cancel",
        RequestState::Activating | RequestState::Active => "done",
        _ => return Ok(None),
    };
    let after = decide::act(cx, &view, verb, None).await?;
    Ok(Some(decide::line(&after, cx.out.zone())))
}
