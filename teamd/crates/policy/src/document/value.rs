//! Single TOML values.

use chrono::{FixedOffset, NaiveDate, NaiveTime, Utc};
use teamd_domain::Time;
use toml::de::DeValue;
use toml::value::{Datetime, Offset};

/// What was needed, and what is there.
pub(super) fn expected(what: &str, found: &DeValue<'_>) -> String {
    let found = match found {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    };
    format!("{what} is needed here, not {found}")
}

/// The moment, where date, time and zone are all there and exist.
pub(super) fn moment(written: &Datetime) -> Option<Time> {
    let (date, time, offset) = (written.date?, written.time?, written.offset?);
    let date = NaiveDate::from_ymd_opt(date.year.into(), date.month.into(), date.day.into())?;
    let time = NaiveTime::from_hms_nano_opt(
        time.hour.into(),
        time.minute.into(),
        time.second.unwrap_or(0).into(),
        time.nanosecond.unwrap_or(0),
    )?;
    let offset = match offset {
        Offset::Z => FixedOffset::east_opt(0)?,
        Offset::Custom { minutes } => FixedOffset::east_opt(i32::from(minutes) * 60)?,
    };
    Some(
        date.and_time(time)
            .and_local_timezone(offset)
            .single()?
            .with_timezone(&Utc),
    )
}
