//! Decides, call by call, which rules hit.

use super::{FaultKind, FaultRule, Faults};
use crate::organisation::error::{AwsError, ErrorKind};
use crate::organisation::operation::Operation;
use crate::organisation::rng::Rng;

/// The installed document and how often its rules were hit.
#[derive(Debug, Clone)]
pub(crate) struct FaultEngine {
    pub(crate) faults: Faults,
    installed_ms: Option<i64>,
    tally: Vec<Tally>,
    rng: Rng,
}

#[derive(Debug, Clone, Default)]
struct Tally {
    matched: u64,
    hit: u64,
}

/// What the rules do to one call.
#[derive(Debug, Clone, Default)]
pub(crate) struct Verdict {
    /// Refused with this, nothing done.
    pub(crate) refuse: Option<AwsError>,
    /// Connection closed, nothing done.
    pub(crate) drop_before: bool,
    /// Done, never answered.
    pub(crate) silent_after: bool,
    /// Done, answered with this.
    pub(crate) error_after: Option<AwsError>,
    /// An assignment operation ends `FAILED` with this reason.
    pub(crate) fail_with: Option<String>,
    /// A Lake query ends `TIMED_OUT`.
    pub(crate) time_out: bool,
    /// An assignment operation takes this much longer.
    pub(crate) slow_ms: i64,
    /// An assignment operation arrives this much later, unanswered.
    pub(crate) late_ms: Option<i64>,
    /// A listing shows the state of this long ago.
    pub(crate) stale_ms: i64,
    /// The answer takes this long.
    pub(crate) delay_ms: u64,
}

