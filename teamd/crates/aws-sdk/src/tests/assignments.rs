//! What each answer to an assignment call means.

use super::{Answer, Fake, INSTANCE, SET, USER, connect, key, page_of_html, settings};
use serde_json::{Value, json};
use teamd_aws::health::State;
use teamd_aws::port::{Assignments, Lane};
use teamd_domain::grant::{Refusal, Reply, Status};
use teamd_domain::request::Key;

/// What a refusal means for a write and for a read.
fn meanings() -> Vec<(u16, &'static str, &'static str, &'static str)> {
    vec![
        (400, "ConflictException", "Conflict", "Conflict"),
        (400, "ThrottlingException", "Throttled", "Throttled"),
        (400, "TooManyRequestsException", "Throttled", "Throttled"),
        (400, "ServiceQuotaExceededException", "Throttled", "Throttled"),
        (400, "AccessDeniedException", "AccessDenied", "AccessDenied"),
        (400, "UnrecognizedClientException", "AccessDenied", "AccessDenied"),
        (400, "ExpiredTokenException", "AccessDenied", "AccessDenied"),
        (403, "InvalidSignatureException", "AccessDenied", "AccessDenied"),
        (400, "ResourceNotFoundException", "NotFound", "NotFound"),
        (400, "ValidationException", "Permanent", "Permanent"),
        (400, "InternalServerException", "Unknown", "Transient"),
        (500, "InternalServerException", "Unknown", "Transient"),
        (503, "ServiceUnavailable", "Unknown", "Transient"),
        (500, "SomethingNew", "Unknown", "Transient"),
        (400, "SomethingNew", "Transient", "Transient"),
    ]
}

fn word(reply: &Reply) -> String {
    match reply {
        Reply::Refused { class, .. } => format!("{class:?}"),
        Reply::NotFound { .. } => "NotFound".to_owned(),
        Reply::Unknown { .. } => "Unknown".to_owned(),
        other => format!("{other:?}"),
    }
}

#[tokio::test]
async fn every_refusal_of_aws_has_one_meaning() {
    for (status, code, write, read) in meanings() {
        let fake = Fake::start(move |_, _| Answer::Error(status, code, "in AWS's words")).await;
        let (aws, _) = connect(settings(&fake.url)).await;
        for reply in [aws.create(&key()).await, aws.delete(&key()).await] {
            assert_eq!(word(&reply), write, "{status} {code}");
        }
        let replies = [
            aws.list(&key(), Lane::Grant).await,
            aws.creation_status("r", Lane::Grant).await,
            aws.deletion_status("r").await,
        ];
        for reply in replies {
            assert_eq!(word(&reply), read, "{status} {code}");
        }
        assert_eq!(fake.heard().len(), 5, "{code}: one attempt each");
    }
}

#[tokio::test]
async fn a_refusal_is_told_in_awss_words() {
    let fake = Fake::start(|_, _| Answer::Error(400, "ConflictException", "not settled")).await;
    let (aws, health) = connect(settings(&fake.url)).await;
    let reply = aws.create(&key()).await;
    assert_eq!(
        reply,
        Reply::Refused {
            class: Refusal::Conflict,
            message: "CreateAccountAssignment: ConflictException: not settled".to_owned()
        }
    );
    assert_eq!(health.snapshot().state, State::Ok, "AWS answers");
}

#[tokio::test]
async fn what_stands_between_us_and_aws_says_nothing_about_assignments() {
    for (status, write, read) in [
        (500, "Unknown", "Transient"),
        (502, "Unknown", "Transient"),
        (404, "Transient", "Transient"),
        (403, "AccessDenied", "AccessDenied"),
        (407, "AccessDenied", "AccessDenied"),
        (429, "Throttled", "Throttled"),
        (200, "Unknown", "Transient"),
    ] {
        let fake =
            Fake::start(move |_, _| Answer::Raw(status, "text/html", "<html>hello</html>".to_owned())).await;
        let (aws, _) = connect(settings(&fake.url)).await;
        assert_eq!(word(&aws.delete(&key()).await), write, "{status}");
        assert_eq!(word(&aws.list(&key(), Lane::Removal).await), read, "{status}");
    }
}

#[tokio::test]
async fn a_lost_encryption_key_is_not_a_lost_assignment() {
    let fake = Fake::start(|_, _| {
        let body =
            json!({ "__type": "ResourceNotFoundException", "Message": "key", "Reason": "KMS_NOT_FOUND" });
        Answer::Raw(400, "application/x-amz-json-1.1", body.to_string())
    })
    .await;
    let (aws, health) = connect(settings(&fake.url)).await;
    assert_eq!(word(&aws.list(&key(), Lane::Removal).await), "AccessDenied");
    assert_eq!(word(&aws.delete(&key()).await), "AccessDenied");
    assert_eq!(health.snapshot().state, State::Refusing);
}

