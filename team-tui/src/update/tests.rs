//! `update` by keys and messages, without a terminal.

mod activity;
mod attention;
mod form;
mod glass;
mod habits;
mod kept;
mod lists;
mod report;
mod review;
mod use_sheet;

use super::{context, update};
use crate::app::{App, Link, Screen};
use crate::client::ClientError;
use crate::effect::Effect;
use crate::fixtures;
use crate::keymap::Context;
use crate::message::{Message, Snapshot};
use crate::modals::Modal;
use chrono::{DateTime, Duration, Utc};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use team_shared::activity::ActivityPage;
use team_shared::event::EventType;
use team_shared::list::Page;
use team_shared::problem::{Code, Problem};
use team_shared::state::RequestState;

fn now() -> DateTime<Utc> {
    "2026-11-22T14:02:31Z".parse().expect("a time")
}

/// A dashboard of ann's, connected and loaded.
fn live() -> App {
    let mut app = App::new(now(), "/run/teamd/teamd.sock".to_owned());
    assert_eq!(update(&mut app, Message::Linked), [Effect::Load]);
    update(&mut app, Message::Loaded(Box::new(snapshot())));
    app
}

fn snapshot() -> Snapshot {
    Snapshot {
        me: fixtures::me(),
        newest: Page::whole(fixtures::requests(now())),
        open: Vec::new(),
        entitlements: fixtures::entitlements(),
        health: None,
    }
}

fn press(app: &mut App, code: KeyCode) -> Vec<Effect> {
    update(app, Message::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

fn control(app: &mut App, c: char) -> Vec<Effect> {
    update(
        app,
        Message::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL)),
    )
}

fn keys(app: &mut App, text: &str) -> Vec<Effect> {
    text.chars().flat_map(|c| press(app, KeyCode::Char(c))).collect()
}

fn selected(app: &App) -> String {
    app.selected().map(|view| view.id.short()).unwrap_or_default()
}

#[test]
fn those_that_one_may_decide_come_first_and_the_cursor_stays_on_its_row() {
    let mut app = live();
    assert_eq!(selected(&app), "9QPV4D");
    keys(&mut app, "j");
    assert_eq!(selected(&app), "K3QJ9W");
    // An older one arrives above it: the cursor moves with its row.
    let older = fixtures::request(now(), "AAAAA1", "hugo", 50);
    update(&mut app, Message::Refreshed(vec![(older.id, Some(older))]));
    assert_eq!(selected(&app), "K3QJ9W");
    keys(&mut app, "G");
    assert_eq!(selected(&app), "NN5E0J");
    keys(&mut app, "g");
    assert_eq!(selected(&app), "AAAAA1");
    // The row under the cursor goes away: the next one takes its place.
    let gone = app.selected().expect("a row").id;
    update(&mut app, Message::Refreshed(vec![(gone, None)]));
    assert_eq!(selected(&app), "9QPV4D");
}

#[test]
fn approving_sends_what_was_looked_at_d26() {
    let mut app = live();
    keys(&mut app, "a");
    assert_eq!(context(&app), Context::Dialog);
    keys(&mut app, "quick, ok?");
    press(&mut app, KeyCode::Tab);
    for _ in 0..2 {
        press(&mut app, KeyCode::Backspace);
    }
    keys(&mut app, "1h");
    let effects = control(&mut app, 's');
    let [Effect::Approve(id, body)] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert_eq!(id.short(), "9QPV4D");
    assert_eq!(body.comment.as_deref(), Some("quick, ok?"));
    assert_eq!(body.duration_seconds, Some(3600));
    assert_eq!(body.version, Some(3));
    assert_eq!(body.terms_digest.as_deref(), Some("digest-of-9QPV4D"));
    assert!(control(&mut app, 's').is_empty(), "sent once");
    assert_eq!(
        app.requests.get(id).expect("it is there").state,
        RequestState::Pending,
        "nothing is shown as done before it is"
    );
}

#[test]
fn a_conflict_keeps_the_dialog_and_its_comment_d26() {
    let mut app = live();
    keys(&mut app, "a");
    keys(&mut app, "fine");
    control(&mut app, 's');
    let problem = Problem::new(Code::Stale, "it has changed since you read it");
    let result = Err(ClientError::Problem(Box::new(problem)));
    update(
        &mut app,
        Message::Answered {
            verb: "approve",
            result,
        },
    );
    let Some(Modal::Decide(dialog)) = &app.modal else {
        panic!("the dialog is gone")
    };
    assert_eq!(dialog.comment.value(), "fine");
    assert!(
        dialog
            .error
            .as_ref()
            .is_some_and(|error| error.contains("changed"))
    );
    assert!(!dialog.sending);
}

