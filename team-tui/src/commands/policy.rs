//! `policy show|apply|confirm|rollback|history`.

use super::{Context, Outcome, output::Column, policy_files as files};
use crate::cli::ListArgs;
use crate::format;
use std::io::{self, Write};
use std::path::Path;
use team_shared::policy::{ConfirmPolicy, PolicyVersion, PolicyView, PutPolicy, RollBackPolicy};

const COLUMNS: &[Column<PolicyVersion>] = &[
    ("version", |v, _| v.version.to_string()),
    ("current", |v, _| if v.current { "yes" } else { "" }.to_owned()),
    ("applied by", |v, _| v.applied_by.clone()),
    ("applied at", |v, zone| format::full(v.applied_at, zone)),
    ("confirmed by", |v, _| v.confirmed_by.clone().unwrap_or_default()),
    ("lines", |v, _| v.change.clone()),
    ("note", |v, _| {
        let rolled = v.rolled_back_to.map(|to| format!("as version {to}"));
        let forced = v.force_reason.as_ref().map(|why| format!("forced: {why}"));
        [rolled, forced]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(", ")
    }),
    ("sha256", |v, _| v.sha256.clone()),
];

/// The document byte for byte: it goes to files and back.
pub(super) async fn show(cx: &Context, version: Option<u64>) -> Outcome {
    let policy = match version {
        Some(version) => cx.client.policy_at(version).await?,
        None => cx.client.policy().await?,
    };
    if cx.out.is_json() {
        return cx.out.document(&policy);
    }
    if policy.version == 0 {
        cx.out.note("no policy; as root: team-tui policy apply FILE");
    }
    for warning in &policy.warnings {
        cx.out.note(&format!("warning: {warning}"));
    }
    if let Some(proposal) = &policy.proposal {
        cx.out.note(&format!(
            "{} wants another document; a second administrator confirms it with: team-tui policy confirm {}",
            proposal.proposed_by,
            &proposal.sha256[..proposal.sha256.len().min(12)]
        ));
    }
    let mut stdout = io::stdout().lock();
    stdout.write_all(policy.document.as_bytes())?;
    stdout.flush()?;
    Ok(())
}

pub(super) async fn apply(
    cx: &Context,
    file: &Path,
    base: Option<u64>,
    force_reason: Option<String>,
) -> Outcome {
    let document = files::policy(file)?;
    let body = PutPolicy {
        document,
        base_version: base,
        force_reason,
    };
    applied(cx, &cx.client.put_policy(&body).await?)
}

/// Confirms what another administrator wants.
pub(super) async fn confirm(cx: &Context, sha256: &str) -> Outcome {
    let body = ConfirmPolicy {
        sha256: sha256.to_owned(),
    };
    applied(cx, &cx.client.confirm_policy(&body).await?)
}

/// Applies the document of an earlier version again.
pub(super) async fn roll_back(cx: &Context, version: u64, force_reason: Option<String>) -> Outcome {
    let body = RollBackPolicy {
        version,
        force_reason,
    };
    applied(cx, &cx.client.roll_back_policy(&body).await?)
}

pub(super) fn applied(cx: &Context, view: &PolicyView) -> Outcome {
    if cx.out.is_json() {
        return cx.out.document(view);
    }
    if let Some(proposal) = &view.proposal {
        return cx.out.line(&format!(
            "waits for a second administrator: team-tui policy confirm {} (version {} stays in force)",
            &proposal.sha256[..proposal.sha256.len().min(12)],
            view.version
        ));
    }
    for warning in &view.warnings {
        cx.out.note(&format!("warning: {warning}"));
    }
    cx.out.line(&format!(
        "policy version {} is in force (sha256 {})",
        view.version, view.sha256
    ))
}

pub(super) async fn history(cx: &Context, list: &ListArgs, diff: bool) -> Outcome {
    let page = cx.client.policy_history().await?;
    if diff && !cx.out.is_json() && !list.csv {
        for version in &page.items {
            let at = format::full(version.applied_at, cx.out.zone());
            cx.out.line(&format!(
                "version {} by {}, {at}",
                version.version, version.applied_by
            ))?;
            for line in version.diff.lines() {
                cx.out.line(line)?;
            }
        }
        return Ok(());
    }
    cx.out.list(
        &page,
        list,
        COLUMNS,
        "no policy yet; as root: team-tui policy apply FILE",
    )
}
