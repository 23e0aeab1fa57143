//! [`ActivitySource`] on CloudTrail's LookupEvents: the event history of one account and region, always on, about five
//! minutes late, newest first on the wire.

use super::{Aws, pages};
use crate::aws::health::Service;
use crate::aws::port::{ActivitySource, AwsError, Lane, RawEvent};
use crate::domain::Time;
use aws_sdk_cloudtrail::primitives::DateTime;
use aws_sdk_cloudtrail::types::{Event, LookupAttribute, LookupAttributeKey};
use futures::future::BoxFuture;
use team_shared::ids::AccountId;

/// AWS's largest page.
const PAGE: i32 = 50;

impl ActivitySource for Aws {
    fn lookup<'a>(
        &'a self,
        account: &'a AccountId,
        region: &'a str,
        user_name: &'a str,
        since: Time,
    ) -> BoxFuture<'a, Result<Vec<RawEvent>, AwsError>> {
        Box::pin(async move {
            let own = self.own_account.load().as_deref() == Some(account);
            if !own && self.settings.activity_role.is_none() {
                return Err(AwsError::Refused(format!(
                    "no role to read the event history of account {account}: set [activity] role_name"
                )));
            }
            let account = (!own).then_some(account);
            let client = self.cloudtrail(account, region).await;
            let bucket = self.pace.lookup_events(account, region);
            let attribute = LookupAttribute::builder()
                .attribute_key(LookupAttributeKey::Username)
                .attribute_value(user_name)
                .build()
                .map_err(|error| AwsError::Unexpected(error.to_string()))?;
            let (client, bucket, attribute) = (&client, &bucket, &attribute);
            // A token is good only with the parameters that it came with: all pages repeat them.
            let events = pages(|token| async move {
                let request = client
                    .lookup_events()
                    .lookup_attributes(attribute.clone())
                    .start_time(DateTime::from_secs(since.timestamp()))
                    .max_results(PAGE)
                    .set_next_token(token)
                    .send();
                let call = (Service::CloudTrail, "LookupEvents");
                let output = self.call(call, (bucket, Lane::Background), request).await?;
                Ok((output.events.unwrap_or_default(), output.next_token))
            })
            .await?;
            let mut events: Vec<RawEvent> = events.into_iter().filter_map(raw_event).collect();
            events.sort_by(|a, b| (a.at, &a.event_id).cmp(&(b.at, &b.event_id)));
            Ok(events)
        })
    }
}

/// Read leniently: a record that is not JSON is kept as text. Without an id or a time it cannot be placed at all.
fn raw_event(event: Event) -> Option<RawEvent> {
    let at = event
        .event_time
        .and_then(|at| Time::from_timestamp(at.secs(), at.subsec_nanos()));
    let (Some(event_id), Some(at)) = (event.event_id, at) else {
        tracing::warn!(
            name = event.event_name,
            "CloudTrail event without an id or a time left out"
        );
        return None;
    };
    let text = event.cloud_trail_event.unwrap_or_default();
    let record = serde_json::from_str(&text).unwrap_or(serde_json::Value::String(text));
    Some(RawEvent { event_id, at, record })
}
