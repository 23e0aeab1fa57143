//! The command line, as the parser sees it. To add a verb: a variant here, a file in `commands/`, a line in its
//! `dispatch`.

mod lists;
mod notify;
#[cfg(test)]
mod parity;
mod policy;
mod requests;
mod run;

pub(crate) use lists::{ListArgs, LsArgs, ReportArgs};
pub(crate) use notify::NotifyVerb;
pub(crate) use policy::PolicyVerb;
pub(crate) use requests::{ApproveArgs, RequestArgs};
pub(crate) use run::RunArgs;

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Just-in-time access to AWS accounts. Without a subcommand: the dashboard.
#[derive(Debug, Parser)]
#[command(name = "team-tui", version, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) verb: Option<Verb>,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// Print JSON; errors become problem documents on stderr
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// The daemon's socket
    #[arg(
        long,
        global = true,
        env = "TEAM_SOCKET",
        default_value = "/run/teamd/teamd.sock",
        value_name = "PATH"
    )]
    pub(crate) socket: PathBuf,
    #[command(flatten)]
    pub(crate) look: LookArgs,
    /// Act as this person; only a demo daemon honours it
    #[cfg(feature = "simulator")]
    #[arg(long = "as", global = true, hide = true, value_name = "NAME")]
    pub(crate) act_as: Option<String>,
}

/// How the dashboard looks; they go before `config.toml`.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct LookArgs {
    /// Dashboard: nothing can be changed from it
    #[arg(long)]
    pub(crate) read_only: bool,
    /// Dashboard: for screen readers; no lines, nothing that counts seconds
    #[arg(long)]
    pub(crate) a11y: bool,
    /// Dashboard: use the mouse
    #[arg(long)]
    pub(crate) mouse: bool,
    /// Dashboard: signs and lines in ASCII
    #[arg(long)]
    pub(crate) ascii: bool,
    /// Dashboard: colours
    #[arg(long, value_enum)]
    pub(crate) theme: Option<crate::theme::Palette>,
}

