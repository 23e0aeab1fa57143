//! `policy show|apply|history`.

use super::{Context, Failure, Outcome, output::Column};
use crate::cli::ListArgs;
use crate::format::{self, Zone};
use std::io::{self, Read, Write};
use std::path::Path;
use team_shared::policy::{PolicyVersion, PutPolicy};

/// The most that the daemon takes.
const MOST: u64 = 1024 * 1024;

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

/// The text of a file, or of stdin for `-`.
pub(super) fn read_file(file: &Path) -> Result<String, Failure> {
    let unreadable = |why: String| {
        Failure::usage(
            format!("{}: {why}", file.display()),
            "name a readable file in TOML",
        )
    };
    let mut document = String::new();
    // One byte over the limit is enough to be refused by size.
    let mut read = |source: &mut dyn Read| {
        source
            .take(MOST + 1)
            .read_to_string(&mut document)
            .map_err(|error| unreadable(error.to_string()))
    };
    if file == Path::new("-") {
        read(&mut io::stdin().lock())?;
    } else {
        read(&mut std::fs::File::open(file).map_err(|error| unreadable(error.to_string()))?)?;
    }
    Ok(document)
}

pub(super) async fn apply(cx: &Context, file: &Path, base: Option<u64>) -> Outcome {
    let document = read_file(file)?;
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
