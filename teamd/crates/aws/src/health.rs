//! How AWS has answered lately, for `status` and for people who wait. Every call of the adapters reports here.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use teamd_domain::Time;

/// The services that we call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// Identity Center.
    SsoAdmin,
    /// Its identity store.
    IdentityStore,
    /// Organizations.
    Organizations,
    /// Security Token Service.
    Sts,
    /// CloudTrail. Not counted in [`AwsHealth::snapshot`]: activity is apart from access.
    CloudTrail,
    /// CloudWatch Logs, where a trail writes. Not counted, like CloudTrail.
    Logs,
    /// EventBridge Scheduler. Not counted either: the dead-man's switch says itself what it cannot do.
    Scheduler,
    /// Simple Email Service. Not counted: a channel says itself what it cannot do.
    Ses,
    /// Simple Notification Service. Likewise.
    Sns,
}

impl Service {
    /// What people call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SsoAdmin => "Identity Center",
            Self::IdentityStore => "Identity Store",
            Self::Organizations => "Organizations",
            Self::Sts => "STS",
            Self::CloudTrail => "CloudTrail",
            Self::Logs => "CloudWatch Logs",
            Self::Scheduler => "EventBridge Scheduler",
            Self::Ses => "SES",
            Self::Sns => "SNS",
        }
    }

    /// Whether access depends on it.
    fn counts(self) -> bool {
        match self {
            Self::SsoAdmin | Self::IdentityStore | Self::Organizations | Self::Sts => true,
            Self::CloudTrail | Self::Logs | Self::Scheduler | Self::Ses | Self::Sns => false,
        }
    }
}

/// What the last calls say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum State {
    /// Nothing was called yet.
    #[default]
    Unknown,
    /// AWS answers.
    Ok,
    /// Too fast for AWS.
    Throttling,
    /// No connection, a time-out, a 5xx.
    Unreachable,
    /// AWS, or the way to credentials, refuses us: operators must act.
    Refusing,
}

impl State {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Ok => "ok",
            Self::Throttling => "throttling",
            Self::Unreachable => "unreachable",
            Self::Refusing => "refusing",
        }
    }
}

/// State with its history.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snapshot {
    /// Now.
    pub state: State,
    /// Since when it is so.
    pub since: Option<Time>,
    /// The last thing that went wrong, also when all is well again.
    pub last_error: Option<String>,
    /// When it did.
    pub last_error_at: Option<Time>,
    /// When a call was last answered.
    pub last_success_at: Option<Time>,
}

impl Snapshot {
    fn note(&mut self, state: State, error: Option<String>, now: Time) {
        if error.is_some() {
            self.last_error = error;
            self.last_error_at = Some(now);
        }
        if state == State::Ok {
            self.last_success_at = Some(now);
        }
    }

    fn enter(&mut self, state: State, now: Time) {
        if self.state != state {
            self.state = state;
            self.since = Some(now);
        }
    }
}

/// The collected reports. Shared by the adapters and whoever shows it.
#[derive(Debug, Default)]
pub struct AwsHealth {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    overall: Snapshot,
    services: BTreeMap<Service, Snapshot>,
}

impl AwsHealth {
    /// Nothing known yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A call was answered; a refusal of the one call (not found, conflict, validation) is an answer too.
    pub fn succeeded(&self, service: Service, now: Time) {
        self.report(service, State::Ok, None, now);
    }

    /// A call was not answered as it should have been.
    pub fn failed(&self, service: Service, state: State, error: &str, now: Time) {
        let error = format!("{}: {error}", service.name());
        self.report(service, state, Some(error), now);
    }

    /// All services that access depends on, as one. Being refused by one of them lasts until that one answers; having no
    /// connection and being throttled are what the latest call says, whichever it was.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.lock().overall.clone()
    }

    /// One service.
    #[must_use]
    pub fn service(&self, service: Service) -> Snapshot {
        self.lock().services.get(&service).cloned().unwrap_or_default()
    }

    fn report(&self, service: Service, state: State, error: Option<String>, now: Time) {
        let kept = &mut *self.lock();
        let own = kept.services.entry(service).or_default();
        own.note(state, error.clone(), now);
        own.enter(state, now);
        if !service.counts() {
            return;
        }
        let refusing = kept
            .services
            .iter()
            .any(|(service, kept)| service.counts() && kept.state == State::Refusing);
        kept.overall.note(state, error, now);
        let shown = if state == State::Ok && refusing {
            State::Refusing
        } else {
            state
        };
        kept.overall.enter(shown, now);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Time {
        chrono::DateTime::from_timestamp(1_795_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn since_is_when_the_state_was_entered_and_the_last_error_stays() {
        let health = AwsHealth::new();
        assert_eq!(health.snapshot(), Snapshot::default());
        health.succeeded(Service::SsoAdmin, at(1));
        health.succeeded(Service::SsoAdmin, at(2));
        health.failed(Service::SsoAdmin, State::Unreachable, "connection refused", at(3));
        health.failed(Service::IdentityStore, State::Unreachable, "timed out", at(4));
        let shown = health.snapshot();
        assert_eq!((shown.state, shown.since), (State::Unreachable, Some(at(3))));
        assert_eq!(shown.last_error.as_deref(), Some("Identity Store: timed out"));
        assert_eq!(shown.last_success_at, Some(at(2)));
        health.succeeded(Service::SsoAdmin, at(5));
        let shown = health.snapshot();
        assert_eq!((shown.state, shown.since), (State::Ok, Some(at(5))));
        assert_eq!(shown.last_error_at, Some(at(4)));
    }

    #[test]
    fn a_refusal_lasts_until_the_refusing_service_answers() {
        let health = AwsHealth::new();
        health.failed(Service::Organizations, State::Refusing, "AccessDenied", at(1));
        health.succeeded(Service::SsoAdmin, at(2));
        let shown = health.snapshot();
        assert_eq!((shown.state, shown.since), (State::Refusing, Some(at(1))));
        health.succeeded(Service::Organizations, at(3));
        assert_eq!(health.snapshot().state, State::Ok);
    }

    #[test]
    fn activity_is_apart() {
        let health = AwsHealth::new();
        health.succeeded(Service::SsoAdmin, at(1));
        health.failed(Service::CloudTrail, State::Refusing, "AccessDenied", at(2));
        assert_eq!(health.snapshot().state, State::Ok);
        health.failed(Service::Logs, State::Unreachable, "timed out", at(3));
        health.failed(Service::Scheduler, State::Refusing, "AccessDenied", at(3));
        assert_eq!(health.snapshot().state, State::Ok);
        assert_eq!(health.service(Service::CloudTrail).state, State::Refusing);
    }
}
