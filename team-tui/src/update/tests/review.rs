//! What was left behind is acknowledged only by who had all of it in sight.

use super::*;
use crate::screens::tests::screen;
use team_shared::activity::LeftBehind;

/// Names that are longer than any line is wide.
const LONG: usize = 90;

/// The review dialog of access that left `count` doors behind, with a comment and their number typed.
fn reviewing(count: usize) -> App {
    let mut app = live();
    let id = app.selected().map(|view| view.id).expect("a row");
    app.requests.get_mut(&id).expect("the row").you_may = vec!["approve".to_owned(), "review".to_owned()];
    keys(&mut app, "R");
    let mut digest = fixtures::digest();
    let door = |n: usize| LeftBehind {
        label: format!("role: door-{n:02}-{}", "x".repeat(LONG)),
        ..digest.left_behind[0].clone()
    };
    digest.left_behind = (1..=count).map(door).collect();
    let page = ActivityPage {
        items: Vec::new(),
        next_cursor: None,
        coverage: "complete".to_owned(),
        newest_event_at: None,
        complete_until: None,
        digest: Some(digest),
    };
    update(&mut app, Message::ActivityRead(id, Ok(Box::new(page))));
    keys(&mut app, "as the ticket said");
    press(&mut app, KeyCode::Tab);
    keys(&mut app, &count.to_string());
    app
}

fn error(app: &App) -> String {
    match &app.modal {
        Some(Modal::Decide(dialog)) => dialog.error.clone().unwrap_or_default(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_door_has_been_in_sight_before_it_is_acknowledged_at_every_size() {
    for (width, height) in [(60, 15), (80, 24), (120, 36)] {
        let count = 20;
        let mut app = reviewing(count);
        let mut pictures = screen(&app, width, height);
        assert!(
            control(&mut app, 's').is_empty(),
            "{width}x{height}: none was seen"
        );
        assert!(error(&app).contains("team-tui review"), "{}", error(&app));
        // Twice without a frame between: nothing is jumped over.
        for _ in 0..3 * count {
            press(&mut app, KeyCode::PageDown);
            press(&mut app, KeyCode::PageDown);
            pictures += &screen(&app, width, height);
        }
        for n in 1..=count {
            assert!(
                pictures.contains(&format!("door-{n:02}")),
                "{width}x{height}: {n}\n{pictures}"
            );
        }
        let tails = "x".repeat(20);
        assert!(pictures.contains(&tails), "the whole name");
        let effects = control(&mut app, 's');
        let [Effect::Review(_, body)] = &effects[..] else {
            panic!("{width}x{height}: {} {effects:?}", error(&app));
        };
        assert_eq!(body.acknowledged.len(), count);
    }
}

#[test]
fn other_doors_are_seen_anew() {
    let mut app = reviewing(2);
    screen(&app, 80, 24);
    let id = *app.tails.keys().next().expect("the tail");
    let mut page = ActivityPage {
        items: Vec::new(),
        next_cursor: None,
        coverage: String::new(),
        newest_event_at: None,
        complete_until: None,
        digest: app.tails[&id].digest.clone(),
    };
    let digest = page.digest.as_mut().expect("a digest");
    digest.left_behind[1].label = "role: another".to_owned();
    update(&mut app, Message::ActivityRead(id, Ok(Box::new(page))));
    keys(&mut app, "2");
    assert!(control(&mut app, 's').is_empty(), "one of them is new");
    assert!(screen(&app, 80, 24).contains("role: another"));
    assert_eq!(control(&mut app, 's').len(), 1, "{}", error(&app));
}

#[test]
fn the_list_looks_like_this() {
    let mut app = reviewing(9);
    crate::screens::tests::looks_like("review_left", &app);
    screen(&app, 80, 24);
    press(&mut app, KeyCode::PageDown);
    let further = screen(&app, 80, 24);
    assert!(further.contains("left behind: 3 to"), "{further}");
    press(&mut app, KeyCode::PageUp);
    assert!(screen(&app, 80, 24).contains("left behind: 1 to"));
}

#[test]
fn a_label_is_harmless_on_screen_and_acknowledged_as_it_is() {
    let mut app = reviewing(1);
    let label = "role: x\u{1b}[2J\u{202e}y";
    let id = *app.tails.keys().next().expect("the tail");
    let mut digest = app.tails[&id].digest.clone().expect("a digest");
    digest.left_behind[0].label = label.to_owned();
    let page = ActivityPage {
        items: Vec::new(),
        next_cursor: None,
        coverage: String::new(),
        newest_event_at: None,
        complete_until: None,
        digest: Some(digest.clone()),
    };
    update(&mut app, Message::ActivityRead(id, Ok(Box::new(page.clone()))));
    keys(&mut app, "1");
    let text = screen(&app, 80, 24);
    let is_bad = |c: &char| *c != '\n' && team_shared::text::is_hidden(*c);
    assert_eq!(text.chars().find(is_bad), None, "{text}");
    assert!(text.contains("\\u{202e}y"), "{text}");
    let effects = control(&mut app, 's');
    let [Effect::Review(_, body)] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert_eq!(body.acknowledged, [label]);
    // On the sheet as well.
    app.modal = None;
    app.detail = Some(crate::app::Detail { id, scroll: 500 });
    update(&mut app, Message::DigestRead(id, Ok(Box::new(page))));
    let text = screen(&app, 80, 40);
    assert_eq!(text.chars().find(is_bad), None, "{text}");
    assert!(text.contains("\\u{202e}y"), "{text}");
}
