//! `policy …` as the parser sees it.

use super::ListArgs;
use clap::Subcommand;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyVerb {
    /// Print the document, byte for byte
    Show {
        /// An earlier version
        #[arg(long, value_name = "N")]
        version: Option<u64>,
    },
    /// Edit the document in $EDITOR, see its plan, and put it in force
    Edit {
        /// Apply it although it locks somebody out; the audit trail keeps the reason
        #[arg(long, value_name = "REASON")]
        force: Option<String>,
    },
    /// What a document would change: exit 1 where it would be refused
    Plan {
        file: PathBuf,
        /// Only if this version is still in force
        #[arg(long, value_name = "N")]
        base: Option<u64>,
    },
    /// Put expectations to a policy; exit 1 if one does not hold
    Test {
        /// Expectations; `-`: stdin
        file: PathBuf,
        /// A policy, a file or a folder of them [default: the policy in force]
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
    },
    /// Put a document in force
    Apply {
        file: PathBuf,
        /// Only if this version is still in force
        #[arg(long, value_name = "N")]
        base: Option<u64>,
        /// Apply it although it locks somebody out; the audit trail keeps the reason
        #[arg(long, value_name = "REASON")]
        force: Option<String>,
    },
    /// Confirm the document that another administrator wants, where policy asks for two
    Confirm {
        /// Its hash, at least the first 8 digits
        sha256: String,
    },
    /// Put an earlier version in force again
    Rollback {
        version: u64,
        /// Apply it although it locks somebody out; the audit trail keeps the reason
        #[arg(long, value_name = "REASON")]
        force: Option<String>,
    },
    /// Versions so far
    History {
        /// With what each changed
        #[arg(long)]
        diff: bool,
        #[command(flatten)]
        list: ListArgs,
    },
}
