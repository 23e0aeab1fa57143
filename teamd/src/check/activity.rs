//! Where activity comes from: whether it answers. It is asked about the last minutes of somebody whom nobody is called.

use super::{Line, aws};
use chrono::TimeDelta;
use futures::TryStreamExt;
use std::sync::Arc;
use std::time::Duration;
use team_shared::ids::AccountId;
use teamd_aws::port::{ActivitySource, AwsError, CalledBy, Look};
use teamd_config as config;
use teamd_domain::Time;

/// The longest that the source may take: queries may have to wait for others.
const PATIENCE: Duration = Duration::from_secs(90);

/// Nobody is called so.
const NOBODY: &str = "teamd-check";

/// Whose events are asked for.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    /// The account of our credentials.
    pub(super) own: Option<AccountId>,
    /// One that is not.
    pub(super) other: Option<AccountId>,
}

/// What the source is, and what it answers.
pub(super) async fn lines(
    configured: &config::Activity,
    source: Option<&Arc<dyn ActivitySource>>,
    accounts: &Accounts,
    now: Time,
) -> Vec<Line> {
    let Some(source) = source else {
        return vec![Line::warn(
            "activity",
            "no source is configured",
            "set [activity] source to follow sessions",
        )];
    };
    let mut lines = vec![Line::ok("activity", source.name())];
    if !source.is_regional() && (configured.role_name.is_some() || !configured.regions.is_empty()) {
        lines.push(Line::warn(
            "activity",
            "role_name and regions mean nothing with this source: it has every account and region",
            "leave them out of [activity]",
        ));
    }
    let region = || {
        source
            .is_regional()
            .then(|| configured.regions.first().cloned())
            .flatten()
    };
    if let Some(own) = &accounts.own {
        let asked = ask(source, own, region(), now).await;
        let call = call(&configured.source, asked.as_ref().err());
        lines.extend(aws::lines(&[(call, asked)]));
    }
    let role = configured.role_name.as_ref().filter(|_| source.is_regional());
    if let (Some(role), Some(other)) = (role, &accounts.other) {
        let name = format!("activity of {other}");
        lines.push(match ask(source, other, region(), now).await {
            Ok(detail) => Line::ok(name, detail),
            Err(error) => Line::fail(
                name,
                error.to_string(),
                format!(
                    "the daemon needs sts:AssumeRole on the role {role} of each account; that role must trust the \
                     daemon's, and needs cloudtrail:LookupEvents"
                ),
            ),
        });
    }
    lines
}

async fn ask(
    source: &Arc<dyn ActivitySource>,
    account: &AccountId,
    region: Option<String>,
    now: Time,
) -> Result<String, AwsError> {
    let look = Look {
        account: account.clone(),
        region,
        called_by: CalledBy::Name(NOBODY.to_owned()),
        user: None,
        since: now - TimeDelta::minutes(5),
        until: now,
    };
    let pages = source
        .read(&look)
        .try_fold(0, async |found, page| Ok(found + page.len()));
    match tokio::time::timeout(PATIENCE, pages).await {
        Ok(answered) => answered.map(|_| "answers".to_owned()),
        Err(_) => Err(AwsError::Unreachable("no answer in time".to_owned())),
    }
}

/// The call by the name of its IAM action: of two, the one that failed.
fn call(source: &config::ActivitySource, error: Option<&AwsError>) -> &'static str {
    let is_second = || error.is_some_and(|error| error.to_string().contains("GetQueryResults: "));
    match source {
        config::ActivitySource::CloudwatchLogs(_) => "logs:FilterLogEvents",
        config::ActivitySource::CloudtrailLake(_) if is_second() => "cloudtrail:GetQueryResults",
        config::ActivitySource::CloudtrailLake(_) => "cloudtrail:StartQuery",
        config::ActivitySource::None | config::ActivitySource::CloudtrailLookup => "cloudtrail:LookupEvents",
    }
}

