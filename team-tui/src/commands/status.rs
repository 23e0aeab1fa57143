//! `status [--short]`: exit 0 healthy, 1 not.

use super::{Context, Failure, Outcome};
use crate::client::api::Health;
use crate::format::{self, Zone};
use chrono::{DateTime, Utc};
use team_shared::status::{ConnectionStatus, RemovalStatus};

pub(super) async fn run(cx: &Context, short: bool) -> Outcome {
    let health = if short {
        Health::Short(cx.client.short_status().await?)
    } else {
        cx.client.health().await?
    };
    if cx.out.is_json() {
        match &health {
            Health::Full(status) => cx.out.document(status)?,
            Health::Short(status) => cx.out.document(status)?,
        }
    } else if short {
        let s = health.short();
        let state = if s.healthy { "healthy" } else { "UNHEALTHY" };
        cx.out.line(&format!(
            "{state} · {} pending · {} active · {} overdue{}",
            s.pending,
            s.active,
            s.overdue,
            s.problems
                .iter()
                .chain(&s.notices)
                // tmux would take `#[…]` for a style.
                .map(|line| format!(" · {}", line.replace("#[", "# [")))
                .collect::<String>()
        ))?;
    } else {
        for (label, text) in sheet(&health, cx.now, cx.out.zone()) {
            cx.out.line(format!("{label:<12} {text}").trim_end())?;
        }
    }
    if health.short().healthy {
        Ok(())
    } else {
        Err(Failure::Unhealthy)
    }
}

/// The sheet as labels and texts; the dashboard shows the same one.
pub(crate) fn sheet(health: &Health, now: DateTime<Utc>, zone: Zone) -> Vec<(&'static str, String)> {
    let short = health.short();
    let mut rows = vec![(
        "health",
        if short.healthy { "healthy" } else { "UNHEALTHY" }.to_owned(),
    )];
    rows.extend(short.problems.iter().map(|problem| ("!", problem.clone())));
    rows.extend(short.notices.iter().map(|notice| ("notice", notice.clone())));
    rows.extend(short.holds.iter().map(|hold| {
        let by = hold
            .by
            .as_ref()
            .map_or_else(String::new, |by| format!(" by {by}"));
        let since = format::both(hold.since, now, zone);
        ("hold", format!("{}{by}, since {since}", hold.kind))
    }));
    rows.push((
        "requests",
        format!("{} pending, {} active", short.pending, short.active),
    ));
    rows.push((
        "overdue",
        match short.overdue {
            0 => "no removal is late".to_owned(),
            n => format!("{n} removals are late"),
        },
    ));
    let Health::Full(status) = health else { return rows };
    rows.extend(removals(&status.removals, zone).map(|text| ("removals", text)));
    for late in &status.overdue_requests {
        let mut error = late.last_error.as_deref().unwrap_or("no answer yet").to_owned();
        if let Some(note) = &late.note {
            error = format!("{note}; {error}");
        }
        rows.push((
            "! late",
            format!(
                "{} {} on {} as {}: {} late, attempt {}: {error}",
                late.id.short(),
                late.user_name,
                late.account,
                late.permission_set,
                format::span(late.late_by_seconds),
                late.attempts
            ),
        ));
    }
    rows.extend(
        status
            .drift
            .findings
            .iter()
            .map(|finding| ("! drift", finding.clone())),
    );
    let when =
        |at: Option<DateTime<Utc>>| at.map_or_else(|| "never".to_owned(), |at| format::both(at, now, zone));
    let counts = |map: &std::collections::BTreeMap<String, u64>| {
        let parts: Vec<String> = map
            .iter()
            .filter(|(_, n)| **n > 0)
            .map(|(k, n)| format!("{n} {k}"))
            .collect();
        if parts.is_empty() {
            "none".to_owned()
        } else {
            parts.join(", ")
        }
    };
    rows.push(("by state", counts(&status.requests)));
    rows.push(("grants", counts(&status.grants)));
    let drift = &status.drift;
    let under_way = match (drift.accounts_done, drift.accounts_total) {
        (Some(done), Some(total)) => format!("; one is under way, {done} of {total} accounts done"),
        _ => String::new(),
    };
    rows.push((
        "sweep",
        format!(
            "{} missing, {} foreign, {} standing; last complete {}{under_way}",
            drift.missing,
            drift.foreign,
            drift.standing,
            when(drift.completed_at)
        ),
    ));
    rows.extend(drift.note.iter().map(|note| ("sweep", note.clone())));
    rows.extend(drift.last_error.iter().map(|error| ("! sweep", error.clone())));
    let aws = &status.aws;
    rows.push((
        "AWS",
        format!(
            "{}, region {}, last answer {}",
            aws.state,
            aws.region,
            when(aws.last_success_at)
        ),
    ));
    rows.extend(aws.endpoint.iter().map(|endpoint| ("endpoint", endpoint.clone())));
    rows.extend(aws.last_error.iter().map(|error| ("AWS said", error.clone())));
    let d = &status.directory;
    rows.push((
        "directory",
        format!(
            "{} accounts, {} permission sets, {} people, {} groups; loaded {}",
            d.accounts,
            d.permission_sets,
            d.people,
            d.groups,
            when(d.loaded_at)
        ),
    ));
    rows.extend(d.last_error.iter().map(|error| ("refresh", error.clone())));
    let chain = if status.audit.ok { "intact" } else { "BROKEN" };
    rows.push((
        "audit",
        format!(
            "{chain}, {} rows, checked {}",
            status.audit.rows,
            when(status.audit.verified_at)
        ),
    ));
    rows.push((
        "policy",
        match status.policy_version {
            0 => "none; as root: team-tui policy apply FILE".to_owned(),
            version => format!("version {version}"),
        },
    ));
    rows.extend(
        status
            .policy_warnings
            .iter()
            .map(|warning| ("! policy", warning.clone())),
    );
    rows.extend(
        status
            .identity_warnings
            .iter()
            .map(|warning| ("! identity", warning.clone())),
    );
    rows.push(("activity", status.activity.clone()));
    rows.push(("connections", connections(&status.connections)));
    rows.push((
        "teamd",
        format!("{}, up since {}", status.version, when(Some(status.started_at))),
    ));
    rows
}

