//! The particulars of a weekly digest.

use super::at;
use serde_json::{Value, json};
use teamd_domain::event::Datum;
use teamd_domain::weekly::{Due, Tally};

/// A week in which everything happened so often.
pub(super) fn week(times: i64) -> Value {
    let due = Due {
        since: at(-10_080),
        until: at(0),
    };
    let tally = Tally {
        submitted: 7 * times,
        break_glass: times,
        approved: 3 * times,
        automatic: times,
        rejected: times,
        expired: times,
        withdrawn: times,
        sessions: 4 * times,
        granted_seconds: 9000 * times,
        revoked: times,
        unused: (times > 0).then_some(times),
        failed: times,
        stuck: times,
        reappeared: times,
        drift: times,
        pending: times,
        unreviewed: 3 * times,
        differing: times,
    };
    let event = tally.event(&due);
    let plain = |datum: &Datum| match datum {
        Datum::Number(number) => json!(number),
        Datum::Moment(at) => json!(at),
        other => json!(format!("{other:?}")),
    };
    let data = event
        .data
        .iter()
        .map(|(name, datum)| ((*name).to_owned(), plain(datum)));
    Value::Object(data.collect())
}
