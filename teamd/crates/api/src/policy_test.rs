//! Expectations put to the policy in force, or to a document that is sent along.

use super::Api;
use super::body::Raw;
use super::budget::UserBudget;
use super::caller::Calling;
use super::error::ApiError;
use super::policy::may_read;
use axum::Json;
use axum::extract::State;
use team_shared::policy::{ExpectationResult, PolicyTest, TestPolicy};
use team_shared::problem::FieldError;
use teamd_engine::{Facts, Refused};
use teamd_policy::document;
use teamd_policy::document::Fault;
use teamd_policy::expectation::{Checked, check};
use teamd_policy::{Policy, stale_references};

/// `POST /v1/policy/test`.
pub(super) async fn test(
    State(api): State<Api>,
    Calling(caller): Calling,
    budget: UserBudget,
    raw: Raw,
) -> Result<Json<PolicyTest>, ApiError> {
    let facts = api.engine.facts();
    // Identity goes before JSON, JSON before the role.
    facts.access(&caller).refuse_nobody()?;
    let body: TestPolicy = raw.json()?;
    may_read(&api, &caller)?;
    let now = api.engine.now();
    let tested = budget.compute(&api.heavy, move || answer(&facts, &body, now));
    Ok(Json(tested.await??))
}

fn answer(facts: &Facts, body: &TestPolicy, now: teamd_domain::Time) -> Result<PolicyTest, Refused> {
    let mut faults = Vec::new();
    let sent = read("document", body.document.as_deref(), document::parse, &mut faults);
    let expectations = read(
        "expectations",
        Some(&body.expectations),
        document::parse_expectations,
        &mut faults,
    );
    if !faults.is_empty() {
        return Err(Refused::invalid(faults).help("nothing was tested"));
    }
    let directory = facts.known_directory()?;
    let (policy, policy_version): (&Policy, Option<u64>) = if let Some(sent) = &sent {
        (sent, None)
    } else {
        let (in_force, _) = facts.both()?;
        (&in_force.policy, Some(in_force.version))
    };
    let checked = check(
        &expectations.unwrap_or_default(),
        policy,
        directory,
        &facts.protected,
        now,
    );
    let failed = checked.iter().filter(|one| !one.holds()).count();
    Ok(PolicyTest {
        policy_version,
        passed: checked.len() - failed,
        failed,
        results: checked.into_iter().map(result).collect(),
        warnings: stale_references(policy, directory),
    })
}

/// Parses a document, if there is one; its faults say which of the two it is.
fn read<T>(
    field: &str,
    text: Option<&str>,
    parse: impl FnOnce(&str) -> Result<T, Vec<Fault>>,
    faults: &mut Vec<FieldError>,
) -> Option<T> {
    match parse(text?) {
        Ok(parsed) => Some(parsed),
        Err(found) => {
            faults.extend(found.into_iter().map(|fault| FieldError {
                field: format!("{field}, line {}, column {}", fault.line, fault.column),
                message: fault.message,
            }));
            None
        }
    }
}

fn result(checked: Checked) -> ExpectationResult {
    ExpectationResult {
        line: checked.line,
        holds: checked.holds(),
        expected: checked.expected,
        asks: checked.asks,
        asks_failed: checked.failed,
        came: checked.came,
        reason: checked.reason,
    }
}
