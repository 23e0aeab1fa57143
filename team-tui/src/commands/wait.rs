//! `wait ID --for STATE`: woken by the event stream, or every half second where there is none.

use super::{Context, Failure, Outcome, decide, resolve};
use crate::client::ClientError;
use crate::format::Zone;
use futures::StreamExt;
use std::time::Duration;
use team_shared::duration::Seconds;
use team_shared::ids::RequestId;
use team_shared::request::RequestView;
use team_shared::state::RequestState;
use tokio::time::{Instant, sleep, timeout_at};

/// How often to look where no stream wakes us.
const LOOK: Duration = Duration::from_millis(500);
/// How often to look although a stream would wake us: a safety net.
const NET: Duration = Duration::from_secs(5);

pub(super) async fn run(cx: &Context, id: &str, states: &str, timeout: &str) -> Outcome {
    let timeout: Seconds = timeout.parse()?;
    let states: Vec<RequestState> = states
        .split(',')
        .map(|state| state.trim().parse())
        .collect::<Result<_, _>>()
        .map_err(|error: team_shared::ids::InvalidId| {
            Failure::usage(error.to_string(), "for example --for active")
        })?;
    let view = resolve::request(cx, id).await?;
    let reached = until(cx, &view.id, &states, timeout).await?;
    decide::say(cx, &reached)
}

/// Waits until the request is in one of `states`. Survives restarts of the daemon.
pub(super) async fn until(
    cx: &Context,
    id: &RequestId,
    states: &[RequestState],
    timeout: Seconds,
) -> Result<RequestView, Failure> {
    let deadline = Instant::now() + Duration::from_secs(timeout.get().unsigned_abs());
    let mut last: Option<RequestView> = None;
    loop {
        // The stream is opened before the look, so nothing falls between the two.
        let events = cx.client.events(None).await;
        let interval = if events.is_ok() { NET } else { LOOK };
        let mut events = match events {
            Ok(stream) => stream.boxed(),
            Err(_) => futures::stream::pending().boxed(),
        };
        loop {
            match cx.client.request_by_id(id).await {
                Ok(view) if states.contains(&view.state) => return Ok(view),
                Ok(view) if view.state.is_terminal() => return Err(ended_otherwise(&view, states)),
                Ok(view) => last = Some(view),
                Err(error @ (ClientError::Problem(_) | ClientError::Unexpected(_)))
                    if !error.is_temporary() =>
                {
                    return Err(error.into());
                }
                Err(error) if last.is_none() => return Err(error.into()),
                Err(_) => sleep(LOOK).await,
            }
            if Instant::now() >= deadline {
                return Err(timed_out(last.as_ref(), states, cx.out.zone()));
            }
            let wake = deadline.min(Instant::now() + interval);
            let mut broken = false;
            let concerns = async {
                loop {
                    match events.next().await {
                        Some(Ok(event)) if event.request_id.as_ref() != Some(id) => {}
                        Some(Ok(_)) => break false,
                        Some(Err(_)) | None => break true,
                    }
                }
            };
            if let Ok(ended) = timeout_at(wake, concerns).await {
                broken = ended;
            }
            if broken || interval == LOOK {
                if broken {
                    sleep(LOOK).await;
                }
                break;
            }
        }
    }
}

fn list(states: &[RequestState]) -> String {
    let words: Vec<&str> = states.iter().map(|state| state.as_str()).collect();
    words.join(" or ")
}

fn ended_otherwise(view: &RequestView, states: &[RequestState]) -> Failure {
    let reason = view
        .ended
        .as_ref()
        .map_or_else(String::new, |ended| format!(" ({})", ended.reason));
    Failure::EndedOtherwise(format!(
        "{} is {}{}{reason}, and will not be {}",
        view.id.short(),
        view.state,
        crate::glass::behind(view),
        list(states)
    ))
}

fn timed_out(last: Option<&RequestView>, states: &[RequestState], zone: Zone) -> Failure {
    let state = last.map_or_else(String::new, |view| format!("; {}", decide::line(view, zone)));
    Failure::TimedOut(format!("not {} in time{state}", list(states)))
}
