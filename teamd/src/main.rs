//! `teamd`: arguments → configuration → runtime → exit code.

use std::process::ExitCode;
use teamd::cli::{Args, Audit, Clock, Command, Policy};
use teamd::{check, commands, sweep};

fn main() -> ExitCode {
    let args = Args::from_command_line();
    let log = teamd::telemetry::init();
    let config = args.config.as_deref();
    let result = match args.command {
        None | Some(Command::Run) => commands::run(config),
        Some(Command::Check) => return check::run(config),
        Some(Command::Sweep(arguments)) => return sweep::run(config, arguments),
        Some(Command::Audit(Audit::Verify { db })) => return commands::verify(config, db),
        Some(Command::Clock(Clock::Accept)) => return commands::clock::accept(config),
        Some(Command::Policy(Policy::Plan {
            file,
            directory,
            against,
        })) => return teamd::offline::plan::run(&file, &directory, against.as_deref()),
        Some(Command::Policy(Policy::Test {
            file,
            directory,
            policy,
        })) => return teamd::offline::test::run(&file, &directory, policy.as_deref()),
        #[cfg(feature = "simulator")]
        Some(Command::Demo(demo)) => commands::demo(demo),
        #[cfg(feature = "simulator")]
        Some(Command::SimulateAws(simulate)) => commands::simulate_aws(simulate),
    };
    // Before the last word, which goes to standard error itself.
    drop(log);
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("teamd: {error:#}");
            ExitCode::FAILURE
        }
    }
}
