//! The Activity screen by its keys, and events that the stream has left out.

use super::*;
use team_shared::activity::ActivityItem;
use team_shared::ids::RequestId;
use team_shared::list::MAX_LIMIT;

fn id_of(app: &App, short: &str) -> RequestId {
    let mut ids = app.requests.keys();
    *ids.find(|id| id.short() == short).expect("a request")
}

fn page(items: Vec<ActivityItem>) -> ActivityPage {
    ActivityPage {
        newest_event_at: items.last().map(|item| item.event_time),
        items,
        next_cursor: None,
        coverage: "management events of eu-west-1; no other region; nothing is complete yet".to_owned(),
        complete_until: None,
        digest: None,
    }
}

fn read(app: &mut App, id: RequestId, items: Vec<ActivityItem>) {
    update(app, Message::ActivityRead(id, Ok(Box::new(page(items)))));
}

/// On Activity, with the events of ivy's session.
fn watching() -> (App, RequestId) {
    let mut app = live();
    keys(&mut app, "7");
    let id = id_of(&app, "X4TE2N");
    read(&mut app, id, fixtures::activity(now(), id));
    (app, id)
}

fn rows(app: &App) -> usize {
    app.feed.rows(&app.filter_read(), &app.requests).len()
}

/// Events that are not among the fixtures, oldest first.
fn more(id: RequestId, from: usize, count: usize) -> Vec<ActivityItem> {
    let one = fixtures::activity(now(), id).remove(1);
    let make = |n: usize| ActivityItem {
        event_id: format!("more-{n:05}"),
        event_time: now() + Duration::seconds(i64::try_from(n).expect("few")),
        ..one.clone()
    };
    (from..from + count).map(make).collect()
}

#[test]
fn what_the_stream_left_out_is_read_again_and_stands_there_once_b7() {
    let (mut app, id) = watching();
    let effects = update(&mut app, Message::ActivityGap(Some(2)));
    assert!(effects.contains(&Effect::LoadActivity(id)), "{effects:?}");
    let toast = app.toast.clone().expect("it is said");
    assert!(toast.text.contains("2 events"), "{}", toast.text);
    assert!(
        update(&mut app, Message::Tick(now())).is_empty(),
        "once for each gap"
    );
    let mut all = fixtures::activity(now(), id);
    all.extend(more(id, 0, 2));
    read(&mut app, id, all);
    assert_eq!((rows(&app), app.tails[&id].items.len()), (5, 5));
    assert_eq!(app.feed.gap_before(id), None);
    // A stream that is new may have missed something as well; on another screen nobody looks yet.
    keys(&mut app, "1");
    assert!(update(&mut app, Message::ActivityGap(None)).is_empty());
    let effects = keys(&mut app, "7");
    assert!(effects.contains(&Effect::LoadActivity(id)), "{effects:?}");
}

#[test]
fn a_gap_that_no_page_fills_is_noted_b7() {
    let (mut app, id) = watching();
    update(&mut app, Message::ActivityGap(Some(700)));
    let newest = more(id, 200, MAX_LIMIT);
    let from = newest[0].event_time;
    read(&mut app, id, newest);
    assert_eq!(app.feed.gap_before(id), Some(from));
    // The next page reaches back to what is known: that adds none, and a restart of teamd fills none.
    read(&mut app, id, more(id, 300, MAX_LIMIT));
    update(&mut app, Message::Linked);
    read(&mut app, id, more(id, 300, MAX_LIMIT));
    assert_eq!(app.feed.gap_before(id), Some(from));
    let text = crate::screens::tests::screen(&app, 120, 36);
    assert!(text.contains("events are missing of X4TE2N"), "{text}");
}

#[test]
fn what_did_not_fit_while_it_was_paused_is_read_again() {
    let (mut app, id) = watching();
    keys(&mut app, "p");
    for item in more(id, 0, 5_001) {
        update(&mut app, Message::Activity(Box::new(item)));
    }
    let effects = keys(&mut app, "p");
    assert!(effects.contains(&Effect::LoadActivity(id)), "{effects:?}");
}

#[test]
fn what_is_covered_stands_on_both_screens_whatever_is_filtered() {
    let (mut app, id) = watching();
    let picture = |app: &App| crate::screens::tests::screen(app, 80, 24);
    let text = picture(&app);
    assert!(text.contains("nothing is complete yet of X4TE2N"), "{text}");
    assert!(text.contains("newest 11m ago"), "{text}");
    // The filter hides the newest, which is as old as it was.
    keys(&mut app, "/what:Describe");
    press(&mut app, KeyCode::Enter);
    let text = picture(&app);
    assert!(rows(&app) == 1 && text.contains("newest 11m ago"), "{text}");
    press(&mut app, KeyCode::Esc);
    let problem = Problem::new(Code::Internal, "the store has a fault");
    let refused = Err(ClientError::Problem(Box::new(problem)));
    let other = id_of(&app, "R1N6BC");
    update(&mut app, Message::ActivityRead(other, refused));
    let text = picture(&app);
    assert!(text.contains("cannot be read in full: R1N6BC"), "{text}");
    // Of the one that is followed: all that is known of it.
    keys(&mut app, "f");
    let text = picture(&app);
    assert!(
        text.contains("management events of eu-west-1; no other region; nothing is complete yet\n"),
        "{text}"
    );
    keys(&mut app, "3");
    app.cursors.insert(
        Screen::Sessions,
        crate::app::Cursor {
            id: Some(id),
            index: 0,
        },
    );
    let text = picture(&app);
    assert!(
        text.contains("eu-west-1; no other region; nothing is complete yet")
            && text.contains("newest 11m ago"),
        "{text}"
    );
}

