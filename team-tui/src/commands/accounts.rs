//! `accounts`: those one may ask for or decide on; all, by role.

use super::{Context, Outcome, output::Column};
use crate::cli::ListArgs;
use team_shared::directory::Account;

const COLUMNS: &[Column<Account>] = &[
    ("id", |a| a.id.to_string()),
    ("name", |a| a.name.clone()),
    ("state", |a| a.state.clone()),
    ("ou", |a| a.ou_path.clone()),
    ("tags", |a| {
        let tags: Vec<String> = a
            .tags
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        tags.join(" ")
    }),
    ("protected", |a| if a.protected { "yes" } else { "" }.to_owned()),
];

pub(super) async fn run(cx: &Context, list: &ListArgs) -> Outcome {
    let page = cx.client.accounts().await?;
    cx.out.list(&page, list, COLUMNS, "no accounts that you may see")
}
