//! What was done with access that is over, in a few lines, as far as it is known when the message is sent.

use crate::Engine;
use std::time::Duration;
use team_shared::event::EventType;
use teamd_domain::activity::Digest;
use teamd_domain::request::Request;
use teamd_notify::notice::Fact;

/// A message does not wait longer for it.
const PATIENCE: Duration = Duration::from_secs(10);

/// Doors that a message names.
const NAMED: usize = 5;

impl Engine {
    /// For access that is over, where a source of activity is configured.
    pub(super) async fn digest_of(&self, kind: EventType, request: Option<&Request>) -> Vec<Fact> {
        let is_over = matches!(kind, EventType::RequestEnded | EventType::RequestRevoked);
        let Some(request) = request.filter(|_| is_over && self.has_activity_source()) else {
            return Vec::new();
        };
        match tokio::time::timeout(PATIENCE, self.activity_digest(request)).await {
            Ok(Ok(digest)) => facts(&digest),
            Ok(Err(_)) | Err(_) => Vec::new(),
        }
    }
}

fn facts(digest: &Digest) -> Vec<Fact> {
    let mut facts = vec![Fact {
        label: "Done with it",
        value: in_one_line(digest),
    }];
    if !digest.left_behind.is_empty() {
        let labels: Vec<String> = digest
            .left_behind
            .iter()
            .take(NAMED)
            .map(|left| left.label())
            .collect();
        let more = match digest.left_behind.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        facts.push(Fact {
            label: "Left behind",
            value: format!("{}{more}", labels.join("; ")),
        });
    }
    facts
}

/// CloudTrail delivers late: what is known now is rarely all.
fn in_one_line(digest: &Digest) -> String {
    let summary = &digest.summary;
    match summary.events {
        0 => "nothing that CloudTrail has delivered so far".to_owned(),
        calls => {
            let from = match digest.addresses.len() {
                1 => "one address".to_owned(),
                n => format!("{n} addresses"),
            };
            let (writes, refused) = (summary.writes, summary.errors);
            format!("{calls} calls so far: {writes} that change something, {refused} refused, from {from}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use teamd_domain::activity::{LeftBehind, Summary};

    #[test]
    fn calls_are_counted_and_doors_named() {
        let digest = Digest {
            summary: Summary {
                events: 2,
                writes: 1,
                errors: 1,
                ..Summary::default()
            },
            addresses: vec![("192.0.2.1".to_owned(), 2)],
            left_behind: vec![LeftBehind {
                kind: "role".to_owned(),
                name: "deployer".to_owned(),
                at: teamd_domain::Time::UNIX_EPOCH,
                event_id: "e".to_owned(),
            }],
            ..Digest::default()
        };
        let facts = facts(&digest);
        assert_eq!(
            facts[0].value,
            "2 calls so far: 1 that change something, 1 refused, from one address"
        );
        assert_eq!(facts[1].value, "role: deployer");
        assert!(in_one_line(&Digest::default()).contains("so far"));
    }
}
