//! `motd`: what somebody should know who has just logged in, one line each; nothing where there is nothing.

use super::{Context, Outcome};
use crate::format;
use crate::glass;
use chrono::{DateTime, Utc};
use serde::Serialize;
use team_shared::request::{RequestQuery, RequestView};
use team_shared::status::ShortStatus;

/// Requests that are named; the others are counted.
const NAMED: usize = 3;

#[derive(Debug, Default, Serialize)]
struct Motd {
    queue: Vec<RequestView>,
    review: Vec<RequestView>,
    mine: Vec<RequestView>,
    notices: Vec<String>,
}

pub(super) async fn run(cx: &Context) -> Outcome {
    let me = cx.client.me().await?;
    let mut motd = Motd {
        notices: me.notices,
        ..Motd::default()
    };
    if me.person.is_some() {
        motd.queue = scope(cx, "queue", None).await?;
        motd.review = scope(cx, "review", None).await?;
        motd.mine = scope(cx, "mine", Some("pending,scheduled,activating,active")).await?;
    }
    let status = cx.client.short_status().await?;
    if cx.out.is_json() {
        return cx.out.document(&motd);
    }
    for line in lines(&motd, &status, cx.now) {
        cx.out.line(&format!("team-tui: {line}"))?;
    }
    Ok(())
}

async fn scope(
    cx: &Context,
    scope: &str,
    states: Option<&str>,
) -> Result<Vec<RequestView>, crate::client::ClientError> {
    let query = RequestQuery {
        scope: Some(scope.to_owned()),
        state: states.map(ToOwned::to_owned),
        ..RequestQuery::default()
    };
    Ok(cx.client.requests(&query, 100).await?.items)
}

fn lines(motd: &Motd, status: &ShortStatus, now: DateTime<Utc>) -> Vec<String> {
    let mut lines = Vec::new();
    let target = |view: &RequestView| format!("{} on {}", view.permission_set.name, view.account.name);
    let some = |views: &[RequestView]| {
        let named = views.iter().take(NAMED);
        let mut text: Vec<String> = named
            .map(|view| {
                format!(
                    "{}{} {} {}",
                    view.id.short(),
                    glass::behind(view),
                    view.requester.user_name,
                    target(view)
                )
            })
            .collect();
        if views.len() > NAMED {
            text.push(format!("and {} more", views.len() - NAMED));
        }
        text.join(", ")
    };
    match motd.queue.len() {
        0 => {}
        1 => lines.push(format!(
            "a request waits for your decision: {}",
            some(&motd.queue)
        )),
        n => lines.push(format!(
            "{n} requests wait for your decision: {}",
            some(&motd.queue)
        )),
    }
    match motd.review.len() {
        0 => {}
        1 => lines.push(format!("access waits for your review: {}", some(&motd.review))),
        n => lines.push(format!(
            "{n} accesses wait for your review: {}",
            some(&motd.review)
        )),
    }
    for view in &motd.mine {
        let (what, id) = (target(view) + &glass::behind(view), view.id.short());
        lines.push(match view.end_at.filter(|_| view.state.as_str() == "active") {
            Some(end) => format!(
                "your {what} ends {}; team-tui use {id}, team-tui done {id}",
                format::relative(end, now)
            ),
            None => format!("your {what} is {}; team-tui show {id}", view.state),
        });
    }
    lines.extend(motd.notices.iter().cloned());
    lines.extend(status.problems.iter().cloned());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_to_say_is_nothing_said() {
        let status = ShortStatus {
            healthy: true,
            problems: Vec::new(),
            pending: 4,
            active: 2,
            overdue: 0,
            notices: Vec::new(),
            holds: Vec::new(),
        };
        assert!(lines(&Motd::default(), &status, DateTime::UNIX_EPOCH).is_empty());
        let problems = vec!["2 revocations are overdue".to_owned()];
        let ill = ShortStatus { problems, ..status };
        assert_eq!(
            lines(&Motd::default(), &ill, DateTime::UNIX_EPOCH),
            ["2 revocations are overdue"]
        );
    }
}
