//! `policy edit`: the document in one's editor, its plan, and then in force.

use super::{Context, Failure, Outcome};
use crate::edit;
use team_shared::policy::{PlanPolicy, PutPolicy, plan_lines};

pub(super) async fn run(cx: &Context, force_reason: Option<String>) -> Outcome {
    let current = cx.client.policy().await?;
    let failed = |error: std::io::Error| Failure::failed(error.to_string());
    let file = edit::keep(&current.document).map_err(failed)?;
    edit::run(&file, 1).map_err(failed)?;
    let document = std::fs::read_to_string(&file).map_err(failed)?;
    if document == current.document {
        edit::forget(&file);
        return cx.out.line("nothing was changed");
    }
    let kept = || cx.out.note(&format!("your text is in {}", file.display()));
    let plan = PlanPolicy {
        document: document.clone(),
        base_version: Some(current.version),
    };
    let plan = cx.client.plan_policy(&plan).await.inspect_err(|_| kept())?;
    if !cx.out.is_json() {
        for line in plan_lines(&plan) {
            cx.out.line(&line)?;
        }
    }
    let body = PutPolicy {
        document,
        base_version: Some(current.version),
        force_reason,
    };
    let applied = cx.client.put_policy(&body).await.inspect_err(|_| kept())?;
    edit::forget(&file);
    super::policy::applied(cx, &applied)
}
