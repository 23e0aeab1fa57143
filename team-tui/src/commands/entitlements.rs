//! `entitlements`: what one may ask for.

use super::{Context, Outcome, output::Column};
use crate::cli::ListArgs;
use team_shared::me::Entitlement;

const COLUMNS: &[Column<Entitlement>] = &[
    ("account", |e, _| e.account.name.clone()),
    ("account id", |e, _| e.account.id.to_string()),
    ("permission set", |e, _| e.permission_set.name.clone()),
    ("max", |e, _| e.max_duration_seconds.to_string()),
    ("approval", |e, _| match (e.break_glass, e.approval_required) {
        (true, _) => "break-glass".to_owned(),
        (false, true) => e.quorum.to_string(),
        (false, false) => "none".to_owned(),
    }),
    ("approvers", |e, _| {
        let names: Vec<&str> = e.approvers.iter().map(|p| p.user_name.as_str()).collect();
        names.join(" ")
    }),
    ("ticket", |e, _| {
        if e.ticket_required { "required" } else { "" }.to_owned()
    }),
    ("rule", |e, _| e.rule.clone()),
];

pub(super) async fn run(cx: &Context, list: &ListArgs) -> Outcome {
    let page = cx.client.entitlements().await?;
    cx.out.list(
        &page,
        list,
        COLUMNS,
        "no rule lets you ask for anything; team-tui whoami shows your groups",
    )
}
