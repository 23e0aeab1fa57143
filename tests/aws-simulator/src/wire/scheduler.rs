//! EventBridge Scheduler, REST-JSON: the operation is in the method and the path, names and pages in the query.

use axum::http::{Method, Uri};
use chrono::NaiveDateTime;
use serde_json::{Map, Value, json};

use super::Call;
use super::input::Input;
use super::request::decode;
use super::sso_admin::seconds;
use crate::organisation::{Answer, AwsError, Operation, Schedule, ScheduleSpec};

const PAGE: usize = 100;

const ROOT: &str = "/schedules";

/// Whether a request is for this service.
pub(super) fn is_path(path: &str) -> bool {
    path == ROOT || path.starts_with("/schedules/")
}

/// The operation that method and path name, with everything that came beside the body put into the input.
pub(super) fn operation(method: &Method, uri: &Uri, body: Value) -> Result<(Operation, Value), String> {
    let name = uri.path()[ROOT.len()..].trim_matches('/');
    let operation = match (method, name.is_empty()) {
        (&Method::GET, true) => Operation::ListSchedules,
        (&Method::POST, false) => Operation::CreateSchedule,
        (&Method::PUT, false) => Operation::UpdateSchedule,
        (&Method::GET, false) => Operation::GetSchedule,
        (&Method::DELETE, false) => Operation::DeleteSchedule,
        _ => return Err(format!("the simulator does not know {method} {}", uri.path())),
    };
    let Value::Object(mut input) = body else {
        return Err("the body is not a JSON object".to_owned());
    };
    for pair in uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|it| !it.is_empty())
    {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        put(&mut input, key, decode(value))?;
    }
    if !name.is_empty() {
        input.insert("Name".to_owned(), decode(name).into());
    }
    Ok((operation, Value::Object(input)))
}

fn put(input: &mut Map<String, Value>, key: &str, value: String) -> Result<(), String> {
    let (name, value): (&str, Value) = match key {
        "groupName" | "ScheduleGroup" => ("GroupName", value.into()),
        "clientToken" => ("ClientToken", value.into()),
        "NamePrefix" | "NextToken" => (key, value.into()),
        "State" => return Err("the simulator lists schedules of every state".to_owned()),
        "MaxResults" => {
            let number: u64 = value
                .parse()
                .map_err(|_| "MaxResults is not a number".to_owned())?;
            (key, number.into())
        }
        // Of the SDK's own making, such as `x-id`.
        _ => return Ok(()),
    };
    input.insert(name.to_owned(), value);
    Ok(())
}

pub(super) fn create_schedule(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    let spec = spec(input)?;
    let token = input.optional("ClientToken")?;
    let arn = call.org.create_schedule(call.by, &spec, token, call.now_ms)?;
    Ok(json!({ "ScheduleArn": arn }))
}

pub(super) fn update_schedule(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    let spec = spec(input)?;
    let arn = call.org.update_schedule(call.by, &spec, call.now_ms)?;
    Ok(json!({ "ScheduleArn": arn }))
}

pub(super) fn get_schedule(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    let found = call.org.get_schedule(call.by, &name(input)?, call.now_ms)?;
    let spec = &found.spec;
    let at = chrono::DateTime::from_timestamp_millis(spec.at_ms).unwrap_or_default();
    let mut answer = summary(&found);
    answer["ScheduleExpression"] = format!("at({})", at.format("%Y-%m-%dT%H:%M:%S")).into();
    answer["ScheduleExpressionTimezone"] = "UTC".into();
    answer["FlexibleTimeWindow"] = json!({ "Mode": "OFF" });
    answer["ActionAfterCompletion"] = if spec.delete_after { "DELETE" } else { "NONE" }.into();
    answer["Target"] = json!({
        "Arn": spec.target,
        "RoleArn": spec.role,
        "Input": spec.input,
        "RetryPolicy": {
            "MaximumRetryAttempts": spec.retries,
            "MaximumEventAgeInSeconds": spec.age_seconds,
        },
    });
    Ok(answer)
}

pub(super) fn delete_schedule(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    call.org.delete_schedule(call.by, &name(input)?, call.now_ms)?;
    Ok(json!({}))
}

