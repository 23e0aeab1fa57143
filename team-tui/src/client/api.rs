//! One method per route.

use super::{Client, ClientError};
use reqwest::Response;
use serde::de::DeserializeOwned;
use team_shared::activity::ActivityPage;
use team_shared::audit::{AuditRow, Verification};
use team_shared::directory::{Account, Directory, PermissionSet};
use team_shared::event::Event;
use team_shared::freeze::{Freeze, FreezeState, Unfreeze};
use team_shared::grant::{DriftView, GrantView, StandingView};
use team_shared::ids::RequestId;
use team_shared::list::{MAX_LIMIT, Page};
use team_shared::me::{Entitlement, LoginView, Me};
use team_shared::notification::{
    ChannelTested, Notification, NotificationsRetried, RetryNotifications, TestChannel,
};
use team_shared::portal::Use;
use team_shared::problem::Code;
use team_shared::report::{Report, ReportQuery};
use team_shared::request::{
    Act, Approve, CloseReview, Extend, RequestQuery, RequestView, Submit, SubmitBatch,
};
use team_shared::routes;
use team_shared::status::{ShortStatus, Status};

/// Health, as much of it as the caller may see.
#[derive(Debug, Clone, PartialEq)]
pub enum Health {
    /// All of it.
    Full(Box<Status>),
    /// The short form.
    Short(ShortStatus),
}

impl Health {
    /// The part that everybody sees.
    #[must_use]
    pub fn short(&self) -> &ShortStatus {
        match self {
            Self::Full(status) => &status.short,
            Self::Short(short) => short,
        }
    }
}

pub(super) type Answer<T> = Result<T, ClientError>;

/// What each method may answer is in [`ClientError`]; routes and bodies are the contract's.
#[allow(
    missing_docs,
    clippy::missing_errors_doc,
    reason = "one line per route; the contract documents them"
)]
impl Client {
    pub async fn me(&self) -> Answer<Me> {
        self.get(routes::ME, &[]).await
    }

    pub async fn login(&self, name: &str) -> Answer<LoginView> {
        self.get(&routes::login(name), &[]).await
    }

    pub async fn entitlements(&self) -> Answer<Page<Entitlement>> {
        self.all(routes::ENTITLEMENTS, vec![], usize::MAX).await
    }

    pub async fn accounts(&self) -> Answer<Page<Account>> {
        self.all(routes::ACCOUNTS, vec![], usize::MAX).await
    }

    pub async fn permission_sets(&self) -> Answer<Page<PermissionSet>> {
        self.all(routes::PERMISSION_SETS, vec![], usize::MAX).await
    }

    /// The whole copy.
    pub async fn directory(&self) -> Answer<Directory> {
        self.get(routes::DIRECTORY, &[]).await
    }

    pub async fn grants(&self) -> Answer<Page<GrantView>> {
        self.all(routes::GRANTS, vec![], usize::MAX).await
    }

    /// What others hold, as of the last sweep.
    pub async fn standing(&self) -> Answer<Page<StandingView>> {
        let query = vec![("view", "standing".to_owned())];
        self.all(routes::GRANTS, query, usize::MAX).await
    }

    /// Where AWS and the daemon's book differ, as of the last sweep.
    pub async fn drift(&self) -> Answer<Page<DriftView>> {
        let query = vec![("view", "drift".to_owned())];
        self.all(routes::GRANTS, query, usize::MAX).await
    }

    /// Requests that match, over as many pages as `most` rows take.
    pub async fn requests(&self, query: &RequestQuery, most: usize) -> Answer<Page<RequestView>> {
        let mut pairs = pairs_of(query);
        pairs.push(("limit", most.clamp(1, MAX_LIMIT).to_string()));
        self.all(routes::REQUESTS, pairs, most).await
    }

    /// The page of all requests that begins at a cursor.
    pub async fn requests_page(&self, cursor: &str) -> Answer<Page<RequestView>> {
        let query = [("cursor", cursor.to_owned()), ("limit", MAX_LIMIT.to_string())];
        self.get(routes::REQUESTS, &query).await
    }

    /// Requests of a period, counted.
    pub async fn report(&self, query: &ReportQuery) -> Answer<Report> {
        let mut pairs = vec![("by", query.by.as_str().to_owned())];
        for (name, at) in [("since", query.since), ("until", query.until)] {
            pairs.extend(at.map(|at| (name, at.to_rfc3339())));
        }
        self.get(routes::REPORT, &pairs).await
    }

