//! Claims, reviews, the freeze, reminders.

use super::*;
use crate::keymap::Action;
use crate::update::why_not;

#[test]
fn a_claim_takes_one_key_and_so_does_giving_it_up() {
    let mut app = live();
    let id = app.selected().map(|view| view.id).expect("a row");
    let offer = |app: &mut App, verb: &str| {
        let view = app.requests.get_mut(&id).expect("the row");
        view.you_may = vec!["approve".to_owned(), verb.to_owned()];
    };
    offer(&mut app, "claim");
    let effects = keys(&mut app, "c");
    assert!(
        matches!(&effects[..], [Effect::Act(of, "claim", _)] if *of == id),
        "{effects:?}"
    );
    offer(&mut app, "unclaim");
    let effects = keys(&mut app, "c");
    assert!(
        matches!(&effects[..], [Effect::Act(of, "unclaim", _)] if *of == id),
        "{effects:?}"
    );
    offer(&mut app, "reject");
    assert!(keys(&mut app, "c").is_empty());
    assert!(app.toast.as_ref().is_some_and(|toast| toast.bad));
}

#[test]
fn a_review_wants_words() {
    let mut app = live();
    let id = app.selected().map(|view| view.id).expect("a row");
    app.requests.get_mut(&id).expect("the row").you_may = vec!["approve".to_owned(), "review".to_owned()];
    keys(&mut app, "R");
    assert!(control(&mut app, 's').is_empty());
    assert!(matches!(&app.modal, Some(Modal::Decide(dialog)) if dialog.error.is_some()));
    keys(&mut app, "as the ticket said");
    let effects = control(&mut app, 's');
    assert!(matches!(&effects[..], [Effect::Review(_, body)] if body.comment.is_some()));
}

#[test]
fn what_was_left_behind_is_seen_before_a_review_closes() {
    let mut app = live();
    let id = app.selected().map(|view| view.id).expect("a row");
    app.requests.get_mut(&id).expect("the row").you_may = vec!["approve".to_owned(), "review".to_owned()];
    keys(&mut app, "R");
    let page = ActivityPage {
        items: Vec::new(),
        next_cursor: None,
        coverage: "complete".to_owned(),
        newest_event_at: None,
        complete_until: None,
        digest: Some(fixtures::digest()),
    };
    update(&mut app, Message::ActivityRead(id, Ok(Box::new(page))));
    keys(&mut app, "as the ticket said");
    let effects = control(&mut app, 's');
    assert!(
        effects.is_empty(),
        "how many are left behind is typed first: {effects:?}"
    );
    keys(&mut app, "1");
    assert!(
        control(&mut app, 's').is_empty(),
        "nothing was drawn: nobody saw it"
    );
    crate::screens::tests::screen(&app, 80, 24);
    let effects = control(&mut app, 's');
    let [Effect::Review(_, body)] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!(
        body.acknowledged,
        [fixtures::digest().left_behind[0].label.clone()]
    );
}

#[test]
fn one_key_begins_a_freeze_and_a_reason_ends_it() {
    let mut app = live();
    let roles = |app: &mut App, role: &str| {
        app.me.as_mut().expect("somebody").roles = vec![role.to_owned()];
    };
    roles(&mut app, "approver");
    keys(&mut app, "F");
    assert!(app.modal.is_none() && app.toast.as_ref().is_some_and(|toast| toast.bad));
    roles(&mut app, "security");
    assert_eq!(why_not(&app, Action::Freeze), None);
    keys(&mut app, "F");
    assert!(
        press(&mut app, KeyCode::Enter).is_empty(),
        "a freeze wants a reason"
    );
    keys(&mut app, "F");
    keys(&mut app, "a key is out");
    assert_eq!(
        press(&mut app, KeyCode::Enter),
        [Effect::Freeze("a key is out".to_owned(), false)]
    );
    keys(&mut app, ":freeze --revoke a key is out");
    assert_eq!(
        press(&mut app, KeyCode::Enter),
        [Effect::Freeze("a key is out".to_owned(), true)]
    );
    app.me.as_mut().expect("somebody").notices = vec!["frozen by ivy since then: a key is out".to_owned()];
    keys(&mut app, "F");
    assert_eq!(press(&mut app, KeyCode::Enter), [Effect::Unfreeze(None)]);
}

