//! The channels over which people are told: whether each would work. Nobody is told anything.

use super::Line;
use std::sync::Arc;
use std::time::Duration;
use teamd_aws::messages::Messages;
use teamd_config::Notify;
use teamd_notify::channels;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Status;
    use futures::future::BoxFuture;
    use std::os::unix::fs::PermissionsExt;
    use teamd_aws::messages::{Letter, MessageError, Notification};
    use teamd_config::{Slack, SlackAccess};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    /// Nobody of these tests is told anything.
    struct Silent;

    impl Messages for Silent {
        fn send_mail<'a>(&'a self, _: &'a Letter) -> BoxFuture<'a, Result<String, MessageError>> {
            unreachable!("a check sends nothing")
        }

        fn publish<'a>(&'a self, _: &'a Notification) -> BoxFuture<'a, Result<String, MessageError>> {
            unreachable!("a check sends nothing")
        }

        fn check_mail<'a>(&'a self, _: Option<&'a str>) -> BoxFuture<'a, Result<String, MessageError>> {
            unreachable!("no mail is configured")
        }

        fn check_topic<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<String, MessageError>> {
            unreachable!("no topic is configured")
        }
    }

    /// Slack as the test has it: every call has this answer.
    async fn slack(answer: &'static str) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let reply = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{answer}",
            answer.len()
        );
        #[expect(
            clippy::disallowed_methods,
            reason = "a server of the test's own, gone with its runtime"
        )]
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut question = [0; 4096];
                let _ = stream.read(&mut question).await;
                let _ = stream.write_all(reply.as_bytes()).await;
            }
        });
        format!("http://{address}")
    }

    async fn checked(api_url: String, folder: &std::path::Path) -> Line {
        let file = folder.join("token");
        std::fs::write(&file, "xoxb-1-secret").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        let config = Notify {
            slack: Some(Slack {
                access: SlackAccess::Bot(file),
                audit_channel: None,
                api_url,
            }),
            ..Notify::default()
        };
        let aws = Arc::new(Silent) as Arc<dyn Messages>;
        lines(&config, &aws).await.remove(0)
    }

    #[tokio::test]
    async fn each_channel_says_whether_it_would_work() {
        let folder = tempfile::tempdir().unwrap();
        let aws = Arc::new(Silent) as Arc<dyn Messages>;
        assert_eq!(lines(&Notify::default(), &aws).await[0].status, Status::Warn);
        let good = slack(r#"{"ok":true,"user":"teamd","team":"Acme","user_id":"U1"}"#).await;
        let good = checked(good, folder.path()).await;
        assert_eq!(
            (good.status, good.name.as_str()),
            (Status::Ok, "notify slack"),
            "{good:?}"
        );
        let bad = slack(r#"{"ok":false,"error":"invalid_auth"}"#).await;
        let bad = checked(bad, folder.path()).await;
        assert_eq!(bad.status, Status::Fail);
        assert!(
            bad.detail.contains("invalid_auth") && bad.help.contains("notify test slack"),
            "{bad:?}"
        );
        let nobody = checked("http://127.0.0.1:9".to_owned(), folder.path()).await;
        assert_eq!(nobody.status, Status::Fail);
        for line in [good, bad, nobody] {
            assert!(!format!("{line:?}").contains("xoxb"), "{line:?}");
        }
    }
}
