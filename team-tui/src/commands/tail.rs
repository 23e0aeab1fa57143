//! `tail [ID|--all] [--follow] [--filter TERMS]`: activity, oldest first.

use super::{Context, Outcome, activity, resolve, when};
use crate::client::ClientError;
use crate::client::stream::Heard;
use crate::coverage::{self, Cover};
use crate::lists::Filter;
use chrono::{DateTime, Utc};
use futures::StreamExt;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;
use team_shared::activity::{ActivityItem, ActivityPage};
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
        Some(cx.client.activity_stream().await?.boxed())
    } else {
        None
    };
    let mut past = Vec::new();
    for id in tail.sessions().await? {
        past.push((id, cx.client.activity(&id).await?));
    }
    tail.say_coverage(&past);
    tail.show_all(past).await?;
    let Some(mut stream) = stream else { return Ok(()) };
    loop {
        match stream.next().await {
            Some(Ok(Heard::Item(item))) => tail.show(*item).await?,
            Some(Ok(Heard::Lagged(missed))) => {
                cx.out.note(&format!(
                    "{missed} events came faster than they were taken: reading the sessions again"
                ));
                tail.fill().await?;
            }
            Some(Err(_)) | None => {
                cx.out.note("teamd is away; trying again");
                stream = loop {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    match cx.client.activity_stream().await {
                        Ok(stream) => break stream.boxed(),
                        Err(error) if error.is_temporary() => {}
                        Err(error) => return Err(error.into()),
                    }
                };
                cx.out.note("teamd is back: reading the sessions again");
                tail.fill().await?;
            }
        }
    }
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
    /// What is followed: the one that was named, or all that are live, and those that were seen to be.
    async fn sessions(&mut self) -> Result<BTreeSet<RequestId>, ClientError> {
        if let Some(id) = self.only {
            return Ok(BTreeSet::from([id]));
        }
        let query = RequestQuery {
            scope: Some("active".to_owned()),
            ..RequestQuery::default()
        };
        let live = self.cx.client.requests(&query, usize::MAX).await?.items;
        self.requests
            .extend(live.into_iter().map(|view| (view.id, Some(view))));
        let known = self.seen.iter().filter_map(|(_, id)| *id);
        Ok(known.chain(self.requests.keys().copied()).collect())
    }

    /// Prints what the stream has left out. What cannot be read is said: the rows have a hole then.
    async fn fill(&mut self) -> Outcome {
        let ids = match self.sessions().await {
            Ok(ids) => ids,
            Err(error) => {
                self.cx.out.warn(&format!("events are missing here: {error}"));
                return Ok(());
            }
        };
        let mut pages = Vec::new();
        for id in ids {
            match self.cx.client.activity(&id).await {
                Ok(page) => pages.push((id, page)),
                Err(error) => {
                    let text = format!("events of {} may be missing here: {error}", id.short());
                    self.cx.out.warn(&text);
                }
            }
        }
        self.show_all(pages).await
    }

    /// What the rows cover, the worst of it, and how old the newest is: talk, beside the data.
    fn say_coverage(&self, pages: &[(RequestId, ActivityPage)]) {
        let covers: Vec<Cover> = pages.iter().map(|(id, page)| Cover::of_page(*id, page)).collect();
        let newest = pages.iter().filter_map(|(_, page)| page.newest_event_at).max();
        let said = coverage::of_all(&covers, self.cx.out.zone());
        let said = coverage::with_newest(said, newest, self.cx.now);
        self.cx.out.note(&said.whole());
    }

    /// Prints what several sessions have, in one order.
    async fn show_all(&mut self, pages: Vec<(RequestId, ActivityPage)>) -> Outcome {
        let mut items: Vec<_> = pages.into_iter().flat_map(|(_, page)| page.items).collect();
        items.sort_by(|a, b| (a.event_time, &a.event_id).cmp(&(b.event_time, &b.event_id)));
        for item in items {
            self.show(item).await?;
        }
        Ok(())
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
