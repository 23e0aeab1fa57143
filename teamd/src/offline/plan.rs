//! `teamd policy plan`: what a policy would change, all from files.

use super::files;
use std::path::Path;
use std::process::ExitCode;
use team_shared::policy::{PolicyPlan, plan_lines};
use team_shared::text::inert;
use teamd_policy::exported as directory;
use teamd_policy::exported::Exported;
use teamd_policy::plan::{Change, plan, refusals};

/// A file that cannot be understood.
const UNREADABLE: u8 = 2;

/// Runs it and prints the plan: exit 0, 1 the policy would be refused, 2 a file cannot be understood.
#[must_use]
pub fn run(file: &Path, directory: &Path, against: Option<&Path>) -> ExitCode {
    match planned(file, directory, against) {
        Ok(made) => {
            for line in plan_lines(&made) {
                println!("{}", inert(&line));
            }
            ExitCode::from(u8::from(!refusals(&made).is_empty()))
        }
        Err(lines) => {
            for line in lines {
                eprintln!("teamd: {}", inert(&line));
            }
            ExitCode::from(UNREADABLE)
        }
    }
}

/// The plan, judged by the moment of the export: it says the same tomorrow.
fn planned(file: &Path, directory: &Path, against: Option<&Path>) -> Result<PolicyPlan, Vec<String>> {
    let mut lines = Vec::new();
    let after = files::policy(file).map_err(|wrong| lines.extend(wrong)).ok();
    let before = against
        .map(files::policy)
        .transpose()
        .map_err(|wrong| lines.extend(wrong))
        .ok();
    let exported = files::text(directory)
        .and_then(|text| {
            directory::parse(&text).map_err(|error| vec![format!("{} {error}", directory.display())])
        })
        .map_err(|wrong| lines.extend(wrong))
        .ok();
    match (after, before, exported) {
        (Some(after), Some(before), Some(Exported { directory, protected })) => Ok(plan(&Change {
            before: before.as_ref(),
            after: &after,
            directory: &directory,
            protected: &protected,
            author: None,
            now: directory.loaded_at,
        })),
        _ => Err(lines),
    }
}
