//! `policy plan`: what a document would change, so that people can read it.

use super::{Context, Failure, Outcome, policy_files as files};
use std::path::Path;
use team_shared::policy::{PlanPolicy, plan_lines};

/// Exit 0 where the document could be applied as it is, 1 where it would be refused.
pub(super) async fn run(cx: &Context, file: &Path, base: Option<u64>) -> Outcome {
    let body = PlanPolicy {
        document: files::policy(file)?,
        base_version: base,
    };
    let plan = cx.client.plan_policy(&body).await?;
    if cx.out.is_json() {
        cx.out.document(&plan)?;
    } else {
        for line in plan_lines(&plan) {
            cx.out.line(&line)?;
        }
    }
    match plan
        .findings
        .iter()
        .filter(|one| one.severity == "refused")
        .count()
    {
        0 => Ok(()),
        count => Err(Failure::failed(format!(
            "apply would refuse this document for {count} finding(s); --force REASON applies it all the same"
        ))),
    }
}
