//! `audit ls|export|verify`.

use super::{Context, Failure, Outcome, output::Column};
use crate::cli::ListArgs;
use crate::format;
use futures::StreamExt;
use std::io::{self, Write};
use team_shared::audit::AuditRow;

const COLUMNS: &[Column<AuditRow>] = &[
    ("seq", |r, _| r.event.seq.to_string()),
    ("at", |r, zone| format::full(r.event.at, zone)),
    ("type", |r, _| r.event.kind.to_string()),
    ("request", |r, _| {
        r.event.request_id.map_or_else(String::new, |id| id.short())
    }),
    ("who", |r, _| who(r)),
    ("data", |r, _| r.event.data.to_string()),
];

/// The person, else the uid, else the daemon.
fn who(row: &AuditRow) -> String {
    let actor = &row.event.actor;
    match (&actor.user_name, actor.uid) {
        (Some(name), _) => name.clone(),
        (None, Some(0)) => "operator".to_owned(),
        (None, Some(uid)) => format!("uid {uid}"),
        (None, None) => "teamd".to_owned(),
    }
}

pub(super) async fn ls(cx: &Context, limit: u32, list: &ListArgs) -> Outcome {
    let page = cx.client.audit(limit as usize).await?;
    cx.out.list(&page, list, COLUMNS, "no rows that you may see")
}

/// As the daemon writes it, which has already made it safe against formulas.
pub(super) async fn export(cx: &Context, format: &str) -> Outcome {
    let mut body = cx.client.audit_export(format).await?.bytes_stream();
    let mut stdout = io::stdout().lock();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|error| Failure::failed(format!("the export broke off: {error}")))?;
        stdout.write_all(&chunk)?;
    }
    stdout.flush()?;
    Ok(())
}

pub(super) async fn verify(cx: &Context) -> Outcome {
    let result = cx.client.audit_verify().await?;
    if cx.out.is_json() {
        cx.out.document(&result)?;
    } else if result.ok {
        cx.out.line(&format!(
            "the chain holds: {} rows, head {}, {} texts erased",
            result.rows, result.head, result.erased_texts
        ))?;
    } else {
        let fault = result.fault.as_deref().unwrap_or("no particulars");
        cx.out.line(&format!(
            "the chain is BROKEN: {fault} ({} rows checked)",
            result.rows
        ))?;
    }
    if result.ok {
        Ok(())
    } else {
        Err(Failure::Unhealthy)
    }
}
