//! Whose call it is, and what is worth a look about it.

use super::*;

fn at(seconds: i64) -> Time {
    Time::from_timestamp(1_795_000_000 + seconds, 0).unwrap()
}

fn watched(name: &str, set: &str) -> Watched {
    Watched {
        request: RequestId::from_parts(1, 1),
        user: "90671cb4e5-0d000000-0000-0000-0000-000000000001".parse().unwrap(),
        user_name: name.to_owned(),
        case_matters: false,
        account: "111122223333".parse().unwrap(),
        permission_set: set.to_owned(),
        from: at(0),
        until: at(3_600),
        keys: Vec::new(),
    }
}

fn call(name: &str, set: &str) -> Call {
    Call {
        event_id: "e".to_owned(),
        at: at(60),
        name: "RunInstances".to_owned(),
        source: "ec2.amazonaws.com".to_owned(),
        account: "111122223333".to_owned(),
        role: Some(format!("AWSReservedSSO_{set}_7243976e43c75fc5")),
        session_name: Some(name.to_owned()),
        ..Call::default()
    }
}

#[test]
fn the_permission_set_is_parsed_from_the_role_name_exactly_d33() {
    for (role, set) in [
        (
            "AWSReservedSSO_AdministratorAccess_7243976e43c75fc5",
            Some("AdministratorAccess"),
        ),
        ("AWSReservedSSO_Read_Only_x_7243976e43c75fc5", Some("Read_Only_x")),
        ("AWSReservedSSO_Admin_7243976e43c75fc", None),
        ("AWSReservedSSO_Admin_zzzz976e43c75fc5", None),
        ("Admin_7243976e43c75fc5", None),
        ("AWSReservedSSO_é", None),
    ] {
        assert_eq!(permission_set_of(role), set, "{role}");
    }
}

#[test]
fn names_are_compared_whole_d33() {
    for (name, set, belongs) in [
        ("bob", "Admin", true),
        ("Bob", "Admin", true),
        ("bobby", "Admin", false),
        ("bo", "Admin", false),
        ("bob", "ReadOnlyAdmin", false),
        ("bob", "Admi", false),
        ("bob", "admin", false),
        ("bob", "Admin_x", false),
    ] {
        let found = via(&call(name, set), &watched("bob", "Admin"));
        assert_eq!(found == Some(Via::Session), belongs, "{name} {set}");
    }
    assert_eq!(
        via(
            &call("bob", "Data_Base_Admin"),
            &watched("bob", "Data_Base_Admin")
        ),
        Some(Via::Session)
    );
}

#[test]
fn where_two_names_differ_in_case_alone_case_decides() {
    let strict = Watched {
        case_matters: true,
        ..watched("bob", "Admin")
    };
    assert_eq!(via(&call("Bob", "Admin"), &strict), None);
    assert_eq!(via(&call("bob", "Admin"), &strict), Some(Via::Session));
}

#[test]
fn the_person_behind_a_call_goes_before_its_name() {
    let session = watched("bob", "Admin");
    let mut theirs = call("bob", "Admin");
    theirs.on_behalf_of = Some("90671cb4e5-0d000000-0000-0000-0000-00000000ffff".to_owned());
    assert_eq!(via(&theirs, &session), None, "another person of that name");
    theirs.on_behalf_of = Some(session.user.as_str().to_uppercase());
    theirs.session_name = Some("robert".to_owned());
    assert_eq!(via(&theirs, &session), Some(Via::Session), "renamed since");
    theirs.on_behalf_of = None;
    theirs.session_name = None;
    assert_eq!(via(&theirs, &session), None, "nobody's");
}

#[test]
fn the_session_length_counts_not_an_hour_d32() {
    let session = watched("bob", "Admin");
    for (seconds, belongs) in [(-6, false), (-5, true), (0, true), (3_605, true), (3_606, false)] {
        let call = Call {
            at: at(seconds),
            ..call("bob", "Admin")
        };
        assert_eq!(via(&call, &session).is_some(), belongs, "{seconds}");
    }
    let long = Watched {
        until: at(12 * 3_600),
        ..session
    };
    let late = Call {
        at: at(11 * 3_600),
        ..call("bob", "Admin")
    };
    assert_eq!(via(&late, &long), Some(Via::Session));
}

