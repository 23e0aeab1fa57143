//! What a key and a frame cost with very much in a list. Figures are printed, and nothing is asserted of them: machines
//! differ. The command is in docs/PERFORMANCE.md.

use super::*;
use crate::look::Look;
use std::time::Instant;

/// Far more than is ever loaded.
const ROWS: i64 = 100_000;

fn full() -> App {
    let mut app = live();
    let kinds = fixtures::requests(now());
    for number in 0..ROWS {
        let like = &kinds[usize::try_from(number).unwrap_or(0) % kinds.len()];
        let mut view = like.clone();
        view.id = fixtures::id(now() - Duration::seconds(number), &format!("{number:06}"));
        app.requests.insert(view.id, view);
    }
    app
}

fn frame(terminal: &mut Terminal<TestBackend>, app: &App) {
    let drawn = terminal.draw(|frame| {
        draw(frame, app, Theme::plain());
        Look::default().finish(frame.buffer_mut());
    });
    drawn.expect("a test terminal never fails");
}

#[test]
#[ignore = "prints figures, asserts nothing: cargo test --release -p team-tui --lib figures -- --ignored --nocapture"]
fn a_key_with_a_hundred_thousand_rows() {
    let mut app = full();
    for (target, size) in [
        (Screen::History, (80, 24)),
        (Screen::Queue, (120, 36)),
        (Screen::History, (120, 36)),
    ] {
        app.screen = target;
        let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).expect("a test terminal");
        let begun = Instant::now();
        frame(&mut terminal, &app);
        let first = begun.elapsed();
        let mut costs: Vec<_> = (0..500)
            .map(|_| {
                let begun = Instant::now();
                let key = KeyEvent::new(KeyCode::Char('j'), KeyModifiers::NONE);
                update(&mut app, Message::Key(key));
                frame(&mut terminal, &app);
                begun.elapsed()
            })
            .collect();
        costs.sort();
        let view = app.selected().expect("a row").clone();
        app.requests.insert(view.id, view);
        let begun = Instant::now();
        frame(&mut terminal, &app);
        println!(
            "{target:?} {}x{}, {ROWS} rows: first frame {first:?}; a key to its frame median {:?}, p99 {:?}; after a change {:?}",
            size.0,
            size.1,
            costs[250],
            costs[495],
            begun.elapsed()
        );
    }
}
