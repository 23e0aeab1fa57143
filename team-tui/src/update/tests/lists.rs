//! Marks, filters, orders, the palette, and a dashboard that changes nothing.

use super::*;
use crate::keymap::Action;
use crate::lists::sort::By;
use crate::modals::command_line::Does;
use crate::settings::Template;

fn shorts(app: &App) -> Vec<String> {
    app.rows(app.screen).iter().map(|view| view.id.short()).collect()
}

#[test]
fn a_verb_on_marked_rows_is_one_dialog_and_each_is_decided_for_itself() {
    let mut app = live();
    keys(&mut app, "  a");
    let Some(Modal::Decide(dialog)) = &app.modal else {
        panic!("no dialog")
    };
    assert_eq!(dialog.all().len(), 2);
    assert!(dialog.duration.is_none() && dialog.confirm.is_none());
    keys(&mut app, "both");
    let effects = control(&mut app, 's');
    let [Effect::ActOnAll("approve", all, Some(comment))] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert_eq!(comment, "both");
    let (first, second) = (all[0].clone(), all[1].clone());
    assert_eq!(
        first.version,
        app.requests.get(&first.id).expect("it is there").version
    );
    let mut approved = app.requests.get(&first.id).expect("it is there").clone();
    approved.version += 1;
    let refusal = Problem::new(Code::Stale, "it has changed since you read it");
    let results = vec![
        (first.id, Ok(Box::new(approved))),
        (second.id, Err(ClientError::Problem(Box::new(refusal)))),
    ];
    update(
        &mut app,
        Message::AllAnswered {
            verb: "approve",
            results,
        },
    );
    // What was refused is still there, with what was typed and why.
    let Some(Modal::Decide(dialog)) = &app.modal else {
        panic!("the dialog is gone")
    };
    assert_eq!((dialog.id, dialog.others.len()), (second.id, 0));
    assert_eq!(dialog.comment.value(), "both");
    assert!(
        dialog
            .error
            .as_ref()
            .is_some_and(|error| error.contains("1 done, 1 refused"))
    );
    assert_eq!(app.marked.iter().copied().collect::<Vec<_>>(), [second.id]);
}

#[test]
fn many_at_once_take_their_number_and_what_is_guarded_its_account() {
    let mut app = live();
    let template = app.selected().expect("a row").clone();
    for number in 0..6 {
        let mut view = template.clone();
        view.id = fixtures::id(now(), &format!("{:06}", 200_000 + number));
        app.requests.insert(view.id, view);
    }
    app.marked = app
        .requests
        .values()
        .filter(|view| App::may_decide(view))
        .map(|view| view.id)
        .collect();
    let many = app.marked.len();
    keys(&mut app, "a");
    assert!(control(&mut app, 's').is_empty(), "the number comes first");
    keys(&mut app, &many.to_string());
    assert!(matches!(&control(&mut app, 's')[..], [Effect::ActOnAll(_, all, None)] if all.len() == many));

    let mut app = live();
    let id = app.selected().expect("a row").id;
    let view = app.requests.get_mut(&id).expect("the row");
    view.guarded = true;
    let name = view.account.name.clone();
    // Marked or not: it is decided alone.
    keys(&mut app, " ");
    app.cursors.remove(&Screen::Queue);
    keys(&mut app, "a");
    assert!(control(&mut app, 's').is_empty());
    keys(&mut app, &name);
    assert!(matches!(&control(&mut app, 's')[..], [Effect::Approve(..)]));
}

#[test]
fn marks_go_with_escape_and_with_the_screen() {
    let mut app = live();
    keys(&mut app, "  ");
    assert_eq!(app.marked.len(), 2);
    press(&mut app, KeyCode::Esc);
    assert!(app.marked.is_empty());
    keys(&mut app, " 2");
    assert!(app.marked.is_empty());
}

