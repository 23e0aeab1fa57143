//! The report on History.

use super::*;
use crate::report::Part;
use team_shared::report::ReportBy;

fn read(app: &mut App, by: ReportBy) -> Vec<Effect> {
    update(
        app,
        Message::ReportRead(Ok(Box::new(fixtures::report(now(), by)))),
    )
}

#[test]
fn the_report_turns_and_leads_to_the_requests_behind_a_row() {
    let mut app = live();
    assert_eq!(keys(&mut app, "4v"), [Effect::LoadAudit]);
    assert_eq!(keys(&mut app, "v"), [Effect::LoadReport(ReportBy::Person)]);
    read(&mut app, ReportBy::Person);
    assert_eq!(keys(&mut app, "s"), [Effect::LoadReport(ReportBy::Account)]);
    // What was asked for before is no answer to this.
    assert_eq!(app.report.report, None);
    read(&mut app, ReportBy::Person);
    assert_eq!(app.report.report, None);
    keys(&mut app, "S");
    read(&mut app, ReportBy::Person);
    assert_eq!(app.selected(), None, "a row of a report is no request");
    keys(&mut app, "a");
    assert!(app.modal.is_none() && app.toast.as_ref().is_some_and(|toast| toast.bad));
    press(&mut app, KeyCode::Enter);
    assert_eq!((app.history, app.filter.value()), (Part::Requests, "who:bob"));
    assert!(app.rows(Screen::History).len() < app.rows(Screen::History).total);
}

#[test]
fn a_report_is_read_again_when_something_has_happened_and_once_at_a_time() {
    let mut app = live();
    keys(&mut app, ":report");
    assert_eq!(
        press(&mut app, KeyCode::Enter),
        [Effect::LoadReport(ReportBy::Person)]
    );
    let changed = app.requests.keys().next().copied().expect("a request");
    let refreshed = || Message::Refreshed(vec![(changed, None)]);
    assert!(update(&mut app, refreshed()).is_empty(), "it is being read");
    assert_eq!(
        read(&mut app, ReportBy::Person),
        [Effect::LoadReport(ReportBy::Person)]
    );
    assert!(read(&mut app, ReportBy::Person).is_empty());
    assert_eq!(
        update(&mut app, refreshed()),
        [Effect::LoadReport(ReportBy::Person)]
    );
    // Elsewhere nobody reads it.
    keys(&mut app, "1");
    read(&mut app, ReportBy::Person);
    assert!(update(&mut app, refreshed()).is_empty());
}
