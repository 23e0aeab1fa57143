//! Break-glass by keys: the second confirmation.

use super::*;

/// An old break-glass request of ann's under the cursor, of a target that nothing is known of but this.
fn asked_again() -> App {
    let mut app = live();
    let id = app.selected().map(|view| view.id).expect("a row");
    app.requests.get_mut(&id).expect("the row").break_glass = true;
    app.entitlements.clear();
    keys(&mut app, "N");
    app
}

fn form(app: &App) -> &crate::modals::Form {
    match &app.modal {
        Some(Modal::Form(form)) => form,
        other => panic!("no form: {other:?}"),
    }
}

#[test]
fn glass_is_not_broken_again_without_the_name_while_entitlements_are_unknown() {
    let mut app = asked_again();
    let account = form(&app).account.value().to_owned();
    assert!(form(&app).asks_for_name(&[]));
    assert!(
        form(&app)
            .fields(&[])
            .contains(&crate::modals::request_form::Field::Confirm),
        "there is a field for it"
    );
    assert!(control(&mut app, 's').is_empty(), "nothing was typed");
    let error = form(&app).error.clone().unwrap_or_default();
    assert!(error.contains("account's name"), "{error}");
    keys(&mut app, &account);
    let effects = control(&mut app, 's');
    assert!(
        matches!(&effects[..], [Effect::Submit(body)] if body.break_glass),
        "{effects:?}"
    );
}

#[test]
fn what_is_guarded_asks_for_the_name_and_what_is_neither_does_not() {
    let mut app = live();
    let id = app.selected().map(|view| view.id).expect("a row");
    keys(&mut app, "N");
    let mut of = form(&app).clone();
    of.chosen_account = Some(fixtures::account("pay-prod"));
    of.chosen_set = Some(fixtures::set("AdministratorAccess"));
    assert!(of.asks_for_name(&app.entitlements), "guarded");
    of.chosen_set = Some(fixtures::set("ReadOnlyAccess"));
    assert!(!of.asks_for_name(&app.entitlements), "{id}");
    assert!(!of.asks_for_name(&[]));
}
