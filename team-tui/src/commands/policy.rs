//! `policy show|apply|history`.

use super::{Context, Outcome, output::Column, policy_files as files};
use crate::cli::ListArgs;
use crate::format::{self, Zone};
use std::io::{self, Write};
use std::path::Path;
use team_shared::policy::{PolicyVersion, PutPolicy};

const COLUMNS: &[Column<PolicyVersion>] = &[
    ("version", |v| v.version.to_string()),
    ("current", |v| if v.current { "yes" } else { "" }.to_owned()),
    ("applied by", |v| v.applied_by.clone()),
    ("applied at", |v| format::full(v.applied_at, Zone::Utc)),
    ("sha256", |v| v.sha256.clone()),
];

/// The document byte for byte: it goes to files and back.
pub(super) async fn show(cx: &Context) -> Outcome {
    let policy = cx.client.policy().await?;
    if cx.out.is_json() {
        return cx.out.document(&policy);
    }
    if policy.version == 0 {
        cx.out.note("no policy; as root: team-tui policy apply FILE");
    }
    for warning in &policy.warnings {
        cx.out.note(&format!("warning: {warning}"));
    }
    let mut stdout = io::stdout().lock();
    stdout.write_all(policy.document.as_bytes())?;
    stdout.flush()?;
    Ok(())
}

pub(super) async fn apply(cx: &Context, file: &Path, base: Option<u64>) -> Outcome {
    let document = files::policy(file)?;
    let body = PutPolicy {
        document,
        base_version: base,
        ..PutPolicy::default()
    };
    let applied = cx.client.put_policy(&body).await?;
    if cx.out.is_json() {
        return cx.out.document(&applied);
    }
    for warning in &applied.warnings {
        cx.out.note(&format!("warning: {warning}"));
    }
    cx.out.line(&format!(
        "policy version {} is in force (sha256 {})",
        applied.version, applied.sha256
    ))
}

pub(super) async fn history(cx: &Context, list: &ListArgs) -> Outcome {
    let page = cx.client.policy_history().await?;
    cx.out.list(
        &page,
        list,
        COLUMNS,
        "no policy yet; as root: team-tui policy apply FILE",
    )
}