fn operation(status: &str) -> Value {
    json!({ "Status": status, "RequestId": "req-1", "FailureReason": "role in use", "PrincipalId": USER })
}

#[tokio::test]
async fn writes_name_the_exact_key_and_return_the_request_id() {
    let fake = Fake::start(|operation_name, _| {
        let (member, status) = match operation_name {
            "CreateAccountAssignment" => ("AccountAssignmentCreationStatus", "IN_PROGRESS"),
            _ => ("AccountAssignmentDeletionStatus", "SUCCEEDED"),
        };
        Answer::Ok(json!({ member: operation(status) }))
    })
    .await;
    let (aws, health) = connect(settings(&fake.url)).await;
    let accepted = |status| Reply::Accepted {
        request_id: "req-1".to_owned(),
        status,
    };
    assert_eq!(aws.create(&key()).await, accepted(Status::InProgress));
    assert_eq!(aws.delete(&key()).await, accepted(Status::Succeeded));
    let expected = json!({
        "InstanceArn": INSTANCE, "TargetId": "111122223333", "TargetType": "AWS_ACCOUNT",
        "PermissionSetArn": SET, "PrincipalType": "USER", "PrincipalId": USER,
    });
    assert_eq!(fake.bodies("CreateAccountAssignment")[0], expected);
    assert_eq!(fake.bodies("DeleteAccountAssignment")[0], expected);
    assert_eq!(health.snapshot().state, State::Ok);
}

#[tokio::test]
async fn only_a_final_status_is_final() {
    for (word, expected) in [
        ("IN_PROGRESS", Status::InProgress),
        ("SUCCEEDED", Status::Succeeded),
        (
            "FAILED",
            Status::Failed {
                reason: "role in use".to_owned(),
            },
        ),
        ("PAUSED_BY_SOMETHING_NEW", Status::InProgress),
    ] {
        let fake = Fake::start(move |name, _| {
            let member = match name {
                "DescribeAccountAssignmentCreationStatus" => "AccountAssignmentCreationStatus",
                _ => "AccountAssignmentDeletionStatus",
            };
            Answer::Ok(json!({ member: operation(word) }))
        })
        .await;
        let (aws, _) = connect(settings(&fake.url)).await;
        let created = aws.creation_status("req-1", Lane::Removal).await;
        let deleted = aws.deletion_status("req-1").await;
        assert_eq!(created, Reply::Status(expected.clone()));
        assert_eq!(deleted, Reply::Status(expected));
        assert_eq!(fake.heard().len(), 2, "asked once, never polled");
    }
}

#[tokio::test]
async fn acceptance_without_a_request_id_is_no_knowledge() {
    for body in [
        json!({}),
        json!({ "AccountAssignmentCreationStatus": { "Status": "IN_PROGRESS" } }),
        json!({ "AccountAssignmentCreationStatus": { "Status": "SUCCEEDED", "RequestId": "" } }),
    ] {
        let fake = Fake::start(move |_, _| Answer::Ok(body.clone())).await;
        let (aws, _) = connect(settings(&fake.url)).await;
        assert_eq!(word(&aws.create(&key()).await), "Unknown");
    }
}

#[tokio::test]
async fn a_listing_reads_all_pages_and_compares_ids_in_any_case() {
    let fake = Fake::start(|_, body| {
        let row = |kind: &str, id: &str| json!({ "PrincipalType": kind, "PrincipalId": id });
        Answer::Ok(match body["NextToken"].as_str() {
            None => json!({ "AccountAssignments": [row("GROUP", USER)], "NextToken": "one" }),
            Some("one") => json!({ "AccountAssignments": [], "NextToken": "two" }),
            Some(_) => json!({ "AccountAssignments": [
                row("USER", "somebody-else"), row("USER", &USER.to_ascii_uppercase())
            ] }),
        })
    })
    .await;
    let (aws, _) = connect(settings(&fake.url)).await;
    let listed = aws.list(&key(), Lane::Grant).await;
    assert_eq!(listed, Reply::Listed { present: true });
    let bodies = fake.bodies("ListAccountAssignments");
    assert_eq!(bodies.len(), 3);
    assert!(
        bodies
            .iter()
            .all(|body| body["AccountId"] == "111122223333" && body["PermissionSetArn"] == SET)
    );
}

#[tokio::test]
async fn a_group_with_the_same_id_is_not_the_person() {
    let fake = Fake::start(|_, _| {
        Answer::Ok(json!({ "AccountAssignments": [{ "PrincipalType": "GROUP", "PrincipalId": USER }] }))
    })
    .await;
    let (aws, _) = connect(settings(&fake.url)).await;
    let listed = aws.list(&key(), Lane::Grant).await;
    assert_eq!(listed, Reply::Listed { present: false });
}

