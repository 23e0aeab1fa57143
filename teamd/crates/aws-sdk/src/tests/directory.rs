//! A whole directory out of pages, and what may be missing from it.

use super::{Answer, Fake, INSTANCE, SET, STORE, caller_is, connect, page_of_html, settings, start};
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use team_shared::ids::{AccountId, GroupId, UserId};
use teamd_aws::health::State;
use teamd_aws::port::{AwsError, DirectorySource};
use teamd_domain::directory::Directory;

fn account(id: &str, more: Value) -> Value {
    let mut account = json!({ "Id": id, "Name": format!("account {id}") });
    let more = more.as_object().unwrap().clone();
    account.as_object_mut().unwrap().extend(more);
    account
}

/// An organisation with nested OUs; every listing has two pages, the first of them empty.
pub(super) fn organisation(operation: &str, body: &Value) -> Answer {
    let rows = match operation {
        "ListInstances" => {
            json!({ "Instances": [{ "InstanceArn": INSTANCE, "IdentityStoreId": STORE, "Status": "ACTIVE" }] })
        }
        "ListPermissionSets" => json!({ "PermissionSets": [SET, "arn:aws:sso:::permissionSet/gone"] }),
        "DescribePermissionSet" if body["PermissionSetArn"] == SET => {
            return Answer::Ok(json!({ "PermissionSet": {
                "PermissionSetArn": SET, "Name": "Admin", "Description": "all of it", "SessionDuration": "PT1H30M"
            } }));
        }
        "DescribePermissionSet" => return Answer::Error(400, "ResourceNotFoundException", "gone"),
        "ListUsers" => json!({ "Users": [
            { "UserId": "u-1", "IdentityStoreId": STORE, "UserName": "alice", "DisplayName": "Alice A", "UserStatus": "ENABLED",
              "Emails": [{ "Value": "old@example.com" }, { "Value": "alice@example.com", "Primary": true }] },
            { "UserId": "u-2", "IdentityStoreId": STORE, "UserName": "bob", "Name": { "GivenName": "Bob", "FamilyName": "B" } },
            { "UserId": "u-3", "IdentityStoreId": STORE, "UserName": "carol", "UserStatus": "DISABLED" },
        ] }),
        "ListGroups" => json!({ "Groups": [
            { "GroupId": "g-1", "IdentityStoreId": STORE, "DisplayName": "oncall" },
            { "GroupId": "g-2", "IdentityStoreId": STORE, "DisplayName": "empty" },
            { "GroupId": "g-gone", "IdentityStoreId": STORE, "DisplayName": "gone" },
        ] }),
        "ListGroupMemberships" => match body["GroupId"].as_str() {
            Some("g-1") => json!({ "GroupMemberships": [
                { "GroupId": "g-1", "MembershipId": "m1", "IdentityStoreId": STORE, "MemberId": { "UserId": "u-1" } },
            ] }),
            Some("g-2") => json!({ "GroupMemberships": [] }),
            _ => return Answer::Error(400, "ResourceNotFoundException", "gone"),
        },
        "DescribeOrganization" => {
            return Answer::Ok(json!({ "Organization": { "Id": "o-1", "MasterAccountId": "000000000001" } }));
        }
        "ListAccounts" => json!({ "Accounts": [
            account("000000000001", json!({ "State": "ACTIVE", "Paths": ["o-1/r-1/000000000001/"] })),
            account("000000000002", json!({ "State": "ACTIVE", "Paths": ["o-1/r-1/ou-1/ou-2/000000000002/"] })),
            account("000000000003", json!({ "State": "SUSPENDED", "Paths": ["o-1/r-1/ou-1/000000000003/"] })),
            account("000000000004", json!({ "Status": "ACTIVE", "Paths": ["o-1/r-1/ou-1/000000000004/"] })),
            account("000000000005", json!({ "Paths": ["o-1/r-1/ou-1/000000000005/"] })),
        ] }),
        "ListRoots" => json!({ "Roots": [{ "Id": "r-1", "Name": "Root" }] }),
        "ListOrganizationalUnitsForParent" => match body["ParentId"].as_str() {
            Some("r-1") => json!({ "OrganizationalUnits": [{ "Id": "ou-1", "Name": "Workloads" }] }),
            Some("ou-1") => json!({ "OrganizationalUnits": [{ "Id": "ou-2", "Name": "Prod" }] }),
            _ => json!({ "OrganizationalUnits": [] }),
        },
        "ListTagsForResource" => match body["ResourceId"].as_str() {
            Some("000000000002") => json!({ "Tags": [{ "Key": "env", "Value": "prod" }] }),
            Some("000000000003") => return Answer::Error(400, "TargetNotFoundException", "gone"),
            _ => json!({ "Tags": [] }),
        },
        "ListAccountAssignmentsForPrincipal" => json!({ "AccountAssignments": [
            { "AccountId": "000000000002", "PermissionSetArn": SET, "PrincipalId": "G-1", "PrincipalType": "GROUP" },
            { "AccountId": "000000000003", "PermissionSetArn": SET, "PrincipalId": "g-1", "PrincipalType": "USER" },
        ] }),
        _ => return Answer::Error(400, "UnknownOperationException", ""),
    };
    paged(rows, body)
}

