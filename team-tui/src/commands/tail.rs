//! `tail [ID|--all] [--follow] [--filter TERMS]`: activity, oldest first.

use super::{Context, Failure, Outcome, activity, resolve, when};
use crate::lists::Filter;
use chrono::{DateTime, Utc};
use futures::StreamExt;
use std::collections::{HashMap, HashSet};
use team_shared::activity::ActivityItem;
use team_shared::ids::RequestId;
use team_shared::request::{RequestQuery, RequestView};

/// What was asked for.
pub(super) struct Asked {
    pub(super) id: Option<String>,
    pub(super) follow: bool,
    pub(super) since: Option<String>,
    pub(super) filter: Option<String>,
}

pub(super) async fn run(cx: &Context, asked: Asked) -> Outcome {
    let since = asked.since.as_deref();
    let mut tail = Tail {
        cx,
        only: None,
        since: since.map(|at| when::parse_since(at, cx.now)).transpose()?,
        filter: Filter::read(asked.filter.as_deref().unwrap_or_default()),
        requests: HashMap::new(),
        seen: HashSet::new(),
    };
    if let Some(id) = asked.id.as_deref() {
        let view = resolve::request(cx, id).await?;
        tail.only = Some(view.id);
        tail.requests.insert(view.id, Some(view));
    }
    // Opened before the past is read: what arrives meanwhile is in one of the two, and shown once.
    let stream = if asked.follow {
        Some(cx.client.activity_stream().await?)
    } else {
        None
    };
    for item in tail.past().await? {
        tail.show(item).await?;
    }
    let Some(stream) = stream else { return Ok(()) };
    let mut stream = std::pin::pin!(stream);
    while let Some(item) = stream.next().await {
        tail.show(item?).await?;
    }
    Err(Failure::Unreachable {
        detail: "teamd closed the stream".to_owned(),
        help: Some("run the command again once it is back".to_owned()),
    })
}

struct Tail<'c> {
    cx: &'c Context,
    only: Option<RequestId>,
    since: Option<DateTime<Utc>>,
    filter: Filter,
    /// None: it cannot be read.
    requests: HashMap<RequestId, Option<RequestView>>,
    seen: HashSet<(String, Option<RequestId>)>,
}

impl Tail<'_> {
    async fn past(&mut self) -> Result<Vec<ActivityItem>, Failure> {
        let client = &self.cx.client;
        if let Some(id) = self.only {
            return Ok(client.activity(&id).await?.items);
        }
        let query = RequestQuery {
            scope: Some("active".to_owned()),
            ..RequestQuery::default()
        };
        let mut items = Vec::new();
        for view in client.requests(&query, usize::MAX).await?.items {
            items.extend(client.activity(&view.id).await?.items);
            self.requests.insert(view.id, Some(view));
        }
        items.sort_by(|a, b| (a.event_time, &a.event_id).cmp(&(b.event_time, &b.event_id)));
        Ok(items)
    }

    /// Prints an event, where it is wanted and was not printed yet.
    async fn show(&mut self, item: ActivityItem) -> Outcome {
        let is_wanted = (self.only.is_none() || item.request_id == self.only)
            && self.since.is_none_or(|since| item.event_time >= since);
        if !is_wanted
            || !self.fits(&item).await
            || !self.seen.insert((item.event_id.clone(), item.request_id))
        {
            return Ok(());
        }
        if self.cx.out.is_json() {
            self.cx.out.json_line(&item)
        } else {
            self.cx.out.line(&activity::line(&item, self.cx.out.zone()))
        }
    }

    /// Whose session it is stands with the request, which is read once.
    async fn fits(&mut self, item: &ActivityItem) -> bool {
        if self.filter.is_empty() {
            return true;
        }
        if let Some(id) = item.request_id.filter(|id| !self.requests.contains_key(id)) {
            let view = self.cx.client.request_by_id(&id).await.ok();
            self.requests.insert(id, view);
        }
        let view = item.request_id.and_then(|id| self.requests.get(&id)?.as_ref());
        self.filter.fits_activity(item, view)
    }
}
