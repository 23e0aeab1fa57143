//! AWS's sign-in, where it is needed and somebody is there to do it. The token is AWS's and stays in its own cache,
//! `~/.aws/sso/cache`, in a file named by the SHA-1 of the session's name; here only its expiry is read.

use super::super::{Context, Failure};
use super::child::{Place, Signals, code_of, finish};
use crate::profile::{self, Profile};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use sha1::{Digest, Sha1};
use std::io::IsTerminal;
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::process::Command;

/// Signs in unless a token is there. Where nobody can be asked, it says what to type, and the command is tried as it is.
pub(super) async fn sign_in(
    cx: &Context,
    profile: &Profile,
    place: &Place,
    signals: &mut Signals,
) -> Result<(), Failure> {
    let home = std::env::home_dir();
    if home.is_some_and(|home| has_token(&home, &profile.session, crate::clock::now())) {
        return Ok(());
    }
    let words = profile.sign_in(profile::over_ssh());
    let line = words.join(" ");
    let aws = find("aws");
    let Some(aws) = aws.filter(|_| std::io::stdin().is_terminal()) else {
        cx.out.note(&format!(
            "there is no valid sign-in for {}; AWS may refuse the command. In a terminal: \
             AWS_CONFIG_FILE={} {line}",
            profile.session,
            place.config.display()
        ));
        return Ok(());
    };
    cx.out.note(&line);
    let mut command = Command::new(aws);
    command.args(&words[1..]);
    place.equip(&mut command);
    // Stdout is the command's own, which comes after.
    command.stdout(Stdio::from(std::io::stderr().as_fd().try_clone_to_owned()?));
    let mut child = command.spawn()?;
    let (status, signal) = finish(&mut child, signals).await?;
    match signal {
        Some(signal) => Err(Failure::Command(code_of(signal))),
        None if status.success() => Ok(()),
        None => Err(Failure::failed(format!(
            "{line} ended with {status}; the command was not run"
        ))),
    }
}

/// What we read of AWS's token file.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Token {
    expires_at: DateTime<Utc>,
}

/// Whether AWS's tools hold an unexpired token of the session.
fn has_token(home: &Path, session: &str, now: DateTime<Utc>) -> bool {
    let text = std::fs::read(token_file(home, session)).unwrap_or_default();
    serde_json::from_slice::<Token>(&text).is_ok_and(|token| token.expires_at > now)
}

fn token_file(home: &Path, session: &str) -> PathBuf {
    let name: String = Sha1::digest(session.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    home.join(".aws/sso/cache").join(format!("{name}.json"))
}

/// A program on PATH.
fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| {
            std::fs::metadata(file).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_counts_until_it_expires() {
        let home = tempfile::tempdir().expect("a folder");
        let now: DateTime<Utc> = "2026-11-22T14:00:00Z".parse().expect("a time");
        // As `printf my-sso | sha1sum` says.
        let file = token_file(home.path(), "my-sso");
        assert!(file.ends_with(".aws/sso/cache/0ad374308c5a4e22f723adf10145eafad7c4031c.json"));
        std::fs::create_dir_all(file.parent().expect("a parent")).expect("made");
        for (text, valid) in [
            (
                r#"{"accessToken": "x", "expiresAt": "2026-11-22T15:00:00Z"}"#,
                true,
            ),
            (
                r#"{"accessToken": "x", "expiresAt": "2026-11-22T13:59:59Z"}"#,
                false,
            ),
            (r#"{"clientId": "x"}"#, false),
            ("", false),
        ] {
            std::fs::write(&file, text).expect("written");
            assert_eq!(has_token(home.path(), "my-sso", now), valid, "{text}");
        }
        assert!(!has_token(home.path(), "other", now));
    }
}
