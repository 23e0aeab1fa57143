//! What the environment may say, and what it may not: endpoints. Tests that need another environment run as a child
//! process, since a process must not change its own.

use super::{Answer, Fake, connect, key, settings};
use crate::{Aws, ignored_endpoint_variables};
use serde_json::json;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use teamd_aws::config::AwsSettings;
use teamd_aws::port::{Assignments, AwsError, Lane};
use teamd_domain::grant::{Refusal, Reply};
use teamd_host::clock::SystemClock;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

const CHILD: &str = "TEAMD_TEST_CHILD";

/// Whether this is the child that the test meant to start, and not somebody's `--include-ignored`.
fn is_child(test: &str) -> bool {
    std::env::var(CHILD).is_ok_and(|named| named == test)
}

/// Runs one ignored test of this file in its own process, with an environment of nothing but this.
async fn child(test: &str, environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "--ignored", "--nocapture"])
        .arg(format!("{}::{test}", module_path!().split_once("::").unwrap().1))
        .env_clear()
        .env(CHILD, test)
        .envs(environment.iter().copied());
    tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap()
}

fn assert_passed(output: &Output) {
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A proxy that writes down whom it should connect to, and hangs up.
async fn proxy() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let written = Arc::clone(&asked);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut heard = [0; 2048];
            let length = stream.read(&mut heard).await.unwrap_or(0);
            let text = String::from_utf8_lossy(&heard[..length]);
            let line = text.lines().next().unwrap_or_default().to_owned();
            written.lock().unwrap().push(line);
        }
    });
    (url, asked)
}

fn profile(endpoint: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    let text = format!(
        "[default]\nregion = eu-central-1\nendpoint_url = {endpoint}\nservices = all\n\n\
         [services all]\nsso_admin =\n  endpoint_url = {endpoint}\nsts =\n  endpoint_url = {endpoint}\n"
    );
    std::fs::write(file.path(), text).unwrap();
    file
}

#[tokio::test]
async fn endpoints_of_the_environment_and_the_profile_are_not_used() {
    let decoy = Fake::start(|_, _| Answer::Ok(json!({ "AccountAssignments": [] }))).await;
    let file = profile(&decoy.url);
    let (proxy, asked) = proxy().await;
    let output = child(
        "asks_amazon",
        &[
            ("AWS_ENDPOINT_URL", &decoy.url),
            ("AWS_ENDPOINT_URL_SSO_ADMIN", &decoy.url),
            ("AWS_CONFIG_FILE", file.path().to_str().unwrap()),
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("HTTPS_PROXY", &proxy),
        ],
    )
    .await;
    assert_passed(&output);
    assert_eq!(decoy.heard(), Vec::<String>::new());
    let asked = asked.lock().unwrap().clone();
    assert!(
        asked
            .iter()
            .any(|line| line.starts_with("CONNECT sso.eu-central-1.amazonaws.com:443")),
        "{asked:?}"
    );
}

#[tokio::test]
#[ignore = "run by endpoints_of_the_environment_and_the_profile_are_not_used, with its environment"]
async fn asks_amazon() {
    if !is_child("asks_amazon") {
        return;
    }
    let mut settings = settings("");
    settings.endpoint_url = None;
    // From the profile, which is read for everything else.
    settings.region = None;
    let (aws, _) = connect(settings).await;
    let reply = aws.list(&key(), Lane::Grant).await;
    assert!(matches!(reply, Reply::Refused { .. }), "{reply:?}");
    let mut ignored = ignored_endpoint_variables();
    ignored.sort();
    assert_eq!(ignored, ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SSO_ADMIN"]);
}

#[tokio::test]
async fn our_own_endpoint_wins_and_no_proxy_stands_before_loopback() {
    let ours = Fake::start(|_, _| Answer::Ok(json!({ "AccountAssignments": [] }))).await;
    let decoy = Fake::start(|_, _| Answer::Ok(json!({ "AccountAssignments": [] }))).await;
    let (proxy, asked) = proxy().await;
    let output = child(
        "asks_ours",
        &[
            ("TEAMD_TEST_ENDPOINT", &ours.url),
            ("AWS_ENDPOINT_URL", &decoy.url),
            ("AWS_ENDPOINT_URL_SSO_ADMIN", &decoy.url),
            ("HTTP_PROXY", &proxy),
            ("http_proxy", &proxy),
        ],
    )
    .await;
    assert_passed(&output);
    assert_eq!(ours.heard(), ["ListAccountAssignments"]);
    assert!(decoy.heard().is_empty() && asked.lock().unwrap().is_empty());
}

/// Without any credentials in the environment: a loopback endpoint needs none.
#[tokio::test]
#[ignore = "run by our_own_endpoint_wins_and_no_proxy_stands_before_loopback, with its environment"]
async fn asks_ours() {
    if !is_child("asks_ours") {
        return;
    }
    let mut settings = settings(&std::env::var("TEAMD_TEST_ENDPOINT").unwrap());
    settings.region = None;
    let (aws, _) = connect(settings).await;
    let reply = aws.list(&key(), Lane::Grant).await;
    assert_eq!(reply, Reply::Listed { present: false });
}

#[tokio::test]
async fn without_credentials_writes_are_refused_and_nothing_is_sent() {
    let (proxy, asked) = proxy().await;
    let output = child(
        "has_no_credentials",
        &[
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_CONFIG_FILE", "/dev/null"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
            ("HTTPS_PROXY", &proxy),
        ],
    )
    .await;
    assert_passed(&output);
    assert!(asked.lock().unwrap().is_empty());
}

#[tokio::test]
#[ignore = "run by without_credentials_writes_are_refused_and_nothing_is_sent, with its environment"]
async fn has_no_credentials() {
    if !is_child("has_no_credentials") {
        return;
    }
    let mut settings = settings("");
    settings.endpoint_url = None;
    settings.region = None;
    let (aws, _) = connect(settings).await;
    let reply = aws.create(&key()).await;
    let refused = matches!(
        reply,
        Reply::Refused {
            class: Refusal::AccessDenied,
            ..
        }
    );
    assert!(refused, "{reply:?}");
}

#[tokio::test]
async fn a_name_that_does_not_resolve_certainly_received_nothing() {
    let credentials = [
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ];
    assert_passed(&child("names_nobody", &credentials).await);
}

#[tokio::test]
#[ignore = "run by a_name_that_does_not_resolve_certainly_received_nothing, with its environment"]
async fn names_nobody() {
    if !is_child("names_nobody") {
        return;
    }
    let mut settings = settings("https://nobody.invalid");
    settings.timeouts.connect = Duration::from_secs(3);
    settings.timeouts.attempt = Duration::from_secs(6);
    let (aws, _) = connect(settings).await;
    let reply = aws.create(&key()).await;
    let refused = matches!(
        reply,
        Reply::Refused {
            class: Refusal::Transient,
            ..
        }
    );
    assert!(refused, "{reply:?}");
}

#[tokio::test]
async fn an_endpoint_that_is_not_allowed_does_not_start() {
    for url in [
        "http://sso.example.com",
        "nonsense",
        "http://localhost@example.com",
    ] {
        let settings = AwsSettings {
            region: Some("eu-west-1".to_owned()),
            endpoint_url: Some(url.to_owned()),
            ..AwsSettings::default()
        };
        let error = Aws::connect(settings, Arc::new(SystemClock), Arc::default()).await;
        assert!(
            matches!(&error, Err(AwsError::Refused(message)) if message.contains("endpoint_url")),
            "{error:?}"
        );
    }
}