    pub async fn request_by_id(&self, id: &RequestId) -> Answer<RequestView> {
        self.get(&routes::request(id), &[]).await
    }

    pub async fn submit(&self, body: &Submit, key: &str) -> Answer<RequestView> {
        self.post(routes::REQUESTS, body, key).await
    }

    /// Several at once: all of them, or none.
    pub async fn submit_batch(&self, body: &SubmitBatch, key: &str) -> Answer<Page<RequestView>> {
        self.post(routes::BATCHES, body, key).await
    }

    pub async fn freeze(&self, body: &Freeze) -> Answer<FreezeState> {
        self.ask(routes::FREEZE, body).await
    }

    pub async fn unfreeze(&self, body: &Unfreeze) -> Answer<FreezeState> {
        self.ask(routes::UNFREEZE, body).await
    }

    pub async fn approve(&self, id: &RequestId, body: &Approve, key: &str) -> Answer<RequestView> {
        self.post(&routes::request_verb(id, "approve"), body, key).await
    }

    /// `reject`, `cancel`, `done`, `revoke`, `claim` or `unclaim`.
    pub async fn act(&self, id: &RequestId, verb: &str, body: &Act, key: &str) -> Answer<RequestView> {
        self.post(&routes::request_verb(id, verb), body, key).await
    }

    /// Asks for more time: the new request.
    pub async fn extend(&self, id: &RequestId, body: &Extend, key: &str) -> Answer<RequestView> {
        self.post(&routes::request_verb(id, "extend"), body, key).await
    }

    /// How one's own live access is used.
    pub async fn use_of(&self, id: &RequestId) -> Answer<Use> {
        self.get(&routes::request_verb(id, "use"), &[]).await
    }

    /// Closes the review of access that is over.
    pub async fn review(&self, id: &RequestId, body: &CloseReview, key: &str) -> Answer<RequestView> {
        self.post(&routes::request_verb(id, "review"), body, key).await
    }

    /// The newest activity of a request, oldest first, with the digest of all of it.
    pub async fn newest_activity(&self, id: &RequestId) -> Answer<ActivityPage> {
        let asked = [("newest", "true".to_owned()), ("digest", "true".to_owned())];
        self.get(&routes::request_verb(id, "activity"), &asked).await
    }

    /// The digest of a request's activity, and one event.
    pub async fn activity_digest(&self, id: &RequestId) -> Answer<ActivityPage> {
        let asked = [("limit", "1".to_owned()), ("digest", "true".to_owned())];
        self.get(&routes::request_verb(id, "activity"), &asked).await
    }

    /// What is covered of a request's activity, and one event.
    pub async fn activity_coverage(&self, id: &RequestId) -> Answer<ActivityPage> {
        let asked = [("limit", "1".to_owned())];
        self.get(&routes::request_verb(id, "activity"), &asked).await
    }

    /// One event of a request's activity, with its record.
    pub async fn activity_record(&self, id: &RequestId, event: &str) -> Answer<ActivityPage> {
        let asked = [("event", event.to_owned()), ("raw", "true".to_owned())];
        self.get(&routes::request_verb(id, "activity"), &asked).await
    }

    /// Activity of a request, every page of it.
    pub async fn activity(&self, id: &RequestId) -> Answer<ActivityPage> {
        let path = routes::request_verb(id, "activity");
        let mut whole: ActivityPage = self.get(&path, &[]).await?;
        while let Some(cursor) = whole.next_cursor.take() {
            let next: ActivityPage = self.get(&path, &[("cursor", cursor)]).await?;
            whole.items.extend(next.items);
            whole.next_cursor = next.next_cursor;
        }
        Ok(whole)
    }

    pub async fn timeline(&self, id: &RequestId) -> Answer<Page<Event>> {
        self.all(&routes::request_verb(id, "timeline"), vec![], usize::MAX)
            .await
    }

    /// Who was told of what, newest first.
    pub async fn notifications(
        &self,
        request: Option<&RequestId>,
        state: Option<String>,
        channel: Option<String>,
        most: usize,
    ) -> Answer<Page<Notification>> {
        let mut query = vec![("limit", most.clamp(1, MAX_LIMIT).to_string())];
        query.extend(request.map(|id| ("request", id.to_string())));
        query.extend(state.map(|state| ("state", state)));
        query.extend(channel.map(|channel| ("channel", channel)));
        self.all(routes::NOTIFICATIONS, query, most).await
    }