#[test]
fn more_time_is_asked_for_with_a_reason() {
    let mut app = live();
    let id = app.selected().map(|view| view.id).expect("a row");
    app.requests.get_mut(&id).expect("the row").you_may = vec!["approve".to_owned(), "extend".to_owned()];
    keys(&mut app, "E");
    assert!(control(&mut app, 's').is_empty(), "a reason is needed");
    keys(&mut app, "the replica is slow");
    let effects = control(&mut app, 's');
    assert!(
        matches!(&effects[..], [Effect::Extend(_, body)]
            if body.duration_seconds == 3_600 && body.reason == "the replica is slow"),
        "{effects:?}"
    );
}

#[test]
fn the_same_for_other_accounts_is_filed_as_one() {
    let mut app = live();
    let mut form = crate::modals::Form::new(app.now);
    let entitled = app.entitlements.clone();
    // Two accounts in which the same may be asked for.
    let (first, second) = entitled
        .iter()
        .flat_map(|one| entitled.iter().map(move |other| (one, other)))
        .find(|(one, other)| {
            one.permission_set.arn == other.permission_set.arn
                && one.account.id != other.account.id
                && !one.guarded
                && !one.break_glass
                && !other.break_glass
        })
        .expect("two accounts with the same permission set");
    form.chosen_account = Some(first.account.clone());
    form.chosen_set = Some(first.permission_set.clone());
    form.duration = "1h".into();
    form.ticket = "INC-1".into();
    form.reason = "roll back by hand".into();
    form.also = "nowhere".into();
    app.modal = Some(Modal::Form(Box::new(form)));
    assert!(control(&mut app, 's').is_empty());
    let Some(Modal::Form(form)) = &mut app.modal else {
        panic!("the form stays")
    };
    assert!(form.error.as_ref().is_some_and(|error| error.contains("nowhere")));
    form.also = second.account.name.clone().into();
    let effects = control(&mut app, 's');
    assert!(
        matches!(&effects[..], [Effect::SubmitBatch(all)] if all.len() == 2),
        "{effects:?}"
    );
}

#[test]
fn the_same_again_is_one_key() {
    let mut app = live();
    let view = app.selected().cloned().expect("a row");
    keys(&mut app, "N");
    let Some(Modal::Form(form)) = &app.modal else {
        panic!("no form: {:?}", app.modal)
    };
    assert_eq!(form.chosen_account.as_ref(), Some(view.account.as_ref()));
    assert_eq!(form.chosen_set.as_ref(), Some(view.permission_set.as_ref()));
    assert_eq!(form.reason.value(), view.justification);
}

#[test]
fn an_approver_sets_another_start() {
    let mut app = live();
    keys(&mut app, "a");
    press(&mut app, KeyCode::Tab);
    press(&mut app, KeyCode::Tab);
    keys(&mut app, "whenever");
    assert!(control(&mut app, 's').is_empty(), "that is no time");
    for _ in 0.."whenever".len() {
        press(&mut app, KeyCode::Backspace);
    }
    keys(&mut app, "+30m");
    let effects = control(&mut app, 's');
    let wanted = Some(now() + Duration::minutes(30));
    assert!(
        matches!(&effects[..], [Effect::Approve(_, body)] if body.start_at == wanted),
        "{effects:?}"
    );
}

