//! Single TOML values.

use crate::domain::Time;
use chrono::{FixedOffset, NaiveDate, NaiveTime, Utc};
use toml::de::DeValue;
use toml::value::{Datetime, Offset};

/// The one value of an unsupported key that asks for nothing.
#[derive(Debug, Clone, Copy)]
pub(super) enum Harmless {
    /// A text.
    Text(&'static str),
    /// A list of texts.
    Texts(&'static [&'static str]),
    /// A number.
    Number(i64),
}

impl Harmless {
    pub(super) fn is(self, value: &DeValue<'_>) -> bool {
        match self {
            Self::Text(text) => value.as_str() == Some(text),
            Self::Texts(texts) => value.as_array().is_some_and(|items| {
                items
                    .iter()
                    .map(|item| item.get_ref().as_str())
                    .eq(texts.iter().map(|t| Some(*t)))
            }),
            Self::Number(number) => match value {
                DeValue::Integer(integer) => {
                    i64::from_str_radix(integer.as_str(), integer.radix()) == Ok(number)
                }
                _ => false,
            },
        }
    }

    /// For the end of a sentence.
    pub(super) fn or_write(self) -> String {
        match self {
            Self::Text("") | Self::Texts([]) => String::new(),
            Self::Text(text) => format!(" or write {text:?}"),
            Self::Texts(texts) => format!(" or write {texts:?}"),
            Self::Number(number) => format!(" or write {number}"),
        }
    }
}

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
