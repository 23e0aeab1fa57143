//! The dead-man's switch over the wire, against the simulator, which runs what it is told.

use super::{connect, key, settings};
use crate::Aws;
use aws_simulator::{FaultKind, FaultRule, Faults, Simulator, SimulatorConfig};
use teamd_aws::config::AwsSettings;
use teamd_aws::health::{Service, State};
use teamd_aws::port::{AwsError, Schedules};

/// In the account of the daemon's credentials, which may delete.
fn role(simulator: &Simulator) -> String {
    let model = simulator.model();
    let account = model.lock().unwrap().management_account().to_owned();
    format!("arn:aws:iam::{account}:role/teamd-backstop")
}

async fn simulator(faults: Faults) -> Simulator {
    let config = SimulatorConfig {
        faults,
        ..SimulatorConfig::default()
    };
    Simulator::start(config).await.unwrap()
}

fn with_switch(simulator: &Simulator) -> AwsSettings {
    let arn = simulator.model().lock().unwrap().instance_arn().to_owned();
    AwsSettings {
        instance_arn: Some(arn),
        backstop_role: Some(role(simulator)),
        ..settings(&simulator.url())
    }
}

fn calls(simulator: &Simulator) -> Vec<&'static str> {
    let model = simulator.model();
    let org = model.lock().unwrap();
    org.calls().map(|call| call.operation.name()).collect()
}

async fn put(aws: &Aws, name: &str, at: &str) -> Result<(), AwsError> {
    aws.put(name, &key(), at.parse().unwrap()).await
}

#[tokio::test]
async fn schedules_are_made_moved_found_and_taken_away() {
    let simulator = simulator(Faults {
        empty_pages: true,
        ..Faults::default()
    })
    .await;
    let (aws, _) = connect(with_switch(&simulator)).await;
    put(&aws, "teamd-1-a", "2030-01-02T03:04:05.5Z").await.unwrap();
    put(&aws, "teamd-1-a", "2030-01-02T04:04:05Z").await.unwrap();
    put(&aws, "teamd-1-b", "2030-01-02T05:00:00Z").await.unwrap();
    assert_eq!(
        calls(&simulator),
        [
            "CreateSchedule",
            "CreateSchedule",
            "UpdateSchedule",
            "CreateSchedule"
        ]
    );
    let first = {
        let model = simulator.model();
        let org = model.lock().unwrap();
        org.schedules().next().unwrap().spec.clone()
    };
    assert_eq!(
        first.at_ms,
        "2030-01-02T04:04:05Z"
            .parse::<teamd_domain::Time>()
            .unwrap()
            .timestamp_millis()
    );
    assert_eq!(
        first.target,
        "arn:aws:scheduler:::aws-sdk:ssoadmin:deleteAccountAssignment"
    );
    assert_eq!(
        (first.role.as_str(), first.delete_after, first.enabled),
        (role(&simulator).as_str(), true, true)
    );
    assert_eq!((first.retries, first.age_seconds), (185, 86_400));
    assert_eq!(aws.list("teamd-").await.unwrap(), ["teamd-1-a", "teamd-1-b"]);
    assert_eq!(aws.list("other").await.unwrap(), [""; 0]);
    assert_eq!(aws.target("teamd-1-a").await.unwrap(), Some(key()));
    assert_eq!(aws.target("teamd-2-a").await.unwrap(), None);
    for _ in 0..2 {
        aws.delete("teamd-1-a").await.unwrap();
    }
    assert_eq!(aws.list("teamd-").await.unwrap(), ["teamd-1-b"]);
    let probed = aws.probe().await;
    assert_eq!(
        probed.last().unwrap(),
        &("scheduler:ListSchedules", Ok("1 schedules of ours".to_owned()))
    );
}

#[tokio::test]
async fn what_a_schedule_says_is_what_the_delete_understands() {
    let simulator = simulator(Faults::none()).await;
    let mine = {
        let model = simulator.model();
        let mut org = model.lock().unwrap();
        let mine = org.user_key("alice", "prod-payments", "DatabaseAdmin").unwrap();
        org.put_assignment(&mine, 0);
        mine
    };
    let (aws, _) = connect(with_switch(&simulator)).await;
    let of = teamd_domain::request::Key {
        user: mine.principal.id().parse().unwrap(),
        account: mine.account.parse().unwrap(),
        permission_set: mine.permission_set.parse().unwrap(),
    };
    let at: teamd_domain::Time = "2030-01-02T03:04:05Z".parse().unwrap();
    aws.put("teamd-1-a", &of, at).await.unwrap();
    let model = simulator.model();
    let mut org = model.lock().unwrap();
    org.advance(at.timestamp_millis() - 1);
    assert!(org.is_assigned(&mine));
    org.advance(at.timestamp_millis() + 1);
    assert!(!org.is_assigned(&mine));
    assert_eq!(org.dead_letters(), 0);
}

#[tokio::test]
async fn refusals_are_told_once_and_do_not_count_against_aws() {
    for (kind, refused) in [(FaultKind::AccessDenied, true), (FaultKind::Throttle, false)] {
        let simulator = simulator(Faults::default().with(FaultRule::new("scheduler:*", kind))).await;
        let (aws, health) = connect(with_switch(&simulator)).await;
        let errors = [
            put(&aws, "teamd-1-a", "2030-01-02T03:04:05Z").await.unwrap_err(),
            aws.delete("teamd-1-a").await.unwrap_err(),
            aws.list("teamd-").await.unwrap_err(),
            aws.target("teamd-1-a").await.unwrap_err(),
        ];
        for error in errors {
            let fits = match &error {
                AwsError::Refused(_) => refused,
                AwsError::Throttled(_) => !refused,
                AwsError::Unreachable(_) | AwsError::Unexpected(_) => false,
            };
            assert!(fits, "{kind:?} {error}");
        }
        assert_eq!(calls(&simulator).len(), 4, "one attempt each");
        assert_eq!(health.snapshot().state, State::Unknown);
        assert_ne!(health.service(Service::Scheduler).state, State::Ok);
    }
}

#[tokio::test]
async fn without_a_role_nothing_is_sent() {
    let simulator = simulator(Faults::default()).await;
    let (aws, _) = connect(AwsSettings {
        backstop_role: None,
        ..with_switch(&simulator)
    })
    .await;
    let error = put(&aws, "teamd-1-a", "2030-01-02T03:04:05Z").await.unwrap_err();
    assert!(matches!(error, AwsError::Refused(_)), "{error}");
    assert!(calls(&simulator).is_empty());
}