/// The names a rule may use for what a call is about.
#[derive(Debug, Clone, Default)]
pub(crate) struct Subject<'a> {
    pub(crate) account: [Option<&'a str>; 2],
    pub(crate) principal: [Option<&'a str>; 2],
}

impl FaultEngine {
    pub(crate) fn new(faults: Faults) -> Self {
        let tally = vec![Tally::default(); faults.rules.len()];
        let rng = Rng::new(faults.seed);
        Self {
            faults,
            installed_ms: None,
            tally,
            rng,
        }
    }

    /// Judges one call. `after_ms` counts from the first call judged.
    pub(crate) fn judge(&mut self, operation: Operation, subject: &Subject<'_>, now_ms: i64) -> Verdict {
        let mut verdict = Verdict {
            delay_ms: self.faults.latency_ms,
            ..Verdict::default()
        };
        let age = now_ms - *self.installed_ms.get_or_insert(now_ms);
        for (rule, tally) in self.faults.rules.iter().zip(&mut self.tally) {
            if !applies(rule, operation, subject, age) {
                continue;
            }
            tally.matched += 1;
            let due = rule.every.is_none_or(|every| tally.matched.is_multiple_of(every))
                && rule.count.is_none_or(|count| tally.hit < count)
                && rule.probability.is_none_or(|p| self.rng.chance(p));
            if !due {
                continue;
            }
            tally.hit += 1;
            if apply(rule, &mut verdict, &mut self.rng) {
                break;
            }
        }
        verdict
    }

    /// Starts the rules' clocks, for documents installed while running.
    pub(crate) fn installed_at(mut self, now_ms: i64) -> Self {
        self.installed_ms = Some(now_ms);
        self
    }

    /// When the document was installed; unknown before the first call.
    pub(crate) fn began_ms(&self) -> Option<i64> {
        self.installed_ms
    }

    /// How often each rule was hit, in order.
    pub(crate) fn hits(&self) -> Vec<u64> {
        self.tally.iter().map(|tally| tally.hit).collect()
    }
}

fn applies(rule: &FaultRule, operation: Operation, subject: &Subject<'_>, age_ms: i64) -> bool {
    let from = rule.after_ms.unwrap_or(0);
    let named = |wanted: &Option<String>, names: &[Option<&str>; 2]| {
        wanted
            .as_deref()
            .is_none_or(|wanted| names.contains(&Some(wanted)))
    };
    operation.matches(&rule.operation)
        && age_ms >= from
        && rule.for_ms.is_none_or(|length| age_ms < from + length)
        && named(&rule.account, &subject.account)
        && named(&rule.user, &subject.principal)
}

/// Adds the rule to the verdict; true if it decides the call, so that later rules are not tried.
fn apply(rule: &FaultRule, verdict: &mut Verdict, rng: &mut Rng) -> bool {
    let delay = rule.delay_ms.unwrap_or(0);
    let delay_signed = i64::try_from(delay).unwrap_or(i64::MAX / 4);
    let error = |kind, message: &str| Some(AwsError::new(kind, message));
    match rule.kind {
        FaultKind::Throttle => verdict.refuse = error(ErrorKind::Throttled, "Rate exceeded"),
        FaultKind::InternalError => verdict.refuse = error(ErrorKind::Internal, "Internal failure"),
        FaultKind::AccessDenied => {
            verdict.refuse = error(
                ErrorKind::AccessDenied,
                "User is not authorized to perform this operation",
            );
        }
        FaultKind::Conflict => {
            verdict.refuse = error(
                ErrorKind::Conflict,
                "A conflict with a previous successful write is detected",
            );
        }
        FaultKind::InternalErrorAfterSuccess => {
            verdict.error_after = error(ErrorKind::Internal, "Internal failure");
        }
        FaultKind::DropBefore => verdict.drop_before = true,
        FaultKind::TimeoutAfterSuccess if rule.delay_ms.is_some() => {
            verdict.delay_ms += delay;
            return false;
        }
        FaultKind::TimeoutAfterSuccess => verdict.silent_after = true,
        FaultKind::Failed => {
            let reason = rule.reason.clone();
            verdict.fail_with =
                Some(reason.unwrap_or_else(|| "Received a 404 status error: Not supported.".into()));
            return false;
        }
        FaultKind::TimedOut => {
            verdict.time_out = true;
            return false;
        }
        FaultKind::Slow => {
            verdict.slow_ms += delay_signed;
            return false;
        }
        FaultKind::LateListing => {
            verdict.stale_ms += delay_signed;
            return false;
        }
        FaultKind::Late => verdict.late_ms = Some(rng.between(0, delay_signed)),
        FaultKind::Latency => {
            verdict.delay_ms += delay;
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREATE: Operation = Operation::CreateAccountAssignment;

    fn refusals(rule: FaultRule, calls: i64) -> Vec<i64> {
        let mut engine = FaultEngine::new(Faults::default().with(rule));
        (0..calls)
            .filter(|at| {
                let verdict = engine.judge(CREATE, &Subject::default(), *at);
                verdict.refuse.is_some()
            })
            .collect()
    }

    #[test]
    fn count_every_and_window() {
        let throttle = || FaultRule::new("CreateAccountAssignment", FaultKind::Throttle);
        assert_eq!(refusals(throttle().first(2), 9), [0, 1]);
        assert_eq!(
            refusals(
                FaultRule {
                    every: Some(3),
                    ..throttle()
                },
                9
            ),
            [2, 5, 8]
        );
        assert_eq!(
            refusals(
                FaultRule {
                    after_ms: Some(4),
                    for_ms: Some(2),
                    ..throttle()
                },
                9
            ),
            [4, 5]
        );
        let some = refusals(
            FaultRule {
                probability: Some(0.5),
                ..throttle()
            },
            1000,
        )
        .len();
        assert!((400..600).contains(&some), "{some}");
    }

    #[test]
    fn filters_by_name_or_id() {
        let rule = FaultRule {
            account: Some("prod".into()),
            ..FaultRule::new("*", FaultKind::Throttle)
        };
        let mut engine = FaultEngine::new(Faults::default().with(rule));
        let prod = Subject {
            account: [Some("123456789012"), Some("prod")],
            ..Subject::default()
        };
        assert!(engine.judge(CREATE, &prod, 0).refuse.is_some());
        assert!(engine.judge(CREATE, &Subject::default(), 0).refuse.is_none());
        assert_eq!(engine.hits(), [1]);
    }

    #[test]
    fn delays_add_up_and_a_refusal_ends_the_search() {
        let faults = Faults {
            latency_ms: 5,
            ..Faults::default()
        }
        .with(FaultRule::new("*", FaultKind::Latency).delay_ms(10))
        .with(FaultRule::new("*", FaultKind::Conflict))
        .with(FaultRule::new("*", FaultKind::Latency).delay_ms(100));
        let verdict = FaultEngine::new(faults).judge(CREATE, &Subject::default(), 0);
        assert_eq!(verdict.delay_ms, 15);
        assert!(verdict.refuse.is_some());
    }
}
