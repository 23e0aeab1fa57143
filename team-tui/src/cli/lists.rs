//! What lists are asked by, and how they are printed.

use clap::{Args, ValueEnum};

#[derive(Debug, Clone, Args)]
pub(crate) struct ListArgs {
    /// Print CSV, safe against formulas
    #[arg(long, conflicts_with = "json")]
    pub(crate) csv: bool,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("scope").multiple(false))]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the contract")]
pub(crate) struct LsArgs {
    /// One's own
    #[arg(long, group = "scope")]
    pub(crate) mine: bool,
    /// Those that wait for one's decision
    #[arg(long, group = "scope")]
    pub(crate) queue: bool,
    /// Live access
    #[arg(long, group = "scope")]
    pub(crate) active: bool,
    /// Those that need a review
    #[arg(long, group = "scope")]
    pub(crate) review: bool,
    /// All that one may see (the default)
    #[arg(long, group = "scope")]
    pub(crate) all: bool,
    /// Of these, access that was not used, where all of it is known
    #[arg(long)]
    pub(crate) unused: bool,
    /// States, with commas
    #[arg(long, value_name = "S,S")]
    pub(crate) state: Option<String>,
    /// A user name or id
    #[arg(long)]
    pub(crate) user: Option<String>,
    /// An account's name or id
    #[arg(long)]
    pub(crate) account: Option<String>,
    /// Those of a batch: its id, or a request in it
    #[arg(long, value_name = "ID")]
    pub(crate) batch: Option<String>,
    /// Filed at or after: a time, or 7d for the last seven days
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Filed before
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,
    #[command(flatten)]
    pub(crate) list: ListArgs,
}

/// What the rows of a report are.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum ReportBy {
    /// Who asked
    Person,
    /// Where
    Account,
    /// As what
    Set,
    /// The rule that counted
    Rule,
    /// Who decided: a request counts for each who did
    Approver,
}

impl From<ReportBy> for team_shared::report::ReportBy {
    fn from(by: ReportBy) -> Self {
        match by {
            ReportBy::Person => Self::Person,
            ReportBy::Account => Self::Account,
            ReportBy::Set => Self::Set,
            ReportBy::Rule => Self::Rule,
            ReportBy::Approver => Self::Approver,
        }
    }
}

/// Options of `report`.
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// What the rows are
    #[arg(long, value_enum, default_value_t = ReportBy::Person)]
    pub(crate) by: ReportBy,
    /// Filed at or after: a time, or 7d for the last seven days; absent: 30d
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Filed before
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    #[command(flatten)]
    pub(crate) list: ListArgs,
}
