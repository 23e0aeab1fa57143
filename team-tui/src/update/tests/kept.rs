//! What was typed is kept, written elsewhere, copied.

use super::*;

#[test]
fn a_guarded_target_wants_its_name_typed_and_typed_text_is_not_lost_by_one_key() {
    let mut app = live();
    keys(&mut app, "n");
    keys(&mut app, "pay-prod");
    press(&mut app, KeyCode::Enter);
    keys(&mut app, "admin");
    for _ in 0..4 {
        press(&mut app, KeyCode::Enter);
    }
    keys(&mut app, "INC-1");
    press(&mut app, KeyCode::Tab);
    keys(&mut app, "roll back by hand");
    assert!(control(&mut app, 's').is_empty());
    keys(&mut app, "pay-prod");
    press(&mut app, KeyCode::Esc);
    keys(&mut app, "n");
    assert!(
        control(&mut app, 's').is_empty(),
        "the name is typed for each sending"
    );
    keys(&mut app, "pay-prod");
    let effects = control(&mut app, 's');
    assert!(matches!(&effects[..], [Effect::Submit(body)] if body.ticket.as_deref() == Some("INC-1")));
}

#[test]
fn what_was_typed_is_there_the_next_time() {
    let mut app = live();
    keys(&mut app, "n");
    keys(&mut app, "prod");
    let effects = press(&mut app, KeyCode::Esc);
    assert!(app.modal.is_none());
    let [Effect::KeepDraft(Some(draft))] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!(draft.account, "prod");
    keys(&mut app, "n");
    assert!(matches!(&app.modal, Some(Modal::Form(form)) if form.account.value() == "prod"));
    press(&mut app, KeyCode::Esc);
    keys(&mut app, ":new");
    assert_eq!(press(&mut app, KeyCode::Enter), [Effect::KeepDraft(None)]);
    assert!(matches!(&app.modal, Some(Modal::Form(form)) if form.account.value().is_empty()));
    press(&mut app, KeyCode::Esc);
    // A comment comes back with the same question.
    keys(&mut app, "r");
    keys(&mut app, "not on a friday");
    press(&mut app, KeyCode::Esc);
    keys(&mut app, "r");
    assert!(matches!(&app.modal, Some(Modal::Decide(dialog)) if dialog.comment.value() == "not on a friday"));
}

#[test]
fn the_editor_writes_the_text_under_the_cursor() {
    let mut app = live();
    keys(&mut app, "r");
    keys(&mut app, "short");
    assert_eq!(control(&mut app, 'o'), [Effect::WriteText("short".to_owned())]);
    update(&mut app, Message::Written("a longer\nstory\n".to_owned()));
    assert!(matches!(&app.modal, Some(Modal::Decide(dialog)) if dialog.comment.value() == "a longer story"));
}

#[test]
fn more_than_the_id_can_be_copied() {
    let mut app = live();
    keys(&mut app, "Yaccount");
    let effects = press(&mut app, KeyCode::Enter);
    let account = app.selected().map(|view| view.account.id.to_string());
    assert_eq!(effects, [Effect::Copy(account.expect("a row"))]);
    keys(&mut app, ":copy nonsense");
    assert!(press(&mut app, KeyCode::Enter).is_empty());
    assert!(
        app.toast
            .as_ref()
            .is_some_and(|toast| toast.bad && toast.text.contains("ticket"))
    );
}

#[test]
fn the_first_key_takes_the_card_away_and_does_what_it_does() {
    let mut app = live();
    app.welcome = true;
    keys(&mut app, "2");
    assert!(!app.welcome && app.screen == Screen::Mine);
}
