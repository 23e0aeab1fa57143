//! `accounts`: those one may ask for or decide on; all, by role.

use super::{Context, Outcome, output::Column};
use crate::cli::ListArgs;
use team_shared::directory::Account;

const COLUMNS: &[Column<Account>] = &[
    ("id", |a, _| a.id.to_string()),
    ("name", |a, _| a.name.clone()),
    ("state", |a, _| a.state.clone()),
    ("ou", |a, _| a.ou_path.clone()),
    ("tags", |a, _| {
        let tags: Vec<String> = a
            .tags
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        tags.join(" ")
    }),
    ("protected", |a, _| {
        if a.protected { "yes" } else { "" }.to_owned()
    }),
];

pub(super) async fn run(cx: &Context, list: &ListArgs) -> Outcome {
    let page = cx.client.accounts().await?;
    cx.out.list(&page, list, COLUMNS, "no accounts that you may see")
}
