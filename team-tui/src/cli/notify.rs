//! `notify …` as the parser sees it.

use super::ListArgs;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum NotifyVerb {
    /// Send a sample over a channel: slack, smtp, ses, sns, webhook:NAME
    Test {
        channel: String,
        /// To this address or room; without it, one's own address, or the channel's own place
        #[arg(long, value_name = "WHERE")]
        to: Option<String>,
    },
    /// Who was told of what, when, over which channel, and what it said; of one request, or of all
    Log {
        /// A request
        id: Option<String>,
        /// Only what was given up
        #[arg(long)]
        dead: bool,
        /// Only over this channel
        #[arg(long)]
        channel: Option<String>,
        /// At most so many
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
        #[command(flatten)]
        list: ListArgs,
    },
    /// Send again what was given up, and switch a channel on again
    Retry {
        /// A channel, or the id of one message
        #[arg(value_name = "CHANNEL|ID")]
        which: String,
    },
}