#[test]
fn a_role_that_the_session_assumed_is_followed_by_its_key_within_the_account() {
    let mut session = watched("bob", "Admin");
    let mut chained = call("deploy", "Admin");
    chained.role = Some("deployer".to_owned());
    chained.access_key = Some("ASIACHAINED".to_owned());
    assert_eq!(via(&chained, &session), None);
    session.keys.push("ASIACHAINED".to_owned());
    assert_eq!(via(&chained, &session), Some(Via::Chain));
    chained.account = "444455556666".to_owned();
    assert_eq!(via(&chained, &session), None, "another account's record");
}

#[test]
fn a_sign_in_names_account_and_permission_set() {
    let session = watched("bob", "Admin");
    let mut sign_in = call("bob", "Admin");
    sign_in.role = None;
    sign_in.account = "999900001111".to_owned();
    sign_in.signed_in_to = Some(("111122223333".to_owned(), "Admin".to_owned()));
    assert_eq!(via(&sign_in, &session), Some(Via::SignIn));
    assert!(marks(&sign_in, Via::SignIn, &MarkRule::defaults()).is_empty());
    sign_in.signed_in_to = Some(("111122223333".to_owned(), "ReadOnlyAdmin".to_owned()));
    assert_eq!(via(&sign_in, &session), None);
}

#[test]
fn what_is_worth_a_look() {
    let marked = |source: &str, name: &str, read_only: bool| {
        let call = Call {
            source: source.to_owned(),
            name: name.to_owned(),
            read_only,
            doors: door(source.split('.').next().unwrap(), name)
                .map(|(kind, _)| Door {
                    kind: kind.to_owned(),
                    name: "x".to_owned(),
                })
                .into_iter()
                .collect(),
            ..call("bob", "Admin")
        };
        marks(&call, Via::Session, &MarkRule::defaults()).join(" ")
    };
    for (source, name, read_only, expected) in [
        ("ec2.amazonaws.com", "DescribeInstances", true, ""),
        ("ec2.amazonaws.com", "RunInstances", false, "write"),
        ("iam.amazonaws.com", "ListUsers", true, ""),
        ("iam.amazonaws.com", "DeleteUser", false, "write iam-change"),
        (
            "iam.amazonaws.com",
            "CreateUser",
            false,
            "write iam-change left-behind",
        ),
        (
            "cloudtrail.amazonaws.com",
            "StopLogging",
            false,
            "write detection-change",
        ),
        (
            "organizations.amazonaws.com",
            "LeaveOrganization",
            false,
            "write organization-change",
        ),
        (
            "kms.amazonaws.com",
            "CreateGrant",
            false,
            "write key-change left-behind",
        ),
        (
            "secretsmanager.amazonaws.com",
            "GetSecretValue",
            true,
            "secret-read",
        ),
        ("ssm.amazonaws.com", "GetParametersByPath", true, "secret-read"),
        (
            "lambda.amazonaws.com",
            "AddPermission20150331v2",
            false,
            "write left-behind",
        ),
    ] {
        assert_eq!(marked(source, name, read_only), expected, "{name}");
    }
}

#[test]
fn a_hop_to_another_account_leaves_our_view() {
    let mut hop = call("bob", "Admin");
    hop.read_only = true;
    hop.assumed = Some(Assumed {
        account: "444455556666".to_owned(),
        role: "arn:aws:iam::444455556666:role/there".to_owned(),
        access_key: Some("ASIAX".to_owned()),
    });
    let rules = MarkRule::defaults();
    assert_eq!(
        marks(&hop, Via::Session, &rules),
        ["role-chaining", "left-our-view"]
    );
    if let Some(assumed) = &mut hop.assumed {
        assumed.account = "111122223333".to_owned();
    }
    assert_eq!(marks(&hop, Via::Session, &rules), ["role-chaining"]);
    hop.error = Some("AccessDenied".to_owned());
    assert_eq!(marks(&hop, Via::Session, &rules), ["error"]);
    assert!(is_denied(&hop));
    assert!(tells("role-chaining", &rules) && !tells("write", &rules));
}
