//! The rows of a batch, where they stand together.

use super::*;
use team_shared::request::RequestView;

/// A dashboard with two more of somebody's requests, filed together.
fn with_batch(who: &str) -> App {
    let mut app = live();
    for short in ["BAT001", "BAT002"] {
        let mut view: RequestView = fixtures::request(now(), short, who, 1);
        view.batch_id = Some("a-batch".to_owned());
        app.requests.insert(view.id, view);
    }
    app
}

/// The rows with these two, in their order.
fn rows(app: &App) -> Vec<String> {
    let picture = screen(app, 120, 36);
    let lines = picture.lines().filter(|line| line.contains("BAT00"));
    lines.map(|line| line.chars().take(70).collect()).collect()
}

#[test]
fn a_batch_is_seen_on_every_list_by_person_or_where_nobody_is_named_by_account() {
    for (target, who, words) in [
        (Screen::Queue, "hugo", "└ hugo"),
        (Screen::History, "hugo", "└ hugo"),
        (Screen::Mine, "ann", "└ pay-prod"),
    ] {
        let mut app = with_batch(who);
        app.screen = target;
        app.zoomed = true;
        let rows = rows(&app);
        assert_eq!(rows.len(), 2, "{target:?}: {rows:?}");
        assert!(
            !rows[0].contains('└') && rows[1].contains(words),
            "{target:?}: {rows:?}"
        );
    }
}

#[test]
fn what_only_stands_beside_it_is_not_of_the_batch() {
    let mut app = with_batch("ann");
    app.screen = Screen::Mine;
    let picture = screen(&app, 80, 24);
    assert_eq!(picture.matches('└').count(), 1, "{picture}");
}
