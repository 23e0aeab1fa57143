//! What `teamd` is called with. To add a command: a variant, its arguments, and a line in `main`.

use clap::{CommandFactory as _, Parser, Subcommand, error::ErrorKind};
use std::ffi::OsString;
#[cfg(feature = "simulator")]
use std::net::SocketAddr;
use std::path::PathBuf;

/// Just-in-time privileged access for AWS IAM Identity Center: the daemon.
#[derive(Debug, Clone, PartialEq, Eq, Parser)]
#[command(name = "teamd", version)]
pub struct Args {
    /// Configuration file [default: /etc/teamd/teamd.toml, if there is one]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What to do; none said: `run`
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Serve until told to stop (the default)
    Run,
    /// Examine configuration, AWS access, store and host, a line each; exit 1 if something is wrong
    Check,
    /// Work on the audit trail
    #[command(subcommand)]
    Audit(Audit),
    /// Take back what is over, from the leases file alone, for the day when the daemon is the fault: only deletes; exit
    /// 1 if anything due is not verified gone
    Sweep(Sweep),
    /// Say a word on the clock
    #[command(subcommand)]
    Clock(Clock),
    /// Judge a policy from files, without a daemon
    #[command(subcommand)]
    Policy(Policy),
    /// Serve the demo's world: simulated AWS, temporary store
    #[cfg(feature = "simulator")]
    Demo(Demo),
    /// Serve a simulated AWS organisation over AWS's wire protocols
    #[cfg(feature = "simulator")]
    SimulateAws(SimulateAws),
}

/// Work on the audit trail.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Audit {
    /// Verify the chain of a database, also while no daemon runs; exit 1 if it is broken
    Verify {
        /// Database [default: the one of the configuration]
        #[arg(long, value_name = "FILE")]
        db: Option<PathBuf>,
    },
}

/// Arguments of `sweep`.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct Sweep {
    /// Leases file, also an old one or a copy from another host [default: the one of the configuration]
    #[arg(long, value_name = "FILE")]
    pub leases: Option<PathBuf>,
    /// Look once, instead of every minute until told to stop
    #[arg(long)]
    pub once: bool,
}

/// Say a word on the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum Clock {
    /// The wall clock is right: grant again. As root; asks a running daemon, or writes to its store
    Accept,
}

/// Judge a policy from files, without a daemon.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Policy {
    /// What a policy would change; exit 0, 1 if it would be refused, 2 if a file cannot be understood
    Plan {
        /// The policy, a file or a folder of them
        file: PathBuf,
        /// The directory, as `team-tui directory export` writes it
        #[arg(long, value_name = "FILE")]
        directory: PathBuf,
        /// The policy in force, a file or a folder of them [default: none is]
        #[arg(long, value_name = "FILE")]
        against: Option<PathBuf>,
    },
    /// Put expectations to a policy; exit 0 if all hold, 1 if one does not, 2 if a file cannot be understood
    Test {
        /// Expectations
        file: PathBuf,
        /// The directory, as `team-tui directory export` writes it
        #[arg(long, value_name = "FILE")]
        directory: PathBuf,
        /// The policy, a file or a folder of them [default: policy.toml beside the expectations]
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
    },
}

/// Arguments of `demo`.
#[cfg(feature = "simulator")]
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct Demo {
    /// Socket to serve on [default: one in a temporary directory, which is printed]
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,
    /// Seed of everything random: the same seed, the same world
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
}

/// Arguments of `simulate-aws`.
#[cfg(feature = "simulator")]
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct SimulateAws {
    /// Address on loopback; port 0 takes a free one and prints it
    #[arg(long, value_name = "127.0.0.1:PORT", value_parser = loopback)]
    pub listen: SocketAddr,
    /// Organisation to simulate [default: the demo's]
    #[arg(long, value_name = "FILE.toml")]
    pub org: Option<PathBuf>,
    /// Faults to inject [default: none]
    #[arg(long, value_name = "FILE.toml")]
    pub faults: Option<PathBuf>,
}

impl Args {
    /// The arguments of this process. Prints help, version or what is wrong, and exits (with 2 for the last), if there
    /// is nothing else to do.
    #[must_use]
    pub fn from_command_line() -> Self {
        Self::read(std::env::args_os()).unwrap_or_else(|error| error.exit())
    }