pub(super) fn list_schedules(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    let paging = input.paging(PAGE)?;
    let prefix = input.optional("NamePrefix")?.unwrap_or_default();
    let found = call.org.list_schedules(call.by, prefix, call.now_ms)?;
    let rows = found.iter().map(summary).collect();
    Ok(paging.cut("Schedules", rows, call.org.faults().empty_pages))
}

fn summary(schedule: &Schedule) -> Value {
    let spec = &schedule.spec;
    json!({
        "Arn": schedule.arn,
        "Name": spec.name,
        "GroupName": "default",
        "State": if spec.enabled { "ENABLED" } else { "DISABLED" },
        "CreationDate": seconds(schedule.created_ms),
        "LastModificationDate": seconds(schedule.modified_ms),
        "Target": { "Arn": spec.target },
    })
}

fn name(input: &Input<'_>) -> Result<String, AwsError> {
    let name = input.required("Name")?;
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if name.len() > 64 || !name.bytes().all(good) {
        let problem =
            "Member must satisfy regular expression pattern: ^[0-9a-zA-Z-_.]+$, of at most 64 characters";
        return Err(input.invalid("Name", problem));
    }
    match input.optional("GroupName")? {
        None | Some("default") => Ok(name.to_owned()),
        Some(group) => Err(AwsError::not_found(format!(
            "Schedule group {group} does not exist."
        ))),
    }
}

fn spec(input: &Input<'_>) -> Result<ScheduleSpec, AwsError> {
    let name = name(input)?;
    let window = input.value("FlexibleTimeWindow").map(|window| &window["Mode"]);
    if window.and_then(Value::as_str) != Some("OFF") {
        return Err(input.invalid(
            "FlexibleTimeWindow",
            "Member must not be null; the simulator knows only OFF",
        ));
    }
    let target = input
        .value("Target")
        .ok_or_else(|| input.invalid("Target", "Member must not be null"))?;
    let arn = |member: &str| {
        let text = target[member].as_str().filter(|text| text.starts_with("arn:"));
        let problem = || input.invalid(&format!("Target.{member}"), "Member must be an ARN");
        text.map(str::to_owned).ok_or_else(problem)
    };
    let policy = |member: &str, least: i64, most: i64| match &target["RetryPolicy"][member] {
        Value::Null => Ok(most),
        value => {
            let number = value.as_i64().filter(|number| (least..=most).contains(number));
            let problem = format!("Member must be from {least} to {most}");
            number.ok_or_else(|| input.invalid(&format!("Target.RetryPolicy.{member}"), &problem))
        }
    };
    let flag = |member: &str, on: &str, off: &str| match input.optional(member)? {
        Some(text) if text == on => Ok(true),
        Some(text) if text == off => Ok(false),
        Some(_) => Err(input.invalid(
            member,
            &format!("Member must satisfy enum value set: [{on}, {off}]"),
        )),
        None => Ok(on == "ENABLED"),
    };
    Ok(ScheduleSpec {
        name,
        at_ms: at_ms(input)?,
        target: arn("Arn")?,
        role: arn("RoleArn")?,
        input: target["Input"].as_str().unwrap_or("{}").to_owned(),
        retries: u32::try_from(policy("MaximumRetryAttempts", 0, 185)?).unwrap_or_default(),
        age_seconds: policy("MaximumEventAgeInSeconds", 60, 86_400)?,
        delete_after: flag("ActionAfterCompletion", "DELETE", "NONE")?,
        enabled: flag("State", "ENABLED", "DISABLED")?,
    })
}

fn at_ms(input: &Input<'_>) -> Result<i64, AwsError> {
    let expression = input.required("ScheduleExpression")?;
    let zone = input.optional("ScheduleExpressionTimezone")?.unwrap_or("UTC");
    if !matches!(zone, "UTC" | "Etc/UTC") {
        return Err(input.invalid("ScheduleExpressionTimezone", "the simulator knows only UTC"));
    }
    let at = expression
        .strip_prefix("at(")
        .and_then(|rest| rest.strip_suffix(')'));
    let at = at.and_then(|at| NaiveDateTime::parse_from_str(at, "%Y-%m-%dT%H:%M:%S").ok());
    at.map(|at| at.and_utc().timestamp_millis())
        .ok_or_else(|| AwsError::validation(format!("Invalid Schedule Expression {expression}.")))
}
