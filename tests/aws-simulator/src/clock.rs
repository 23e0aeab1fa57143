//! The one place that asks what time it is.

/// Milliseconds since the epoch.
#[allow(
    clippy::disallowed_methods,
    reason = "the server is where real time comes in; the model is given it"
)]
pub(crate) fn now_ms() -> i64 {
    chrono::Utc::now().timestamp_millis()
}
