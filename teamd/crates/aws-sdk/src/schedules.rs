//! [`Schedules`] on EventBridge Scheduler: one-time schedules whose target is the delete itself, by the universal
//! target for API calls. Every method is one or two HTTP attempts; all of them may be repeated.

use super::failure::{Failure, Kind};
use super::{Aws, pages};
use aws_sdk_scheduler::types::{
    ActionAfterCompletion, FlexibleTimeWindow, FlexibleTimeWindowMode, RetryPolicy, Target,
};
use futures::future::BoxFuture;
use serde_json::{Value, json};
use teamd_aws::health::Service;
use teamd_aws::port::{AwsError, Lane, Schedules};
use teamd_domain::Time;
use teamd_domain::request::Key;

/// The API call that a schedule makes.
const TARGET: &str = "scheduler:::aws-sdk:ssoadmin:deleteAccountAssignment";

/// AWS's most, for how long and how often a call that fails is tried again.
const RETRY_SECONDS: i32 = 86_400;
const RETRIES: i32 = 185;

/// AWS's largest page.
const PAGE: i32 = 100;

impl Schedules for Aws {
    fn put<'a>(&'a self, name: &'a str, key: &'a Key, at: Time) -> BoxFuture<'a, Result<(), AwsError>> {
        Box::pin(async move {
            let lane = (&self.pace.schedules, Lane::Grant);
            let parts = self.parts(key, at).await?;
            let request = self
                .clients
                .scheduler
                .create_schedule()
                .name(name)
                .schedule_expression(&parts.expression)
                .schedule_expression_timezone("UTC")
                .flexible_time_window(parts.window.clone())
                .action_after_completion(ActionAfterCompletion::Delete)
                .target(parts.target.clone())
                .send();
            match self
                .call((Service::Scheduler, "CreateSchedule"), lane, request)
                .await
            {
                Ok(_) => return Ok(()),
                // It is there: ours from before, or one whose answer was lost.
                Err(failure) if failure.kind == Kind::Conflict => {}
                Err(failure) => return Err(failure.into()),
            }
            let request = self
                .clients
                .scheduler
                .update_schedule()
                .name(name)
                .schedule_expression(&parts.expression)
                .schedule_expression_timezone("UTC")
                .flexible_time_window(parts.window)
                .action_after_completion(ActionAfterCompletion::Delete)
                .target(parts.target)
                .send();
            self.call((Service::Scheduler, "UpdateSchedule"), lane, request)
                .await?;
            Ok(())
        })
    }

    fn delete<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<(), AwsError>> {
        Box::pin(async move {
            let request = self.clients.scheduler.delete_schedule().name(name).send();
            let lane = (&self.pace.schedules, Lane::Background);
            match self
                .call((Service::Scheduler, "DeleteSchedule"), lane, request)
                .await
            {
                Err(failure) if failure.kind != Kind::NotFound => Err(failure.into()),
                Ok(_) | Err(_) => Ok(()),
            }
        })
    }

    fn list<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>, AwsError>> {
        Box::pin(async move {
            let found = pages(|token| async move {
                let request = self
                    .clients
                    .scheduler
                    .list_schedules()
                    .name_prefix(prefix)
                    .max_results(PAGE)
                    .set_next_token(token)
                    .send();
                let lane = (&self.pace.schedules, Lane::Background);
                let output = self
                    .call((Service::Scheduler, "ListSchedules"), lane, request)
                    .await?;
                Ok((output.schedules, output.next_token))
            })
            .await?;
            Ok(found.into_iter().filter_map(|schedule| schedule.name).collect())
        })
    }

    fn target<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Key>, AwsError>> {
        Box::pin(async move {
            let request = self.clients.scheduler.get_schedule().name(name).send();
            let lane = (&self.pace.schedules, Lane::Background);
            match self
                .call((Service::Scheduler, "GetSchedule"), lane, request)
                .await
            {
                Ok(output) => Ok(output.target.and_then(|target| key_of(target.input()?))),
                Err(failure) if failure.kind == Kind::NotFound => Ok(None),
                Err(failure) => Err(failure.into()),
            }
        })
    }
}

/// What creating and updating have in common.
struct Parts {
    expression: String,
    window: FlexibleTimeWindow,
    target: Target,
}

impl Aws {
    async fn parts(&self, key: &Key, at: Time) -> Result<Parts, AwsError> {
        let Some(role) = &self.settings.backstop_role else {
            return Err(AwsError::Refused("set [backstop] role_arn".to_owned()));
        };
        let instance_arn = self.instance_of(&key.permission_set, Lane::Grant).await?;
        let input = json!({
            "InstanceArn": &instance_arn,
            "TargetId": key.account.as_str(),
            "TargetType": "AWS_ACCOUNT",
            "PermissionSetArn": key.permission_set.as_str(),
            "PrincipalType": "USER",
            "PrincipalId": key.user.as_str(),
        });
        let partition = instance_arn.split(':').nth(1).unwrap_or("aws");
        let odd = |error: aws_smithy_types::error::operation::BuildError| {
            AwsError::from(Failure::new(Kind::Odd, error.to_string()))
        };
        Ok(Parts {
            expression: expression(at),
            window: FlexibleTimeWindow::builder()
                .mode(FlexibleTimeWindowMode::Off)
                .build()
                .map_err(odd)?,
            target: Target::builder()
                .arn(format!("arn:{partition}:{TARGET}"))
                .role_arn(role)
                .input(input.to_string())
                .retry_policy(
                    RetryPolicy::builder()
                        .maximum_event_age_in_seconds(RETRY_SECONDS)
                        .maximum_retry_attempts(RETRIES)
                        .build(),
                )
                .build()
                .map_err(odd)?,
        })
    }
}

/// Schedules know whole seconds: never before the moment that was meant.
fn expression(at: Time) -> String {
    let up = if at.timestamp_subsec_nanos() > 0 { 1 } else { 0 };
    let at = at + chrono::TimeDelta::seconds(up);
    format!("at({})", at.format("%Y-%m-%dT%H:%M:%S"))
}

/// Whose assignment the call of a schedule deletes; none: it does something else.
fn key_of(input: &str) -> Option<Key> {
    let input: Value = serde_json::from_str(input).ok()?;
    if input["PrincipalType"] != "USER" || input["TargetType"] != "AWS_ACCOUNT" {
        return None;
    }
    Some(Key {
        user: input["PrincipalId"].as_str()?.parse().ok()?,
        account: input["TargetId"].as_str()?.parse().ok()?,
        permission_set: input["PermissionSetArn"].as_str()?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::expression;

    #[test]
    fn a_schedule_is_never_earlier_than_meant() {
        for (at, text) in [
            ("2026-11-22T21:00:00Z", "at(2026-11-22T21:00:00)"),
            ("2026-11-22T21:00:00.001Z", "at(2026-11-22T21:00:01)"),
            ("2026-12-31T23:59:59.9Z", "at(2027-01-01T00:00:00)"),
        ] {
            assert_eq!(expression(at.parse().unwrap()), text);
        }
    }
}