#[tokio::test]
async fn pages_without_an_end_are_an_error_not_a_loop() {
    let fake =
        Fake::start(|_, _| Answer::Ok(json!({ "AccountAssignments": [], "NextToken": "again" }))).await;
    let (aws, _) = connect(settings(&fake.url)).await;
    assert_eq!(word(&aws.list(&key(), Lane::Grant).await), "Transient");
    assert_eq!(fake.heard().len(), 2);
    let alternating = Fake::start(|_, body| {
        let next = if body["NextToken"] == "a" { "b" } else { "a" };
        Answer::Ok(json!({ "AccountAssignments": [], "NextToken": next }))
    })
    .await;
    let (aws, _) = connect(settings(&alternating.url)).await;
    assert_eq!(word(&aws.list(&key(), Lane::Removal).await), "Transient");
    assert_eq!(alternating.heard().len(), 3);
}

#[tokio::test]
async fn calls_name_the_instance_of_the_permission_set() {
    let fake = Fake::start(|name, body| {
        if body["InstanceArn"] != "arn:aws:sso:::instance/ssoins-own" {
            return Answer::Error(400, "ValidationException", "another instance");
        }
        match name {
            "ListAccountAssignments" => Answer::Ok(json!({ "AccountAssignments": [] })),
            _ => Answer::Error(400, "ConflictException", "under way"),
        }
    })
    .await;
    // Configured is another one.
    let (aws, _) = connect(settings(&fake.url)).await;
    let key = Key {
        permission_set: "arn:aws:sso:::permissionSet/ssoins-own/ps-1".parse().unwrap(),
        ..key()
    };
    assert_eq!(
        aws.list(&key, Lane::Removal).await,
        Reply::Listed { present: false }
    );
    assert_eq!(word(&aws.delete(&key).await), "Conflict");
    assert_eq!(word(&aws.create(&key).await), "Conflict");
}

#[tokio::test]
async fn list_with_missing_parts_is_no_list() {
    let fake = Fake::start(|_, body| match body["AccountId"].as_str() {
        Some("111111111111") => Answer::Ok(json!({})),
        _ => Answer::Ok(json!({ "AccountAssignments": [{ "PrincipalType": "USER" }] })),
    })
    .await;
    let (aws, _) = connect(settings(&fake.url)).await;
    let on = |account: &str| Key {
        account: account.parse().unwrap(),
        ..key()
    };
    assert_eq!(
        word(&aws.list(&on("111111111111"), Lane::Grant).await),
        "Transient"
    );
    for lane in [Lane::Grant, Lane::Removal] {
        assert_eq!(word(&aws.list(&on("222222222222"), lane).await), "Transient");
    }
}

#[tokio::test]
async fn the_instance_is_discovered_once_and_its_absence_is_not_the_assignments() {
    let fake = Fake::start(|name, _| match name {
        "ListInstances" => Answer::Ok(json!({ "Instances": [
            { "InstanceArn": "arn:aws:sso:::instance/ssoins-moto", "IdentityStoreId": "d-moto" }
        ] })),
        _ => Answer::Ok(json!({ "AccountAssignments": [] })),
    })
    .await;
    let undiscovered = || {
        let mut settings = settings(&fake.url);
        settings.instance_arn = None;
        settings.identity_store_id = None;
        settings
    };
    let (aws, _) = connect(undiscovered()).await;
    assert!(fake.heard().is_empty(), "connecting asks nothing");
    let key = || Key {
        // As emulators name it.
        permission_set: "arn:aws:sso:::instance/ssoins-moto/ps-1".parse().unwrap(),
        ..key()
    };
    for _ in 0..2 {
        aws.list(&key(), Lane::Grant).await;
    }
    assert_eq!(fake.count("ListInstances"), 1);
    let (aws, _) = connect(undiscovered()).await;
    aws.remember_instance("arn:aws:sso:::instance/ssoins-kept", "d-kept");
    aws.list(&key(), Lane::Removal).await;
    assert_eq!(fake.count("ListInstances"), 1, "remembered");

    let failing = Fake::start(|_, _| Answer::Error(400, "ResourceNotFoundException", "")).await;
    let mut settings = undiscovered();
    settings.endpoint_url = Some(failing.url.clone());
    let (aws, _) = connect(settings.clone()).await;
    assert_eq!(word(&aws.delete(&key()).await), "Transient");
    let failing = Fake::start(|_, _| page_of_html()).await;
    settings.endpoint_url = Some(failing.url.clone());
    let (aws, _) = connect(settings).await;
    assert_eq!(
        word(&aws.create(&key()).await),
        "Transient",
        "the create was never sent"
    );
    assert_eq!(failing.count("CreateAccountAssignment"), 0);
}
