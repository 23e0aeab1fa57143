//! The report on History.

use crate::app::App;
use crate::effect::Effect;
use crate::keymap::Action;
use crate::report::Part;
use team_shared::report::{Report, ReportBy};
use tui_input::Input;

/// Reads the report where it is shown; while it is being read, once more afterwards.
pub(super) fn load(app: &mut App) -> Vec<Effect> {
    if !app.on_report() || !app.is_live() {
        return Vec::new();
    }
    if std::mem::replace(&mut app.report.is_reading, true) {
        app.report.is_old = true;
        return Vec::new();
    }
    vec![Effect::LoadReport(app.report.by)]
}

pub(super) fn take(app: &mut App, report: Report) -> Vec<Effect> {
    app.report.is_reading = false;
    app.report.take(report);
    if std::mem::take(&mut app.report.is_old) {
        return load(app);
    }
    Vec::new()
}

/// The rows by something else, forwards or back.
pub(super) fn turn(app: &mut App, action: Action) -> Vec<Effect> {
    let back = ReportBy::ALL.len() - 1;
    app.report.turn(if action == Action::SortBack { back } else { 1 });
    load(app)
}

/// The requests behind the row under the cursor.
pub(super) fn open(app: &mut App) {
    match app.report.filter() {
        Some(filter) => {
            app.history = Part::Requests;
            app.filter = Input::new(filter);
        }
        None => app.complain("who decided on a request is in its sheet; there is no filter for it"),
    }
}
