//! What a document asks for and this version does not do, in lines for people: nothing is silently ignored.

use super::model::{KeptSettings, Policy};
use team_shared::duration::Seconds;

/// A line for each setting that is read, kept and not acted on. Where it only says what happens anyway, there is none.
#[must_use]
pub fn unheeded(policy: &Policy) -> Vec<String> {
    let KeptSettings {
        max_per_day,
        claim_timeout,
        remind_before_end,
        remind_approvers_every,
        escalate_after,
        max_permission_set_session,
    } = &policy.settings.kept;
    let is_not = |seconds: &Option<Seconds>, default: i64| seconds.filter(|seconds| seconds.get() != default);
    let mut lines: Vec<String> = [
        ("max_per_day", *max_per_day),
        ("claim_timeout", is_not(claim_timeout, 600)),
        ("remind_approvers_every", is_not(remind_approvers_every, 1_800)),
        ("escalate_after", *escalate_after),
        ("max_permission_set_session", *max_permission_set_session),
    ]
    .into_iter()
    .filter_map(|(key, value)| value.map(|value| said("settings", key, &value.to_string())))
    .collect();
    if let Some(times) = remind_before_end {
        let times: Vec<i64> = times.iter().map(|time| time.get()).collect();
        if times != [1_800, 900] {
            lines.push(said("settings", "remind_before_end", "as written"));
        }
    }
    for rule in &policy.eligibility {
        if let Some(most) = rule.overrides.max_per_day {
            let of = format!("eligibility rule {}", rule.id);
            lines.push(said(&of, "max_per_day", &most.to_string()));
        }
    }
    for rule in policy
        .approvers
        .iter()
        .filter(|rule| !rule.escalate_to.is_empty())
    {
        let of = format!("approver rule {}", rule.id);
        let to: Vec<String> = rule.escalate_to.iter().map(ToString::to_string).collect();
        lines.push(said(&of, "escalate_to", &to.join(", ")));
    }
    lines
}

fn said(of: &str, key: &str, value: &str) -> String {
    format!("{of}: {key} ({value}) is kept, but this version does not act on it")
}
