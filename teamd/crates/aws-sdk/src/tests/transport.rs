//! No answer at all: what may have had an effect, and what certainly had none.

use super::{Answer, Fake, connect, key, settings};
use crate::failure::{Failure, Kind};
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_ssoadmin::operation::create_account_assignment::CreateAccountAssignmentError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use rustix::net::{AddressFamily, SocketType, bind, getsockname, listen, socket};
use serde_json::json;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use teamd_aws::health::State;
use teamd_aws::port::{Assignments, DirectorySource, Lane};
use teamd_domain::grant::{Refusal, Reply};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};

fn transient(reply: &Reply) -> bool {
    matches!(
        reply,
        Reply::Refused {
            class: Refusal::Transient,
            ..
        }
    )
}

fn unknown(reply: &Reply) -> bool {
    matches!(reply, Reply::Unknown { .. })
}

#[tokio::test]
async fn a_write_without_an_answer_in_time_is_unknown_and_a_read_is_not() {
    let fake = Fake::start(|_, _| Answer::Silence(Duration::from_secs(5))).await;
    let (aws, health) = connect(settings(&fake.url)).await;
    let began = Instant::now();
    assert!(unknown(&aws.create(&key()).await));
    assert!(unknown(&aws.delete(&key()).await));
    assert!(transient(&aws.list(&key(), Lane::Removal).await));
    assert!(transient(&aws.deletion_status("r").await));
    assert!(
        began.elapsed() < Duration::from_secs(4),
        "the time-outs of the settings hold"
    );
    assert_eq!(fake.heard().len(), 4, "none was sent twice");
    assert_eq!(health.snapshot().state, State::Unreachable);
}

#[tokio::test]
async fn a_connection_that_breaks_before_the_answer_leaves_a_write_unknown() {
    for answer in [
        &b""[..],
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{",
        b"nonsense",
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut heard = [0; 4096];
                let _ = stream.read(&mut heard).await;
                let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, answer).await;
            }
        });
        let (aws, _) = connect(settings(&url)).await;
        let reply = aws.create(&key()).await;
        assert!(unknown(&reply), "{reply:?}");
        let reply = aws.list(&key(), Lane::Grant).await;
        assert!(transient(&reply), "{reply:?}");
    }
}

#[tokio::test]
async fn a_refused_connection_certainly_sent_nothing() {
    let port = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let (aws, health) = connect(settings(&format!("http://{port}"))).await;
    let reply = aws.create(&key()).await;
    assert!(transient(&reply), "{reply:?}");
    let shown = health.snapshot();
    assert_eq!(shown.state, State::Unreachable);
    assert!(
        shown.last_error.as_ref().unwrap().contains("refused"),
        "{shown:?}"
    );
}

#[tokio::test]
async fn a_failed_handshake_certainly_sent_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, b"no TLS here").await;
        }
    });
    let (aws, _) = connect(settings(&url)).await;
    let reply = aws.delete(&key()).await;
    assert!(transient(&reply), "{reply:?}");
}

/// A listener whose queue is full drops what comes next: the connection is never there.
#[tokio::test]
async fn a_connection_that_never_comes_certainly_sent_nothing() {
    let listener = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&listener, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)).unwrap();
    listen(&listener, 0).unwrap();
    let port = SocketAddrV4::try_from(getsockname(&listener).unwrap())
        .unwrap()
        .port();
    let mut queue = Vec::new();
    for _ in 0..3 {
        let waiting = TcpStream::connect(("127.0.0.1", port));
        queue.push(tokio::time::timeout(Duration::from_millis(100), waiting).await);
    }
    let (aws, _) = connect(settings(&format!("http://127.0.0.1:{port}"))).await;
    let reply = aws.create(&key()).await;
    assert!(transient(&reply), "{reply:?}");
}

#[tokio::test]
async fn reads_of_the_directory_are_tried_again_and_writes_never() {
    let failures = AtomicUsize::new(0);
    let fake = Fake::start(move |name, _| match name {
        "DescribeUser" if failures.fetch_add(1, Ordering::SeqCst) == 0 => {
            Answer::Error(500, "InternalServerException", "")
        }
        "DescribeUser" => {
            Answer::Ok(json!({ "UserId": "u", "IdentityStoreId": "d", "UserStatus": "ENABLED" }))
        }
        "ListGroupMembershipsForMember" => Answer::Ok(json!({ "GroupMemberships": [] })),
        _ => Answer::Error(500, "InternalServerException", ""),
    })
    .await;
    let (aws, _) = connect(settings(&fake.url)).await;
    let person = aws.person("d", &key().user).await.unwrap();
    assert!(person.enabled);
    assert_eq!(fake.count("DescribeUser"), 2);
    aws.delete(&key()).await;
    assert_eq!(fake.count("DeleteAccountAssignment"), 1);
}

#[test]
fn credentials_fail_before_anything_is_sent() {
    type Error = SdkError<CreateAccountAssignmentError, HttpResponse>;
    let of = |error: CredentialsError| {
        let error: Error = SdkError::dispatch_failure(ConnectorError::other(error.into(), None));
        Failure::of("CreateAccountAssignment", &error)
    };
    let none = of(CredentialsError::not_loaded("no providers in chain"));
    assert_eq!(none.kind, Kind::Denied, "{}", none.message);
    let slow = of(CredentialsError::provider_timed_out(Duration::from_secs(5)));
    assert_eq!(slow.kind, Kind::NotSent);
    let refused = of(CredentialsError::provider_error("AccessDenied: not yours"));
    assert_eq!(refused.kind, Kind::Denied);
    let unreachable: Error = SdkError::timeout_error("no answer");
    let unreachable = of(CredentialsError::provider_error(unreachable));
    assert_eq!(unreachable.kind, Kind::NotSent);
    for failure in [none, slow, refused, unreachable] {
        assert!(!unknown(&failure.reply_to_write()));
    }
}

#[test]
fn messages_are_bounded() {
    let error: SdkError<CreateAccountAssignmentError, HttpResponse> =
        SdkError::dispatch_failure(ConnectorError::io("é".repeat(5000).into()));
    assert!(Failure::of("X", &error).message.chars().count() <= 401);
}
