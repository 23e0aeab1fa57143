//! EventBridge Scheduler: one-time schedules whose target is an API call, and their running.
//!
//! A schedule that is due makes its call as its role's account, dated at the moment it was due, through the same door
//! as everybody's calls: rate limits and faults apply, and the call log names the schedule. What fails for a while is
//! tried again as the retry policy allows; what fails for good, or for too long, is a dead letter. The scheduler does
//! not look at what becomes of an accepted delete: AWS's does not either.
//!
//! Not modelled: recurring schedules, groups other than `default`, time zones other than UTC, IAM.

use std::collections::BTreeMap;

use super::error::{Answer, AwsError, CallError, ErrorKind};
use super::operation::Operation;
use super::types::{AssignmentKey, Caller, Principal};
use super::{About, Organisation};

/// The one universal target that is performed; others end as dead letters.
pub const DELETE_ASSIGNMENT: &str = "arn:aws:scheduler:::aws-sdk:ssoadmin:deleteAccountAssignment";

/// The longest pause between two attempts, in milliseconds. AWS says "exponential backoff"; with this, 185 attempts
/// fill its 24 hours.
const LONGEST_PAUSE_MS: i64 = 480_000;

/// What a schedule is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleSpec {
    /// At most 64 characters of `0-9a-zA-Z-_.`.
    pub name: String,
    /// When it runs, milliseconds since the epoch.
    pub at_ms: i64,
    /// `Target.Arn`.
    pub target: String,
    /// `Target.RoleArn`.
    pub role: String,
    /// `Target.Input`.
    pub input: String,
    /// `RetryPolicy.MaximumRetryAttempts`.
    pub retries: u32,
    /// `RetryPolicy.MaximumEventAgeInSeconds`.
    pub age_seconds: i64,
    /// `ActionAfterCompletion` is `DELETE`.
    pub delete_after: bool,
    /// `State` is `ENABLED`.
    pub enabled: bool,
}

/// A schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// What it is made of.
    pub spec: ScheduleSpec,
    /// Its ARN.
    pub arn: String,
    /// When it was made, milliseconds since the epoch.
    pub created_ms: i64,
    /// When it was last changed.
    pub modified_ms: i64,
    /// Attempts made.
    pub attempts: u32,
    token: Option<String>,
    /// When it is tried next; `None`: it is over.
    next_ms: Option<i64>,
}

/// All schedules, and what became of those that ran.
#[derive(Debug, Clone, Default)]
pub(crate) struct Schedules {
    by_name: BTreeMap<String, Schedule>,
    dead_letters: u64,
    /// The schedule whose call is being made.
    acting: Option<String>,
}

impl Organisation {
    /// Makes a schedule; its ARN. The same client token again is the same schedule, another one a conflict.
    pub fn create_schedule(
        &mut self,
        by: &Caller,
        spec: &ScheduleSpec,
        token: Option<&str>,
        now_ms: i64,
    ) -> Answer<String> {
        let about = about_target(spec);
        self.call(
            by,
            Operation::CreateSchedule,
            about_key(&about),
            now_ms,
            |org, _| {
                if let Some(found) = org.schedules.by_name.get(&spec.name) {
                    if token.is_some() && found.token.as_deref() == token {
                        return Ok(found.arn.clone());
                    }
                    let message = format!("Schedule {} already exists.", spec.name);
                    return Err(AwsError::new(ErrorKind::Conflict, message));
                }
                if org.schedules.by_name.len() >= org.faults().schedules {
                    let message = "The number of schedules is at its limit";
                    return Err(AwsError::new(ErrorKind::QuotaExceeded, message));
                }
                let arn = format!(
                    "arn:aws:scheduler:{}:{}:schedule/default/{}",
                    by.region, by.account, spec.name
                );
                let schedule = Schedule {
                    spec: spec.clone(),
                    arn: arn.clone(),
                    created_ms: now_ms,
                    modified_ms: now_ms,
                    attempts: 0,
                    token: token.map(str::to_owned),
                    next_ms: Some(spec.at_ms),
                };
                org.schedules.by_name.insert(spec.name.clone(), schedule);
                Ok(arn)
            },
        )
    }

    /// Replaces everything about a schedule; its ARN.
    pub fn update_schedule(&mut self, by: &Caller, spec: &ScheduleSpec, now_ms: i64) -> Answer<String> {
        let about = about_target(spec);
        self.call(
            by,
            Operation::UpdateSchedule,
            about_key(&about),
            now_ms,
            |org, _| {
                let found = org.schedules.by_name.get_mut(&spec.name);
                let schedule = found.ok_or_else(|| unknown(&spec.name))?;
                schedule.spec = spec.clone();
                schedule.modified_ms = now_ms;
                schedule.attempts = 0;
                schedule.next_ms = Some(spec.at_ms);
                Ok(schedule.arn.clone())
            },
        )
    }

    /// A schedule.
    pub fn get_schedule(&mut self, by: &Caller, name: &str, now_ms: i64) -> Answer<Schedule> {
        self.call(by, Operation::GetSchedule, About::NOTHING, now_ms, |org, _| {
            let found = org.schedules.by_name.get(name);
            found.cloned().ok_or_else(|| unknown(name))
        })
    }

    /// Takes a schedule away.
    pub fn delete_schedule(&mut self, by: &Caller, name: &str, now_ms: i64) -> Answer<()> {
        self.call(by, Operation::DeleteSchedule, About::NOTHING, now_ms, |org, _| {
            let found = org.schedules.by_name.remove(name);
            found.map(drop).ok_or_else(|| unknown(name))
        })
    }