fn paged(rows: Value, body: &Value) -> Answer {
    if body["NextToken"].is_string() {
        return Answer::Ok(rows);
    }
    let mut first = json!({ "NextToken": "second" });
    for name in rows.as_object().unwrap().keys() {
        first[name] = json!([]);
    }
    Answer::Ok(first)
}

async fn load(url: &str) -> Result<Directory, AwsError> {
    let (aws, _) = connect(discovering(url)).await;
    aws.load(start()).await
}

fn discovering(url: &str) -> teamd_aws::config::AwsSettings {
    let mut settings = settings(url);
    settings.instance_arn = None;
    settings.identity_store_id = None;
    settings
}

fn id(text: &str) -> AccountId {
    text.parse().unwrap()
}

#[tokio::test]
async fn a_whole_directory() {
    let fake = Fake::start(organisation).await;
    let directory = load(&fake.url).await.unwrap();
    assert_eq!(
        (
            directory.instance_arn.as_str(),
            directory.identity_store_id.as_str()
        ),
        (INSTANCE, STORE)
    );
    assert_eq!(directory.management_account, Some(id("000000000001")));
    assert_eq!(directory.loaded_at, start());

    let set = directory.permission_set("Admin").unwrap();
    assert_eq!(
        (set.session_seconds, set.description.as_str()),
        (5400, "all of it")
    );
    assert_eq!(directory.permission_sets.len(), 1, "the deleted one is left out");

    let shown = |name: &str| {
        let person = directory.person_named(name).unwrap();
        (person.display_name.clone(), person.email.clone(), person.enabled)
    };
    assert_eq!(
        shown("alice"),
        ("Alice A".to_owned(), Some("alice@example.com".to_owned()), true)
    );
    assert_eq!(
        shown("bob"),
        ("Bob B".to_owned(), None, true),
        "no status counts as enabled"
    );
    assert_eq!(shown("carol"), ("carol".to_owned(), None, false));

    let names: Vec<&str> = directory
        .groups
        .values()
        .map(|group| group.name.as_str())
        .collect();
    assert_eq!(names, ["oncall", "empty"]);
    let alice: UserId = "u-1".parse().unwrap();
    assert_eq!(directory.groups_of(&alice).len(), 1);

    let path = |account: &str| directory.ou_path(&directory.accounts[&id(account)]);
    assert_eq!(path("000000000001"), "/");
    assert_eq!(path("000000000002"), "Workloads/Prod");
    assert_eq!(path("000000000003"), "Workloads");
    assert_eq!(directory.accounts[&id("000000000002")].ou_ids, ["ou-1", "ou-2"]);
    assert_eq!(directory.accounts[&id("000000000002")].tags["env"], "prod");
    let states: Vec<(bool, &str)> = directory
        .accounts
        .values()
        .map(|account| (account.active, account.state.as_str()))
        .collect();
    assert_eq!(
        states,
        [
            (true, "ACTIVE"),
            (true, "ACTIVE"),
            (false, "SUSPENDED"),
            (true, "ACTIVE"),
            (false, "UNKNOWN")
        ]
    );

    let group: GroupId = "g-1".parse().unwrap();
    let held: Vec<_> = directory.group_access.iter().cloned().collect();
    assert_eq!(held, [(id("000000000002"), SET.parse().unwrap(), group)]);
    assert_eq!(
        fake.count("ListAccountsForParent"),
        0,
        "Paths make that walk unnecessary"
    );
}

