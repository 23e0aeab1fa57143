//! Times, durations and foreign text as people read them. UTC with `Z` unless the viewer asked for local time.

use chrono::{DateTime, Local, SecondsFormat, Utc};
use team_shared::duration::format_seconds;
pub(crate) use team_shared::text::inert;
use unicode_width::UnicodeWidthStr;

/// Which clock the viewer reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Zone {
    /// UTC, marked with `Z`.
    #[default]
    Utc,
    /// The zone of the machine, marked with its offset where the date is shown.
    Local,
}

/// RFC 3339 in UTC, for the wire.
#[must_use]
pub(crate) fn rfc3339(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// `2026-11-22 14:02:31Z`, or local with its offset.
#[must_use]
pub(crate) fn full(at: DateTime<Utc>, zone: Zone) -> String {
    match zone {
        Zone::Utc => at.format("%Y-%m-%d %H:%M:%SZ").to_string(),
        Zone::Local => local(at, "%Y-%m-%d %H:%M:%S"),
    }
}

/// The same in UTC behind it, where that is another.
#[must_use]
pub(crate) fn in_utc_too(at: DateTime<Utc>, zone: Zone) -> String {
    let (here, utc) = (full(at, zone), full(at, Zone::Utc));
    if here == utc {
        here
    } else {
        format!("{here} ({utc})")
    }
}

/// `14:02:31Z`, or local with its offset.
#[must_use]
pub(crate) fn marked(at: DateTime<Utc>, zone: Zone) -> String {
    match zone {
        Zone::Utc => clock(at, zone),
        Zone::Local => local(at, "%H:%M:%S"),
    }
}

/// In the zone of the machine, with its offset behind it; `Z` where there is none.
fn local(at: DateTime<Utc>, form: &str) -> String {
    let at = at.with_timezone(&Local);
    let mark = if at.offset().local_minus_utc() == 0 {
        "Z"
    } else {
        "%:z"
    };
    at.format(&format!("{form}{mark}")).to_string()
}

/// `14:02:31Z` (local: without the letter).
#[must_use]
pub(crate) fn clock(at: DateTime<Utc>, zone: Zone) -> String {
    match zone {
        Zone::Utc => at.format("%H:%M:%SZ").to_string(),
        Zone::Local => at.with_timezone(&Local).format("%H:%M:%S").to_string(),
    }
}

/// `9,812`.
#[must_use]
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `14:02Z`.
#[must_use]
pub(crate) fn minute(at: DateTime<Utc>, zone: Zone) -> String {
    match zone {
        Zone::Utc => at.format("%H:%MZ").to_string(),
        Zone::Local => at.with_timezone(&Local).format("%H:%M").to_string(),
    }
}

/// `11-22 14:02Z`.
#[must_use]
pub(crate) fn short(at: DateTime<Utc>, zone: Zone) -> String {
    match zone {
        Zone::Utc => at.format("%m-%d %H:%MZ").to_string(),
        Zone::Local => at.with_timezone(&Local).format("%m-%d %H:%M").to_string(),
    }
}

/// How long between two moments, coarser the longer it is: seconds only under ten minutes. Never negative.
#[must_use]
pub(crate) fn span(seconds: i64) -> String {
    let s = seconds.max(0);
    match s {
        0..600 => format_seconds(s),
        600..3600 => format!("{}m", s / 60),
        3600..86_400 => format!("{}h{:02}m", s / 3600, s % 3600 / 60),
        _ => format!("{}d{}h", s / 86_400, s % 86_400 / 3600),
    }
}

/// The same in minutes from one minute on: for columns where a running second would only flicker.
#[must_use]
pub(crate) fn coarse(seconds: i64) -> String {
    match seconds {
        ..60 => span(seconds),
        _ => span(seconds)
            .split_inclusive('m')
            .next()
            .map(str::to_owned)
            .unwrap_or_default(),
    }
}

/// `in 4m12s` or `4m12s ago`.
#[must_use]
pub(crate) fn relative(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let seconds = (at - now).num_seconds();
    if seconds >= 0 {
        format!("in {}", span(seconds))
    } else {
        format!("{} ago", span(-seconds))
    }
}

/// Absolute and relative: `2026-11-22 14:02:31Z (in 4m12s)`.
#[must_use]
pub(crate) fn both(at: DateTime<Utc>, now: DateTime<Utc>, zone: Zone) -> String {
    // What has just happened is not to come.
    let relative = match (at - now).num_seconds() {
        0 => "now".to_owned(),
        _ => relative(at, now),
    };
    format!("{} ({relative})", full(at, zone))
}

/// What is left until `end`: `4m12s`, or `over` once it has passed.
#[must_use]
pub(crate) fn left(end: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let seconds = (end - now).num_seconds();
    if seconds > 0 {
        span(seconds)
    } else {
        "over".to_owned()
    }
}

/// A length as it was asked for: exact.
#[must_use]
pub(crate) fn length(seconds: i64) -> String {
    format_seconds(seconds)
}

/// Makes foreign text inert and cuts it to `width` columns, with `…` where something is missing.
#[must_use]
pub(crate) fn fit(text: &str, width: usize) -> String {
    let text = inert(text);
    if text.width() <= width {
        return text;
    }
    let mut cut = String::new();
    for grapheme in unicode_segmentation::UnicodeSegmentation::graphemes(text.as_str(), true) {
        if cut.width() + grapheme.width() + 1 > width {
            break;
        }
        cut.push_str(grapheme);
    }
    if width > 0 {
        cut.push('…');
    }
    cut
}

/// Inert text in lines of at most `width` columns, broken at blanks where there are any.
#[must_use]
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = vec![String::new()];
    for word in inert(text).split_inclusive(' ') {
        let here = lines.last().map_or(0, |line| line.width());
        let bare = word.trim_end();
        if here + bare.width() <= width {
            push(&mut lines, word);
        } else if bare.width() <= width {
            lines.push(word.to_owned());
        } else {
            for grapheme in unicode_segmentation::UnicodeSegmentation::graphemes(word, true) {
                if lines.last().map_or(0, |line| line.width()) + grapheme.width() > width {
                    lines.push(String::new());
                }
                push(&mut lines, grapheme);
            }
        }
    }
    for line in &mut lines {
        line.truncate(line.trim_end().len());
    }
    lines
}

