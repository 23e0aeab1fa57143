//! `watch`: events as they happen, one a line, for as long as one listens. Resumes after a restart of the daemon.

use super::{Context, Outcome};
use crate::format::{self, Zone};
use futures::StreamExt;
use std::time::Duration;
use team_shared::event::Event;

pub(super) async fn run(cx: &Context, after: Option<u64>) -> Outcome {
    let mut after = after;
    let mut stream = cx.client.events(after).await?.boxed();
    loop {
        match stream.next().await {
            Some(Ok(event)) => {
                after = Some(event.seq);
                if cx.out.is_json() {
                    cx.out.json_line(&event)?;
                } else {
                    cx.out.line(&line(&event))?;
                }
            }
            Some(Err(_)) | None => {
                cx.out.note("teamd is away; trying again");
                stream = loop {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    match cx.client.events(after).await {
                        Ok(stream) => break stream.boxed(),
                        Err(error) if error.is_unreachable() => {}
                        Err(error) => return Err(error.into()),
                    }
                };
            }
        }
    }
}

/// `2026-11-22 14:02:31Z request.approved 7FQHX2 by ann {…}`.
pub(super) fn line(event: &Event) -> String {
    let mut text = format!("{} {}", format::full(event.at, Zone::Utc), event.kind);
    if let Some(id) = &event.request_id {
        text += &format!(" {}", id.short());
    }
    if let Some(name) = &event.actor.user_name {
        text += &format!(" by {name}");
    }
    if event.data.as_object().is_some_and(|data| !data.is_empty()) {
        text += &format!(" {}", event.data);
    }
    text
}
