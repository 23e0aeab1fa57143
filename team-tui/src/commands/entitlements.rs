//! `entitlements`: what one may ask for.

use super::{Context, Outcome, output::Column};
use crate::cli::ListArgs;
use team_shared::me::Entitlement;

const COLUMNS: &[Column<Entitlement>] = &[
    ("account", |e| e.account.name.clone()),
    ("account id", |e| e.account.id.to_string()),
    ("permission set", |e| e.permission_set.name.clone()),
    ("max", |e| e.max_duration_seconds.to_string()),
    ("approval", |e| match (e.break_glass, e.approval_required) {
        (true, _) => "break-glass".to_owned(),
        (false, true) => e.quorum.to_string(),
        (false, false) => "none".to_owned(),
    }),
    ("approvers", |e| {
        let names: Vec<&str> = e.approvers.iter().map(|p| p.user_name.as_str()).collect();
        names.join(" ")
    }),
    ("ticket", |e| {
        if e.ticket_required { "required" } else { "" }.to_owned()
    }),
    ("rule", |e| e.rule.clone()),
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
