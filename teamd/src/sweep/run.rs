//! The subcommand: configuration, AWS, and a round each minute until it is told to stop.

use super::report::{self, Line, Word};
use super::{Seen, Tally, round, warnings};
use crate::cli::Sweep;
use chrono::TimeDelta;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use teamd_aws::health::AwsHealth;
use teamd_aws_sdk::Aws;
use teamd_config::Config;
use teamd_host::clock::{Clock, SystemClock};
use teamd_host::lifecycle::Shutdown;
use teamd_store::leases;
use teamd_store::leases::{LeasesFile, ReadError};
use tokio_util::sync::CancellationToken;

/// A round begins so often.
const EVERY: TimeDelta = TimeDelta::minutes(1);

/// sso-admin calls a second. AWS allows the organisation 20; the daemon, should it run, takes up to 16.
const PACE: f64 = 4.0;

/// Takes back what is over: exit 0 if everything due is verified gone at the end of the last round, else 1.
#[must_use]
pub fn run(config: Option<&Path>, arguments: Sweep) -> ExitCode {
    let config = match crate::commands::load(config) {
        Ok(config) => config,
        Err(errors) => {
            eprintln!("teamd: {errors}");
            return ExitCode::FAILURE;
        }
    };
    let swept = crate::commands::runtime()
        .map_err(|error| error.to_string())
        .and_then(|runtime| {
            runtime.block_on(async {
                let shutdown = Shutdown::new();
                shutdown.listen_to_signals().map_err(|error| error.to_string())?;
                Ok(rounds(&config, &arguments, &SystemClock, &shutdown.token(), say).await)
            })
        });
    match swept {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("teamd: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Rounds until stopped, or one: whether the last one was clean.
async fn rounds(
    config: &Config,
    arguments: &Sweep,
    clock: &dyn Clock,
    stop: &CancellationToken,
    mut say: impl FnMut(Line),
) -> bool {
    let path = arguments.leases.as_ref().unwrap_or(&config.store.leases_path);
    let (mut seen, mut last, mut warned) = (Seen::default(), None, None);
    let mut clean = false;
    while !stop.is_cancelled() {
        let begun = clock.now();
        let sweep = one(
            config,
            path,
            arguments.once,
            clock,
            &mut seen,
            &mut warned,
            &mut say,
        );
        let tally = tokio::select! {
            tally = sweep => tally,
            () = stop.cancelled() => return false,
        };
        clean = match tally {
            Ok(tally) => {
                // A line a minute that says the same helps nobody.
                if arguments.once || last != Some(tally) {
                    say(report::sum(&tally));
                }
                last = Some(tally);
                tally.is_clean()
            }
            Err(why) => {
                say(Line::new(Word::Failed, why));
                last = None;
                false
            }
        };
        if arguments.once {
            break;
        }
        tokio::select! {
            () = clock.sleep_until(begun + EVERY) => {}
            () = stop.cancelled() => {}
        }
    }
    clean
}

async fn one(
    config: &Config,
    path: &Path,
    is_talkative: bool,
    clock: &dyn Clock,
    seen: &mut Seen,
    warned: &mut Option<teamd_domain::Time>,
    say: &mut impl FnMut(Line),
) -> Result<Tally, String> {
    let file = leases::read(path).map_err(|error| format!("{error}; {}", help(&error)))?;
    if *warned != Some(file.written_at) {
        warnings(&file, clock.now()).into_iter().for_each(&mut *say);
        *warned = Some(file.written_at);
    }
    if is_talkative {
        report::not_due(&file, clock.now())
            .into_iter()
            .for_each(&mut *say);
    }
    let aws = connect(config, &file).await?;
    Ok(round(&aws, clock, &file, seen, say).await)
}

/// Clients with a pace of their own, for the Identity Center that the file is about and no other.
async fn connect(config: &Config, file: &LeasesFile) -> Result<Aws, String> {
    let mut settings = crate::run::aws_settings(config);
    for (what, ours, theirs) in [
        ("instance_arn", &mut settings.instance_arn, &file.instance_arn),
        ("region", &mut settings.region, &file.region),
    ] {
        match (ours.as_ref(), theirs) {
            (Some(configured), Some(written)) if configured != written => {
                return Err(format!(
                    "the file is about {what} {written:?}, the configuration says {configured:?}: nothing is deleted"
                ));
            }
            (Some(_), _) => {}
            (None, written) => ours.clone_from(written),
        }
    }
    settings.requests_per_second = PACE;
    settings.removal_requests_per_second = PACE;
    Aws::connect(settings, Arc::new(SystemClock), Arc::new(AwsHealth::new()))
        .await
        .map_err(|error| error.to_string())
}

fn help(error: &ReadError) -> &'static str {
    match error {
        ReadError::Missing(_) => {
            "name it with --leases FILE: it is beside the daemon's database, [store] leases_path says where"
        }
        ReadError::Io(..) => "run it as the user that the daemon runs as",
        ReadError::Unsafe(_) => "look at what is in it, then take that right away",
        ReadError::Garbage { .. } => {
            "nothing is deleted. Take a copy from a backup of the daemon's folder; else `team-tui grants`, the audit \
             trail (grant.intent) or CloudTrail (CreateAccountAssignment) name what is ours"
        }
        ReadError::Version { .. } => "nothing is deleted. Use the teamd release that wrote it",
    }
}

fn say(line: Line) {
    // Whoever closed the pipe must not keep access from being taken back.
    let _ = writeln!(std::io::stdout(), "{line}");
}
