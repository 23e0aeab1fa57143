//! `directory export`.

use super::{Context, Outcome};

/// The directory as JSON, whether or not `--json` was said: it goes to files, for `teamd policy test` and `plan`.
pub(super) async fn export(cx: &Context) -> Outcome {
    let directory = cx.client.directory().await?;
    cx.out.document(&directory)
}
