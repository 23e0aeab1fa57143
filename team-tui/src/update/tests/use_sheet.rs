//! `use` and `lost` by keys.

use super::*;
use crate::ways::Ways;

/// Mine, with the cursor on ann's live access.
fn on_live() -> App {
    let mut app = live();
    keys(&mut app, "2j");
    assert_eq!(selected(&app), "R1N6BC");
    app
}

fn read(app: &mut App) {
    let id = app.selected().expect("a row").id;
    let access = team_shared::portal::Use {
        request_id: id,
        until: now() + Duration::minutes(41),
        ..crate::profile::tests::access()
    };
    update(app, Message::UseRead(id, Ok(Box::new(Ways::of(access, false)))));
}

#[test]
fn one_key_shows_how_live_access_is_used_and_each_part_is_copied() {
    for how in ["u", ":use"] {
        let mut app = on_live();
        let mut effects = keys(&mut app, how);
        if how == ":use" {
            effects = press(&mut app, KeyCode::Enter);
        }
        assert!(matches!(effects[..], [Effect::LoadUse(_)]), "{how}: {effects:?}");
        read(&mut app);
        let picture = crate::screens::tests::screen(&app, 80, 24);
        for words in [
            "https://example.awsapps.com/start/#/console",
            "[sso-session teamd-example]",
            "aws sso login --sso-session teamd-example",
            "export AWS_PROFILE=",
            "until 2026-11-22 14:43:31Z, 41m",
            "y copy",
        ] {
            assert!(picture.contains(words), "{words}: {picture}");
        }
        let effects = keys(&mut app, "jy");
        assert!(
            matches!(&effects[..], [Effect::Copy(text)] if text.starts_with("[sso-session") && text.contains("[profile")),
            "{effects:?}"
        );
        let effects = keys(&mut app, "Gky");
        assert!(matches!(&effects[..], [Effect::Copy(text)] if text.starts_with("aws sso login")));
        keys(&mut app, "q");
        assert!(app.modal.is_none() && !app.quit);
    }
}

#[test]
fn on_the_smallest_terminal_every_part_is_in_sight_once_the_cursor_is_on_it() {
    let mut app = on_live();
    keys(&mut app, "u");
    read(&mut app);
    for (key, words) in [("g", "console"), ("G", "export AWS_PROFILE=")] {
        keys(&mut app, key);
        let picture = crate::screens::tests::screen(&app, 60, 15);
        assert!(picture.contains(words), "{words}: {picture}");
    }
}

#[test]
fn there_is_nothing_to_use_of_others_or_of_what_is_not_live() {
    let mut app = live();
    keys(&mut app, "2");
    assert!(keys(&mut app, "u").is_empty(), "pending");
    assert!(
        app.toast
            .as_ref()
            .is_some_and(|toast| toast.text.contains("nothing to use"))
    );
    keys(&mut app, "3");
    let at = app
        .rows(Screen::Sessions)
        .iter()
        .position(|view| view.id.short() == "X4TE2N");
    keys(&mut app, &"j".repeat(at.expect("ivy's")));
    assert!(keys(&mut app, "u").is_empty(), "ivy's");
    assert!(
        app.toast
            .as_ref()
            .is_some_and(|toast| toast.text.contains("only ivy"))
    );
    // What is refused is said, and no empty sheet stays.
    let mut app = on_live();
    keys(&mut app, "u");
    let id = app.selected().expect("a row").id;
    let problem = Problem::new(Code::AlreadyDecided, "it is over");
    let refused = ClientError::Problem(Box::new(problem));
    update(&mut app, Message::UseRead(id, Err(refused)));
    assert!(app.modal.is_none() && app.toast.as_ref().is_some_and(|toast| toast.bad));
}

/// Sessions, with the cursor on a removal that does not succeed, as an administrator sees it.
fn on_stuck() -> App {
    let mut app = live();
    keys(&mut app, "3");
    let at = app
        .rows(Screen::Sessions)
        .iter()
        .position(|view| view.id.short() == "E7ND1N");
    keys(&mut app, &"j".repeat(at.expect("erin's")));
    let id = app.selected().expect("a row").id;
    app.requests.get_mut(&id).expect("the row").you_may = vec!["lost".to_owned()];
    app
}

#[test]
fn giving_up_a_removal_takes_a_reason_and_the_account_s_name() {
    let mut app = on_stuck();
    let name = app.selected().expect("a row").account.name.clone();
    keys(&mut app, "L");
    let picture = crate::screens::tests::screen(&app, 80, 24);
    for words in [
        "Give up E7ND1N",
        "first of two signatures",
        "the access stays",
        "Reason needed",
    ] {
        assert!(picture.contains(words), "{words}: {picture}");
    }
    assert!(control(&mut app, 's').is_empty(), "no reason");
    keys(&mut app, "the account is closed");
    assert!(control(&mut app, 's').is_empty(), "no name");
    keys(&mut app, &name);
    let effects = control(&mut app, 's');
    assert!(
        matches!(&effects[..], [Effect::Act(_, "lost", body)]
            if body.comment.as_deref() == Some("the account is closed") && body.version.is_some()),
        "{effects:?}"
    );
}

#[test]
fn the_second_administrator_reads_who_was_first_and_nobody_else_may() {
    let mut app = on_stuck();
    let id = app.selected().expect("a row").id;
    app.requests.get_mut(&id).expect("the row").given_up = Some(team_shared::request::GivenUpView {
        by: fixtures::person("gita"),
        at: now(),
        reason: "account closed".to_owned(),
    });
    keys(&mut app, ":lost");
    press(&mut app, KeyCode::Enter);
    let picture = crate::screens::tests::screen(&app, 80, 24);
    assert!(
        picture.contains("gita gave it up first: account closed"),
        "{picture}"
    );
    press(&mut app, KeyCode::Esc);
    app.requests.get_mut(&id).expect("the row").you_may.clear();
    keys(&mut app, "L");
    assert!(app.modal.is_none() && app.toast.as_ref().is_some_and(|toast| toast.bad));
}
