//! Screens as they look, at the sizes they are designed for.

mod batch;
mod figures;
mod glass;
mod matrix;
mod residual;

use super::draw;
use crate::app::{App, Detail, Link, Screen, Tail};
use crate::client::api::Health;
use crate::fixtures;
use crate::keymap::Context;
use crate::message::{Message, Snapshot};
use crate::modals::{Decide, Form, Modal};
use crate::theme::Theme;
use crate::update::update;
use chrono::{DateTime, Duration, Utc};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use team_shared::event::EventType;
use team_shared::list::Page;
use team_shared::report::ReportBy;
use team_shared::status::ShortStatus;

pub(super) fn now() -> DateTime<Utc> {
    "2026-11-22T14:02:31Z".parse().expect("a time")
}

pub(super) fn live() -> App {
    let mut app = App::new(now(), "/run/teamd/teamd.sock".to_owned());
    update(&mut app, Message::Linked);
    let snapshot = Snapshot {
        me: fixtures::me(),
        newest: Page::whole(fixtures::requests(now())),
        open: Vec::new(),
        entitlements: fixtures::entitlements(),
        health: Some(Health::Short(ShortStatus {
            healthy: true,
            problems: Vec::new(),
            pending: 4,
            active: 2,
            overdue: 0,
            notices: Vec::new(),
            holds: Vec::new(),
        })),
    };
    update(&mut app, Message::Loaded(Box::new(snapshot)));
    let tails: Vec<_> = app.requests.keys().copied().collect();
    for id in tails {
        let tail = Tail {
            items: fixtures::activity(now(), id),
            coverage: "CloudTrail, eu-west-1".to_owned(),
            newest: Some(now() - Duration::minutes(6)),
            ..Tail::default()
        };
        app.tails.insert(id, tail);
    }
    app
}

pub(crate) fn screen(app: &App, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a test terminal");
    terminal
        .draw(|frame| draw(frame, app, Theme::plain()))
        .expect("a test terminal never fails");
    let buffer = terminal.backend().buffer();
    let mut text = String::new();
    for y in 0..height {
        let line: String = (0..width).map(|x| buffer[(x, y)].symbol()).collect();
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Compares with the committed picture at both sizes.
pub(crate) fn looks_like(name: &str, app: &App) {
    for (width, height) in [(80, 24), (120, 36)] {
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), screen(app, width, height));
    }
}

fn on(target: Screen) -> App {
    let mut app = live();
    app.screen = target;
    app
}

#[test]
fn queue() {
    looks_like("queue", &live());
}

#[test]
fn mine() {
    looks_like("mine", &on(Screen::Mine));
}

#[test]
fn sessions() {
    looks_like("sessions", &on(Screen::Sessions));
}

#[test]
fn sessions_as_bars() {
    let mut app = on(Screen::Sessions);
    app.bars_shown = true;
    looks_like("sessions_bars", &app);
}

#[test]
fn activity() {
    let mut app = on(Screen::Activity);
    let id = app.requests.keys().find(|id| id.short() == "X4TE2N");
    for mut item in fixtures::activity(now(), *id.expect("the session")) {
        if item.event_name == "UpdateService" {
            item.marks = vec!["write".to_owned(), "new-address".to_owned()];
        }
        app.feed.take(item);
    }
    looks_like("activity", &app);
    assert!(
        screen(&app, 80, 24).contains("new-address"),
        "without a colour as well"
    );
    assert!(screen(&app, 60, 15).contains("*1"));
    app.feed.pause();
    app.feed.sheet = Some(crate::feed::Sheet {
        title: "ecs:UpdateService  event-2".to_owned(),
        event: "event-2".to_owned(),
        lines: Some(crate::feed::laid_out(&serde_json::json!({
            "eventName": "UpdateService",
            "userAgent": "\u{1b}[31mred",
        }))),
        scroll: 0,
    });
    looks_like("activity_record", &app);
}

#[test]
fn activity_without_any() {
    looks_like("activity_none", &on(Screen::Activity));
}

