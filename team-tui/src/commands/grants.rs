//! `grants [--standing|--drift]`: assignments that the daemon holds in AWS, what others hold, where the two differ.

use super::{Context, Outcome, output::Column};
use crate::cli::GrantsArgs;
use crate::format;
use team_shared::grant::{DriftView, GrantView, StandingView};
use team_shared::ids::RequestId;

const COLUMNS: &[Column<GrantView>] = &[
    ("who", |g, _| g.person.user_name.clone()),
    ("account", |g, _| g.account.name.clone()),
    ("account id", |g, _| g.account.id.to_string()),
    ("permission set", |g, _| g.permission_set.name.clone()),
    ("state", |g, _| g.grant.state.to_string()),
    ("requests", |g, _| {
        let ids: Vec<String> = g.leases.iter().map(RequestId::short).collect();
        ids.join(" ")
    }),
    ("attempts", |g, _| g.grant.attempts.to_string()),
    ("next", |g, zone| {
        g.grant
            .next_attempt_at
            .map_or_else(String::new, |at| format::full(at, zone))
    }),
    ("last error", |g, _| {
        g.grant.last_error.clone().unwrap_or_default()
    }),
];

const STANDING: &[Column<StandingView>] = &[
    ("who", |s, _| s.name().to_owned()),
    ("holder", |s, _| s.holder.to_string()),
    ("members", |s, _| {
        s.group
            .as_ref()
            .map_or_else(String::new, |group| group.members.to_string())
    }),
    ("account", |s, _| s.account.name.clone()),
    ("account id", |s, _| s.account.id.to_string()),
    ("permission set", |s, _| s.permission_set.name.clone()),
    ("first seen", |s, zone| format::full(s.found_at, zone)),
];

const DRIFT: &[Column<DriftView>] = &[
    ("kind", |d, _| d.kind.to_string()),
    ("who", |d, _| d.person.user_name.clone()),
    ("account", |d, _| d.account.name.clone()),
    ("account id", |d, _| d.account.id.to_string()),
    ("permission set", |d, _| d.permission_set.name.clone()),
    ("requests", |d, _| {
        let ids: Vec<String> = d.leases.iter().map(RequestId::short).collect();
        ids.join(" ")
    }),
    ("first seen", |d, zone| format::full(d.found_at, zone)),
    ("meaning", |d, _| d.detail.clone()),
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