#[test]
fn columns_are_filtered_and_orders_change() {
    let mut app = live();
    let all = shorts(&app).len();
    keys(&mut app, "/!who:bob account:pay-prod");
    press(&mut app, KeyCode::Enter);
    assert!(
        app.rows(app.screen)
            .iter()
            .all(|view| view.requester.user_name != "bob")
    );
    press(&mut app, KeyCode::Esc);
    assert_eq!(shorts(&app).len(), all);
    let before = shorts(&app);
    keys(&mut app, "s");
    assert_eq!(app.sorts[&Screen::Queue].by, By::Who);
    let who: Vec<String> = app
        .rows(Screen::Queue)
        .iter()
        .map(|view| view.requester.user_name.clone())
        .collect();
    assert!(who.is_sorted(), "{who:?}");
    keys(&mut app, "S");
    let mut reversed = who.clone();
    reversed.reverse();
    let who: Vec<String> = app
        .rows(Screen::Queue)
        .iter()
        .map(|view| view.requester.user_name.clone())
        .collect();
    assert_eq!(who, reversed);
    keys(&mut app, "ssssss");
    assert_eq!(shorts(&app), before);
}

#[test]
fn everything_is_found_from_the_command_line() {
    let mut app = live();
    keys(&mut app, ":appro");
    let Some(Modal::Command(line)) = &app.modal else {
        panic!("no line")
    };
    let found = line.found(&app);
    assert!(
        found
            .iter()
            .any(|candidate| candidate.does == Does::Action(Action::Approve)),
        "{found:?}"
    );
    press(&mut app, KeyCode::Enter);
    assert!(matches!(&app.modal, Some(Modal::Decide(dialog)) if dialog.verb == "approve"));
    // Words of the line go before what is found, and those that take something wait for it.
    press(&mut app, KeyCode::Esc);
    keys(&mut app, ":sessions");
    press(&mut app, KeyCode::Enter);
    assert_eq!(app.screen, Screen::Sessions);
    keys(&mut app, ":open a");
    press(&mut app, KeyCode::Esc);
    keys(&mut app, ":ope");
    press(&mut app, KeyCode::Enter);
    assert!(
        matches!(&app.modal, Some(Modal::Command(line)) if line.input.value() == "open "),
        "{:?}",
        app.modal
    );
}

#[test]
fn read_only_changes_nothing_whatever_is_pressed() {
    let mut app = live();
    app.read_only = true;
    for pressed in "arxwDEcRFnN".chars() {
        let effects = press(&mut app, KeyCode::Char(pressed));
        assert!(
            effects.is_empty() && app.modal.is_none(),
            "{pressed}: {effects:?}"
        );
        assert!(
            app.toast
                .as_ref()
                .is_some_and(|toast| toast.text.contains("read-only")),
            "{pressed}"
        );
    }
    for line in [":freeze an exercise", ":new", ":unfreeze"] {
        keys(&mut app, line);
        assert!(press(&mut app, KeyCode::Enter).is_empty(), "{line}");
        assert!(app.modal.is_none(), "{line}");
    }
}

#[test]
fn a_template_fills_the_form() {
    let mut app = live();
    let known = app.entitlements[0].clone();
    let template = Template {
        account: known.account.name.clone(),
        permission_set: known.permission_set.name.clone(),
        length: "30m".to_owned(),
        reason: "Nightly check of the ledger".to_owned(),
        ..Template::default()
    };
    app.templates.insert("nightly".to_owned(), template);
    keys(&mut app, ":template nightly");
    press(&mut app, KeyCode::Enter);
    let Some(Modal::Form(form)) = &app.modal else {
        panic!("no form")
    };
    assert_eq!(form.chosen_set.as_ref(), Some(&known.permission_set));
    assert_eq!(
        (form.duration.value(), form.reason.value()),
        ("30m", "Nightly check of the ledger")
    );
    press(&mut app, KeyCode::Esc);
    press(&mut app, KeyCode::Esc);
    keys(&mut app, ":template no");
    press(&mut app, KeyCode::Enter);
    assert!(
        app.toast
            .as_ref()
            .is_some_and(|toast| toast.text.contains("nightly")),
        "{:?}",
        app.toast
    );
}
