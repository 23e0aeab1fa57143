//! Which account may call what.

use super::*;

#[test]
fn member_accounts_may_only_look_at_themselves() {
    let mut w = world(Faults::default());
    let role = "arn:aws:iam::400000000031:role/teamd-trail-reader";
    let issued = w.org.assume_role(&w.by, role, "teamd", 3600, START).unwrap();
    let member = w.org.caller(Some(&issued.access_key_id), None);
    assert_eq!(member.account, "400000000031");
    assert_eq!(
        w.org.caller(Some("AKIAOTHER"), None).account,
        w.org.management_account()
    );
    assert_eq!(
        kind_of(w.org.list_accounts(&member, START)),
        ErrorKind::AccessDenied
    );
    assert_eq!(
        kind_of(w.org.list_permission_sets(&member, START)),
        ErrorKind::AccessDenied
    );
    w.org
        .lookup_events(&member, &LookupQuery::default(), START)
        .unwrap();
    let suspended = "arn:aws:iam::900000000081:role/teamd-trail-reader";
    assert_eq!(
        kind_of(w.org.assume_role(&w.by, suspended, "teamd", 3600, START)),
        ErrorKind::AccessDenied
    );
}

#[test]
fn a_delegated_administrator_may_not_touch_the_management_account() {
    let mut w = world(Faults::default());
    w.org.delegate_to("200000000011");
    w.by = Caller {
        account: "200000000011".into(),
        region: "eu-west-1".into(),
    };
    let key = w.key("alice");
    w.create(&key, 0).unwrap();
    let management = w.org.user_key("alice", "management", "ReadOnlyAccess").unwrap();
    assert_eq!(kind_of(w.create(&management, 0)), ErrorKind::AccessDenied);
    let rows = w
        .org
        .list_account_assignments_for_principal(&w.by, &key.principal, None, START);
    assert_eq!(kind_of(rows), ErrorKind::AccessDenied);
}

#[test]
fn group_rows_only_when_asked_for() {
    let mut w = world(Faults::default());
    let kim = Principal::User(w.org.user_named("kim").unwrap().id.clone());
    assert!(
        w.org
            .list_account_assignments_for_principal(&w.by, &kim, None, START)
            .unwrap()
            .is_empty()
    );
    w.org.install_faults(
        Faults {
            group_rows_for_user: true,
            ..Faults::default()
        },
        START,
    );
    let rows = w
        .org
        .list_account_assignments_for_principal(&w.by, &kim, None, START)
        .unwrap();
    assert_eq!(rows.len(), 3);
    assert!(rows.iter().all(|key| key.principal.kind() == "GROUP"));
}
