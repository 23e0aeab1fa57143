//! Which columns a list has, as the reader says.

use super::context;
use crate::app::App;
use crate::effect::Effect;
use crate::modals::{CommandLine, Modal};
use tui_input::Input;

/// A width that shows every column a screen has by itself.
const WIDE: u16 = 200;

/// Opens the command line with what the list has now.
pub(super) fn begin(app: &mut App) {
    let Some(columns) = app.columns_of(app.screen, WIDE) else {
        app.complain("this list has the columns that it has");
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
    let Some(now) = app.columns_of(app.screen, WIDE) else {
        app.complain("this list has the columns that it has");
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
