//! What was done with access that is over, in one line, as far as it is known when the message is sent.

use crate::domain::request::Request;
use crate::engine::{ActivityLine, Engine};
use crate::notify::notice::Fact;
use std::collections::BTreeSet;
use std::time::Duration;
use team_shared::event::EventType;

/// A message does not wait longer for it.
const PATIENCE: Duration = Duration::from_secs(10);

impl Engine {
    /// For access that is over, where a source of activity is configured.
    pub(super) async fn digest_of(&self, kind: EventType, request: Option<&Request>) -> Vec<Fact> {
        let is_over = matches!(kind, EventType::RequestEnded | EventType::RequestRevoked);
        let Some(request) = request.filter(|_| is_over && self.has_activity_source()) else {
            return Vec::new();
        };
        match tokio::time::timeout(PATIENCE, self.activity_of(request)).await {
            Ok(activity) => vec![Fact {
                label: "Done with it",
                value: in_one_line(&activity.lines),
            }],
            Err(_) => Vec::new(),
        }
    }
}

/// CloudTrail delivers late: what is known now is rarely all.
fn in_one_line(lines: &[ActivityLine]) -> String {
    let count = |fits: &dyn Fn(&ActivityLine) -> bool| lines.iter().filter(|line| fits(line)).count();
    let writes = count(&|line| line.record["readOnly"] == false);
    let refused = count(&|line| line.record["errorCode"].is_string());
    let addresses: BTreeSet<&str> = lines
        .iter()
        .filter_map(|line| line.record["sourceIPAddress"].as_str())
        .collect();
    match lines.len() {
        0 => "nothing that CloudTrail has delivered so far".to_owned(),
        calls => {
            let from = match addresses.len() {
                1 => "one address".to_owned(),
                n => format!("{n} addresses"),
            };
            format!("{calls} calls so far: {writes} that change something, {refused} refused, from {from}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn calls_are_counted() {
        let line = |record: serde_json::Value| ActivityLine {
            event_id: "e".into(),
            at: crate::domain::Time::UNIX_EPOCH,
            request: team_shared::ids::RequestId::from_parts(1, 1),
            account: "111122223333".parse().unwrap(),
            record,
            call: crate::domain::activity::Call::default(),
            marks: Vec::new(),
        };
        let lines = [
            line(json!({ "readOnly": true, "sourceIPAddress": "192.0.2.1" })),
            line(json!({ "readOnly": false, "sourceIPAddress": "192.0.2.1", "errorCode": "AccessDenied" })),
        ];
        assert_eq!(
            in_one_line(&lines),
            "2 calls so far: 1 that change something, 1 refused, from one address"
        );
        assert!(in_one_line(&[]).contains("so far"));
    }
}
