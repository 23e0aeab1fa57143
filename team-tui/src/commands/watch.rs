//! `watch`: events as they happen, one a line, for as long as one listens. Resumes after a restart of the daemon. With
//! `--notify` the terminal calls for attention where an event concerns whoever watches.

use super::{Context, Outcome};
use crate::alert;
use crate::client::ClientError;
use crate::format::{self, Zone};
use futures::StreamExt;
use std::collections::HashMap;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;
use team_shared::event::Event;
use team_shared::ids::{RequestId, UserId};

pub(super) async fn run(cx: &Context, after: Option<u64>, notify: bool) -> Outcome {
    let me = if notify {
        cx.client.me().await?.person.map(|person| person.user_id)
    } else {
        None
    };
    let mut after = after;
    let mut glass = HashMap::new();
    let mut stream = cx.client.events(after).await?.boxed();
    loop {
        match stream.next().await {
            Some(Ok(event)) => {
                after = Some(event.seq);
                if cx.out.is_json() {
                    cx.out.json_line(&event)?;
                } else {
                    let is_glass = is_break_glass(cx, &event, &mut glass).await;
                    cx.out.line(&line(&event, is_glass, cx.out.zone()))?;
                }
                if let Some(me) = &me {
                    call(cx, &event, me).await;
                }
            }
            Some(Err(_)) | None => {
                cx.out.note("teamd is away; trying again");
                stream = loop {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    match cx.client.events(after).await {
                        Ok(stream) => break stream.boxed(),
                        Err(error) if error.is_temporary() => {}
                        Err(error) => return Err(error.into()),
                    }
                };
            }
        }
    }
}

/// Makes the terminal call, where there is one and the event concerns this person. Whatever fails here, one goes on
/// watching.
async fn call(cx: &Context, event: &Event, me: &UserId) {
    // What is read again from long ago is on the screen, and calls nobody.
    if crate::clock::now() - event.at > alert::FRESH {
        return;
    }
    let view = match &event.request_id {
        Some(id) => match cx.client.request_by_id(id).await {
            Ok(view) => Some(view),
            Err(_) => return,
        },
        None => None,
    };
    let Some(text) = alert::line(event, view.as_ref(), me) else {
        return;
    };
    cx.out.note(&text);
    let sequences = alert::sequences(&text, std::env::var_os("TMUX").is_some());
    // A pipe is no terminal: whoever reads it gets lines only.
    let (mut stdout, mut stderr) = (io::stdout(), io::stderr());
    let _ = if stdout.is_terminal() {
        stdout
            .write_all(sequences.as_bytes())
            .and_then(|()| stdout.flush())
    } else if stderr.is_terminal() {
        stderr.write_all(sequences.as_bytes())
    } else {
        Ok(())
    };
}

/// Whether an event is of a break-glass request. Only the first event of one says so: of others that are met later the
/// request is read, once.
async fn is_break_glass(cx: &Context, event: &Event, known: &mut HashMap<RequestId, bool>) -> bool {
    let Some(id) = event.request_id else { return false };
    if let Some(flag) = event.data["break_glass"].as_bool() {
        known.insert(id, flag);
    }
    if let Some(flag) = known.get(&id) {
        return *flag;
    }
    let flag = match cx.client.request_by_id(&id).await {
        Ok(view) => view.break_glass,
        // Not for these eyes: that is not asked again with every event.
        Err(ClientError::Problem(_)) => false,
        Err(_) => return false,
    };
    known.insert(id, flag);
    flag
}

/// `2026-11-22 14:02:31Z request.active 7FQHX2 BREAK-GLASS by ann {…}`.
pub(super) fn line(event: &Event, is_break_glass: bool, zone: Zone) -> String {
    let mut text = format!("{} {}", format::full(event.at, zone), event.kind);
    if let Some(id) = &event.request_id {
        text += &format!(" {}", id.short());
    }
    if is_break_glass {
        text += &format!(" {}", crate::glass::WORD);
    }
    if let Some(name) = &event.actor.user_name {
        text += &format!(" by {name}");
    }
    if event.data.as_object().is_some_and(|data| !data.is_empty()) {
        text += &format!(" {}", event.data);
    }
    text
}
