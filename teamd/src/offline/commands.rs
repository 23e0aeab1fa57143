//! `teamd policy plan|test FILE --directory FILE`.

use super::{Exported, expectations, load};
use crate::document;
use crate::domain::plan::{Change, plan as planned, refusals};
use crate::domain::policy::Policy;
use crate::engine::{policy_diff, policy_sha256};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use team_shared::policy::{PolicyPlan, plan_lines};
use team_shared::text::inert;

/// What the expectations of `policy.toml` are called: `policy.expect.toml`.
const BESIDE: &str = "expect.toml";

/// Prints what a document would change. Exit 1 where it could not be applied as it is.
pub fn plan(file: &Path, directory: &Path, against: Option<&Path>) -> ExitCode {
    finish(planned_text(file, directory, against))
}

/// Runs expectations. Exit 1 where one does not hold.
pub fn test(file: &Path, directory: &Path, policy: Option<PathBuf>, expect: Option<PathBuf>) -> ExitCode {
    finish(tested(file, directory, policy, expect))
}

/// Text for stdout, and whether all is well.
type Said = Result<(String, bool)>;

fn finish(said: Said) -> ExitCode {
    match said {
        Ok((text, is_well)) => {
            print!("{text}");
            if is_well {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(error) => {
            eprintln!("teamd: {}", inert(&format!("{error:#}")));
            ExitCode::FAILURE
        }
    }
}

fn planned_text(file: &Path, directory: &Path, against: Option<&Path>) -> Said {
    let exported = exported(directory)?;
    let text = read(file)?;
    let after = policy(file, &text)?;
    let old = against.map(read).transpose()?;
    let before = match (against, &old) {
        (Some(path), Some(text)) => Some(policy(path, text)?),
        _ => None,
    };
    let made = planned(&Change {
        before: before.as_ref(),
        after: &after,
        directory: &exported.directory,
        protected: &exported.protected,
        author: None,
        // The export is looked at as of when it was made: a plan in CI says the same tomorrow.
        now: exported.directory.loaded_at,
    });
    let made = PolicyPlan {
        sha256: policy_sha256(&text),
        diff: policy_diff(old.as_deref().unwrap_or(""), &text, ("before", "after")),
        ..made
    };
    let lines: Vec<String> = plan_lines(&made).iter().map(|line| inert(line)).collect();
    Ok((lines.join("\n") + "\n", refusals(&made).is_empty()))
}

fn tested(file: &Path, directory: &Path, policy_file: Option<PathBuf>, expect: Option<PathBuf>) -> Said {
    let exported = exported(directory)?;
    let (policy_file, expect) = files(file, policy_file, expect)?;
    let text = read(&policy_file)?;
    let policy = policy(&policy_file, &text)?;
    let expectations = expectations::parse(&read(&expect)?)
        .map_err(|fault| anyhow::anyhow!("{}: {}: {}", expect.display(), fault.field, fault.message))?;
    if expectations.is_empty() {
        bail!("{}: no expectation: write [[expect]]", expect.display());
    }
    let result = expectations::run(&policy, &exported, &expectations, exported.directory.loaded_at);
    let mut said = String::new();
    for one in result.results.iter().filter(|one| !one.passed) {
        said.push_str(&inert(&format!(
            "{}:{}: {}",
            expect.display(),
            one.line,
            one.says
        )));
        said.push('\n');
        for fault in &one.faults {
            said.push_str(&format!("    {}\n", inert(fault)));
        }
    }
    said.push_str(&format!(
        "{} of {} hold\n",
        result.total - result.failed,
        result.total
    ));
    Ok((said, result.failed == 0))
}

/// The policy and its expectations, from a file that is one of the two.
fn files(file: &Path, policy: Option<PathBuf>, expect: Option<PathBuf>) -> Result<(PathBuf, PathBuf)> {
    let beside = || file.with_extension(BESIDE);
    match (policy, expect) {
        (None, Some(expect)) => Ok((file.to_owned(), expect)),
        (Some(policy), None) => Ok((policy, file.to_owned())),
        (Some(_), Some(_)) => bail!("--policy and --expect: FILE is one of the two already"),
        (None, None) if beside().is_file() => Ok((file.to_owned(), beside())),
        (None, None) => bail!(
            "{} does not exist; name the expectations with --expect FILE, or, where {} is expectations, the policy \
             with --policy FILE",
            beside().display(),
            file.display()
        ),
    }
}

fn exported(file: &Path) -> Result<Exported> {
    let text = read(file)?;
    load(&text).with_context(|| format!("{}: not what `team-tui directory export` prints", file.display()))
}

fn policy(file: &Path, text: &str) -> Result<Policy> {
    document::parse(text).map_err(|faults| {
        let place = file.display();
        let lines: Vec<String> = faults
            .iter()
            .map(|fault| format!("{place}:{}:{}: {}", fault.line, fault.column, fault.message))
            .collect();
        anyhow::anyhow!("{}", lines.join("\nteamd: "))
    })
}

fn read(file: &Path) -> Result<String> {
    std::fs::read_to_string(file).with_context(|| file.display().to_string())
}