impl Global {
    /// Whom to act as in a demo.
    pub(crate) fn act_as(&self) -> Option<String> {
        #[cfg(feature = "simulator")]
        return self.act_as.clone();
        #[cfg(not(feature = "simulator"))]
        None
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Ask for access: one or more accounts, then the permission set
    Request(RequestArgs),
    /// List requests
    Ls(LsArgs),
    /// Requests of a period, counted: by person, account, permission set, rule or approver
    Report(ReportArgs),
    /// Show a request, and what it waits for
    Show { id: String },
    /// Wait until a request reaches a state
    Wait {
        id: String,
        /// The state, or several with commas: active, ended, …
        #[arg(long = "for", value_name = "STATE")]
        state: String,
        /// Give up after this long (exit 7)
        #[arg(long, default_value = "10m")]
        timeout: String,
    },
    /// Approve requests
    Approve(ApproveArgs),
    /// Reject requests
    Reject {
        #[arg(required = true)]
        ids: Vec<String>,
        /// Why; the requester reads it
        #[arg(long)]
        comment: String,
    },
    /// Say that one is looking at a request, so that others need not
    Claim { id: String },
    /// Say that one is not looking at it any more
    Unclaim { id: String },
    /// Take back one's own request before it is active
    Cancel { id: String },
    /// End somebody's access now
    Revoke {
        id: String,
        /// Why; the requester reads it
        #[arg(long)]
        comment: String,
    },
    /// End one's own access now
    Done { id: String },
    /// Ask for more time on one's own live access
    Extend {
        id: String,
        /// How much longer: 1h, 90m
        #[arg(long = "for", value_name = "DURATION")]
        duration: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// How to use one's own live access: console link, AWS profile, sign-in
    Use {
        id: String,
        /// Put the profile into ~/.aws/config, or where AWS_CONFIG_FILE points
        #[arg(long)]
        write_profile: bool,
    },
    /// Ask for access, run a command with it, and end the access with the command
    Run(RunArgs),
    /// Give up a removal that can never succeed; takes two administrators
    Lost {
        id: String,
        /// Why; the audit trail keeps it
        #[arg(long)]
        reason: String,
    },
    /// Close the review of access that is over
    Review {
        id: String,
        /// What was seen; the audit trail keeps it
        #[arg(long)]
        comment: String,
        /// What was left behind and may stay or is gone, as `activity ID --digest` calls it
        #[arg(long, value_name = "LABEL", conflicts_with = "acknowledge_all")]
        acknowledge: Vec<String>,
        /// The same for all of it, each named
        #[arg(long)]
        acknowledge_all: bool,
    },
    /// Stop everything new at once; taking back goes on
    Freeze {
        /// Why; everybody reads it
        #[arg(long)]
        reason: String,
        /// End all live access as well
        #[arg(long)]
        revoke: bool,
    },
    /// Lift the freeze: what is due and still in its window starts
    Unfreeze {
        /// A word for the audit trail
        #[arg(long)]
        reason: Option<String>,
    },
    /// What one may ask for
    Entitlements(ListArgs),
    /// Accounts
    Accounts(ListArgs),
    /// Permission sets
    PermissionSets(ListArgs),
    /// Assignments that teamd holds in AWS, or what others hold, or where AWS differs
    Grants(GrantsArgs),
    /// CloudTrail activity, as it arrives with --follow
    Tail {
        /// A request; without it, all live sessions
        id: Option<String>,
        /// All live sessions
        #[arg(long, conflicts_with = "id")]
        all: bool,
        /// Go on until interrupted
        #[arg(long, short)]
        follow: bool,
        /// From when on
        #[arg(long, value_name = "TIME")]
        since: Option<String>,
        /// Only what fits, as on the dashboard: "service:iam write:yes who:bob"
        #[arg(long, value_name = "TERMS")]
        filter: Option<String>,
    },
    /// CloudTrail activity of a request
    Activity {
        id: String,
        /// In a few lines: how much, what, from where
        #[arg(long)]
        digest: bool,
        #[command(flatten)]
        list: ListArgs,
    },
    /// Events as they happen, one a line
    Watch {
        /// Begin after this sequence number
        #[arg(long, value_name = "SEQ")]
        after: Option<u64>,
        /// Ring the bell and show a notice where an event concerns oneself
        #[arg(long)]
        notify: bool,
    },
    /// Messages to people: try a channel, look up who was told, send again
    #[command(subcommand)]
    Notify(NotifyVerb),
    /// What to know after logging in, a line each; for ~/.profile
    Motd,
    /// Why somebody may or may not have an access, and what would help; without names, what one may ask for
    Why(WhyArgs),
    /// The policy in force
    #[command(subcommand)]
    Policy(PolicyVerb),
    /// People, groups, accounts and permission sets, as the daemon last read them
    #[command(subcommand)]
    Directory(DirectoryVerb),
    /// The audit trail
    #[command(subcommand)]
    Audit(AuditVerb),
    /// Who the daemon takes you for, and why
    Whoami {
        /// Whom this login of the daemon's machine stands for instead
        #[arg(long, value_name = "LOGIN")]
        explain: Option<String>,
    },
    /// The daemon's health: exit 0 healthy, 1 not
    Status {
        /// Only what everybody may see
        #[arg(long)]
        short: bool,
    },
    /// Open the dashboard at a request
    Open { id: String },
}

#[derive(Debug, Args)]
pub(crate) struct GrantsArgs {
    /// What others hold: permanent access of people, and of groups
    #[arg(long, conflicts_with = "drift")]
    pub(crate) standing: bool,
    /// Where AWS and teamd's book differ
    #[arg(long)]
    pub(crate) drift: bool,
    #[command(flatten)]
    pub(crate) list: ListArgs,
}

#[derive(Debug, Args)]
pub(crate) struct WhyArgs {
    /// Whose access; without it, one's own
    #[arg(value_name = "USER")]
    pub(crate) user: Option<String>,
    /// Where: an id or a name
    #[arg(value_name = "ACCOUNT")]
    pub(crate) account: Option<String>,
    /// As what: a name or an ARN
    #[arg(value_name = "SET")]
    pub(crate) permission_set: Option<String>,
    /// For how long
    #[arg(long = "for", value_name = "DURATION")]
    pub(crate) duration: Option<String>,
    /// Asked as break-glass
    #[arg(long)]
    pub(crate) break_glass: bool,
}

#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum DirectoryVerb {
    /// The daemon's copy as JSON, for `teamd policy plan|test FILE --directory FILE`
    Export,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditVerb {
    /// Rows of the trail
    Ls {
        /// At most so many
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
        #[command(flatten)]
        list: ListArgs,
    },
    /// The trail as a file on stdout
    Export {
        /// csv or jsonl
        #[arg(long, default_value = "jsonl", value_parser = ["csv", "jsonl"])]
        format: String,
    },
    /// Check the chain of hashes: exit 0 if it holds
    Verify,
}
