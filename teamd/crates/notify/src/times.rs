//! Moments and lengths in the words of a reader.

use chrono_tz::Tz;
use team_shared::duration::format_seconds;
use teamd_domain::Time;

/// The zone of that name; UTC where there is none.
pub(super) fn zone(name: Option<&str>) -> Tz {
    name.and_then(|name| name.parse().ok()).unwrap_or(Tz::UTC)
}

/// `Mon 2026-11-23 10:00 CET`.
pub(super) fn moment(at: Time, zone: Tz) -> String {
    at.with_timezone(&zone).format("%a %Y-%m-%d %H:%M %Z").to_string()
}

/// `2h 30m`, `45s`.
pub(super) fn length(seconds: i64) -> String {
    format_seconds(seconds.max(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_in_the_readers_zone() {
        let at: Time = "2026-11-23T09:00:00Z".parse().unwrap();
        assert_eq!(moment(at, zone(None)), "Mon 2026-11-23 09:00 UTC");
        assert_eq!(
            moment(at, zone(Some("Europe/Berlin"))),
            "Mon 2026-11-23 10:00 CET"
        );
        assert_eq!(moment(at, zone(Some("Mars/Base"))), "Mon 2026-11-23 09:00 UTC");
        let summer: Time = "2026-07-01T23:30:00Z".parse().unwrap();
        assert_eq!(
            moment(summer, zone(Some("Asia/Kolkata"))),
            "Thu 2026-07-02 05:00 IST"
        );
    }
}