#[cfg(all(test, feature = "simulator"))]
mod tests {
    use super::*;
    use crate::check::render;
    use aws_simulator::{FaultKind, FaultRule, Faults, Simulator, SimulatorConfig};
    use teamd_aws::config::AwsSettings;
    use teamd_aws::health::AwsHealth;
    use teamd_aws::port::OwnIdentity;
    use teamd_aws_sdk::{Aws, EventDataStore, EventHistory, LogGroup};
    use teamd_config::{Activity, ActivitySource as Configured};
    use teamd_host::clock::{Clock, SystemClock};

    async fn checked(faults: Faults, source: impl Fn(&str, &str) -> Configured) -> String {
        let simulator = SimulatorConfig {
            faults,
            ..SimulatorConfig::default()
        };
        let simulator = Simulator::start(simulator).await.unwrap();
        let (group, store, other) = {
            let model = simulator.model();
            let org = model.lock().unwrap();
            let other = org.account_named("prod-web").unwrap().id.parse().unwrap();
            (org.trail_log_group(), org.event_data_store(), other)
        };
        let configured = Activity {
            source: source(&group, &store),
            role_name: Some("teamd-trail-reader".to_owned()),
            ..Activity::default()
        };
        let settings = AwsSettings {
            region: Some("eu-west-1".to_owned()),
            endpoint_url: Some(simulator.url()),
            activity_role: configured.role_name.clone(),
            other_rates_factor: 1000.0,
            ..AwsSettings::default()
        };
        let aws = Aws::connect(settings, Arc::new(SystemClock), Arc::new(AwsHealth::new())).await;
        let aws = Arc::new(aws.unwrap());
        let accounts = Accounts {
            own: Some(aws.account().await.unwrap()),
            other: Some(other),
        };
        let source: Option<Arc<dyn ActivitySource>> = match &configured.source {
            Configured::None => None,
            Configured::CloudtrailLookup => Some(Arc::new(EventHistory(aws))),
            Configured::CloudwatchLogs(group) => Some(Arc::new(LogGroup::new(aws, group))),
            Configured::CloudtrailLake(store) => Some(Arc::new(EventDataStore::new(aws, store))),
        };
        render(&lines(&configured, source.as_ref(), &accounts, SystemClock.now()).await)
    }

    #[tokio::test]
    async fn each_source_is_asked_once_and_says_what_is_missing() {
        let refusing =
            |operation: &str| Faults::none().with(FaultRule::new(operation, FaultKind::AccessDenied));
        let lookup = |_: &str, _: &str| Configured::CloudtrailLookup;
        let logs = |group: &str, _: &str| Configured::CloudwatchLogs(group.to_owned());
        let lake = |_: &str, store: &str| Configured::CloudtrailLake(store.to_owned());
        for seen in [
            checked(Faults::none(), lookup).await,
            checked(Faults::none(), logs).await,
            checked(Faults::none(), lake).await,
        ] {
            assert!(!seen.contains("fail"), "{seen}");
            assert!(seen.contains("answers"), "{seen}");
        }
        let seen = checked(refusing("LookupEvents"), lookup).await;
        assert!(seen.contains("allow cloudtrail:LookupEvents"), "{seen}");
        assert!(
            seen.contains("sts:AssumeRole on the role teamd-trail-reader"),
            "{seen}"
        );
        let seen = checked(refusing("FilterLogEvents"), logs).await;
        assert!(seen.contains("allow logs:FilterLogEvents"), "{seen}");
        assert!(seen.contains("role_name and regions mean nothing"), "{seen}");
        let seen = checked(refusing("StartQuery"), lake).await;
        assert!(seen.contains("allow cloudtrail:StartQuery"), "{seen}");
        let seen = checked(refusing("GetQueryResults"), lake).await;
        assert!(seen.contains("allow cloudtrail:GetQueryResults"), "{seen}");
        let seen = checked(Faults::none(), |_, _| {
            Configured::CloudwatchLogs("other".to_owned())
        })
        .await;
        assert!(seen.contains("check log_group in [activity]"), "{seen}");
        let seen = checked(Faults::none(), |_, _| {
            Configured::CloudtrailLake("0-0".to_owned())
        })
        .await;
        assert!(seen.contains("check event_data_store in [activity]"), "{seen}");
    }
}