/// The connections to the socket, in one line.
fn connections(status: &ConnectionStatus) -> String {
    let mut text = format!(
        "{} open of {}",
        format::thousands(status.open),
        format::thousands(status.limit)
    );
    if let Some(most) = status.most_open {
        text += &format!(
            ", uid {} has the most ({} of {})",
            most.uid, most.count, status.limit_per_user
        );
    }
    if status.refused > 0 {
        text += &format!("; {} refused since the start", format::thousands(status.refused));
        if let Some(most) = status.most_refused {
            text += &format!(
                ", most often uid {} ({})",
                most.uid,
                format::thousands(most.count)
            );
        }
    }
    text
}

/// What is being taken back now, in one line; none: nothing is.
pub(crate) fn removals(removals: &RemovalStatus, zone: Zone) -> Option<String> {
    if removals.due == 0 {
        return None;
    }
    let mut text = format!("{} due", format::thousands(removals.due));
    if removals.per_second > 0.0 {
        text += &format!(", {:.1} a second", removals.per_second);
    }
    if let Some(by) = removals.done_by {
        text += &format!(", done by {}", format::marked(by, zone));
    }
    if removals.failing > 0 {
        text += &format!("; {} keep failing", format::thousands(removals.failing));
    }
    if removals.calls_per_second_now < removals.calls_per_second {
        let (now, full) = (removals.calls_per_second_now, removals.calls_per_second);
        text += &format!("; AWS slows us down: {now:.1} of {full:.1} calls a second");
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use team_shared::status::UidCount;

    #[test]
    fn connections_name_uid_that_was_refused() {
        let mut shown = ConnectionStatus {
            open: 45,
            limit: 1024,
            limit_per_user: 32,
            most_open: Some(UidCount { uid: 1001, count: 32 }),
            ..ConnectionStatus::default()
        };
        let quiet = "45 open of 1,024, uid 1001 has the most (32 of 32)";
        assert_eq!(connections(&shown), quiet);
        (shown.refused, shown.most_refused) = (
            3400,
            Some(UidCount {
                uid: 1001,
                count: 3399,
            }),
        );
        let loud = format!("{quiet}; 3,400 refused since the start, most often uid 1001 (3,399)");
        assert_eq!(connections(&shown), loud);
    }

    #[test]
    fn removals_in_one_line() {
        let mut shown = RemovalStatus::default();
        assert_eq!(removals(&shown, Zone::Utc), None);
        shown.due = 9812;
        shown.per_second = 8.1;
        shown.done_by = "2026-11-22T03:24:00Z".parse().ok();
        assert_eq!(
            removals(&shown, Zone::Utc).as_deref(),
            Some("9,812 due, 8.1 a second, done by 03:24:00Z")
        );
        (shown.failing, shown.calls_per_second, shown.calls_per_second_now) = (200, 16.0, 8.0);
        let text = removals(&shown, Zone::Utc).unwrap_or_default();
        assert!(
            text.ends_with("; 200 keep failing; AWS slows us down: 8.0 of 16.0 calls a second"),
            "{text}"
        );
    }
}