#[test]
fn what_is_covered_is_read_again_while_somebody_looks() {
    let (mut app, id) = watching();
    let later = |seconds| Message::Tick(now() + Duration::seconds(seconds));
    assert!(update(&mut app, later(59)).is_empty());
    let effects = update(&mut app, later(60));
    assert_eq!(effects, [Effect::LoadCoverage(id)]);
    assert!(update(&mut app, later(61)).is_empty(), "once");
    let mut newer = page(Vec::new());
    newer.coverage = "complete".to_owned();
    update(&mut app, Message::CoverageRead(id, Ok(Box::new(newer))));
    assert_eq!(app.tails[&id].coverage, "complete");
    assert_eq!(app.tails[&id].items.len(), 3, "the events stay");
    keys(&mut app, "1");
    assert!(update(&mut app, later(600)).is_empty());
}

#[test]
fn the_sheet_of_a_request_has_the_whole_digest() {
    let (mut app, id) = watching();
    keys(&mut app, "3");
    let cursor = crate::app::Cursor {
        id: Some(id),
        index: 0,
    };
    app.cursors.insert(Screen::Sessions, cursor);
    let effects = press(&mut app, KeyCode::Enter);
    assert!(effects.contains(&Effect::LoadDigest(id)), "{effects:?}");
    let mut done = page(Vec::new());
    done.digest = Some(fixtures::digest());
    update(&mut app, Message::DigestRead(id, Ok(Box::new(done))));
    crate::screens::tests::looks_like("detail_digest", &app);
    keys(&mut app, "G");
    let text = crate::screens::tests::screen(&app, 80, 24);
    for (label, said) in crate::digest::lines(&fixtures::digest(), app.zone) {
        let is_there = |line: &str| line.trim_start().starts_with(label) && line.contains(&said);
        assert!(text.lines().any(is_there), "{label} {said}: {text}");
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    let words = words.join(" ");
    assert!(words.contains("nothing is complete yet"), "{text}");
    // While it is open it is read anew; and so it is with the next opening.
    let effects = update(&mut app, Message::Tick(now() + Duration::minutes(1)));
    assert!(effects.contains(&Effect::LoadDigest(id)), "{effects:?}");
    press(&mut app, KeyCode::Esc);
    let effects = press(&mut app, KeyCode::Enter);
    assert!(effects.contains(&Effect::LoadDigest(id)), "{effects:?}");
    // Of one that never was active there is none.
    press(&mut app, KeyCode::Esc);
    let effects = keys(&mut app, "1l");
    assert!(
        !effects
            .iter()
            .any(|effect| matches!(effect, Effect::LoadDigest(_)))
    );
}

#[test]
fn p_holds_everything_still_and_lets_it_go_on() {
    let (mut app, id) = watching();
    let picture = |app: &App| crate::screens::tests::screen(app, 80, 24);
    keys(&mut app, "p");
    for item in more(id, 0, 2) {
        update(&mut app, Message::Activity(Box::new(item)));
    }
    let text = picture(&app);
    assert!(text.contains("activity: 3 events, paused, 2 waiting"), "{text}");
    read(&mut app, id, fixtures::activity(now(), id));
    assert_eq!(app.feed.waiting(), Some(2), "what is shown waits for nothing");
    keys(&mut app, "p");
    let text = picture(&app);
    assert!(text.contains("activity: 5 events ─"), "{text}");
}

#[test]
fn f_follows_one_session_and_then_all_again() {
    let (mut app, id) = watching();
    let other = id_of(&app, "R1N6BC");
    let mut items = fixtures::activity(now(), other);
    items.iter_mut().for_each(|item| item.event_id += "-of-ann");
    read(&mut app, other, items);
    assert_eq!(rows(&app), 6);
    // To the newest of ivy's.
    while app.request_of_event() != Some(id) {
        keys(&mut app, "k");
    }
    keys(&mut app, "f");
    assert_eq!(rows(&app), 3);
    assert_eq!((app.request_of_event(), app.followed()), (Some(id), Some(id)));
    let [new] = &more(other, 0, 1)[..] else {
        panic!("one")
    };
    update(&mut app, Message::Activity(Box::new(new.clone())));
    assert_eq!(rows(&app), 3, "those of others are not shown");
    keys(&mut app, "f");
    assert_eq!((rows(&app), app.followed()), (7, None));
}

#[test]
fn x_revokes_the_access_behind_the_event_once_it_is_confirmed() {
    let (mut app, id) = watching();
    assert!(keys(&mut app, "x").is_empty(), "it is asked first");
    assert!(
        matches!(&app.modal, Some(Modal::Decide(dialog)) if dialog.verb == "revoke" && dialog.id == id),
        "{:?}",
        app.modal
    );
    let text = crate::screens::tests::screen(&app, 80, 24);
    assert!(text.contains("Revoke X4TE2N") && text.contains("ivy ·"), "{text}");
    assert!(control(&mut app, 's').is_empty(), "not without a comment");
    keys(&mut app, "what is that");
    let effects = control(&mut app, 's');
    let [Effect::Act(of, "revoke", body)] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert_eq!((*of, body.comment.as_deref()), (id, Some("what is that")));
    assert_eq!(body.version, Some(3), "as it was looked at");
    // What one may not revoke is not asked about; nor is anything without an event.
    app.modal = None;
    app.requests.get_mut(&id).expect("there").you_may.clear();
    keys(&mut app, "x");
    assert!(app.modal.is_none() && app.toast.as_ref().is_some_and(|toast| toast.bad));
    app.feed.clear();
    keys(&mut app, "x");
    assert!(app.modal.is_none());
}

/// An event whose every text tries to take over the terminal.
fn hostile(id: RequestId) -> ActivityItem {
    let bad = "\u{1b}[2J\u{202e}x\u{7}\u{9b}31m";
    let mut item = fixtures::activity(now(), id).remove(2);
    item.event_time = now();
    for text in [
        &mut item.event_id,
        &mut item.event_name,
        &mut item.event_source,
        &mut item.region,
        &mut item.source_ip,
        &mut item.user_agent,
    ] {
        text.insert_str(0, bad);
    }
    item.error_code = Some(bad.to_owned());
    item.resources = vec![bad.to_owned()];
    item.marks = vec![bad.to_owned(), bad.to_owned()];
    item.raw = Some(serde_json::json!({ "userAgent": bad, bad: [bad] }));
    item
}

fn is_inert(text: &str) {
    let hidden = text
        .chars()
        .find(|c| *c != '\n' && team_shared::text::is_hidden(*c));
    assert_eq!(hidden, None, "{text}");
}

#[test]
fn the_record_is_read_whole_and_is_that_of_the_event() {
    let (mut app, id) = watching();
    keys(&mut app, "k");
    let effects = press(&mut app, KeyCode::Enter);
    assert_eq!(effects, [Effect::LoadRecord(id, "event-2".to_owned())]);
    let picture = |app: &App| crate::screens::tests::screen(app, 80, 24);
    assert!(picture(&app).contains("reading the record"));
    let record = |n: usize| {
        let mut item = fixtures::activity(now(), id).remove(n);
        item.raw = Some(serde_json::json!({
            "eventID": item.event_id,
            "requestParameters": {"service": "pay-worker", "desiredCount": 0},
        }));
        Message::RecordRead(Ok(Box::new(page(vec![item]))))
    };
    update(&mut app, record(2));
    assert!(
        picture(&app).contains("reading the record"),
        "that is another one's"
    );
    update(&mut app, record(1));
    let text = picture(&app);
    for words in [
        "ecs:UpdateService  event-2",
        "\"eventID\": \"event-2\"",
        "\"desiredCount\": 0",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    press(&mut app, KeyCode::Esc);
    assert!(app.feed.sheet.is_none() && app.screen == Screen::Activity);
    // One that is kept no more, and one that cannot be read.
    press(&mut app, KeyCode::Enter);
    update(&mut app, Message::RecordRead(Ok(Box::new(page(Vec::new())))));
    assert!(picture(&app).contains("does not keep this event"));
    let problem = Problem::new(Code::Internal, "the store has a fault");
    update(
        &mut app,
        Message::RecordRead(Err(ClientError::Problem(Box::new(problem)))),
    );
    assert!(app.feed.sheet.is_none() && picture(&app).contains("the store has a fault"));
}

#[test]
fn foreign_text_is_harmless_in_rows_and_records() {
    let (mut app, id) = watching();
    let bad = hostile(id);
    update(&mut app, Message::Activity(Box::new(bad.clone())));
    let mut covered = page(vec![bad.clone()]);
    covered.coverage = "\u{1b}]0;x\u{7} cannot be read".to_owned();
    update(&mut app, Message::ActivityRead(id, Ok(Box::new(covered.clone()))));
    let pictures = |app: &App| {
        for (width, height) in [(60, 15), (80, 24), (120, 36)] {
            let text = crate::screens::tests::screen(app, width, height);
            is_inert(&text);
            assert!(text.contains("\\u{"), "what was hidden is shown: {text}");
        }
    };
    pictures(&app);
    keys(&mut app, "G");
    press(&mut app, KeyCode::Enter);
    update(&mut app, Message::RecordRead(Ok(Box::new(covered))));
    let sheet = app.feed.sheet.clone().expect("the record");
    sheet.lines.iter().flatten().for_each(|line| is_inert(line));
    pictures(&app);
    keys(&mut app, "3");
    let cursor = crate::app::Cursor {
        id: Some(id),
        index: 0,
    };
    app.cursors.insert(Screen::Sessions, cursor);
    pictures(&app);
}
