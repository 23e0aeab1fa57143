//! Who was told of what, trying a channel, and sending again.

use super::Api;
use super::body::{Raw, query};
use super::caller::Calling;
use super::error::ApiError;
use super::paging::page;
use super::views::Names;
use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::response::Response;
use serde::Deserialize;
use team_shared::ids::RequestId;
use team_shared::list::{DEFAULT_LIMIT, MAX_LIMIT};
use team_shared::notification::{
    ChannelTested, Notification, NotificationsRetried, RetryNotifications, TestChannel,
};
use teamd_domain::delivery::{Delivery, DeliveryState};
use teamd_domain::identity::Caller;
use teamd_engine::{DeliveryQuery, Refused};
use teamd_notify::Recipient;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    request: Option<RequestId>,
    state: Option<String>,
    channel: Option<String>,
    limit: Option<usize>,
    cursor: Option<u64>,
}

/// `GET /v1/notifications`: newest first.
pub(super) async fn list(
    State(api): State<Api>,
    Calling(caller): Calling,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, ApiError> {
    api.engine.facts().access(&caller).refuse_nobody()?;
    let asked: Asked = query(&uri)?;
    let limit = asked.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(Refused::field("limit", format!("1 to {MAX_LIMIT}")).into());
    }
    let state = asked
        .state
        .as_deref()
        .map(str::parse::<DeliveryState>)
        .transpose();
    let wanted = DeliveryQuery {
        request: asked.request,
        state: state.map_err(|why| Refused::field("state", why))?,
        channel: asked.channel,
        before: asked.cursor,
        limit,
    };
    let (found, next) = api.engine.deliveries(&caller, wanted).await?;
    let facts = api.engine.facts();
    let names = Names(facts.directory.as_deref());
    let rows = found.into_iter().map(|one| {
        let cursor = one.number.to_string();
        (view(one, names), cursor)
    });
    page(rows, next.map(|number| number.to_string()))
}

/// `POST /v1/notifications/test`.
pub(super) async fn test(
    State(api): State<Api>,
    Calling(caller): Calling,
    raw: Raw,
) -> Result<Json<ChannelTested>, ApiError> {
    let done = async {
        api.engine.facts().access(&caller).refuse_nobody()?;
        let body: TestChannel = raw.json()?;
        let tried = api
            .engine
            .try_channel(&caller, &body.channel, body.to.as_deref())
            .await?;
        Ok(Json(ChannelTested {
            channel: body.channel,
            to: tried.to,
            taken: tried.taken,
            reply: tried.reply,
        }))
    };
    noted(&api, &caller, "notify test", done.await).await
}

/// `POST /v1/notifications/retry`.
pub(super) async fn retry(
    State(api): State<Api>,
    Calling(caller): Calling,
    raw: Raw,
) -> Result<Json<NotificationsRetried>, ApiError> {
    let done = async {
        api.engine.facts().access(&caller).refuse_nobody()?;
        let body: RetryNotifications = raw.json()?;
        let count = api.engine.retry_deliveries(&caller, &body.which).await?;
        Ok(Json(NotificationsRetried { count }))
    };
    noted(&api, &caller, "notify retry", done.await).await
}

async fn noted<T>(
    api: &Api,
    caller: &Caller,
    verb: &str,
    answer: Result<T, ApiError>,
) -> Result<T, ApiError> {
    if let Err(error) = &answer {
        api.engine
            .note_refusal(caller, verb, None, &error.refused())
            .await;
    }
    answer
}

fn view(one: Delivery, names: Names<'_>) -> Notification {
    let recipient = match one.recipient.parse() {
        Ok(Recipient::Person(id)) => names.person(&id).user_name,
        Ok(Recipient::Mail(address)) => address,
        Ok(Recipient::Room(room)) => room,
        Ok(Recipient::Place) => "its place".to_owned(),
        Err(_) => one.recipient,
    };
    Notification {
        id: one.id,
        seq: one.seq,
        kind: one.kind,
        request_id: one.request_id,
        channel: one.channel,
        recipient,
        state: one.state.as_str().to_owned(),
        created_at: one.created_at,
        attempts: one.attempts,
        tried_at: one.tried_at,
        next_attempt_at: (one.state == DeliveryState::Due).then_some(one.not_before),
        reply: one.reply,
    }
}
