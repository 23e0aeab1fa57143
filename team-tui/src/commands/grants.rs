//! `grants`: assignments that the daemon holds in AWS.

use super::{Context, Outcome, output::Column};
use crate::cli::ListArgs;
use crate::format::{self, Zone};
use team_shared::grant::GrantView;
use team_shared::ids::RequestId;

const COLUMNS: &[Column<GrantView>] = &[
    ("who", |g| g.person.user_name.clone()),
    ("account", |g| g.account.name.clone()),
    ("account id", |g| g.account.id.to_string()),
    ("permission set", |g| g.permission_set.name.clone()),
    ("state", |g| g.grant.state.to_string()),
    ("requests", |g| {
        let ids: Vec<String> = g.leases.iter().map(RequestId::short).collect();
        ids.join(" ")
    }),
    ("attempts", |g| g.grant.attempts.to_string()),
    ("next", |g| {
        g.grant
            .next_attempt_at
            .map_or_else(String::new, |at| format::full(at, Zone::Utc))
    }),
    ("last error", |g| g.grant.last_error.clone().unwrap_or_default()),
];

pub(super) async fn run(cx: &Context, list: &ListArgs) -> Outcome {
    let page = cx.client.grants().await?;
    cx.out.list(&page, list, COLUMNS, "teamd holds no assignment")
}
