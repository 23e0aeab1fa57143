//! The grammar of `request` and `approve`.

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct RequestArgs {
    /// Accounts by id or name, then the permission set by name or ARN
    #[arg(required_unless_present = "again", num_args = 1.., value_name = "ACCOUNT… SET")]
    pub(crate) targets: Vec<String>,
    /// The same as this one again: account, permission set, length, reason and ticket, where they are not given
    #[arg(long, value_name = "ID")]
    pub(crate) again: Option<String>,
    /// How long: 90s, 45m, 2h30m, 3d
    #[arg(
        long = "for",
        value_name = "DURATION",
        required_unless_present_any = ["until", "again"],
        conflicts_with = "until"
    )]
    pub(crate) duration: Option<String>,
    /// From when: RFC 3339, "2026-11-23 09:00", "tomorrow 9:00", +30m
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
    /// Until when, in the same forms
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT", required_unless_present = "again")]
    pub(crate) reason: Option<String>,
    /// The ticket behind it
    #[arg(long, value_name = "ID")]
    pub(crate) ticket: Option<String>,
    /// Ask under the break-glass rules: everyone concerned is told
    #[arg(long)]
    pub(crate) break_glass: bool,
    /// Wait until the access is active, at most this long (10m)
    #[arg(long, value_name = "TIMEOUT", num_args = 0..=1, require_equals = true, default_missing_value = "10m")]
    pub(crate) wait: Option<String>,
    /// Repeat safely: the same key files the same request once
    #[arg(long, value_name = "K")]
    pub(crate) idempotency_key: Option<String>,
    /// Judge it, but do not file it
    #[arg(long, conflicts_with = "wait")]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ApproveArgs {
    #[arg(required_unless_present = "batch")]
    pub(crate) ids: Vec<String>,
    /// Those of a batch that wait for one's decision: the batch that this request is in, or of this id
    #[arg(long, value_name = "ID", conflicts_with_all = ["ids", "terms"])]
    pub(crate) batch: Option<String>,
    /// A word to the requester
    #[arg(long)]
    pub(crate) comment: Option<String>,
    /// Approve for another length
    #[arg(long = "for", value_name = "DURATION")]
    pub(crate) duration: Option<String>,
    /// Approve with a fixed start
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
    /// Approve only these terms: the digest that was looked at
    #[arg(long, value_name = "DIGEST")]
    pub(crate) terms: Option<String>,
}
