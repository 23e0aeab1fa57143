//! Columns, the mouse, and a history that is longer than a page.

use super::*;
use crate::screens;
use crate::theme::Theme;
use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use team_shared::request::RequestView;

/// What the reader sees; what the mouse can point at is known then.
fn seen(app: &App) -> Vec<String> {
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).expect("a test terminal");
    terminal
        .draw(|frame| screens::draw(frame, app, Theme::plain()))
        .expect("a test terminal never fails");
    let buffer = terminal.backend().buffer();
    (0..24)
        .map(|y| (0..80).map(|x| buffer[(x, y)].symbol()).collect())
        .collect()
}

fn mouse(app: &mut App, kind: MouseEventKind, (column, row): (usize, usize)) -> Vec<Effect> {
    let event = MouseEvent {
        kind,
        column: u16::try_from(column).expect("on the screen"),
        row: u16::try_from(row).expect("on the screen"),
        modifiers: KeyModifiers::NONE,
    };
    update(app, Message::Mouse(event))
}

fn click(app: &mut App, text: &str) -> Vec<Effect> {
    let lines = seen(app);
    let row = lines
        .iter()
        .position(|line| line.contains(text))
        .expect("it is on the screen");
    let byte = lines[row].find(text).expect("it is in the line");
    let column = lines[row][..byte].chars().count();
    mouse(app, MouseEventKind::Down(MouseButton::Left), (column, row))
}

#[test]
fn a_click_goes_to_a_tab_or_a_row_and_opens_the_row_that_it_is_on() {
    let mut app = live();
    assert_eq!(keys(&mut app, "m"), [Effect::Mouse(true)]);
    let second = app
        .rows(Screen::Queue)
        .get(1)
        .map(|view| view.id.short())
        .expect("a row");
    click(&mut app, &second);
    assert_eq!((selected(&app), app.detail.is_none()), (second.clone(), true));
    click(&mut app, &second);
    assert!(app.detail.is_some());
    press(&mut app, KeyCode::Esc);
    mouse(&mut app, MouseEventKind::ScrollUp, (5, 5));
    assert_ne!(selected(&app), second);
    click(&mut app, "History");
    assert_eq!(app.screen, Screen::History);
    // In a dialog it does nothing, and nowhere does it change anything.
    keys(&mut app, "1a");
    let before = seen(&app);
    assert!(click(&mut app, "Queue").is_empty());
    assert!(mouse(&mut app, MouseEventKind::ScrollDown, (5, 5)).is_empty());
    assert_eq!(seen(&app), before);
    press(&mut app, KeyCode::Esc);
    assert_eq!(keys(&mut app, "m"), [Effect::Mouse(false)]);
}

#[test]
fn columns_are_chosen_in_the_line_that_says_which_there_are() {
    let mut app = live();
    keys(&mut app, "C");
    let Some(Modal::Command(line)) = &app.modal else {
        panic!("no line")
    };
    assert_eq!(
        line.input.value(),
        "columns id who account set for age expires ok"
    );
    keys(&mut app, " reason");
    let effects = press(&mut app, KeyCode::Enter);
    assert!(matches!(&effects[..], [Effect::KeepColumns(kept)] if kept == &app.columns));
    keys(&mut app, ":columns +ticket -set -age -expires -for");
    press(&mut app, KeyCode::Enter);
    let heading = seen(&app)
        .into_iter()
        .find(|line| line.contains("WHO"))
        .expect("a heading");
    let words: Vec<&str> = heading.split_whitespace().collect();
    assert_eq!(words, ["ID", "WHO", "ACCOUNT", "OK", "REASON", "TICKET"]);
    keys(&mut app, ":columns colour");
    assert!(press(&mut app, KeyCode::Enter).is_empty());
    assert!(
        app.toast
            .as_ref()
            .is_some_and(|toast| toast.bad && toast.text.contains("there are: id"))
    );
    keys(&mut app, ":columns usual");
    press(&mut app, KeyCode::Enter);
    assert!(seen(&app).iter().any(|line| line.contains("EXPIRES")));
    // The report's columns are its own, and so are those of what has no requests in rows.
    keys(&mut app, "4vv");
    assert!(keys(&mut app, "C").is_empty() && app.modal.is_none());
    keys(&mut app, "5:columns id");
    assert!(press(&mut app, KeyCode::Enter).is_empty());
}

