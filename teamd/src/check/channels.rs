//! The channels over which people are told: whether each would work. Nobody is told anything.

use super::Line;
use crate::aws::messages::Messages;
use crate::config::Notify;
use crate::notify::channels;
use std::sync::Arc;
use std::time::Duration;

/// The longest that one channel may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A line for each channel.
pub(super) async fn lines(config: &Notify, aws: &Arc<dyn Messages>) -> Vec<Line> {
    let channels = match channels::open(config, Some(aws)) {
        Ok(channels) if channels.is_empty() => {
            return vec![Line::warn(
                "notify",
                "no channel is configured: nobody is told of anything outside of the dashboard",
                "docs/NOTIFICATIONS.md",
            )];
        }
        Ok(channels) => channels,
        Err(error) => return vec![Line::fail("notify", error, "see [notify]")],
    };
    let mut lines = Vec::new();
    for channel in channels {
        let checked = tokio::time::timeout(PATIENCE, channel.check()).await;
        let checked = checked.unwrap_or_else(|_| Err("no answer in time".to_owned()));
        let name = format!("notify {}", channel.name());
        lines.push(match checked {
            Ok(seen) => Line::ok(name, seen),
            Err(why) => Line::fail(
                name,
                why,
                format!(
                    "docs/NOTIFICATIONS.md; then `team-tui notify test {}`",
                    channel.name()
                ),
            ),
        });
    }
    lines
}
