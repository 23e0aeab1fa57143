//! Times as people type them: RFC 3339, `2026-11-23 09:00` and `tomorrow 9:00` in the local zone, `+30m`.

use super::Failure;
use chrono::{DateTime, Local, LocalResult, NaiveDateTime, TimeZone, Utc};
use team_shared::duration::Seconds;

const FORMS: &str =
    "write it like 2026-11-23T09:00:00Z, \"2026-11-23 09:00\" (local), \"tomorrow 9:00\" or +30m";

/// A time to come.
pub(crate) fn parse_future(text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, Failure> {
    let at = parse(text, now)?;
    if at <= now {
        return Err(Failure::usage(
            format!("{text:?} is {}, which is past", crate::format::rfc3339(at)),
            FORMS,
        ));
    }
    Ok(at)
}

/// A time for a filter: also `7d`, the last seven days.
pub(super) fn parse_since(text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, Failure> {
    match text.trim_start_matches('-').parse::<Seconds>() {
        Ok(ago) => Ok(now - chrono::Duration::seconds(ago.get())),
        Err(_) => parse(text, now),
    }
}

fn parse(text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, Failure> {
    let text = text.trim();
    let invalid = |why: &str| Failure::usage(format!("{text:?} is not a time{why}"), FORMS);
    if let Some(ahead) = text.strip_prefix('+') {
        let ahead: Seconds = ahead.parse()?;
        return Ok(now + chrono::Duration::seconds(ahead.get()));
    }
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(at.with_timezone(&Utc));
    }
    for form in [
        "%Y-%m-%d %H:%M",
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%dT%H:%M",
        "%Y-%m-%dT%H:%M:%S",
    ] {
        if let Ok(naive) = NaiveDateTime::parse_from_str(text, form) {
            return match Local.from_local_datetime(&naive) {
                LocalResult::Single(at) => Ok(at.with_timezone(&Utc)),
                LocalResult::Ambiguous(first, second) => Err(invalid(&format!(
                    ": the clock shows it twice that day, as {} and {}",
                    first.to_rfc3339(),
                    second.to_rfc3339()
                ))),
                LocalResult::None => Err(invalid(": the clock skips it that day")),
            };
        }
    }
    // A bare number means too many things to guess.
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(invalid(""));
    }
    interim::parse_date_string(text, now.with_timezone(&Local), interim::Dialect::Uk)
        .map(|at| at.with_timezone(&Utc))
        .map_err(|_| invalid(""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Timelike;

    fn now() -> DateTime<Utc> {
        "2026-11-22T14:02:31Z".parse().expect("a time")
    }

    #[test]
    fn reads_every_form() {
        assert_eq!(
            parse_future("2026-11-23T09:00:00Z", now())
                .expect("rfc 3339")
                .to_rfc3339(),
            "2026-11-23T09:00:00+00:00"
        );
        assert_eq!(
            (parse_future("+30m", now()).expect("relative") - now()).num_minutes(),
            30
        );
        let local = parse_future("2026-11-23 09:00", now())
            .expect("local")
            .with_timezone(&Local);
        assert_eq!((local.hour(), local.minute()), (9, 0));
        let tomorrow = parse_future("tomorrow 9:00", now())
            .expect("words")
            .with_timezone(&Local);
        assert_eq!((tomorrow.hour(), tomorrow.minute()), (9, 0));
        assert_eq!((now() - parse_since("7d", now()).expect("ago")).num_days(), 7);
    }

    #[test]
    fn refuses_the_past_and_nonsense() {
        for text in [
            "2020-01-01T00:00:00Z",
            "yesterday 9:00",
            "5",
            "",
            "soon",
            "+0s",
            "+1y",
            "2026-13-01 09:00",
        ] {
            let failure = parse_future(text, now()).expect_err(text);
            assert_eq!(failure.exit_code(), 2, "{text:?}");
        }
    }
}
