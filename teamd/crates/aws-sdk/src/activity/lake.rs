//! CloudTrail Lake: queries in SQL on an event data store with the events of an organisation. AWS takes no new customers
//! for it, and bills each query by what it scans.

use super::super::failure::{Failure, Kind, bounded};
use super::super::{Aws, pages_of};
use super::{ids, place_of, placed};
use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::operation::get_query_results::GetQueryResultsOutput;
use aws_sdk_cloudtrail::types::QueryStatus;
use futures::StreamExt;
use futures::stream::BoxStream;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use teamd_aws::health::Service;
use teamd_aws::port::{ActivitySource, AwsError, CalledBy, Lane, Look, RawEvent};
use teamd_domain::Time;

/// AWS's largest page.
const PAGE: i32 = 1000;

/// The column with the whole record.
const RECORD: &str = "eventJson";

/// How long a query is waited for.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Patience {
    /// The first pause; each further one is twice as long.
    pub(in super::super) first: Duration,
    /// The longest.
    pub(in super::super) longest: Duration,
    /// All in all.
    pub(in super::super) whole: Duration,
}

const PATIENCE: Patience = Patience {
    first: Duration::from_secs(1),
    longest: Duration::from_secs(5),
    whole: Duration::from_secs(5 * 60),
};

/// An event data store of the organisation.
#[derive(Debug, Clone)]
pub struct EventDataStore {
    aws: Arc<Aws>,
    /// Its id, or its ARN.
    store: String,
    patience: Patience,
}

impl EventDataStore {
    /// An event data store by its id, or by its ARN where it is another region's or account's.
    #[must_use]
    pub fn new(aws: Arc<Aws>, store: &str) -> Self {
        Self {
            aws,
            store: store.to_owned(),
            patience: PATIENCE,
        }
    }

    #[cfg(test)]
    pub(in super::super) fn with_patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// The account that has the store, where it is not ours: a delegated administrator asks one of the management
    /// account.
    fn owner(&self) -> Option<String> {
        let (_, owner) = place_of(&self.store);
        let own = self.aws.own_account.load_full();
        let owner = owner.filter(|owner| own.is_some_and(|own| own.as_str() != *owner));
        owner.map(ToOwned::to_owned)
    }

    async fn start(&self, client: &Client, look: &Look) -> Result<String, Failure> {
        let request = client
            .start_query()
            .query_statement(statement(&self.store, look))
            .set_event_data_store_owner_account_id(self.owner());
        let call = (Service::CloudTrail, "StartQuery");
        let bucket = (&self.aws.pace.start_query, Lane::Background);
        let output = self.aws.call(call, bucket, request.send()).await?;
        output
            .query_id
            .ok_or_else(|| Failure::new(Kind::Odd, "StartQuery: no id of a query"))
    }

    /// A page of a query, once it has its results. A query that we give up is cancelled.
    async fn page(
        &self,
        client: &Client,
        query: &str,
        token: Option<String>,
    ) -> Result<GetQueryResultsOutput, Failure> {
        let answer = self.answer(client, query, token);
        let failure = match tokio::time::timeout(self.patience.whole, answer).await {
            Ok(Ok(output)) => match &output.query_status {
                Some(QueryStatus::Finished) => return Ok(output),
                Some(QueryStatus::Failed | QueryStatus::Cancelled | QueryStatus::TimedOut) => {
                    return Err(without_results(&output));
                }
                // A state that we do not know is no reason to ask for ever.
                _ => without_results(&output),
            },
            Ok(Err(failure)) => failure,
            Err(_) => {
                let minutes = self.patience.whole.as_secs() / 60;
                let message = format!("the query has not ended within {minutes} minutes");
                Failure::new(Kind::Lost, message)
            }
        };
        self.cancel(client, query).await;
        Err(failure)
    }

    /// Best effort. What nobody waits for is billed all the same, and is one of the ten that may be at work at once.
    async fn cancel(&self, client: &Client, query: &str) {
        let request = client
            .cancel_query()
            .query_id(query)
            .set_event_data_store_owner_account_id(self.owner());
        let call = (Service::CloudTrail, "CancelQuery");
        let bucket = (&self.aws.pace.query_results, Lane::Background);
        if let Err(failure) = self.aws.call(call, bucket, request.send()).await {
            tracing::info!(query, problem = failure.message, "the query goes on without us");
        }
    }

    /// What AWS says of a query, once it no longer says that it is at work.
    async fn answer(
        &self,
        client: &Client,
        query: &str,
        token: Option<String>,
    ) -> Result<GetQueryResultsOutput, Failure> {
        let mut pause = self.patience.first;
        loop {
            let request = client
                .get_query_results()
                .query_id(query)
                .max_query_results(PAGE)
                .set_event_data_store_owner_account_id(self.owner())
                .set_next_token(token.clone());
            let call = (Service::CloudTrail, "GetQueryResults");
            let bucket = (&self.aws.pace.query_results, Lane::Background);
            let output = self.aws.call(call, bucket, request.send()).await?;
            match &output.query_status {
                Some(QueryStatus::Queued | QueryStatus::Running) => {}
                _ => return Ok(output),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(self.patience.longest);
        }
    }
}

impl ActivitySource for EventDataStore {
    fn name(&self) -> String {
        format!("CloudTrail Lake, event data store {}", store_id(&self.store))
    }

    fn is_regional(&self) -> bool {
        false
    }

