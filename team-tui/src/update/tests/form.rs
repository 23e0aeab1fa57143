//! The times of the request form.

use super::*;
use crate::modals::Form;
use crate::modals::request_form::Field;
use team_shared::request::Submit;

/// The form with a target picked; its cursor is on the length, which has the default.
fn picked() -> App {
    let mut app = live();
    keys(&mut app, "n");
    keys(&mut app, "pprod");
    press(&mut app, KeyCode::Enter);
    keys(&mut app, "read");
    press(&mut app, KeyCode::Enter);
    with(&mut app, |form| form.reason = "look at the logs".into());
    app
}

fn with<T>(app: &mut App, work: impl FnOnce(&mut Form) -> T) -> T {
    match &mut app.modal {
        Some(Modal::Form(form)) => work(form),
        other => panic!("no form: {other:?}"),
    }
}

fn sent(app: &mut App) -> Submit {
    let effects = control(app, 's');
    match &effects[..] {
        [Effect::Submit(body)] => body.as_ref().clone(),
        other => panic!("{other:?} {:?}", app.modal),
    }
}

/// Sends it, and gives the field that was wrong and why.
fn refused(app: &mut App) -> (Field, String) {
    assert!(control(app, 's').is_empty());
    with(app, |form| (form.focus, form.error.clone().unwrap_or_default()))
}

#[test]
fn a_fixed_end_takes_the_place_of_the_length_and_the_other_way_round() {
    let mut app = picked();
    assert_eq!(with(&mut app, |form| form.duration.value().to_owned()), "1h");
    press(&mut app, KeyCode::Tab);
    keys(&mut app, "+3h");
    assert_eq!(with(&mut app, |form| form.duration.value().to_owned()), "");
    let body = sent(&mut app);
    assert_eq!(body.end_at, Some(now() + Duration::hours(3)));
    assert_eq!((body.duration_seconds, body.start_at), (None, None));
    let mut app = picked();
    with(&mut app, |form| form.until = "+3h".into());
    keys(&mut app, "0m");
    assert_eq!(with(&mut app, |form| form.until.value().to_owned()), "");
}

#[test]
fn what_is_wrong_with_the_end_is_said_at_the_end() {
    let mut app = picked();
    with(&mut app, |form| form.until = "+3h".into());
    let (field, error) = refused(&mut app);
    assert!(
        field == Field::Until && error.contains("one of the two"),
        "both: {error}"
    );
    with(&mut app, |form| form.duration = "".into());
    for (until, start, words) in [
        ("someday", "", "not a time"),
        ("+1h", "+2h", "not after the start"),
    ] {
        with(&mut app, |form| {
            (form.until, form.start) = (until.into(), start.into())
        });
        let (field, error) = refused(&mut app);
        assert!(field == Field::Until && error.contains(words), "{until}: {error}");
        let picture = crate::screens::tests::screen(&app, 120, 36);
        assert!(picture.contains(words), "{picture}");
    }
    with(&mut app, |form| (form.until, form.start) = ("".into(), "".into()));
    let (field, error) = refused(&mut app);
    assert!(
        field == Field::Duration && error.contains("until when"),
        "neither: {error}"
    );
    with(&mut app, |form| {
        (form.until, form.start) = ("+3h".into(), "+2h".into())
    });
    let body = sent(&mut app);
    assert_eq!(body.start_at, Some(now() + Duration::hours(2)));
    assert_eq!(body.end_at, Some(now() + Duration::hours(3)));
}

#[test]
fn the_form_says_where_keys_outlive_the_access_and_where_it_is_too_long() {
    let mut app = picked();
    let warning = "30m asked; keys may live 1h more: longer than the access itself";
    let picture = |app: &App| crate::screens::tests::screen(app, 80, 24);
    assert!(!picture(&app).contains("keys may live"), "an hour and an hour");
    with(&mut app, |form| form.duration = "30m".into());
    assert!(picture(&app).contains(warning), "{}", picture(&app));
    with(&mut app, |form| {
        (form.duration, form.until) = ("".into(), "+30m".into())
    });
    assert!(picture(&app).contains(warning), "{}", picture(&app));
    with(&mut app, |form| form.until = "+9h".into());
    assert!(picture(&app).contains("longer than the 4h"), "{}", picture(&app));
}

#[test]
fn on_the_smallest_terminal_what_is_typed_in_and_what_is_wrong_are_in_sight() {
    let mut app = picked();
    with(&mut app, |form| {
        (form.focus, form.break_glass) = (Field::Confirm, true);
        form.confirm = "pay-pr".into();
    });
    assert_eq!(refused(&mut app).0, Field::Confirm);
    let picture = crate::screens::tests::screen(&app, 60, 15);
    for words in ["pay-pr", "type the account's name", "Submit"] {
        assert!(picture.contains(words), "{words}: {picture}");
    }
}