#[test]
fn rejecting_needs_a_comment_and_enter_does_not_slip_through() {
    let mut app = live();
    keys(&mut app, "r");
    assert!(control(&mut app, 's').is_empty());
    keys(&mut app, "use ReadOnly");
    press(&mut app, KeyCode::Enter);
    assert!(
        press(&mut app, KeyCode::Enter).is_empty(),
        "too soon after the dialog appeared"
    );
    app.now += Duration::milliseconds(500);
    let effects = press(&mut app, KeyCode::Enter);
    assert!(
        matches!(&effects[..], [Effect::Act(_, "reject", body)] if body.comment.as_deref() == Some("use ReadOnly"))
    );
}

#[test]
fn what_one_may_not_do_is_explained() {
    let mut app = live();
    keys(&mut app, "2");
    assert_eq!(selected(&app), "NN5E0J");
    keys(&mut app, "a");
    assert!(app.modal.is_none());
    assert!(
        app.toast
            .as_ref()
            .is_some_and(|toast| toast.text.contains("own request"))
    );
    keys(&mut app, "w");
    let effects = control(&mut app, 's');
    assert!(
        matches!(effects[..], [Effect::Act(_, "cancel", _)]),
        "{effects:?}"
    );
}

#[test]
fn a_lost_link_switches_actions_off_and_comes_back_by_itself() {
    let mut app = live();
    let retry_at = now() + Duration::seconds(3);
    update(
        &mut app,
        Message::Unlinked {
            why: "connection refused".to_owned(),
            retry_at,
        },
    );
    assert!(matches!(app.link, Link::Lost { .. }));
    assert!(app.requests.keys().next().is_some(), "the last data stays");
    keys(&mut app, "a");
    assert!(app.modal.is_none());
    assert_eq!(control(&mut app, 'r'), [Effect::Reconnect]);
    assert_eq!(update(&mut app, Message::Linked), [Effect::Load]);
    assert!(
        app.toast
            .as_ref()
            .is_some_and(|toast| toast.text.contains("back"))
    );
}

#[test]
fn many_events_become_one_reading_d42() {
    let mut app = live();
    let ids: Vec<_> = app.requests.keys().copied().take(3).collect();
    let event = |seq, id| {
        Message::Event(Box::new(fixtures::event(
            seq,
            now(),
            EventType::RequestVoted,
            Some(id),
            None,
        )))
    };
    let first = update(&mut app, event(11, ids[0]));
    assert!(matches!(&first[..], [Effect::Refresh(set)] if set.len() == 1));
    assert!(update(&mut app, event(12, ids[1])).is_empty());
    assert!(update(&mut app, event(13, ids[2])).is_empty());
    let then = update(&mut app, Message::Refreshed(Vec::new()));
    assert!(
        matches!(&then[..], [Effect::Refresh(set)] if set.len() == 2),
        "{then:?}"
    );
    assert!(update(&mut app, Message::Refreshed(Vec::new())).is_empty());
}

#[test]
fn the_form_picks_by_pieces_and_files() {
    let mut app = live();
    keys(&mut app, "n");
    keys(&mut app, "pprod");
    press(&mut app, KeyCode::Enter);
    keys(&mut app, "read");
    press(&mut app, KeyCode::Enter);
    // The default length is filled in; on to end, start, ticket, reason.
    for _ in 0..4 {
        press(&mut app, KeyCode::Tab);
    }
    assert!(control(&mut app, 's').is_empty(), "a reason is needed");
    update(&mut app, Message::Paste("look at the\nlogs now".to_owned()));
    let effects = control(&mut app, 's');
    let [Effect::Submit(body)] = &effects[..] else {
        panic!("{effects:?} {:?}", app.modal)
    };
    assert_eq!(body.account_id, "111122223333");
    assert!(body.permission_set.ends_with("ReadOnlyAccess"));
    assert_eq!(body.duration_seconds, Some(3600));
    assert_eq!(
        body.justification, "look at the logs now",
        "a pasted line break is a blank, never a key"
    );
    let mut filed = fixtures::request(now(), "NEWREQ", "ann", 0);
    filed.you_may = vec!["cancel".to_owned()];
    let result = Ok(Box::new(filed));
    update(
        &mut app,
        Message::Answered {
            verb: "submit",
            result,
        },
    );
    assert_eq!((app.screen, selected(&app).as_str()), (Screen::Mine, "NEWREQ"));
}

