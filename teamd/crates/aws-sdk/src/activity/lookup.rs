//! CloudTrail's LookupEvents: the event history of one account and region, always on, about five minutes late, newest
//! first on the wire.

use super::super::failure::{Failure, Kind};
use super::super::{Aws, pages_of};
use aws_sdk_cloudtrail::error::BuildError;
use aws_sdk_cloudtrail::primitives::DateTime;
use aws_sdk_cloudtrail::types::{Event, LookupAttribute, LookupAttributeKey};
use futures::StreamExt;
use futures::stream::BoxStream;
use std::sync::Arc;
use teamd_aws::health::Service;
use teamd_aws::port::{ActivitySource, AwsError, CalledBy, Lane, Look, RawEvent};
use teamd_domain::Time;

/// AWS's largest page.
const PAGE: i32 = 50;

/// Where global services record their events.
const HOME: &str = "us-east-1";

/// Event histories: of the daemon's own account, and of others where a role to read them is configured.
#[derive(Debug, Clone)]
pub struct EventHistory(pub Arc<Aws>);

impl ActivitySource for EventHistory {
    fn name(&self) -> String {
        "CloudTrail event history".to_owned()
    }

    fn is_regional(&self) -> bool {
        true
    }

    fn read<'a>(&'a self, look: &'a Look) -> BoxStream<'a, Result<Vec<RawEvent>, AwsError>> {
        let aws = &self.0;
        let own = aws.own_account.load().as_deref() == Some(&look.account);
        if !own && aws.settings.activity_role.is_none() {
            let account = &look.account;
            let refused = AwsError::Refused(format!(
                "no role to read the event history of account {account}: set [activity] role_name"
            ));
            return futures::stream::iter([Err(refused)]).boxed();
        }
        let account = (!own).then_some(&look.account);
        let region = look
            .region
            .as_deref()
            .or(aws.settings.region.as_deref())
            .unwrap_or(HOME);
        let bucket = aws.pace.lookup_events(account, region);
        // A token is good only with the parameters that it came with: all pages repeat them.
        let pages = pages_of(move |token| {
            let bucket = Arc::clone(&bucket);
            async move {
                let client = aws.cloudtrail(account, region).await;
                let request = client
                    .lookup_events()
                    .lookup_attributes(
                        attribute(&look.called_by)
                            .map_err(|error| Failure::new(Kind::Odd, error.to_string()))?,
                    )
                    .start_time(DateTime::from_secs(look.since.timestamp()))
                    .end_time(DateTime::from_secs(look.until.timestamp().saturating_add(1)))
                    .max_results(PAGE)
                    .set_next_token(token)
                    .send();
                let call = (Service::CloudTrail, "LookupEvents");
                let output = aws.call(call, (&bucket, Lane::Background), request).await?;
                Ok((output.events.unwrap_or_default(), output.next_token))
            }
        });
        pages
            .map(|page| Ok(page?.into_iter().filter_map(raw_event).collect()))
            .boxed()
    }
}

fn attribute(called_by: &CalledBy) -> Result<LookupAttribute, BuildError> {
    let (key, value) = match called_by {
        CalledBy::Name(name) => (LookupAttributeKey::Username, name.as_str()),
        CalledBy::Key(key) => (LookupAttributeKey::AccessKeyId, key.as_str()),
        CalledBy::SignIns(kind) => (LookupAttributeKey::EventName, *kind),
    };
    LookupAttribute::builder()
        .attribute_key(key)
        .attribute_value(value)
        .build()
}

/// Without an id or a time an event cannot be placed at all.
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
    let record = event.cloud_trail_event.unwrap_or_default();
    Some(RawEvent { event_id, at, record })
}
