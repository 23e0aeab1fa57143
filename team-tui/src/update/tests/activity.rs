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
    assert_eq!(app.tails[&id].gap_before, None);
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
    assert_eq!(app.tails[&id].gap_before, Some(from));
    // The next page reaches back to what is known: that adds none.
    read(&mut app, id, more(id, 300, MAX_LIMIT));
    assert_eq!(app.tails[&id].gap_before, Some(from));
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
