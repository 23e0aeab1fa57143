//! `teamd check`: configuration, host, store and AWS, a line each.

use super::activity::Accounts;
use super::{Line, Status, activity, aws, channels, exit_code, host, local, print};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use team_shared::ids::AccountId;
use teamd_aws::health::AwsHealth;
use teamd_aws::messages::Messages;
use teamd_aws::port::{DirectorySource, OwnIdentity};
use teamd_aws_sdk::Aws;
use teamd_config::Config;
use teamd_domain::directory::Directory;
use teamd_engine::logins::{local_logins, shared_logins};
use teamd_host::clock::{Clock, GuardedClock, Machine, SystemClock};

/// Looks at everything and prints it: exit 0, or 1 if anything would keep the daemon from its work.
#[must_use]
pub fn run(path: Option<&Path>) -> ExitCode {
    let (mut lines, config) = local(path, teamd_config::environment(), SystemClock.now());
    if let Some(config) = config {
        match crate::commands::runtime() {
            Ok(runtime) => {
                // The daemon's rule, so that a clock on which it would grant nothing is found before it runs.
                let clock = Arc::new(GuardedClock::start(Box::new(Machine), None, None));
                let found = runtime.block_on(remote(&config, clock.clone()));
                if let Some(line) = lines
                    .iter_mut()
                    .find(|line| line.name == "clock" && line.status == Status::Ok)
                {
                    *line = host::compared(&clock);
                }
                lines.extend(found);
            }
            Err(error) => lines.push(Line::fail("runtime", error.to_string(), "")),
        }
    }
    print(&lines);
    ExitCode::from(exit_code(&lines))
}

async fn remote(config: &Config, clock: Arc<dyn Clock>) -> Vec<Line> {
    let settings = crate::run::aws_settings(config);
    let client = match Aws::connect(settings, Arc::clone(&clock), Arc::new(AwsHealth::new())).await {
        Ok(client) => client,
        Err(error) => return vec![Line::fail("aws", error.to_string(), "set it under [aws]")],
    };
    let client = Arc::new(client);
    let mut lines = aws::lines(&client.probe().await);
    let mut other = None;
    if !lines.iter().any(|line| line.status == Status::Fail) {
        match client.load(clock.now()).await {
            Ok(directory) => {
                other = someone_else(&directory, client.account().await.ok());
                let names: BTreeSet<String> =
                    directory.people.values().map(|p| p.user_name.clone()).collect();
                match local_logins() {
                    Ok(local) => {
                        let found = shared_logins(&local, &config.identity, &names).findings();
                        if found.is_empty() {
                            lines.push(Line::ok("logins", "no shared logins found"));
                        }
                        lines.extend(found.into_iter().map(|f| Line::warn("logins", f.detail, f.help)));
                    }
                    Err(error) => {
                        lines.push(Line::warn(
                            "logins",
                            format!("the logins of this machine: {error}"),
                            "",
                        ));
                    }
                }
                lines.push(Line::ok(
                    "directory",
                    format!(
                        "{} accounts, {} permission sets, {} people, {} groups",
                        directory.accounts.len(),
                        directory.permission_sets.len(),
                        directory.people.len(),
                        directory.groups.len()
                    ),
                ));
            }
            Err(error) => lines.push(Line::fail("directory", error.to_string(), "see the lines above")),
        }
    }
    let messages = Arc::clone(&client) as Arc<dyn Messages>;
    lines.extend(channels::lines(&config.notify, &messages).await);
    let accounts = Accounts {
        own: client.account().await.ok(),
        other,
    };
    let source = crate::run::activity::source(&config.activity.source, &client);
    lines.extend(activity::lines(&config.activity, source.as_ref(), &accounts, clock.now()).await);
    lines
}

/// An account that is not ours, for reading its event history by the role that it has for us.
fn someone_else(directory: &Directory, own: Option<AccountId>) -> Option<AccountId> {
    let mut accounts = directory.accounts.keys();
    accounts.find(|account| Some(*account) != own.as_ref()).cloned()
}