    /// Reads a command line, the program's name first.
    ///
    /// # Errors
    /// Help or version are asked for, or the usage is wrong: clap's error knows its exit code.
    pub fn read(line: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let args = Self::try_parse_from(line)?;
        // A world of its own, or of files, reads no configuration; taking the option silently would promise that it does.
        let reads_none = match args.command {
            Some(Command::Policy(_)) => true,
            #[cfg(feature = "simulator")]
            Some(Command::Demo(_) | Command::SimulateAws(_)) => true,
            _ => false,
        };
        if args.config.is_some() && reads_none {
            return Err(Self::command().error(
                ErrorKind::ArgumentConflict,
                "--config cannot be used with this command: it has no configuration",
            ));
        }
        Ok(args)
    }
}

/// Signatures are not checked by the simulator: nobody but this machine may reach it.
#[cfg(feature = "simulator")]
fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text
        .parse()
        .map_err(|_| "not an address with a port, such as 127.0.0.1:4566".to_owned())?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err("only loopback addresses are served".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Args, clap::Error> {
        Args::read(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn clap_finds_no_contradiction() {
        <Args as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn the_configuration_can_stand_before_and_after() {
        let bare = read("teamd").unwrap();
        assert_eq!((bare.config, bare.command), (None, None));
        for line in [
            "teamd --config x.toml",
            "teamd run --config x.toml",
            "teamd --config x.toml run",
            "teamd check --config=x.toml",
            "teamd --config x.toml check",
            "teamd audit verify --config x.toml",
            "teamd audit --config x.toml verify --db y",
        ] {
            let args = read(line).unwrap();
            assert_eq!(args.config.as_deref(), Some("x.toml".as_ref()), "{line}");
        }
    }

    #[test]
    fn commands_are_those_of_the_documentation() {
        assert_eq!(read("teamd run").unwrap().command, Some(Command::Run));
        assert_eq!(read("teamd check").unwrap().command, Some(Command::Check));
        let sweep = Command::Sweep(Sweep {
            leases: Some("l.json".into()),
            once: true,
        });
        assert_eq!(
            read("teamd sweep --once --leases l.json").unwrap().command,
            Some(sweep)
        );
        let accept = Command::Clock(Clock::Accept);
        assert_eq!(read("teamd clock accept").unwrap().command, Some(accept));
        let test = Command::Policy(Policy::Test {
            file: "e.toml".into(),
            directory: "d.json".into(),
            policy: None,
        });
        assert_eq!(
            read("teamd policy test e.toml --directory d.json")
                .unwrap()
                .command,
            Some(test)
        );
        let verify = Command::Audit(Audit::Verify {
            db: Some("t.db".into()),
        });
        assert_eq!(
            read("teamd audit verify --db t.db").unwrap().command,
            Some(verify)
        );
    }

    #[test]
    fn wrong_usage_exits_with_2() {
        for line in [
            "teamd sweep now",
            "teamd sweep --leases",
            "teamd run now",
            "teamd --konfig x",
            "teamd audit",
            "teamd --config",
            "teamd policy",
            "teamd policy test e.toml",
            "teamd --config x policy test e.toml --directory d.json",
        ] {
            assert_eq!(read(line).unwrap_err().exit_code(), 2, "{line}");
        }
        assert_eq!(read("teamd --help").unwrap_err().exit_code(), 0);
        assert_eq!(read("teamd --version").unwrap_err().exit_code(), 0);
    }

    #[cfg(feature = "simulator")]
    #[test]
    fn simulations_stay_on_this_machine() {
        let args = read("teamd simulate-aws --listen 127.0.0.1:0 --org o.toml").unwrap();
        assert!(matches!(args.command, Some(Command::SimulateAws(simulate)) if simulate.listen.port() == 0));
        assert!(matches!(
            read("teamd demo --seed 7").unwrap().command,
            Some(Command::Demo(Demo {
                seed: Some(7),
                socket: None
            }))
        ));
        for line in [
            "teamd simulate-aws",
            "teamd simulate-aws --listen 0.0.0.0:80",
            "teamd simulate-aws --listen localhost",
            "teamd demo --config x",
            "teamd --config x simulate-aws --listen 127.0.0.1:0",
        ] {
            assert_eq!(read(line).unwrap_err().exit_code(), 2, "{line}");
        }
    }
}