    fn read<'a>(&'a self, look: &'a Look) -> BoxStream<'a, Result<Vec<RawEvent>, AwsError>> {
        let stream = async_stream::try_stream! {
            let region = place_of(&self.store).0.map(ToOwned::to_owned);
            let client = self.aws.cloudtrail_of(region.as_deref()).await;
            let query = self.start(&client, look).await?;
            let (client, query) = (&client, query.as_str());
            let mut pages = std::pin::pin!(pages_of(move |token| async move {
                let output = self.page(client, query, token).await?;
                Ok((output.query_result_rows.unwrap_or_default(), output.next_token))
            }));
            while let Some(page) = pages.next().await {
                let rows = page?;
                yield rows.into_iter().filter_map(event).collect();
            }
        };
        stream.boxed()
    }
}

fn without_results(output: &GetQueryResultsOutput) -> Failure {
    let status = output.query_status.as_ref();
    let status = status.map_or("nothing", QueryStatus::as_str);
    let why = output.error_message.as_deref().unwrap_or("AWS does not say why");
    let message = format!("GetQueryResults: the query ended as {status}: {why}");
    Failure::new(Kind::Odd, bounded(&message))
}

/// A row is a list of columns, each under its name, which comes back in small letters.
fn event(row: Vec<HashMap<String, String>>) -> Option<RawEvent> {
    let mut columns = row.into_iter().flatten();
    let (_, record) = columns.find(|(name, _)| name.eq_ignore_ascii_case(RECORD))?;
    placed(record, None, None)
}

fn statement(store: &str, look: &Look) -> String {
    let whose = match &look.called_by {
        CalledBy::Name(name) => {
            // What stands for other characters in a LIKE stays: it finds more, and is never another query.
            let mut ways = vec![
                format!("userIdentity.principalId LIKE {}", quoted(&format!("%:{name}"))),
                format!("userIdentity.userName = {}", quoted(name)),
            ];
            ways.extend(
                ids(look)
                    .iter()
                    .map(|id| format!("userIdentity.onBehalfOf.userId = {}", quoted(id))),
            );
            format!("({})", ways.join(" OR "))
        }
        CalledBy::Key(key) => format!("userIdentity.accessKeyId = {}", quoted(key)),
        CalledBy::SignIns(kind) => format!("eventName = {}", quoted(kind)),
    };
    // Times are in whole seconds.
    let at = |time: Time| quoted(&time.format("%Y-%m-%d %H:%M:%S").to_string());
    let until = look.until + chrono::TimeDelta::seconds(1);
    format!(
        "SELECT {RECORD} FROM {} WHERE recipientAccountId = {} AND eventTime >= {} AND eventTime <= {} AND {whose}",
        store_id(store),
        quoted(look.account.as_str()),
        at(look.since),
        at(until),
    )
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// What stands behind FROM.
fn store_id(store: &str) -> &str {
    store.rsplit('/').next().unwrap_or(store)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(called_by: CalledBy, user: Option<&str>) -> String {
        let look = Look {
            account: "111122223333".parse().unwrap(),
            region: None,
            called_by,
            user: user.map(|user| user.parse().unwrap()),
            since: "2026-11-22T21:00:00.9Z".parse().unwrap(),
            until: "2026-11-22T22:00:00.1Z".parse().unwrap(),
        };
        statement(
            "arn:aws:cloudtrail:eu-west-1:111122223333:eventdatastore/0e45-1",
            &look,
        )
    }

    #[test]
    fn a_look_is_one_query() {
        let user = "9067642c9c-aaaabbbb-1111-2222-3333-444455556666";
        let frame = "SELECT eventJson FROM 0e45-1 WHERE recipientAccountId = '111122223333' \
                     AND eventTime >= '2026-11-22 21:00:00' AND eventTime <= '2026-11-22 22:00:01' AND ";
        assert_eq!(
            asked(CalledBy::Name("bob".to_owned()), Some(user)),
            format!(
                "{frame}(userIdentity.principalId LIKE '%:bob' OR userIdentity.userName = 'bob' \
                 OR userIdentity.onBehalfOf.userId = '{user}')"
            )
        );
        assert_eq!(
            asked(CalledBy::Key("ASIAEXAMPLE".to_owned()), None),
            format!("{frame}userIdentity.accessKeyId = 'ASIAEXAMPLE'")
        );
    }

    /// What is outside of quotes, and the texts inside.
    fn cut(query: &str) -> (String, Vec<String>) {
        let (mut outside, mut texts) = (String::new(), Vec::new());
        let mut letters = query.chars().peekable();
        while let Some(letter) = letters.next() {
            if letter != '\'' {
                outside.push(letter);
                continue;
            }
            let mut text = String::new();
            loop {
                match letters.next().expect("a quote is closed") {
                    '\'' if letters.next_if_eq(&'\'').is_some() => text.push('\''),
                    '\'' => break,
                    letter => text.push(letter),
                }
            }
            outside.push('?');
            texts.push(text);
        }
        (outside, texts)
    }

    #[test]
    fn no_text_changes_the_query() {
        let (frame, _) = cut(&asked(CalledBy::Name("x".to_owned()), None));
        let (by_key, _) = cut(&asked(CalledBy::Key("x".to_owned()), None));
        for text in [
            "o'neill",
            "'",
            "''",
            "'''",
            "' OR '1' = '1",
            "\\'",
            "a%_b",
            "x'; DROP",
            "\"",
            "a\nb",
            "--",
            "",
        ] {
            let (outside, texts) = cut(&asked(CalledBy::Name(text.to_owned()), None));
            assert_eq!(outside, frame, "{text:?}");
            assert_eq!(texts[3..], [format!("%:{text}"), text.to_owned()]);
            let (outside, texts) = cut(&asked(CalledBy::Key(text.to_owned()), None));
            assert_eq!(outside, by_key, "{text:?}");
            assert_eq!(texts[3..], [text]);
        }
    }
}
