//! `policy test`: expectations, against the policy in force or a document.

use super::policy::document;
use super::{Context, Failure, Outcome};
use std::path::Path;
use team_shared::policy::TestPolicy;

/// One line for each that does not hold, then how many do.
pub(super) async fn run(cx: &Context, file: &Path, policy: Option<&Path>) -> Outcome {
    let body = TestPolicy {
        document: policy.map(document).transpose()?,
        expectations: document(file)?,
    };
    let result = cx.client.test_policy(&body).await?;
    if cx.out.is_json() {
        cx.out.document(&result)?;
    } else {
        for one in result.results.iter().filter(|one| !one.passed) {
            cx.out
                .line(&format!("{}:{}: {}", file.display(), one.line, one.says))?;
            for fault in &one.faults {
                cx.out.line(&format!("    {fault}"))?;
            }
        }
        cx.out.line(&format!(
            "{} of {} hold",
            result.total - result.failed,
            result.total
        ))?;
    }
    match (result.total, result.failed) {
        (0, _) => Err(Failure::usage(
            format!("{}: no expectation", file.display()),
            "write [[expect]]; docs/POLICY.md shows how",
        )),
        (_, 0) => Ok(()),
        (_, failed) => Err(Failure::failed(format!("{failed} do not hold"))),
    }
}
