//! The report on History: requests of a period, counted.

use super::parts;
use crate::app::App;
use crate::format;
use crate::theme::Theme;
use crate::widgets::table::{Row, fixed, growing};
use ratatui::Frame;
use ratatui::layout::Rect;
use team_shared::report::{Counts, ReportBy};

pub(super) fn draw(frame: &mut Frame, area: Rect, app: &App, theme: Theme) {
    let shown = &app.report;
    let by = shown.by.as_str();
    let title = match &shown.report {
        Some(report) => format!(
            "report by {by}: {} to {}",
            format::short(report.since, app.zone),
            format::short(report.until, app.zone)
        ),
        None => format!("report by {by}"),
    };
    let note = app.keyed("{sort} by something else · {audit} requests");
    let body = parts::title(frame, area, app, theme, &title, &note);
    let Some(report) = &shown.report else {
        return parts::empty(frame, body, app, theme, "counting…");
    };
    if report.items.is_empty() {
        let text = match shown.by {
            ReportBy::Approver => "Nobody has decided on anything that you may see.",
            _ => "No request in that time that you may see.",
        };
        return parts::empty(frame, body, app, theme, text);
    }
    let mut columns = vec![
        growing(heading(shown.by), 14),
        fixed(
            if shown.by == ReportBy::Approver {
                "VOTED"
            } else {
                "ASKED"
            },
            6,
        ),
        fixed("GRANTED", 8),
        fixed("REFUSED", 8),
        fixed("EXPIRED", 8),
        fixed("LIVE FOR", 9),
        fixed("UNUSED", 7),
        fixed("DECIDED", 8),
    ];
    if area.width >= 100 {
        columns.push(fixed("GLASS", 6));
        columns.push(fixed("MORE TIME", 10));
        columns.push(fixed("REVIEWS", 8));
        columns.push(fixed("LAST", 12));
    }
    let line = |name: &str, counts: &Counts, last: String| {
        let mut cells = vec![name.to_owned()];
        cells.extend(self::cells(counts));
        cells.push(last);
        cells
    };
    let mut rows: Vec<Row> = report
        .items
        .iter()
        .map(|row| Row {
            cells: line(&row.name, &row.counts, format::short(row.last_at, app.zone)),
            style: if row.counts.break_glass > 0 {
                theme.care()
            } else {
                theme.text()
            },
        })
        .collect();
    rows.push(Row {
        cells: line("all together", &report.total, String::new()),
        style: theme.strong(),
    });
    parts::list(frame, body, app, theme, &columns, &rows, shown.index);
}

/// In the order of the columns behind the name; nothing is a blank, so that what is there stands out.
fn cells(counts: &Counts) -> Vec<String> {
    let count = |number: u64| match number {
        0 => String::new(),
        some => some.to_string(),
    };
    vec![
        count(counts.requests),
        count(counts.granted),
        count(counts.rejected),
        count(counts.expired),
        match counts.live_seconds {
            0 => String::new(),
            some => format::coarse(some),
        },
        count(counts.unused),
        counts
            .median_decision_seconds
            .map_or_else(String::new, format::coarse),
        count(counts.break_glass),
        count(counts.extensions),
        count(counts.reviews_open),
    ]
}

fn heading(by: ReportBy) -> &'static str {
    match by {
        ReportBy::Person => "PERSON",
        ReportBy::Account => "ACCOUNT",
        ReportBy::Set => "PERMISSION SET",
        ReportBy::Rule => "RULE",
        ReportBy::Approver => "APPROVER",
    }
}