#[tokio::test]
async fn without_paths_the_organisation_is_walked() {
    let fake = Fake::start(|operation, body| match operation {
        "ListAccounts" => Answer::Ok(json!({ "Accounts": [
            account("000000000001", json!({ "State": "ACTIVE" })),
            account("000000000002", json!({ "State": "ACTIVE" })),
        ] })),
        "ListAccountsForParent" => Answer::Ok(json!({ "Accounts": match body["ParentId"].as_str() {
            Some("r-1") => json!([{ "Id": "000000000001" }]),
            Some("ou-2") => json!([{ "Id": "000000000002" }]),
            _ => json!([]),
        } })),
        _ => organisation(operation, body),
    })
    .await;
    let directory = load(&fake.url).await.unwrap();
    let path = |account: &str| directory.ou_path(&directory.accounts[&id(account)]);
    assert_eq!(
        (path("000000000001").as_str(), path("000000000002").as_str()),
        ("/", "Workloads/Prod")
    );
}

#[tokio::test]
async fn without_an_organisation_there_is_the_one_account() {
    let scripts: [fn(&str) -> Option<Answer>; 3] = [
        |operation| match operation {
            "DescribeOrganization" | "ListAccounts" => {
                Some(Answer::Error(400, "AWSOrganizationsNotInUseException", ""))
            }
            _ => None,
        },
        |operation| match operation {
            "DescribeOrganization" | "ListAccounts" => Some(Answer::Error(400, "AccessDeniedException", "")),
            _ => None,
        },
        // An emulator.
        |operation| match operation {
            "DescribeOrganization" => Some(page_of_html()),
            "ListAccounts" => Some(Answer::Ok(json!({ "Accounts": [] }))),
            _ => None,
        },
    ];
    for (number, script) in scripts.into_iter().enumerate() {
        let fake = Fake::start(move |operation, body| match operation {
            "GetCallerIdentity" => caller_is("123456789012"),
            _ => script(operation).unwrap_or_else(|| organisation(operation, body)),
        })
        .await;
        let directory = load(&fake.url).await.unwrap();
        let accounts: Vec<&str> = directory.accounts.keys().map(AccountId::as_str).collect();
        assert_eq!(accounts, ["123456789012"]);
        assert!(directory.accounts[&id("123456789012")].active);
        // Without an organisation the account manages itself; where it may not be seen, nobody knows.
        let known = (number != 1).then(|| id("123456789012"));
        assert_eq!(directory.management_account, known);
    }
}

#[tokio::test]
async fn a_load_is_complete_or_an_error() {
    for (broken, code) in [
        ("ListTagsForResource", "AccessDeniedException"),
        ("ListRoots", "AccessDeniedException"),
        ("ListAccounts", "AccessDeniedException"),
        ("ListGroupMemberships", "AccessDeniedException"),
        ("DescribePermissionSet", "AccessDeniedException"),
        ("DescribeOrganization", "ExpiredTokenException"),
    ] {
        let fake = Fake::start(move |operation, body| match operation {
            _ if operation == broken => Answer::Error(400, code, "not you"),
            _ => organisation(operation, body),
        })
        .await;
        let (aws, health) = connect(discovering(&fake.url)).await;
        let error = aws.load(start()).await.unwrap_err();
        assert!(
            matches!(&error, AwsError::Refused(message) if message.contains(broken)),
            "{broken}: {error}"
        );
        assert_eq!(health.snapshot().state, State::Refusing, "{broken}");
    }
}

/// Else a lost permission would look like an organisation that lost its accounts, and end everybody's access.
#[tokio::test]
async fn an_organisation_that_was_there_does_not_vanish_with_a_permission() {
    let denied = Arc::new(AtomicBool::new(false));
    let deny = Arc::clone(&denied);
    let fake = Fake::start(move |operation, body| match operation {
        "DescribeOrganization" | "ListAccounts" if deny.load(Ordering::SeqCst) => {
            Answer::Error(400, "AccessDeniedException", "")
        }
        _ => organisation(operation, body),
    })
    .await;
    let (aws, _) = connect(discovering(&fake.url)).await;
    assert_eq!(aws.load(start()).await.unwrap().accounts.len(), 5);
    denied.store(true, Ordering::SeqCst);
    assert!(matches!(aws.load(start()).await, Err(AwsError::Refused(_))));
}

