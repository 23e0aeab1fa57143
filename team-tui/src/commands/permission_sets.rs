//! `permission-sets`: those one may ask for or decide on; all, by role.

use super::{Context, Outcome, output::Column};
use crate::cli::ListArgs;
use crate::format;
use team_shared::directory::PermissionSet;

const COLUMNS: &[Column<PermissionSet>] = &[
    ("name", |s, _| s.name.clone()),
    ("session", |s, _| format::length(s.session_duration_seconds)),
    ("description", |s, _| s.description.clone()),
    ("arn", |s, _| s.arn.to_string()),
];

pub(super) async fn run(cx: &Context, list: &ListArgs) -> Outcome {
    let page = cx.client.permission_sets().await?;
    cx.out
        .list(&page, list, COLUMNS, "no permission sets that you may see")
}