#[test]
fn demo_commands_exist_only_in_a_demo() {
    let mut app = live();
    keys(&mut app, ":chaos");
    assert!(press(&mut app, KeyCode::Enter).is_empty());
    assert!(app.toast.as_ref().is_some_and(|toast| toast.bad));
    app.demo = Some(vec!["bob".to_owned(), "ann".to_owned()]);
    keys(&mut app, ":chaos");
    assert_eq!(press(&mut app, KeyCode::Enter), [Effect::Chaos]);
    keys(&mut app, ":as nobody");
    assert!(press(&mut app, KeyCode::Enter).is_empty());
    keys(&mut app, ":as b");
    press(&mut app, KeyCode::Tab);
    assert_eq!(press(&mut app, KeyCode::Enter), [Effect::ActAs("bob".to_owned())]);
    assert!(
        app.requests.keys().next().is_none() && app.me.is_none(),
        "nothing of the first person stays"
    );
    assert_eq!(app.acting_as.as_deref(), Some("bob"));
    keys(&mut app, ":q");
    press(&mut app, KeyCode::Enter);
    assert!(app.quit);
}

#[test]
fn screens_read_what_they_show() {
    let mut app = live();
    let effects = keys(&mut app, "3");
    // Each session has its last hour in its row.
    let sessions = app.rows(Screen::Sessions);
    let live = sessions
        .iter()
        .filter(|view| view.state != RequestState::Scheduled);
    let read: Vec<Effect> = live.map(|view| Effect::LoadActivity(view.id)).collect();
    assert!(read.len() == effects.len() && read.iter().all(|effect| effects.contains(effect)));
    assert!(keys(&mut app, "k").is_empty(), "once");
    let effects = press(&mut app, KeyCode::Enter);
    assert!(
        matches!(effects[..], [Effect::LoadDigest(_), Effect::LoadTimeline(_)]),
        "{effects:?}"
    );
    assert_eq!(context(&app), Context::Detail);
    keys(&mut app, "q");
    assert!(!app.quit && app.detail.is_none());
    assert_eq!(keys(&mut app, "5"), [Effect::LoadHealth]);
    assert!(keys(&mut app, "4v").contains(&Effect::LoadAudit));
}

#[test]
fn the_filter_narrows_and_esc_clears() {
    let mut app = live();
    keys(&mut app, "/carol");
    assert_eq!(context(&app), Context::Filter);
    press(&mut app, KeyCode::Enter);
    assert_eq!(app.rows(Screen::Queue).len(), 1);
    assert_eq!(selected(&app), "K3QJ9W");
    press(&mut app, KeyCode::Esc);
    assert_eq!(app.rows(Screen::Queue).len(), 4);
}

#[test]
fn the_first_screen_follows_the_role() {
    let mut app = App::new(now(), String::new());
    app.screen_undecided = true;
    update(&mut app, Message::Linked);
    let mut plain = snapshot();
    plain.me.roles = vec!["requester".to_owned()];
    plain.newest.items.clear();
    update(&mut app, Message::Loaded(Box::new(plain)));
    assert_eq!(app.screen, Screen::Mine);
}

#[test]
fn any_keys_in_any_order_do_no_harm() {
    let mut app = live();
    app.demo = Some(vec!["bob".to_owned()]);
    let codes = [
        KeyCode::Enter,
        KeyCode::Esc,
        KeyCode::Tab,
        KeyCode::BackTab,
        KeyCode::Up,
        KeyCode::Down,
        KeyCode::PageDown,
        KeyCode::Backspace,
        KeyCode::F(1),
    ];
    let mut state: u64 = 7;
    for _ in 0..20_000 {
        // A fixed sequence that wanders everywhere; the same on every machine.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let pick = usize::try_from(state >> 33).unwrap_or(0);
        let code = match pick % 3 {
            0 => codes[pick / 3 % codes.len()],
            _ => KeyCode::Char(char::from(b' ' + u8::try_from(pick / 3 % 95).unwrap_or(0))),
        };
        press(&mut app, code);
        app.quit = false;
        if app.me.is_none() {
            app = live();
            app.demo = Some(vec!["bob".to_owned()]);
        }
    }
}

#[test]
fn what_could_not_be_read_is_read_later() {
    let mut app = live();
    let id = app.selected().expect("a row").id;
    update(&mut app, Message::RefreshFailed(vec![id]));
    assert!(update(&mut app, Message::Tick(now() + Duration::seconds(1))).is_empty());
    let effects = update(&mut app, Message::Tick(now() + Duration::seconds(5)));
    assert!(
        matches!(&effects[..], [Effect::Refresh(set)] if set.contains(&id)),
        "{effects:?}"
    );
    // An answer that was overtaken does not bring the past back.
    let mut old = app.requests.get(&id).expect("it is there").clone();
    old.version -= 1;
    old.state = RequestState::Expired;
    update(&mut app, Message::Refreshed(vec![(id, Some(old))]));
    assert_eq!(
        app.requests.get(&id).expect("it is there").state,
        RequestState::Pending
    );
}
