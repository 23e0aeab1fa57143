//! `ls`: requests. Filters, never refuses.

use super::{Context, Failure, Outcome, output::Column, resolve, when};
use crate::cli::LsArgs;
use crate::digest::in_short;
use crate::format;
use crate::glass;
use team_shared::request::{RequestQuery, RequestView};
use team_shared::state::RequestState;

/// The last one is for programs: it is as long as all of what people look for.
const COLUMNS: [Column<RequestView>; 15] = [
    ("id", |r, _| r.id.short()),
    ("state", |r, _| r.state.to_string()),
    ("break glass", |r, _| glass::behind(r).trim().to_owned()),
    ("who", |r, _| r.requester.user_name.clone()),
    ("account", |r, _| r.account.name.clone()),
    ("account id", |r, _| r.account.id.to_string()),
    ("permission set", |r, _| r.permission_set.name.clone()),
    ("for", |r, _| format::length(r.duration_seconds)),
    ("created", |r, zone| format::full(r.created_at, zone)),
    ("start", |r, zone| {
        r.start_at.map_or_else(String::new, |at| format::full(at, zone))
    }),
    ("end", |r, zone| {
        r.end_at.map_or_else(String::new, |at| format::full(at, zone))
    }),
    ("used", |r, _| {
        r.activity.as_ref().and_then(in_short).unwrap_or_default()
    }),
    ("ticket", |r, _| r.ticket.clone().unwrap_or_default()),
    ("reason", |r, _| r.justification.clone()),
    ("batch", |r, _| r.batch_id.clone().unwrap_or_default()),
];

pub(super) async fn run(cx: &Context, args: LsArgs) -> Outcome {
    let scope = [
        (args.mine, "mine"),
        (args.queue, "queue"),
        (args.active, "active"),
        (args.review, "review"),
    ]
    .into_iter()
    .find_map(|(asked, scope)| asked.then_some(scope))
    .unwrap_or("all");
    if let Some(states) = &args.state {
        for state in states.split(',') {
            state
                .parse::<RequestState>()
                .map_err(|error| Failure::usage(error.to_string(), "states may be joined with commas"))?;
        }
    }
    let query = RequestQuery {
        scope: Some(scope.to_owned()),
        state: args.state.clone(),
        user: args.user.clone(),
        account: args.account.clone(),
        batch: match &args.batch {
            Some(batch) => Some(resolve::batch(cx, batch).await?),
            None => None,
        },
        unused: args.unused,
        since: args
            .since
            .as_deref()
            .map(|at| when::parse_since(at, cx.now))
            .transpose()?,
        until: args
            .until
            .as_deref()
            .map(|at| when::parse_since(at, cx.now))
            .transpose()?,
        ..RequestQuery::default()
    };
    let page = cx.client.requests(&query, args.limit as usize).await?;
    let shown = if args.list.csv {
        COLUMNS.len()
    } else {
        COLUMNS.len() - 1
    };
    cx.out
        .list(&page, &args.list, &COLUMNS[..shown], "no requests here")
}
