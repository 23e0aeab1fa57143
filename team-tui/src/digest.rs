//! What was done with access, in a few lines: for whoever closes its review.

use crate::format::{self, Zone};
use team_shared::activity::{ActivityDigest, ActivitySummary, Times};

/// Names that a line has room for; the counts are of all.
const SHOWN: usize = 5;

/// As labels and texts.
pub(crate) fn lines(digest: &ActivityDigest, zone: Zone) -> Vec<(&'static str, String)> {
    let mut lines = match (digest.first_event_at, digest.last_event_at) {
        (Some(first), Some(last)) => vec![
            (
                "used",
                format!(
                    "{}, {}, {}, {}",
                    some(digest.events, "event"),
                    some(digest.writes, "write"),
                    some(digest.errors, "error"),
                    some(digest.sessions, "session")
                ),
            ),
            (
                "between",
                format!("{} and {}", format::full(first, zone), format::full(last, zone)),
            ),
            ("services", counted(&digest.services)),
            ("calls", counted(&digest.actions)),
            ("from", counted(&digest.addresses)),
        ],
        _ => vec![("used", "no: the source has told of no event".to_owned())],
    };
    if let Some(at) = digest.signed_in_at {
        lines.push(("sign-in", format!("last at {}", format::full(at, zone))));
    }
    if !digest.marks.is_empty() {
        lines.push(("marks", counted(&digest.marks)));
    }
    lines.extend(digest.left_behind.iter().map(|left| ("left", left.label.clone())));
    lines
}

/// `12 calls, 3 writes, 1 refused; 2 left behind`; none: nothing is known.
pub(crate) fn in_short(activity: &ActivitySummary) -> Option<String> {
    let text = match activity.events {
        0 if activity.complete => "no: not one call".to_owned(),
        0 => return None,
        calls => {
            let mut text = format!("{}, {} writes", some(calls, "call"), activity.writes);
            if activity.errors > 0 {
                text += &format!(", {} refused", activity.errors);
            }
            if !activity.complete {
                text += " so far";
            }
            text
        }
    };
    Some(match activity.left_behind {
        0 => text,
        left => format!("{text}; {left} left behind"),
    })
}

/// Whether it is certain that nothing was done with it.
pub(crate) fn is_unused(activity: Option<&ActivitySummary>) -> bool {
    activity.is_some_and(|activity| activity.complete && activity.events == 0)
}

fn some(number: u64, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        n => format!("{n} {what}s"),
    }
}

fn counted(names: &[Times]) -> String {
    let shown: Vec<String> = names
        .iter()
        .take(SHOWN)
        .map(|one| format!("{} {}", one.name, one.times))
        .collect();
    match names.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    #[test]
    fn access_that_was_not_used_says_so() {
        let said = lines(&ActivityDigest::default(), Zone::Utc);
        assert!(said[0].1.starts_with("no:"), "{said:?}");
        let mut summary = ActivitySummary::default();
        assert_eq!(in_short(&summary), None, "not known yet");
        summary.complete = true;
        assert!(in_short(&summary).is_some_and(|text| text.starts_with("no")) && is_unused(Some(&summary)));
    }

    #[test]
    fn what_was_left_behind_is_in_both_forms() {
        let digest = fixtures::digest();
        let said = lines(&digest, Zone::Utc);
        assert!(
            said.contains(&("left", digest.left_behind[0].label.clone())),
            "{said:?}"
        );
        assert!(
            said.contains(&("services", "ecs 2, rds 1".to_owned())),
            "{said:?}"
        );
        let summary = ActivitySummary {
            events: 3,
            writes: 2,
            errors: 1,
            left_behind: 1,
            ..ActivitySummary::default()
        };
        assert_eq!(
            in_short(&summary).as_deref(),
            Some("3 calls, 2 writes, 1 refused so far; 1 left behind")
        );
    }
}
