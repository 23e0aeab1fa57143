//! `tail [ID|--all] [--follow]`: activity, oldest first.

use super::{Context, Failure, Outcome, activity, resolve, when};
use futures::StreamExt;
use std::collections::HashSet;
use team_shared::activity::ActivityItem;
use team_shared::ids::RequestId;
use team_shared::request::RequestQuery;

pub(super) async fn run(cx: &Context, id: Option<&str>, follow: bool, since: Option<&str>) -> Outcome {
    let since = since.map(|at| when::parse_since(at, cx.now)).transpose()?;
    let only: Option<RequestId> = match id {
        Some(id) => Some(resolve::request(cx, id).await?.id),
        None => None,
    };
    // Opened before the past is read: what arrives meanwhile is in one of the two, and shown once.
    let stream = if follow {
        Some(cx.client.activity_stream().await?)
    } else {
        None
    };
    let mut seen = HashSet::new();
    let mut items = past(cx, only).await?;
    items.retain(|item| since.is_none_or(|since| item.event_time >= since));
    for item in &items {
        print(cx, item)?;
        seen.insert(item.event_id.clone());
    }
    let Some(stream) = stream else { return Ok(()) };
    let mut stream = std::pin::pin!(stream);
    while let Some(item) = stream.next().await {
        let item = item?;
        let wanted = only.is_none() || item.request_id == only;
        if wanted && seen.insert(item.event_id.clone()) {
            print(cx, &item)?;
        }
    }
    Err(Failure::Unreachable {
        detail: "teamd closed the stream".to_owned(),
        help: Some("run the command again once it is back".to_owned()),
    })
}

async fn past(cx: &Context, only: Option<RequestId>) -> Result<Vec<ActivityItem>, Failure> {
    if let Some(id) = only {
        return Ok(cx.client.activity(&id).await?.items);
    }
    let query = RequestQuery {
        scope: Some("active".to_owned()),
        ..RequestQuery::default()
    };
    let mut items = Vec::new();
    for view in cx.client.requests(&query, usize::MAX).await?.items {
        items.extend(cx.client.activity(&view.id).await?.items);
    }
    items.sort_by(|a, b| (a.event_time, &a.event_id).cmp(&(b.event_time, &b.event_id)));
    items.dedup_by(|a, b| a.event_id == b.event_id);
    Ok(items)
}

fn print(cx: &Context, item: &ActivityItem) -> Outcome {
    if cx.out.is_json() {
        cx.out.json_line(item)
    } else {
        cx.out.line(&activity::line(item))
    }
}