    pub async fn test_channel(&self, body: &TestChannel) -> Answer<ChannelTested> {
        self.ask(routes::NOTIFICATIONS_TEST, body).await
    }

    pub async fn retry_notifications(&self, body: &RetryNotifications) -> Answer<NotificationsRetried> {
        self.ask(routes::NOTIFICATIONS_RETRY, body).await
    }

    pub async fn audit(&self, most: usize) -> Answer<Page<AuditRow>> {
        let limit = vec![("limit", most.clamp(1, MAX_LIMIT).to_string())];
        self.all(routes::AUDIT, limit, most).await
    }

    /// The export as it comes: `csv` or `jsonl`.
    pub async fn audit_export(&self, format: &str) -> Answer<Response> {
        self.get_bytes(routes::AUDIT_EXPORT, &[("format", format.to_owned())])
            .await
    }

    pub async fn audit_verify(&self) -> Answer<Verification> {
        self.get(routes::AUDIT_VERIFY, &[]).await
    }

    pub async fn short_status(&self) -> Answer<ShortStatus> {
        self.get(routes::STATUS, &[("short", "true".to_owned())]).await
    }

    /// In full if the caller may, else in short.
    pub async fn health(&self) -> Answer<Health> {
        match self.get::<Status>(routes::STATUS, &[]).await {
            Ok(status) => Ok(Health::Full(Box::new(status))),
            Err(ClientError::Problem(problem))
                if matches!(problem.code, Code::NotAllowed | Code::UnknownIdentity) =>
            {
                self.short_status().await.map(Health::Short)
            }
            Err(error) => Err(error),
        }
    }

    /// Follows `next_cursor` until the list ends or has `most` rows.
    pub(super) async fn all<T: DeserializeOwned>(
        &self,
        path: &str,
        query: Vec<(&'static str, String)>,
        most: usize,
    ) -> Answer<Page<T>> {
        let mut items = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let mut query: Vec<(&str, String)> = query.clone();
            query.extend(cursor.clone().map(|cursor| ("cursor", cursor)));
            let page: Page<T> = self.get(path, &query).await?;
            // A page can be short, or empty, and still have a cursor: the daemon reads so much at a time, and no more.
            let last = cursor;
            items.extend(page.items);
            cursor = page.next_cursor;
            if cursor.is_none() || cursor == last || items.len() >= most {
                items.truncate(most);
                return Ok(Page {
                    items,
                    next_cursor: cursor,
                });
            }
        }
    }
}

/// What is asked for, whatever of it is set.
fn pairs_of(query: &RequestQuery) -> Vec<(&'static str, String)> {
    let fields = serde_json::to_value(query).unwrap_or_default();
    let names = [
        "scope", "state", "user", "account", "batch", "unused", "q", "since", "until",
    ];
    let text = |name: &str| match fields.get(name)? {
        serde_json::Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    names
        .into_iter()
        .filter_map(|name| Some((name, text(name)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_of_a_query_is_sent() {
        let at = chrono::DateTime::from_timestamp(1_795_000_000, 0);
        let text = || Some("x".to_owned());
        let query = RequestQuery {
            scope: text(),
            state: text(),
            user: text(),
            account: text(),
            batch: text(),
            unused: true,
            q: text(),
            since: at,
            until: at,
            limit: Some(1),
            cursor: text(),
        };
        let all = serde_json::to_value(&query).expect("json");
        let mut names: Vec<&str> = all
            .as_object()
            .expect("fields")
            .keys()
            .map(String::as_str)
            .collect();
        // These are the pages' business.
        names.retain(|name| !matches!(*name, "limit" | "cursor"));
        let pairs = pairs_of(&query);
        let mut sent: Vec<&str> = pairs.iter().map(|(name, _)| *name).collect();
        sent.sort_unstable();
        names.sort_unstable();
        assert_eq!(sent, names);
        assert!(pairs.contains(&("unused", "true".to_owned())), "{pairs:?}");
        assert!(pairs_of(&RequestQuery::default()).is_empty());
    }
}
