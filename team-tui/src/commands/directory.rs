//! `directory export`: for the CI of a policy repository.

use super::{Context, Outcome};

/// JSON, with or without `--json`: it is for a file.
pub(super) async fn export(cx: &Context) -> Outcome {
    cx.out.document(&cx.client.directory().await?)
}
