//! `teamd policy test`: expectations put to a policy, all from files.

use super::files;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use team_shared::text::inert;
use teamd_domain::Time;
use teamd_host::clock::{Clock as _, SystemClock};
use teamd_policy::document;
use teamd_policy::expectation::{Checked, check};
use teamd_policy::exported as directory;
use teamd_policy::exported::Exported;
use teamd_policy::stale_references;

/// A file that cannot be understood.
const UNREADABLE: u8 = 2;

/// What became of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Each expectation, in order.
    pub checked: Vec<Checked>,
    /// What of the policy means nothing.
    pub warnings: Vec<String>,
}

/// Runs it and says what came, a line for each expectation that does not hold: exit 0 all hold, 1 one does not, 2 a
/// file cannot be understood.
#[must_use]
pub fn run(expectations: &Path, directory: &Path, policy: Option<&Path>) -> ExitCode {
    let policy = policy.map_or_else(|| beside(expectations), Path::to_owned);
    // Expectations without `at` are about now.
    let now = SystemClock.now();
    match test(expectations, directory, &policy, now) {
        Ok(report) => {
            for warning in &report.warnings {
                eprintln!("warning: {}", inert(warning));
            }
            for one in report.checked.iter().filter(|one| !one.holds()) {
                println!("{}", inert(&line(&expectations.display().to_string(), one)));
            }
            let failed = report.checked.iter().filter(|one| !one.holds()).count();
            println!(
                "{} of {} hold",
                report.checked.len() - failed,
                report.checked.len()
            );
            ExitCode::from(u8::from(failed > 0))
        }
        Err(lines) => {
            for line in lines {
                eprintln!("teamd: {}", inert(&line));
            }
            ExitCode::from(UNREADABLE)
        }
    }
}

/// The policy that stands beside expectations.
fn beside(expectations: &Path) -> PathBuf {
    expectations.with_file_name("policy.toml")
}

/// Puts the expectations of one file to the policy of another.
///
/// # Errors
/// A line for everything that is wrong with the files.
pub fn test(expectations: &Path, directory: &Path, policy: &Path, now: Time) -> Result<Report, Vec<String>> {
    let mut lines = Vec::new();
    let policy = files::policy(policy).map_err(|wrong| lines.extend(wrong)).ok();
    let expected = files::text(expectations)
        .and_then(|text| {
            document::parse_expectations(&text).map_err(|faults| files::places(expectations, faults))
        })
        .map_err(|wrong| lines.extend(wrong))
        .ok();
    let exported = files::text(directory)
        .and_then(|text| {
            directory::parse(&text).map_err(|error| vec![format!("{} {error}", directory.display())])
        })
        .map_err(|wrong| lines.extend(wrong))
        .ok();
    match (policy, expected, exported) {
        (Some(policy), Some(expected), Some(Exported { directory, protected })) => Ok(Report {
            checked: check(&expected, &policy, &directory, &protected, now),
            warnings: stale_references(&policy, &directory),
        }),
        _ => Err(lines),
    }
}

/// One that does not hold, as a compiler would say it.
fn line(file: &str, one: &Checked) -> String {
    let mut line = format!("{file}:{}: {}: {}", one.line, one.expected, one.came.join(" | "));
    let more = one.failed.saturating_sub(one.came.len());
    if more > 0 {
        line += &format!(" | and {more} more");
    }
    if let Some(reason) = &one.reason {
        line += &format!(" ({reason})");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sample of the documentation.
    fn sample(file: &str) -> PathBuf {
        [env!("CARGO_MANIFEST_DIR"), "..", "docs", "sample-policy", file]
            .iter()
            .collect()
    }

    fn monday() -> Time {
        "2026-11-23T09:00:00Z".parse().unwrap()
    }

    #[test]
    fn the_sample_policy_is_as_its_expectations_say() {
        let expectations = sample("expectations.toml");
        let report = test(
            &expectations,
            &sample("directory.json"),
            &beside(&expectations),
            monday(),
        )
        .unwrap();
        let wrong: Vec<String> = report
            .checked
            .iter()
            .filter(|one| !one.holds())
            .map(|one| line("", one))
            .collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert!(report.checked.len() >= 15);
        assert_eq!(
            report.warnings, [""; 0],
            "nothing in it is stale or without effect"
        );
    }

    #[test]
    fn files_that_cannot_be_understood_are_all_named() {
        let lines = test(
            &sample("directory.json"),
            &sample("policy.toml"),
            &sample("gone.toml"),
            monday(),
        )
        .unwrap_err();
        assert!(lines.iter().any(|line| line.contains("gone.toml")), "{lines:?}");
        assert!(
            lines.iter().any(|line| line.contains("directory.json:1:")),
            "{lines:?}"
        );
        assert!(
            lines
                .iter()
                .any(|line| line.contains("team-tui directory export")),
            "{lines:?}"
        );
    }

    #[test]
    fn what_does_not_hold_is_one_line_with_its_place() {
        let one = Checked {
            line: 4,
            expected: "alice may Admin in prod".to_owned(),
            asks: 5,
            failed: 4,
            came: vec!["a".to_owned(), "b".to_owned()],
            reason: Some("they are on call".to_owned()),
        };
        assert_eq!(
            line("e.toml", &one),
            "e.toml:4: alice may Admin in prod: a | b | and 2 more (they are on call)"
        );
    }
}
