//! `notify test|log|retry`.

use super::{Context, Failure, Outcome, output::Column, resolve};
use crate::cli::{ListArgs, NotifyVerb};
use crate::format;
use team_shared::ids::RequestId;
use team_shared::notification::{Notification, RetryNotifications, TestChannel};

const COLUMNS: &[Column<Notification>] = &[
    ("event", |n, _| n.kind.to_string()),
    ("request", |n, _| {
        n.request_id.map_or_else(String::new, |id| id.short())
    }),
    ("told", |n, _| n.recipient.clone()),
    ("by", |n, _| n.channel.clone()),
    ("state", |n, _| n.state.clone()),
    ("when", |n, zone| {
        format::full(n.tried_at.unwrap_or(n.created_at), zone)
    }),
    ("tries", |n, _| n.attempts.to_string()),
    ("answer", |n, _| n.reply.clone().unwrap_or_default()),
    ("next", |n, zone| {
        n.next_attempt_at
            .map_or_else(String::new, |at| format::full(at, zone))
    }),
    ("id", |n, _| n.id.clone()),
];

pub(super) async fn run(cx: &Context, verb: NotifyVerb) -> Outcome {
    match verb {
        NotifyVerb::Test { channel, to } => test(cx, channel, to).await,
        NotifyVerb::Log {
            id,
            dead,
            channel,
            limit,
            list,
        } => log(cx, id.as_deref(), (dead, channel), limit, &list).await,
        NotifyVerb::Retry { which } => retry(cx, which).await,
    }
}

async fn test(cx: &Context, channel: String, to: Option<String>) -> Outcome {
    let result = cx.client.test_channel(&TestChannel { channel, to }).await?;
    if cx.out.is_json() {
        cx.out.document(&result)?;
    } else {
        let word = if result.taken {
            "took it"
        } else {
            "did NOT take it"
        };
        cx.out.line(&format!(
            "{} {word}, to {}: {}",
            result.channel, result.to, result.reply
        ))?;
    }
    if result.taken {
        Ok(())
    } else {
        Err(Failure::Unhealthy)
    }
}

async fn log(
    cx: &Context,
    id: Option<&str>,
    (dead, channel): (bool, Option<String>),
    limit: u32,
    list: &ListArgs,
) -> Outcome {
    let request = match id {
        None => None,
        // The operator sees no requests, and may look up who was told of one.
        Some(text) => match text.trim().parse::<RequestId>() {
            Ok(id) => Some(id),
            Err(_) => Some(resolve::request(cx, text).await?.id),
        },
    };
    let state = dead.then(|| "dead".to_owned());
    let page = cx
        .client
        .notifications(request.as_ref(), state, channel, limit as usize)
        .await?;
    let empty = match request {
        Some(_) => "nobody was told over any channel; `teamd check` names the channels that are configured",
        None => "no messages that you may see",
    };
    cx.out.list(&page, list, COLUMNS, empty)
}

async fn retry(cx: &Context, which: String) -> Outcome {
    let result = cx
        .client
        .retry_notifications(&RetryNotifications { which })
        .await?;
    if cx.out.is_json() {
        return cx.out.document(&result);
    }
    cx.out.line(&match result.count {
        0 => "nothing was given up; the channel is on".to_owned(),
        1 => "one message is sent again".to_owned(),
        count => format!("{count} messages are sent again"),
    })
}
