//! `teamd simulate-aws` in a process of its own, and the strings behind its scene.

use crate::daemon::program;
use crate::log::Log;
use serde_json::{Value, json};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;

/// A simulated AWS. Dropped, it is killed.
#[derive(Debug)]
pub struct SimulatedAws {
    url: String,
    http: reqwest::Client,
    _log: Log,
    _child: Child,
}

/// What to simulate.
#[derive(Debug, Clone, Copy)]
pub struct Simulation<'a> {
    /// The organisation, in TOML.
    pub organisation: &'a str,
    /// What goes wrong from the start, in TOML.
    pub faults: &'a str,
    /// The port; 0: a free one.
    pub port: u16,
}

impl SimulatedAws {
    /// Starts one; its files go to `folder`.
    ///
    /// # Panics
    /// It does not start.
    pub async fn start(teamd: &Path, folder: &Path, simulation: Simulation<'_>) -> Self {
        let file = |name: &str, text: &str| -> PathBuf {
            let path = folder.join(name);
            std::fs::write(&path, text).expect("a file");
            path
        };
        let log = Log::new(folder.join("simulate-aws.log"));
        let mut command = program(teamd);
        command.args([
            "simulate-aws",
            "--listen",
            &format!("127.0.0.1:{}", simulation.port),
        ]);
        command
            .arg("--org")
            .arg(file("organisation.toml", simulation.organisation));
        command
            .arg("--faults")
            .arg(file("faults.toml", simulation.faults));
        command.stdout(Stdio::piped()).stderr(log.stdio());
        let mut child = command.spawn().expect("teamd runs");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let said = tokio::time::timeout(Duration::from_secs(30), lines.next_line()).await;
        let line = match said {
            Ok(Ok(Some(line))) => line,
            other => panic!(
                "simulate-aws does not say where it listens: {other:?}\n{}",
                log.tail()
            ),
        };
        let url = line
            .strip_prefix("listening on ")
            .unwrap_or_else(|| panic!("{line}"))
            .to_owned();
        Self {
            url,
            http: reqwest::Client::builder().no_proxy().build().expect("a client"),
            _log: log,
            _child: child,
        }
    }

    /// The endpoint.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What is really there: each assignment as `TYPE name account set`, sorted.
    pub async fn assignments(&self) -> Vec<String> {
        let answer = self.get("assignments").await;
        let word = |row: &Value, key: &str| row[key].as_str().unwrap_or("?").to_owned();
        let line = |row: &Value| {
            let parts = [
                "principal_type",
                "principal_name",
                "account_name",
                "permission_set_name",
            ];
            parts.map(|key| word(row, key)).join(" ")
        };
        let mut lines: Vec<String> = answer["assignments"]
            .as_array()
            .into_iter()
            .flatten()
            .map(line)
            .collect();
        lines.sort();
        lines
    }

    /// All calls of one operation so far.
    pub async fn calls(&self, operation: &str) -> Vec<Value> {
        let mut answer = self.get("calls").await;
        let calls = answer["calls"].take();
        let Value::Array(calls) = calls else {
            panic!("no calls: {calls}")
        };
        let named = |call: &Value| {
            call["operation"]
                .as_str()
                .is_some_and(|name| name.rsplit(':').next() == Some(operation))
        };
        calls.into_iter().filter(named).collect()
    }

    /// Other faults from now on, in TOML.
    pub async fn faults(&self, toml: &str) {
        self.post("faults", toml.to_owned(), "application/toml").await;
    }

    /// Back to the faults of the start.
    pub async fn reset_faults(&self) {
        self.post("reset-faults", String::new(), "application/toml").await;
    }

    /// Gives a person access, as somebody at the console would.
    pub async fn assign(&self, user: &str, account: &str, permission_set: &str) {
        let body = json!({ "user": user, "account": account, "permission_set": permission_set });
        self.post("assignments", body.to_string(), "application/json")
            .await;
    }

    async fn get(&self, what: &str) -> Value {
        let url = format!("{}/_simulator/{what}", self.url);
        let answer = self.http.get(url).send().await.expect("the simulator answers");
        answer.json().await.expect("JSON")
    }

    async fn post(&self, what: &str, body: String, content_type: &str) {
        let url = format!("{}/_simulator/{what}", self.url);
        let sent = self
            .http
            .post(url)
            .header("content-type", content_type)
            .body(body)
            .send()
            .await;
        let answer = sent.expect("the simulator answers");
        let status = answer.status();
        assert!(
            status.is_success(),
            "{what}: {status} {}",
            answer.text().await.unwrap_or_default()
        );
    }
}

/// A port on loopback that is free now.
///
/// # Panics
/// There is none.
#[must_use]
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("its address").port()
}
