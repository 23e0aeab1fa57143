//! Names of the organisation, bodies, moments.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};
use std::time::Duration;

/// The policy of most tests. Who is who: the table in `aws_simulator::organisation::standard`.
pub(crate) const POLICY: &str = include_str!("../policy.toml");

/// How long anything may take that should happen by itself.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// Where `alice` may ask for [`ADMIN`] and `bob` or `carol` decide.
pub(crate) const LEDGER: &str = "400000000032";
pub(crate) const WEB: &str = "400000000033";
pub(crate) const PAYMENTS: &str = "400000000031";
/// Where developers need nobody.
pub(crate) const DEV_WEB: &str = "600000000052";
pub(crate) const SANDBOX_BEN: &str = "800000000072";
pub(crate) const SANDBOX_ANNA: &str = "800000000071";
pub(crate) const BILLING: &str = "700000000061";
pub(crate) const ADMIN: &str = "AdministratorAccess";
pub(crate) const POWER: &str = "PowerUserAccess";
/// Two of three must agree on this one.
pub(crate) const DATABASE: &str = "DatabaseAdmin";
pub(crate) const READ_ONLY: &str = "ReadOnlyAccess";
pub(crate) const REASON: &str = "Database failover of the ledger";

/// The body of a submission.
pub(crate) fn ask(account: &str, set: &str, seconds: i64) -> Value {
    json!({
        "account_id": account,
        "permission_set": set,
        "duration_seconds": seconds,
        "justification": REASON,
    })
}

/// The same with these fields over it.
pub(crate) fn with(mut body: Value, fields: Value) -> Value {
    for (name, value) in fields.as_object().expect("fields") {
        body[name] = value.clone();
    }
    body
}

pub(crate) fn id_of(request: &Value) -> String {
    request["id"].as_str().expect("an id").to_owned()
}

pub(crate) fn items(page: &Value) -> &Vec<Value> {
    page["items"].as_array().expect("a page")
}

#[expect(
    clippy::disallowed_methods,
    reason = "the daemon under test runs on the system's clock"
)]
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now()
}

/// A moment from now, as the wire writes it.
pub(crate) fn in_seconds(seconds: i64) -> String {
    (now() + TimeDelta::seconds(seconds)).to_rfc3339_opts(SecondsFormat::Millis, true)
}

pub(crate) fn moment(value: &Value) -> DateTime<Utc> {
    value.as_str().expect("a moment").parse().expect("a moment")
}
