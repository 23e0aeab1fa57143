//! `grants [--standing|--drift]`: assignments that the daemon holds in AWS, what others hold, where the two differ.

use super::{Context, Outcome, output::Column};
use crate::cli::GrantsArgs;
use crate::format::{self, Zone};
use team_shared::grant::{DriftView, GrantView, StandingView};
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

const STANDING: &[Column<StandingView>] = &[
    ("who", |s| s.name().to_owned()),
    ("holder", |s| s.holder.to_string()),
    ("members", |s| {
        s.group
            .as_ref()
            .map_or_else(String::new, |group| group.members.to_string())
    }),
    ("account", |s| s.account.name.clone()),
    ("account id", |s| s.account.id.to_string()),
    ("permission set", |s| s.permission_set.name.clone()),
    ("first seen", |s| format::full(s.found_at, Zone::Utc)),
];

const DRIFT: &[Column<DriftView>] = &[
    ("kind", |d| d.kind.to_string()),
    ("who", |d| d.person.user_name.clone()),
    ("account", |d| d.account.name.clone()),
    ("account id", |d| d.account.id.to_string()),
    ("permission set", |d| d.permission_set.name.clone()),
    ("requests", |d| {
        let ids: Vec<String> = d.leases.iter().map(RequestId::short).collect();
        ids.join(" ")
    }),
    ("first seen", |d| format::full(d.found_at, Zone::Utc)),
    ("meaning", |d| d.detail.clone()),
];

pub(super) async fn run(cx: &Context, args: &GrantsArgs) -> Outcome {
    if args.standing {
        let page = cx.client.standing().await?;
        let empty = "no standing access is known; `team-tui status` says when the last sweep was complete";
        return cx.out.list(&page, &args.list, STANDING, empty);
    }
    if args.drift {
        let page = cx.client.drift().await?;
        return cx.out.list(
            &page,
            &args.list,
            DRIFT,
            "AWS and teamd agree, as far as sweeps have seen",
        );
    }
    let page = cx.client.grants().await?;
    cx.out
        .list(&page, &args.list, COLUMNS, "teamd holds no assignment")
}