#[tokio::test]
async fn access_of_groups_may_be_closed_to_us() {
    for closed in [true, false] {
        let fake = Fake::start(move |operation, body| match operation {
            "ListAccountAssignmentsForPrincipal" if closed => Answer::Error(400, "AccessDeniedException", ""),
            "ListAccountAssignmentsForPrincipal" => page_of_html(),
            _ => organisation(operation, body),
        })
        .await;
        let (aws, health) = connect(discovering(&fake.url)).await;
        let directory = aws.load(start()).await.unwrap();
        assert!(directory.group_access.is_empty());
        assert_eq!(health.snapshot().state, State::Ok, "nothing is wrong");
    }
}

#[tokio::test]
async fn a_session_duration_that_makes_no_sense_is_an_error_and_none_is_an_hour() {
    let duration = Arc::new(Mutex::new(json!("soon")));
    let given = Arc::clone(&duration);
    let fake = Fake::start(move |operation, body| match operation {
        "DescribePermissionSet" => Answer::Ok(json!({ "PermissionSet": {
            "PermissionSetArn": body["PermissionSetArn"], "Name": "Admin", "SessionDuration": *given.lock().unwrap()
        } })),
        _ => organisation(operation, body),
    })
    .await;
    assert!(matches!(load(&fake.url).await, Err(AwsError::Unexpected(_))));
    *duration.lock().unwrap() = Value::Null;
    let directory = load(&fake.url).await.unwrap();
    assert!(
        directory
            .permission_sets
            .values()
            .all(|set| set.session_seconds == 3600)
    );
}

#[tokio::test]
async fn large_organisations_read_tags_and_names_once_an_hour_d41() {
    let fake = Fake::start(|operation, body| match operation {
        "ListAccounts" => {
            let accounts = (0..150).map(|n| {
                let id = format!("{n:012}");
                let path = format!("o-1/r-1/ou-1/{id}/");
                account(&id, json!({ "State": "ACTIVE", "Paths": [path] }))
            });
            Answer::Ok(json!({ "Accounts": accounts.collect::<Vec<_>>() }))
        }
        "ListTagsForResource" => Answer::Ok(json!({ "Tags": [{ "Key": "env", "Value": "test" }] })),
        _ => organisation(operation, body),
    })
    .await;
    let (aws, _) = connect(discovering(&fake.url)).await;
    let mut now = start();
    for (later, tag_reads, root_reads) in [(0, 150, 2), (59, 150, 2), (2, 300, 4)] {
        now += TimeDelta::minutes(later);
        let directory = aws.load(now).await.unwrap();
        assert_eq!(directory.accounts[&id("000000000042")].tags["env"], "test");
        assert_eq!(
            directory.ou_path(&directory.accounts[&id("000000000042")]),
            "Workloads"
        );
        assert_eq!(fake.count("ListTagsForResource"), tag_reads, "{later}");
        assert_eq!(fake.count("ListRoots"), root_reads, "{later}");
    }
}

#[tokio::test]
async fn somebody_asked_about_afresh() {
    let fake = Fake::start(|operation, body| match operation {
        "DescribeUser" => match body["UserId"].as_str() {
            Some("gone") => Answer::Error(400, "ResourceNotFoundException", ""),
            Some("off") => Answer::Ok(json!({ "UserId": "off", "UserStatus": "DISABLED" })),
            _ => Answer::Ok(json!({ "UserId": "on" })),
        },
        "ListGroupMembershipsForMember" => paged(
            json!({ "GroupMemberships": [{ "GroupId": "g-1" }, { "GroupId": "g-2" }] }),
            body,
        ),
        _ => Answer::Error(400, "UnknownOperationException", ""),
    })
    .await;
    let (aws, _) = connect(settings(&fake.url)).await;
    let mut seen = Vec::new();
    for user in ["on", "off", "gone"] {
        let person = aws.person(STORE, &user.parse().unwrap()).await.unwrap();
        seen.push((person.enabled, person.groups.len()));
    }
    assert_eq!(seen, [(true, 2), (false, 2), (false, 0)]);
    assert_eq!(
        fake.bodies("ListGroupMembershipsForMember")[0]["MemberId"],
        json!({ "UserId": "on" })
    );
}