/// Pages of a history, newest first; each but the last with where the next begins.
fn page(from: i64, rows: i64, next: Option<&str>) -> Page<RequestView> {
    let one = |number: i64| {
        let mut view = fixtures::request(now(), &format!("{number:06}"), "bob", number);
        view.state = RequestState::Ended;
        view
    };
    Page {
        items: (from..from + rows).map(one).collect(),
        next_cursor: next.map(ToOwned::to_owned),
    }
}

#[test]
fn a_long_history_is_read_page_by_page_and_further_back_past_its_end() {
    let mut app = App::new(now(), "/run/teamd/teamd.sock".to_owned());
    update(&mut app, Message::Linked);
    let first = Snapshot {
        newest: page(0, 200, Some("a")),
        ..snapshot()
    };
    let effects = update(&mut app, Message::Loaded(Box::new(first.clone())));
    assert_eq!(effects, [Effect::LoadOlder("a".to_owned())]);
    keys(&mut app, "4");
    assert!(
        seen(&app)
            .iter()
            .any(|line| line.contains("history: 200+ requests"))
    );
    let mut cursor = 200;
    while cursor < 10_000 {
        let effects = update(&mut app, Message::OlderRead(Ok(page(cursor, 500, Some("b")))));
        cursor += 500;
        assert_eq!(effects.is_empty(), cursor >= 10_000, "{cursor}");
    }
    // What is beyond is read where somebody wants it: at the end of the list.
    assert!(keys(&mut app, "gj").is_empty());
    assert!(keys(&mut app, "G").is_empty());
    assert_eq!(keys(&mut app, "j"), [Effect::LoadOlder("b".to_owned())]);
    assert!(keys(&mut app, "j").is_empty(), "it is being read");
    let last = selected(&app);
    update(&mut app, Message::OlderRead(Ok(page(cursor, 10, None))));
    assert_eq!((selected(&app), app.rows(Screen::History).total), (last, 10_210));
    assert!(keys(&mut app, "GG").is_empty(), "there is no more");
    // Read anew, rows stay until their page says otherwise: one is gone from the first, two from the last.
    let mut again = first;
    again.newest.items.remove(5);
    update(&mut app, Message::Loaded(Box::new(again)));
    assert_eq!(app.rows(Screen::History).total, 10_209);
    update(&mut app, Message::OlderRead(Ok(page(200, 10_008, None))));
    assert_eq!(app.rows(Screen::History).total, 10_207);
}

#[test]
fn empty_page_with_a_cursor_removes_nothing() {
    let mut app = App::new(now(), "/run/teamd/teamd.sock".to_owned());
    update(&mut app, Message::Linked);
    let first = Snapshot {
        newest: page(0, 200, Some("a")),
        ..snapshot()
    };
    update(&mut app, Message::Loaded(Box::new(first.clone())));
    update(&mut app, Message::OlderRead(Ok(page(200, 100, None))));
    assert_eq!(app.rows(Screen::History).total, 300);
    // Read anew: the daemon read for as long as it may and found nothing. What lies behind is still there.
    update(&mut app, Message::Loaded(Box::new(first)));
    let effects = update(&mut app, Message::OlderRead(Ok(page(200, 0, Some("b")))));
    assert_eq!(effects, [Effect::LoadOlder("b".to_owned())]);
    assert_eq!(app.rows(Screen::History).total, 300);
    update(&mut app, Message::OlderRead(Ok(page(200, 99, None))));
    assert_eq!(app.rows(Screen::History).total, 299);
}
