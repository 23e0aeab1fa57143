//! `policy test FILE`: expectations put to the policy in force, or to a document.

use super::{Context, Failure, Outcome, policy_files as files};
use std::path::Path;
use team_shared::policy::{ExpectationResult, TestPolicy};

/// A line for each expectation that does not hold, and how many do; exit 1 if one does not.
pub(super) async fn run(cx: &Context, file: &Path, policy: Option<&Path>) -> Outcome {
    let body = TestPolicy {
        document: policy.map(files::policy).transpose()?,
        expectations: files::text(file)?,
    };
    let answer = cx.client.policy_test(&body).await?;
    if cx.out.is_json() {
        cx.out.document(&answer)?;
    } else {
        for warning in &answer.warnings {
            cx.out.note(&format!("warning: {warning}"));
        }
        for result in answer.results.iter().filter(|result| !result.holds) {
            cx.out.line(&line(file, result))?;
        }
        let of = match answer.policy_version {
            Some(version) => format!("by policy version {version}"),
            None => "by the document".to_owned(),
        };
        cx.out.line(&format!(
            "{} of {} hold, {of}",
            answer.passed,
            answer.results.len()
        ))?;
    }
    if answer.failed > 0 {
        return Err(Failure::Unhealthy);
    }
    Ok(())
}

/// One that does not hold, as a compiler would say it.
fn line(file: &Path, result: &ExpectationResult) -> String {
    let mut line = format!(
        "{}:{}: {}: {}",
        file.display(),
        result.line,
        result.expected,
        result.came.join(" | ")
    );
    let more = result.asks_failed.saturating_sub(result.came.len());
    if more > 0 {
        line += &format!(" | and {more} more");
    }
    if let Some(reason) = &result.reason {
        line += &format!(" ({reason})");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_one_line_with_its_place_and_reason() {
        let result = ExpectationResult {
            line: 7,
            holds: false,
            expected: "bob may not Admin in prod".to_owned(),
            asks: 9,
            asks_failed: 5,
            came: vec!["a".to_owned(), "b".to_owned()],
            reason: Some("an audit asked".to_owned()),
        };
        assert_eq!(
            line(Path::new("e.toml"), &result),
            "e.toml:7: bob may not Admin in prod: a | b | and 3 more (an audit asked)"
        );
    }
}
