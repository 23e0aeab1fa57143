//! Keys that outlive the access: seen in rows, sheets and dialogs, for as long as they may live.

use super::*;
use std::sync::Arc;
use team_shared::ids::RequestId;
use team_shared::state::RequestState;

fn of(app: &App, short: &str) -> RequestId {
    *app.requests.keys().find(|id| id.short() == short).expect("there")
}

/// One of bob's and one of ann's are over; keys of both may live for half an hour.
fn over() -> App {
    let mut app = live();
    let holder = of(&app, "X4TE2N");
    for short in ["ZZ4H6R", "F3C7YQ"] {
        let id = of(&app, short);
        let view = app.requests.get_mut(&id).expect("there");
        view.state = RequestState::Ended;
        let ended = view.ended.as_mut().expect("it is over");
        ended.residual_until = Some(now() + Duration::minutes(30));
        ended.still_held_by = Some(holder);
    }
    app
}

/// The screen with the cursor on a request, at 80x24.
fn at(app: &mut App, target: Screen, short: &str) -> String {
    app.screen = target;
    let cursor = crate::app::Cursor {
        id: Some(of(app, short)),
        index: 0,
    };
    app.cursors.insert(target, cursor);
    screen(app, 80, 24)
}

#[test]
fn what_is_over_and_whose_keys_live_is_seen_until_they_do_not() {
    let mut app = over();
    let history = at(&mut app, Screen::History, "ZZ4H6R");
    for words in ["ended +k", "may live until 11-22 14:32Z", "by request X4TE2N"] {
        assert!(history.contains(words), "{words}: {history}");
    }
    let mine = at(&mut app, Screen::Mine, "F3C7YQ");
    assert!(mine.contains("keys till 14:32Z"), "{mine}");
    app.screen = Screen::Sessions;
    let sessions = screen(&app, 80, 24);
    assert!(sessions.contains("2 over whose keys may live"), "{sessions}");
    // Nothing tells of that end: the rows are those that were worked out before.
    update(&mut app, Message::Tick(now() + Duration::minutes(30)));
    let history = at(&mut app, Screen::History, "ZZ4H6R");
    assert!(history.contains("are over since 11-22 14:32Z"), "{history}");
    assert!(!history.contains("+k"), "{history}");
    let mine = at(&mut app, Screen::Mine, "F3C7YQ");
    assert!(!mine.contains("keys till"), "{mine}");
    app.screen = Screen::Sessions;
    assert!(!screen(&app, 80, 24).contains("may live"));
}

#[test]
fn whoever_approves_several_is_warned_of_the_longest_keys() {
    let mut app = live();
    let (one, other) = (of(&app, "7FQHX2"), of(&app, "K3QJ9W"));
    let long = app.requests.get_mut(&other).expect("there");
    Arc::make_mut(&mut long.permission_set).session_duration_seconds = 43_200;
    long.claimed_by = Some(fixtures::person("gita"));
    long.claimed_until = Some(now() + Duration::minutes(5));
    let views = [one, other].map(|id| app.requests.get(&id).expect("there"));
    let dialog = Decide::for_all("approve", &views, now()).expect("two");
    app.modal = Some(Modal::Decide(Box::new(dialog)));
    for (width, height) in [(80, 24), (60, 15)] {
        let picture = screen(&app, width, height);
        assert!(
            picture.contains("! K3QJ9W: 8h asked; keys may live 12h more"),
            "{picture}"
        );
        assert!(picture.contains("Approve all 2"), "{picture}");
    }
    assert!(screen(&app, 80, 24).contains("K3QJ9W: gita is looking at it"));
}
