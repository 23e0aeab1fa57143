//! Messages to people, with real receivers: an HTTP endpoint whose signatures are verified by another library, a mail
//! server with TLS, and something that is shaped like Slack.
//!
//! * [`http`], [`smtp`] the receivers · [`webhooks`], [`mail`], [`slack`] a channel each
//! * [`failures`] what failed is told as failed
//! * [`log`] who was told, trying a channel, sending again · [`routes`] routes of the policy · [`weekly`] the digest
//! * [`many`] ten thousand events, failures and kills

mod failures;
mod http;
mod log;
mod mail;
mod many;
mod routes;
mod slack;
pub(crate) mod smtp;
mod webhooks;
mod weekly;

use crate::support::*;
use serde_json::Value;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use teamd_config::{Config, Webhook};

/// A secret by the specification: `whsec_` and 24 bytes.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A file that only its owner reads.
fn secret_file(folder: &Path, name: &str, text: &str) -> PathBuf {
    use std::io::Write as _;
    let path = folder.join(name);
    let mut options = std::fs::OpenOptions::new();
    let file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&path);
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .expect("a secret");
    path
}

/// A webhook of that name.
fn webhook(config: &mut Config, folder: &Path, name: &str, url: &str) {
    config.notify.webhooks.push(Webhook {
        name: name.to_owned(),
        url: url.to_owned(),
        secret_file: secret_file(folder, name, SECRET),
        events: Vec::new(),
    });
}

/// Who was told, as an administrator reads it.
async fn notifications(world: &World, query: &str) -> Vec<Value> {
    let page = world
        .as_("gita")
        .get(&format!("/v1/notifications?limit=500{query}"))
        .await
        .is(200);
    items(&page).clone()
}

/// Waits until as many as that are in the state.
async fn reach_state(world: &World, state: &str, count: usize) -> Vec<Value> {
    let deadline = std::time::Instant::now() + SOON;
    loop {
        let found = notifications(world, &format!("&state={state}")).await;
        if found.len() >= count {
            return found;
        }
        assert!(
            std::time::Instant::now() < deadline,
            "{} of {count} {state}: {found:#?}",
            found.len()
        );
        pause().await;
    }
}
