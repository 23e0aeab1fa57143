//! AWS's ISO-8601 durations, as of permission sets' `SessionDuration`.

/// What a permission set without a duration has.
pub(super) const DEFAULT: i64 = 3600;

/// Seconds of `PT1H`, `PT43200S`, `P1DT12H`, `PT1H30M`, `PT0.5S` (rounded up). Calendar units have no fixed length: a
/// year counts as 366 days and a month as 31, so that a session is never believed to be over too early. `None` for what
/// is no duration, and for negative ones.
#[must_use]
pub fn session_seconds(text: &str) -> Option<i64> {
    let text = text.strip_prefix('P')?;
    let (date, time) = match text.split_once('T') {
        Some((_, "")) => return None,
        Some((date, time)) => (date, time),
        None => (text, ""),
    };
    if date.is_empty() && time.is_empty() {
        return None;
    }
    let days = units(
        date,
        &[
            ('Y', 366 * 86_400),
            ('M', 31 * 86_400),
            ('W', 7 * 86_400),
            ('D', 86_400),
        ],
    )?;
    let seconds = units(time, &[('H', 3600), ('M', 60), ('S', 1)])?;
    days.checked_add(seconds)
}

/// Sums `<number><unit>`, each unit at most once and in this order; only seconds may have a fraction.
fn units(mut text: &str, mut allowed: &[(char, i64)]) -> Option<i64> {
    let mut sum: i64 = 0;
    while !text.is_empty() {
        let end = text.find(|c: char| c.is_ascii_alphabetic())?;
        let unit = text[end..].chars().next()?;
        let place = allowed.iter().position(|(name, _)| *name == unit)?;
        let count = whole(&text[..end], unit == 'S')?;
        sum = sum.checked_add(count.checked_mul(allowed[place].1)?)?;
        allowed = &allowed[place + 1..];
        text = &text[end + 1..];
    }
    Some(sum)
}

fn whole(number: &str, fraction_allowed: bool) -> Option<i64> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match number.split_once('.') {
        None if digits(number) => number.parse().ok(),
        Some((whole, fraction)) if fraction_allowed && digits(whole) && digits(fraction) => {
            let more = i64::from(fraction.bytes().any(|b| b != b'0'));
            whole.parse::<i64>().ok()?.checked_add(more)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::session_seconds;

    #[test]
    fn every_shape_that_aws_allows() {
        for (text, seconds) in [
            ("PT1H", 3600),
            ("PT12H", 43_200),
            ("PT43200S", 43_200),
            ("PT1H30M", 5_400),
            ("PT90M", 5_400),
            ("PT1H0M30.5S", 3_631),
            ("PT0.000S", 0),
            ("P1D", 86_400),
            ("P1W", 604_800),
            ("P1DT12H", 129_600),
            ("P1Y", 366 * 86_400),
            ("P1M", 31 * 86_400),
        ] {
            assert_eq!(session_seconds(text), Some(seconds), "{text}");
        }
    }

    #[test]
    fn anything_else_is_none() {
        for text in [
            "",
            "P",
            "PT",
            "P1DT",
            "3600",
            "1H",
            "PT1",
            "PTH",
            "PT1M1H",
            "PT1H1H",
            "PT1.5H",
            "PT.5S",
            "PT5.S",
            "-PT1H",
            "PT-1H",
            "PT+1H",
            "pt1h",
            "PT 1H",
            "P1H",
            "PT1D",
            "PT99999999999999999999S",
            "PT9223372036854775807H",
            "PT1é",
        ] {
            assert_eq!(session_seconds(text), None, "{text}");
        }
    }
}
