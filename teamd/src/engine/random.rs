//! Chance, in its one place: request ids and the jitter of retries.

use crate::domain::Time;
use rand::Rng;
use team_shared::ids::RequestId;

/// A new request id.
#[allow(
    clippy::disallowed_methods,
    reason = "the one place of the daemon that draws random numbers for ids"
)]
pub(super) fn request_id(now: Time) -> RequestId {
    let at_ms = u64::try_from(now.timestamp_millis()).unwrap_or(0);
    RequestId::from_parts(at_ms, rand::rng().random())
}

/// A number in 0..1, so that retries do not march in step.
#[allow(
    clippy::disallowed_methods,
    reason = "the one place of the daemon that draws random numbers for pauses"
)]
pub(super) fn jitter() -> f64 {
    rand::rng().random()
}