#[test]
fn history() {
    looks_like("history", &on(Screen::History));
}

#[test]
fn report() {
    let mut app = on(Screen::History);
    app.history = crate::report::Part::Report;
    app.report.take(fixtures::report(now(), ReportBy::Person));
    looks_like("report", &app);
}

#[test]
fn audit() {
    let mut app = on(Screen::History);
    app.history = crate::report::Part::Audit;
    for (seq, kind) in [
        (1, EventType::RequestSubmitted),
        (2, EventType::RequestApproved),
        (3, EventType::GrantIntent),
    ] {
        let id = fixtures::id(now(), "7FQHX2");
        let who = (seq < 3).then_some("bob");
        let mut event = fixtures::event(seq, now(), kind, Some(id), who);
        event.data = serde_json::json!({"comment": "one hour is enough", "attempt": 1, "gone": null});
        app.audit.insert(seq, event);
    }
    looks_like("audit", &app);
}

#[test]
fn status() {
    looks_like("status", &on(Screen::Status));
}

/// What is stuck stands on top of every screen.
#[test]
fn stuck() {
    let line = "2 revocations are overdue, 1 of them stuck: the worst for 17m";
    let with_problem = |target| {
        let mut app = on(target);
        if let Some(Health::Short(short)) = &mut app.health {
            short.healthy = false;
            short.overdue = 2;
            short.problems = vec![line.to_owned()];
        }
        app
    };
    for target in Screen::ALL {
        assert!(screen(&with_problem(target), 80, 24).contains(line), "{target:?}");
    }
    looks_like("stuck", &with_problem(Screen::Mine));
}

#[test]
fn detail() {
    let mut app = live();
    let id = *app
        .requests
        .keys()
        .find(|id| id.short() == "E7ND1N")
        .expect("it is there");
    app.timelines.insert(
        id,
        vec![fixtures::event(7, now(), EventType::GrantRetry, Some(id), None)],
    );
    app.detail = Some(Detail { id, scroll: 0 });
    looks_like("detail", &app);
}

#[test]
fn approve_dialog() {
    let mut app = live();
    let dialog = Decide::new("approve", app.selected().expect("a row"), now());
    app.modal = Some(Modal::Decide(Box::new(dialog)));
    looks_like("approve", &app);
}

#[test]
fn reject_dialog_after_a_change() {
    let mut app = live();
    let mut dialog = Decide::new("reject", app.selected().expect("a row"), now());
    dialog.version = 2;
    dialog.error = Some("it has changed since you read it (look again)".to_owned());
    app.modal = Some(Modal::Decide(Box::new(dialog)));
    looks_like("reject", &app);
}

#[test]
fn request_form() {
    let mut app = live();
    app.modal = Some(Modal::Form(Box::new(Form::new(now()))));
    looks_like("form_empty", &app);
    let key = |app: &mut App, code| {
        update(app, Message::Key(KeyEvent::new(code, KeyModifiers::NONE)));
    };
    "web".chars().for_each(|c| key(&mut app, KeyCode::Char(c)));
    key(&mut app, KeyCode::Enter);
    key(&mut app, KeyCode::Enter);
    looks_like("form_picked", &app);
}

#[test]
fn help() {
    let mut app = live();
    app.help = Some((0, Context::Queue));
    looks_like("help", &app);
}

#[test]
fn away() {
    let mut app = live();
    app.link = Link::Lost {
        since: now() - Duration::seconds(79),
        why: "nobody listens on /run/teamd/teamd.sock: teamd is not running".to_owned(),
        retry_at: now() + Duration::seconds(3),
    };
    looks_like("away", &app);
}

#[test]
fn demo_says_what_it_can() {
    let mut app = live();
    app.demo = Some(vec!["ann".to_owned(), "bob".to_owned()]);
    let text = screen(&app, 80, 24);
    assert!(text.contains(":as NAME") && text.contains(":chaos"), "{text}");
}

