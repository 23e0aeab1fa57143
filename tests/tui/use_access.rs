//! `use ID`: what is printed, and what becomes of the AWS configuration file.

use crate::cli::json;
use crate::fake::{self, Running};
use crate::{BINARY, text};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;

const NAME: &str = "web-u-202e-prod-444455556666-AdministratorAccess";

/// Runs `use` with an AWS configuration file: exit code, stdout, stderr.
async fn use_id(running: &Running, config: &Path, args: &[&str]) -> (i32, String, String) {
    let output = tokio::process::Command::new(BINARY)
        .arg("--socket")
        .arg(running.fake.socket())
        .arg("use")
        .args(args)
        .env("AWS_CONFIG_FILE", config)
        .env_remove("SSH_CONNECTION")
        .output()
        .await
        .expect("the binary runs");
    let code = output.status.code().unwrap_or(-1);
    (code, text(&output.stdout), text(&output.stderr))
}

/// Ann's live request is of an account whose name is not safe.
async fn world() -> Running {
    let running = fake::start().await;
    for view in &mut running.fake.world().requests {
        if view.id.short() == "R1N6BC" {
            view.account = crate::fixtures::account("web-prod").into();
            Arc::make_mut(&mut view.account).name = "web\u{202e} prod".to_owned();
        }
    }
    running
}

#[tokio::test(flavor = "multi_thread")]
async fn link_profile_and_sign_in_are_printed() {
    let running = world().await;
    let none = Path::new("/nonexistent/config");
    let (code, out, err) = use_id(&running, none, &["R1N6BC"]).await;
    assert_eq!(code, 0, "{err}");
    for words in [
        "https://example.awsapps.com/start/#/console?account_id=444455556666&role_name=AdministratorAccess",
        "[sso-session teamd-example]\nsso_start_url = https://example.awsapps.com/start\n",
        &format!("[profile {NAME}]\nsso_session = teamd-example\nsso_account_id = 444455556666\n"),
        "sign in: aws sso login --sso-session teamd-example\n",
        &format!("export AWS_PROFILE={NAME}"),
        "until ",
    ] {
        assert!(out.contains(words), "{words}: {out}");
    }
    assert!(!out.contains('\u{202e}') && !out.contains("[default"), "{out}");
    let (code, out, _) = use_id(&running, none, &["R1N6BC", "--json"]).await;
    let answer = json(&out);
    assert_eq!((code, answer["sso_session"].as_str()), (0, Some("teamd-example")));
    assert_eq!(answer["sign_in"][2], "login");
    assert!(answer["written_to"].is_null());
    for (id, wanted) in [("X4TE2N", 3), ("NN5E0J", 5), ("F3C7YQ", 5), ("AAAAAA", 4)] {
        let (code, _, err) = use_id(&running, none, &[id]).await;
        assert_eq!(code, wanted, "{id}: {err}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_portal_that_is_not_set_is_named_and_not_guessed() {
    let running = world().await;
    running.fake.world().portal_url = None;
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("config");
    let (code, out, err) = use_id(&running, &config, &["R1N6BC"]).await;
    assert_eq!((code, out.contains("https://")), (0, false), "{out}");
    assert!(err.contains("`portal_url` under [aws]"), "{err}");
    let (code, _, err) = use_id(&running, &config, &["R1N6BC", "--write-profile"]).await;
    assert_eq!((code, config.exists()), (1, false), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_written_profile_leaves_every_other_byte() {
    let running = world().await;
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("new/config");
    let write = ["R1N6BC", "--write-profile"];
    let mode = |path: &Path| path.metadata().expect("it is there").permissions().mode() & 0o777;
    let (code, out, err) = use_id(&running, &config, &write).await;
    assert_eq!((code, mode(&config)), (0, 0o600), "{err}");
    assert!(out.contains(&format!("profile {NAME} is in")), "{out}");

    let old = b"[default]\r\nregion = eu-west-1\n; \xff\n[profile other]\nregion=x";
    let real = folder.path().join("real");
    let link = folder.path().join("link");
    std::fs::write(&real, old).expect("written");
    std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).expect("set");
    symlink(&real, &link).expect("a link");
    assert_eq!(use_id(&running, &link, &write).await.0, 0);
    let once = std::fs::read(&real).expect("readable");
    assert!(once.starts_with(old) && once.ends_with(b"region = eu-west-1\n"));
    assert!(link.is_symlink(), "the link is followed, not replaced");
    assert_eq!(mode(&real), 0o640);
    running.fake.world().portal_url = Some("https://example.awsapps.com/start2".to_owned());
    assert_eq!(use_id(&running, &link, &write).await.0, 0);
    let twice = std::fs::read(&real).expect("readable");
    let replaced = String::from_utf8_lossy(&once).replace("/start\n", "/start2\n");
    assert_eq!(String::from_utf8_lossy(&twice), replaced);
    let left: Vec<_> = std::fs::read_dir(folder.path()).expect("a folder").collect();
    assert_eq!(left.len(), 3, "no temporary file stays: {left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_section_is_refused() {
    let running = world().await;
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("config");
    let old = format!("[profile {NAME}]\nregion = mine\n");
    std::fs::write(&config, &old).expect("written");
    let (code, _, err) = use_id(&running, &config, &["R1N6BC", "--write-profile"]).await;
    assert_eq!(code, 5, "{err}");
    assert!(err.contains("did not write"), "{err}");
    assert_eq!(std::fs::read_to_string(&config).expect("readable"), old);
}