    /// Schedules whose name begins so, by name.
    pub fn list_schedules(&mut self, by: &Caller, prefix: &str, now_ms: i64) -> Answer<Vec<Schedule>> {
        self.call(by, Operation::ListSchedules, About::NOTHING, now_ms, |org, _| {
            let named = org.schedules().filter(|it| it.spec.name.starts_with(prefix));
            Ok(named.cloned().collect())
        })
    }

    /// All schedules, by name.
    pub fn schedules(&self) -> impl Iterator<Item = &Schedule> {
        self.schedules.by_name.values()
    }

    /// Calls of schedules that were given up: what a dead-letter queue would hold.
    pub fn dead_letters(&self) -> u64 {
        self.schedules.dead_letters
    }

    /// The schedule that makes the present call, if one does.
    pub(super) fn acting_schedule(&self) -> Option<String> {
        self.schedules.acting.clone()
    }

    /// Runs what is due, in order, each at its own moment. A call that a schedule makes comes by here too: what else
    /// is due waits until that call is over.
    pub(super) fn run_schedules(&mut self, now_ms: i64) {
        while self.schedules.acting.is_none() {
            let due = self.schedules.by_name.values().filter(|it| it.spec.enabled);
            let next = due.filter_map(|it| Some((it.next_ms?, &it.spec.name))).min();
            let Some((at_ms, name)) = next.filter(|(at_ms, _)| *at_ms <= now_ms) else {
                return;
            };
            let name = name.clone();
            self.finish_operations(at_ms);
            self.run_schedule(&name, at_ms);
        }
    }

    fn run_schedule(&mut self, name: &str, at_ms: i64) {
        let Some(schedule) = self.schedules.by_name.get_mut(name) else {
            return;
        };
        schedule.attempts += 1;
        schedule.next_ms = None;
        let spec = schedule.spec.clone();
        self.schedules.acting = Some(name.to_owned());
        let answer = self.perform_target(&spec, at_ms);
        self.schedules.acting = None;
        let Some(schedule) = self.schedules.by_name.get_mut(name) else {
            return;
        };
        let again_ms = match &answer {
            Err(error) if is_temporary(error) && schedule.attempts <= spec.retries => {
                let pause_ms = 1000_i64 << schedule.attempts.min(10);
                let again_ms = at_ms + pause_ms.min(LONGEST_PAUSE_MS);
                (again_ms - spec.at_ms <= spec.age_seconds * 1000).then_some(again_ms)
            }
            Err(_) | Ok(()) => None,
        };
        schedule.next_ms = again_ms;
        if again_ms.is_some() {
            return;
        }
        if spec.delete_after {
            self.schedules.by_name.remove(name);
        }
        if answer.is_err() {
            self.schedules.dead_letters += 1;
        }
    }

    fn perform_target(&mut self, spec: &ScheduleSpec, at_ms: i64) -> Answer<()> {
        if spec.target != DELETE_ASSIGNMENT {
            return Err(AwsError::validation(format!("{} is not performed here", spec.target)).into());
        }
        let key = key_in(&spec.input, &self.instance_arn).map_err(AwsError::validation)?;
        let by = Caller {
            account: spec.role.split(':').nth(4).unwrap_or_default().to_owned(),
            region: self.region.clone(),
        };
        self.delete_account_assignment(&by, &key, at_ms).map(drop)
    }
}

/// What waiting helps against. Refusals are not: the scheduler takes a client's error for final.
fn is_temporary(error: &CallError) -> bool {
    match error {
        CallError::Aws(error) => {
            matches!(error.kind, ErrorKind::Throttled | ErrorKind::Internal)
        }
        CallError::NoAnswer { .. } => true,
    }
}

fn unknown(name: &str) -> AwsError {
    AwsError::not_found(format!("Schedule {name} does not exist."))
}

fn about_target(spec: &ScheduleSpec) -> Option<AssignmentKey> {
    parse_key(&spec.input).map(|(_, key)| key).ok()
}

fn about_key(key: &Option<AssignmentKey>) -> About<'_> {
    key.as_ref().map_or(About::NOTHING, About::key)
}

fn key_in(input: &str, instance_arn: &str) -> Result<AssignmentKey, String> {
    let (instance, key) = parse_key(input)?;
    if instance != instance_arn {
        return Err(format!("there is no instance {instance}"));
    }
    Ok(key)
}

/// Universal targets take their parameters as the API's JSON has them.
fn parse_key(input: &str) -> Result<(String, AssignmentKey), String> {
    let input: serde_json::Value = serde_json::from_str(input).map_err(|error| error.to_string())?;
    let text = |name: &str| {
        let value = input[name].as_str().map(str::to_owned);
        value.ok_or_else(|| format!("{name} is missing"))
    };
    if text("TargetType")? != "AWS_ACCOUNT" {
        return Err("TargetType must be AWS_ACCOUNT".into());
    }
    let id = text("PrincipalId")?;
    let key = AssignmentKey {
        account: text("TargetId")?,
        permission_set: text("PermissionSetArn")?,
        principal: match text("PrincipalType")?.as_str() {
            "USER" => Principal::User(id),
            "GROUP" => Principal::Group(id),
            other => return Err(format!("{other} is no type of principal")),
        },
    };
    Ok((text("InstanceArn")?, key))
}