#[test]
fn empty_screens_say_why_and_what_to_press() {
    let mut app = live();
    app.requests.clear();
    for (target, words) in [
        (Screen::Queue, "Nothing is pending"),
        (Screen::Mine, "You have no requests yet"),
        (Screen::Sessions, "Nobody has access"),
        (Screen::History, "No request that you may see"),
    ] {
        app.screen = target;
        let text = screen(&app, 80, 24);
        assert!(
            text.contains(words) && text.contains("n asks for") || text.contains("n new request"),
            "{text}"
        );
    }
    app.screen = Screen::Mine;
    app.entitlements.clear();
    assert!(screen(&app, 80, 24).contains("no rule lets you ask"));
}

#[test]
fn hostile_text_is_inert_everywhere() {
    let mut app = live();
    app.requests.clear();
    let hostile = fixtures::hostile(now());
    let id = hostile.id;
    app.requests.insert(id, hostile);
    app.modal = None;
    let mut screens = vec![screen(&app, 80, 24), screen(&app, 120, 36)];
    app.detail = Some(Detail { id, scroll: 0 });
    screens.push(screen(&app, 120, 36));
    app.detail = None;
    app.modal = Some(Modal::Decide(Box::new(Decide::new(
        "approve",
        app.requests.get(&id).expect("it is there"),
        now(),
    ))));
    screens.push(screen(&app, 80, 24));
    for text in screens {
        let hidden = text
            .chars()
            .find(|c| *c != '\n' && team_shared::text::is_hidden(*c));
        assert_eq!(hidden, None, "{text}");
        assert!(text.contains("\\u{202e}"), "what was hidden is shown:\n{text}");
    }
}

#[test]
fn small_terminals_work_and_tiny_ones_say_what_they_need() {
    let mut app = live();
    let small = screen(&app, 60, 15);
    assert!(
        small.contains("pending") && small.contains("7FQHX2") && small.contains("q quit"),
        "{small}"
    );
    assert!(screen(&app, 50, 12).contains("needs 60x15, now 50x12"));
    app.modal = Some(Modal::Form(Box::new(Form::new(now()))));
    assert!(screen(&app, 60, 15).contains("Submit"));
    for width in [1, 20, 60, 61, 79, 99, 200] {
        for height in [1, 14, 15, 16, 23, 60] {
            for target in Screen::ALL {
                app.screen = target;
                screen(&app, width, height);
            }
        }
    }
}

#[test]
fn the_first_card() {
    let mut app = live();
    app.welcome = true;
    looks_like("welcome", &app);
}

#[test]
fn another_version_of_the_daemon_is_named() {
    let mut app = live();
    app.me.as_mut().expect("somebody").daemon_version = "9.9.9".to_owned();
    assert!(screen(&app, 80, 24).contains("teamd is 9.9.9"));
}

#[test]
fn zoomed_the_list_is_alone() {
    let mut app = live();
    let beside = screen(&app, 120, 36);
    app.zoomed = true;
    assert_ne!(screen(&app, 120, 36), beside);
    looks_like("queue_zoomed", &app);
}

#[test]
fn texts_name_the_keys_as_they_are() {
    let mut app = live();
    let keys = "back = \"f9\"\nopen = \"f8\"\naudit = \"f7\"\nhelp = \"f6\"\n";
    app.keys = toml::from_str(keys).expect("keys");
    app.filter = tui_input::Input::new("nothing fits this".to_owned());
    let text = screen(&app, 120, 36);
    assert!(text.contains("F9 clears") && text.contains("F6 help"), "{text}");
    assert!(!text.contains("Esc"), "{text}");
    app.filter = tui_input::Input::default();
    assert!(screen(&app, 120, 36).contains("F8 full detail"));
    app.screen = Screen::History;
    app.history = crate::report::Part::Audit;
    let text = screen(&app, 80, 24);
    assert!(
        text.contains("F7 report") && text.contains("F7 goes on to the report"),
        "{text}"
    );
}
