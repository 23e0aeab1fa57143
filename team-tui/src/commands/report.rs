//! `report`: requests of a period, counted.

use super::{Context, Outcome, output::Column, when};
use crate::cli::ReportArgs;
use crate::format;
use team_shared::list::Page;
use team_shared::report::{ReportQuery, ReportRow};

const COLUMNS: &[Column<ReportRow>] = &[
    ("name", |r, _| r.name.clone()),
    ("requests", |r, _| r.counts.requests.to_string()),
    ("granted", |r, _| r.counts.granted.to_string()),
    ("waiting", |r, _| r.counts.waiting.to_string()),
    ("rejected", |r, _| r.counts.rejected.to_string()),
    ("expired", |r, _| r.counts.expired.to_string()),
    ("cancelled", |r, _| r.counts.cancelled.to_string()),
    ("failed", |r, _| r.counts.failed.to_string()),
    ("break glass", |r, _| r.counts.break_glass.to_string()),
    ("extensions", |r, _| r.counts.extensions.to_string()),
    ("live", |r, _| format::coarse(r.counts.live_seconds)),
    ("unused", |r, _| r.counts.unused.to_string()),
    ("reviews open", |r, _| r.counts.reviews_open.to_string()),
    ("decided in", |r, _| {
        r.counts
            .median_decision_seconds
            .map_or_else(String::new, format::coarse)
    }),
    ("last", |r, zone| format::full(r.last_at, zone)),
    ("id", |r, _| r.id.clone()),
];

pub(super) async fn run(cx: &Context, args: ReportArgs) -> Outcome {
    let moment = |text: Option<&str>| text.map(|at| when::parse_since(at, cx.now)).transpose();
    let query = ReportQuery {
        by: args.by.into(),
        since: moment(args.since.as_deref())?,
        until: moment(args.until.as_deref())?,
    };
    let report = cx.client.report(&query).await?;
    if cx.out.is_json() {
        return cx.out.document(&report);
    }
    let full = |at| format::full(at, cx.out.zone());
    cx.out.note(&format!(
        "{} requests filed between {} and {}, of those that you may see",
        report.total.requests,
        full(report.since),
        full(report.until)
    ));
    cx.out.list(
        &Page::whole(report.items),
        &args.list,
        COLUMNS,
        "no requests in that time",
    )
}