#[test]
fn a_claim_that_timed_out_is_shown_nowhere_although_nobody_said_so() {
    let mut app = live();
    let id = app.selected().map(|view| view.id).expect("a row");
    let view = app.requests.get_mut(&id).expect("the row");
    view.claimed_by = Some(fixtures::person("gita"));
    view.claimed_until = Some(now() + Duration::minutes(10));
    let pictures = |app: &mut App| {
        let list = crate::screens::tests::screen(app, 160, 50);
        keys(app, "a");
        let dialog = crate::screens::tests::screen(app, 80, 24);
        press(app, KeyCode::Esc);
        (list, dialog)
    };
    let (list, dialog) = pictures(&mut app);
    assert!(
        list.contains("LOOKS") && list.contains("gita until 2026"),
        "{list}"
    );
    assert!(dialog.contains("gita is looking at it"), "{dialog}");
    // No event tells of the end: the list itself is the one that was worked out before.
    update(&mut app, Message::Tick(now() + Duration::minutes(10)));
    let (list, dialog) = pictures(&mut app);
    assert!(!list.contains("LOOKS") && !list.contains("gita until"), "{list}");
    assert!(!dialog.contains("looking at it"), "{dialog}");
}

#[test]
fn what_only_begins_like_the_option_freezes_nothing() {
    let mut app = live();
    app.me.as_mut().expect("somebody").roles = vec!["security".to_owned()];
    for text in [
        ":freeze --revokeX",
        ":freeze --revokeall of it",
        ":freeze --rewoke a key is out",
    ] {
        keys(&mut app, text);
        assert!(press(&mut app, KeyCode::Enter).is_empty(), "{text}");
        let toast = app.toast.clone().expect("it is said");
        assert!(toast.bad && toast.text.contains("no option"), "{}", toast.text);
    }
    keys(&mut app, ":freeze --revoke");
    assert!(press(&mut app, KeyCode::Enter).is_empty(), "no reason");
    keys(&mut app, ":freeze revoke everything");
    assert_eq!(
        press(&mut app, KeyCode::Enter),
        [Effect::Freeze("revoke everything".to_owned(), false)]
    );
}

#[test]
fn one_key_claims_all_that_is_marked_and_gives_all_of_them_up() {
    let mut app = live();
    let offer = |app: &mut App, short: &str, verb: &str| {
        let id = *app.requests.keys().find(|id| id.short() == short).expect("there");
        let view = app.requests.get_mut(&id).expect("there");
        view.you_may = vec!["approve".to_owned(), verb.to_owned()];
        app.marked.insert(id);
        id
    };
    let ids = ["7FQHX2", "K3QJ9W"].map(|short| offer(&mut app, short, "claim"));
    // Nobody claims their own; that it is marked is in nobody's way.
    offer(&mut app, "NN5E0J", "cancel");
    let claimed = |effects: &[Effect], verb: &str| match effects {
        [Effect::ActOnAll(of, all, None)] if *of == verb => {
            let mut all: Vec<_> = all.iter().map(|read| read.id).collect();
            all.sort();
            all
        }
        other => panic!("{other:?}"),
    };
    let mut both = ids.to_vec();
    both.sort();
    let effects = keys(&mut app, "c");
    assert_eq!(claimed(&effects, "claim"), both);
    let results = ids.map(|id| (id, Ok(Box::new(app.requests.get(&id).expect("there").clone()))));
    let results = results.into();
    update(
        &mut app,
        Message::AllAnswered {
            verb: "claim",
            results,
        },
    );
    assert!(
        ids.iter().all(|id| app.marked.contains(id)),
        "they are to be decided"
    );
    for short in ["7FQHX2", "K3QJ9W"] {
        offer(&mut app, short, "unclaim");
    }
    let effects = keys(&mut app, "c");
    assert_eq!(claimed(&effects, "unclaim"), both);
    // On a sheet it is about that one.
    press(&mut app, KeyCode::Enter);
    let open = app.selected().expect("the sheet's").id;
    app.requests.get_mut(&open).expect("there").you_may = vec!["claim".to_owned()];
    let effects = keys(&mut app, "c");
    assert!(
        matches!(&effects[..], [Effect::Act(of, "claim", _)] if *of == open),
        "{effects:?}"
    );
}
