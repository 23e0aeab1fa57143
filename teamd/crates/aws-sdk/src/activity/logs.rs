//! CloudWatch Logs' FilterLogEvents, on the log group of an organisation's trail: every account and region in one place,
//! about five minutes late, and data events where the trail has them. Events of more than 256 KiB do not get there.

use super::super::{Aws, pages_of};
use super::{ids, place_of, placed};
use aws_config::Region;
use aws_sdk_cloudwatchlogs::Client;
use chrono::TimeDelta;
use futures::StreamExt;
use futures::stream::BoxStream;
use std::sync::Arc;
use teamd_aws::health::Service;
use teamd_aws::port::{ActivitySource, AwsError, CalledBy, Lane, Look, RawEvent};
use teamd_domain::Time;

/// AWS does not say whether a log event's time is that of the call or that of its delivery. The search goes on for so
/// long behind the end, so that what was delivered late is in it either way.
const DELIVERY: TimeDelta = TimeDelta::hours(2);

/// The log group that an organisation's trail writes to.
#[derive(Debug, Clone)]
pub struct LogGroup {
    aws: Arc<Aws>,
    client: Client,
    group: String,
}

impl LogGroup {
    /// A log group by its name, or by its ARN where it is another region's or account's.
    #[must_use]
    pub fn new(aws: Arc<Aws>, group: &str) -> Self {
        // As consoles and policies show it; the call takes it without.
        let group = group.strip_suffix(":*").unwrap_or(group);
        let mut config = aws.clients.config.to_builder();
        if let (Some(region), _) = place_of(group) {
            config.set_region(Region::new(region.to_owned()));
        }
        Self {
            client: Client::new(&config.build()),
            group: group.to_owned(),
            aws,
        }
    }
}

impl ActivitySource for LogGroup {
    fn name(&self) -> String {
        format!("CloudWatch Logs, log group {}", self.group)
    }

    fn is_regional(&self) -> bool {
        false
    }

    fn read<'a>(&'a self, look: &'a Look) -> BoxStream<'a, Result<Vec<RawEvent>, AwsError>> {
        let Some(pattern) = pattern(look) else {
            return futures::stream::empty().boxed();
        };
        let (aws, pattern) = (&self.aws, Arc::<str>::from(pattern));
        let is_arn = self.group.starts_with("arn:");
        let pages = pages_of(move |token| {
            let request = self
                .client
                .filter_log_events()
                .set_log_group_identifier(is_arn.then(|| self.group.clone()))
                .set_log_group_name((!is_arn).then(|| self.group.clone()))
                .filter_pattern(&*pattern)
                .start_time(look.since.timestamp_millis().max(0))
                .end_time((look.until + DELIVERY).timestamp_millis().max(0))
                .set_next_token(token);
            async move {
                let call = (Service::Logs, "FilterLogEvents");
                let bucket = (&aws.pace.filter_log_events, Lane::Background);
                let output = aws.call(call, bucket, request.send()).await?;
                Ok((output.events.unwrap_or_default(), output.next_token))
            }
        });
        pages
            .map(|page| {
                let events = page?.into_iter().filter_map(|event| {
                    let at = event.timestamp.and_then(Time::from_timestamp_millis);
                    placed(event.message?, event.event_id, at)
                });
                Ok(events.collect())
            })
            .boxed()
    }
}

/// What a look asks; none where nothing can match.
fn pattern(look: &Look) -> Option<String> {
    let whose = match &look.called_by {
        CalledBy::Name(name) => {
            let mut ways = vec![
                is("principalId", &ending(":", name)),
                is("userName", &ending("", name)),
            ];
            ways.extend(
                ids(look)
                    .iter()
                    .map(|id| is("onBehalfOf.userId", &ending("", id))),
            );
            format!("({})", ways.join(" || "))
        }
        // Nothing is signed with what is no key.
        CalledBy::Key(key) if key.is_empty() || !key.bytes().all(|b| b.is_ascii_alphanumeric()) => {
            return None;
        }
        CalledBy::Key(key) => is("accessKeyId", key),
        CalledBy::SignIns(kind) => format!("($.eventName = \"{kind}\")"),
    };
    let account = &look.account;
    Some(format!("{{ ($.recipientAccountId = \"{account}\") && {whose} }}"))
}

fn is(member: &str, text: &str) -> String {
    format!("($.userIdentity.{member} = \"{text}\")")
}

/// Matches texts that are this one, behind some mark. Names of sessions are made of the characters that are kept here. How
/// patterns write others is not documented, so of a text that has others it is what follows the last of them that counts,
/// else everything does: wider, and never another pattern.
fn ending(mark: &str, text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_+=,.@-".contains(c);
    match text.rsplit_once(|c| !is_plain(c)) {
        None if mark.is_empty() => text.to_owned(),
        None => format!("*{mark}{text}"),
        Some((_, tail)) => format!("*{tail}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(called_by: CalledBy, user: Option<&str>) -> Option<String> {
        pattern(&Look {
            account: "111122223333".parse().unwrap(),
            region: None,
            called_by,
            user: user.map(|user| user.parse().unwrap()),
            since: Time::UNIX_EPOCH,
            until: Time::UNIX_EPOCH,
        })
    }

    fn by_name(name: &str) -> String {
        asked(CalledBy::Name(name.to_owned()), None).unwrap()
    }

    #[test]
    fn a_look_is_one_pattern() {
        let user = "9067642c9c-AAAAbbbb-1111-2222-3333-444455556666";
        let by_name = asked(CalledBy::Name("bob@example.com".to_owned()), Some(user)).unwrap();
        let lower = user.to_lowercase();
        assert_eq!(
            by_name,
            format!(
                "{{ ($.recipientAccountId = \"111122223333\") && \
                 (($.userIdentity.principalId = \"*:bob@example.com\") || \
                 ($.userIdentity.userName = \"bob@example.com\") || \
                 ($.userIdentity.onBehalfOf.userId = \"{user}\") || \
                 ($.userIdentity.onBehalfOf.userId = \"{lower}\")) }}"
            )
        );
        let by_key = asked(CalledBy::Key("ASIAEXAMPLE".to_owned()), None).unwrap();
        assert_eq!(
            by_key,
            "{ ($.recipientAccountId = \"111122223333\") && ($.userIdentity.accessKeyId = \"ASIAEXAMPLE\") }"
        );
    }

    #[test]
    fn no_text_changes_the_pattern() {
        let frame = by_name("x").replace("*:x", "").replace('x', "");
        for (name, tail) in [
            ("o\"brien", "brien"),
            ("a\\", ""),
            ("a\\\"", ""),
            ("b*b", "b"),
            ("*", ""),
            ("x\") || ($.eventName = \"*", ""),
            ("x) }", ""),
            ("%a%", ""),
            ("a b\tc", "c"),
            ("a\u{0}\u{202e}c", "c"),
        ] {
            let pattern = by_name(name);
            let end = format!("\"*{tail}\"");
            assert_eq!(pattern.matches(&end).count(), 2, "{name:?}: {pattern}");
            assert_eq!(pattern.replace(&format!("*{tail}"), ""), frame, "{name:?}");
        }
        for key in ["", "A\" || $.x = \"", "*", "A*", "A B"] {
            assert_eq!(asked(CalledBy::Key(key.to_owned()), None), None, "{key}");
        }
        let longest = by_name(&"x".repeat(128));
        assert!(longest.len() + 2 * 100 < 1024, "AWS takes no more");
    }
}
