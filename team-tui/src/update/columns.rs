//! Which columns a list has, as the reader says.

use super::context;
use crate::app::{App, Screen};
use crate::effect::Effect;
use crate::lists::columns::Column;
use crate::modals::{CommandLine, Modal};
use crate::report::Part;
use tui_input::Input;

/// A width that shows every column a screen has by itself.
const WIDE: u16 = 200;

/// Those of the list that is shown, where there is anything to choose.
fn columns(app: &mut App) -> Option<Vec<Column>> {
    let of_requests = app.screen != Screen::History || app.history == Part::Requests;
    let columns = app.columns_of(app.screen, WIDE).filter(|_| of_requests);
    if columns.is_none() {
        app.complain("this list has the columns that it has");
    }
    columns
}

/// Opens the command line with what the list has now.
pub(super) fn begin(app: &mut App) {
    let Some(columns) = columns(app) else {
        return;
    };
    let names: Vec<&str> = columns.iter().map(|column| column.name()).collect();
    let mut line = CommandLine::new(context(app));
    line.input = Input::new(format!("columns {}", names.join(" ")));
    app.modal = Some(Modal::Command(line));
    let all: Vec<&str> = crate::lists::columns::names().collect();
    app.say(format!("columns: {}", all.join(" ")));
}

/// Takes what was typed.
pub(super) fn choose(app: &mut App, text: &str) -> Vec<Effect> {
    let Some(now) = columns(app) else {
        return Vec::new();
    };
    if text.is_empty() {
        begin(app);
        return Vec::new();
    }
    let screen = app.screen;
    match app.columns.choose(screen, &now, text) {
        Ok(()) => vec![Effect::KeepColumns(app.columns.clone())],
        Err(why) => {
            app.complain(why);
            Vec::new()
        }
    }
}