fn push(lines: &mut [String], text: &str) {
    if let Some(line) = lines.last_mut() {
        line.push_str(text);
    }
}

/// A JSON document whose hidden characters stand as `\uXXXX`: the same document, but a terminal can take it.
#[must_use]
pub(crate) fn json_inert(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for c in json.chars() {
        if c != '\n' && team_shared::text::is_hidden(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                safe.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            safe.push(c);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;

    fn at(seconds: i64) -> DateTime<Utc> {
        Utc.timestamp_opt(1_795_000_000 + seconds, 0)
            .single()
            .expect("a time")
    }

    #[test]
    fn spans_get_coarser() {
        for (seconds, text) in [
            (-5, "0s"),
            (59, "59s"),
            (252, "4m12s"),
            (600, "10m"),
            (3540, "59m"),
            (7500, "2h05m"),
            (180_000, "2d2h"),
        ] {
            assert_eq!(span(seconds), text);
        }
        assert_eq!(coarse(252), "4m");
        assert_eq!(coarse(59), "59s");
        assert_eq!(coarse(180_000), "2d2h");
        assert_eq!(relative(at(60), at(0)), "in 1m");
        assert_eq!(relative(at(0), at(60)), "1m ago");
        assert_eq!(both(at(0), at(0), Zone::Utc), "2026-11-18 11:06:40Z (now)");
        assert_eq!(left(at(0), at(0)), "over");
    }

    #[test]
    fn times_say_that_they_are_utc() {
        assert_eq!(full(at(0), Zone::Utc), "2026-11-18 11:06:40Z");
        assert_eq!(clock(at(0), Zone::Utc), "11:06:40Z");
        assert_eq!(short(at(0), Zone::Utc), "11-18 11:06Z");
    }

    #[test]
    fn large_numbers_have_commas() {
        let shown: Vec<_> = [0, 999, 1000, 9812, 1_234_567].map(thousands).into();
        assert_eq!(shown, ["0", "999", "1,000", "9,812", "1,234,567"]);
    }

    #[test]
    fn text_is_cut_and_wrapped_by_columns() {
        assert_eq!(fit("東京都庁", 5), "東京…");
        assert_eq!(fit("abc", 3), "abc");
        assert_eq!(fit("abc", 0), "");
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("at 18:54:03Z (in 4m)", 13), ["at 18:54:03Z", "(in 4m)"]);
        assert_eq!(wrap("", 5), [""]);
        for line in wrap("x\u{1b}[31m\u{202e}evil 東京都庁 and more of it", 9) {
            assert!(line.width() <= 9 && !line.chars().any(team_shared::text::is_hidden));
        }
    }

    #[test]
    fn json_keeps_its_meaning() {
        let value = serde_json::json!({"a": "x\u{1b}\u{202e}\u{e0041}y"});
        let safe = json_inert(&serde_json::to_string_pretty(&value).expect("json"));
        assert!(!safe.chars().any(|c| c != '\n' && team_shared::text::is_hidden(c)));
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&safe).expect("json"),
            value
        );
    }
}
