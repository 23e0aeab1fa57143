//! The simulated organisation, and a daemon on it in a process of its own.

use crate::http;
use crate::stats::millis_since;
use anyhow::{Context, bail};
use aws_simulator::organisation::{NewAccount, NewPermissionSet, NewUser};
use aws_simulator::{Faults, Organisation, Simulator, SimulatorConfig};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use teamd_api as api;
use teamd_api::Api;
use teamd_config::Config;
use teamd_host::clock::{Clock, SystemClock};
use teamd_host::lifecycle::Shutdown;
use teamd_store::port::StoreError;
use teamd_store::{Store, WriteLane};

const PEOPLE: usize = 10;
/// Many, because an account has one operation at a time.
pub(crate) const ACCOUNTS: usize = 100;
const SETS: usize = 1;

/// How many keys there are: no two requests of a run share one.
pub(crate) const KEYS: usize = PEOPLE * ACCOUNTS * SETS;

const POLICY: &str = r#"
version = 1
[roles]
admins = ["user:boss"]
[settings]
min_duration = "1s"
[[eligibility]]
id = "everybody"
who = ["group:everybody"]
accounts = ["*"]
permission_sets = ["*"]
approval = "required"
approvers = ["user:boss"]
"#;

/// 1,000 keys.
fn organisation() -> anyhow::Result<Organisation> {
    organisation_of(PEOPLE)
}

/// So many people, in all accounts and permission sets.
pub(crate) fn organisation_of(people: usize) -> anyhow::Result<Organisation> {
    let management = NewAccount {
        name: "management".to_owned(),
        ..NewAccount::default()
    };
    let mut organisation = Organisation::new("bench", "eu-west-1", management)?;
    for number in 0..ACCOUNTS {
        let (id, name) = (account(number), format!("account-{number}"));
        organisation.add_account(NewAccount {
            id: Some(id),
            name,
            ..NewAccount::default()
        })?;
    }
    for number in 0..SETS {
        organisation.add_permission_set(NewPermissionSet {
            name: set(number),
            ..NewPermissionSet::default()
        })?;
    }
    let people: Vec<_> = (0..people).map(person).collect();
    for user_name in people.iter().cloned().chain(["boss".to_owned()]) {
        organisation.add_user(NewUser {
            user_name,
            ..NewUser::default()
        })?;
    }
    let members: Vec<_> = people.iter().map(String::as_str).collect();
    organisation.add_group("everybody", "who asks", &members)?;
    Ok(organisation)
}

pub(crate) fn account(number: usize) -> String {
    format!("{:012}", 400_000_000_000 + number)
}

pub(crate) fn set(number: usize) -> String {
    format!("Set{number}")
}

pub(crate) fn person(number: usize) -> String {
    format!("person-{number}")
}

/// An AWS that is never the bottleneck: no rate limits, and as many unfinished creates as one likes.
pub(crate) async fn simulator(assignment_latency_ms: i64) -> anyhow::Result<Simulator> {
    let faults = Faults {
        assignment_latency_ms,
        rate_limits: false,
        outstanding_creates: 10_000,
        ..Faults::default()
    };
    Ok(Simulator::start(SimulatorConfig {
        organisation: organisation()?,
        faults,
        ..SimulatorConfig::default()
    })
    .await?)
}

/// The daemon's own limits out of the way as well, which no configuration file can do.
pub(crate) fn config(directory: &Path, endpoint: &str) -> anyhow::Result<Config> {
    let mut config = Config::default();
    config.server.socket = directory.join("teamd.sock");
    config.store.path = directory.join("teamd.db");
    config.store.activity_path = directory.join("activity.db");
    config.store.leases_path = directory.join("leases.json");
    config.aws.region = Some("eu-west-1".to_owned());
    config.aws.endpoint_url = Some(endpoint.to_owned());
    config.aws.directory_refresh = "3h".parse()?;
    config.aws.requests_per_second = 1000.0;
    config.aws.removal_requests_per_second = 1000.0;
    config.aws.max_in_flight = 1000;
    config.limits.pending_per_user = 1000;
    config.limits.submits_per_minute_per_user = 100_000;
    // One process is all clients.
    config.limits.connections_per_user = 100_000;
    config.limits.connections = 100_000;
    Ok(config)
}

/// Runs as the process of its own, until SIGTERM; `limited`: at the pace that is the default.
pub(crate) async fn daemon(directory: &Path, endpoint: &str, limited: bool) -> anyhow::Result<()> {
    let mut config = config(directory, endpoint)?;
    if limited {
        let usual = Config::default().aws;
        config.aws.requests_per_second = usual.requests_per_second;
        config.aws.removal_requests_per_second = usual.removal_requests_per_second;
        config.aws.max_in_flight = usual.max_in_flight;
    }
    let shutdown = Shutdown::new();
    shutdown.listen_to_signals()?;
    let engine = teamd::run::open(&config, &shutdown).await?;
    let listener = api::bind(&config.server.socket, 0o600, None)?;
    teamd::run::serve(
        &engine,
        listener,
        Api::demo(std::sync::Arc::clone(&engine)),
        &shutdown,
    );
    shutdown.finished(Duration::from_secs(10)).await;
    engine.announce_stop().await;
    engine.store().close();
    Ok(())
}

/// The binary of this name: the one given, else the one that was built with this program.
pub(crate) fn binary_of(name: &str, given: Option<&str>) -> anyhow::Result<PathBuf> {
    let binary = match given {
        Some(path) => PathBuf::from(path),
        // Examples are one folder below.
        None => std::env::current_exe()?
            .ancestors()
            .nth(2)
            .context("this program is nowhere")?
            .join(name),
    };
    if !binary.exists() {
        bail!(
            "{} is not there: cargo build --release -p {name}",
            binary.display()
        );
    }
    Ok(binary)
}

/// A process that ends with its value.
pub(crate) struct Process(Child);

impl Process {
    pub(crate) fn start(command: &mut Command) -> anyhow::Result<Self> {
        Ok(Self(
            command
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .env("RUST_LOG", "error")
                .spawn()?,
        ))
    }

    /// Of what is in memory now, and of the most that ever was: MiB.
    pub(crate) fn memory(&self) -> anyhow::Result<(f64, f64)> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let field = |name: &str| -> Option<f64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse().ok()
        };
        let both = field("VmRSS:").zip(field("VmHWM:"));
        let (now, most) = both.context("/proc does not say how much memory is used")?;
        Ok((now / 1024.0, most / 1024.0))
    }

    pub(crate) fn is_running(&mut self) -> anyhow::Result<bool> {
        Ok(self.0.try_wait()?.is_none())
    }

    /// SIGTERM, and waits; milliseconds.
    pub(crate) fn stop(mut self) -> anyhow::Result<f64> {
        let start = Instant::now();
        kill(Pid::from_raw(self.0.id().try_into()?), Signal::SIGTERM)?;
        let status = self.0.wait()?;
        if !status.success() {
            bail!("the daemon ended with {status}");
        }
        Ok(millis_since(start))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A daemon at work.
pub(crate) struct World {
    pub(crate) simulator: Simulator,
    pub(crate) process: Process,
    socket: PathBuf,
}

impl World {
    /// Starts both, and waits until the directory is loaded.
    pub(crate) async fn start(directory: &Path, assignment_latency_ms: i64) -> anyhow::Result<Self> {
        let simulator = simulator(assignment_latency_ms).await?;
        write_policy(&directory.join("teamd.db"))?;
        let mut process = Process::start(
            Command::new(std::env::current_exe()?)
                .arg("daemon")
                .arg(directory)
                .arg(simulator.url()),
        )?;
        let socket = directory.join("teamd.sock");
        let start = Instant::now();
        let entitlements = ("GET", "/v1/entitlements");
        while http::json(&socket, entitlements, &person(0), &Value::Null)
            .await
            .is_err()
        {
            if start.elapsed() > Duration::from_secs(60) || !process.is_running()? {
                bail!("the daemon did not get ready");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(Self {
            simulator,
            process,
            socket,
        })
    }

    /// Files the request of key `number`; its id.
    pub(crate) async fn submit(&self, number: usize, seconds: i64) -> anyhow::Result<String> {
        let body = json!({
            "account_id": account(number % ACCOUNTS),
            "permission_set": set(number / ACCOUNTS / PEOPLE),
            "duration_seconds": seconds,
            "justification": "to be measured",
        });
        let who = person(number / ACCOUNTS % PEOPLE);
        let request = http::json(&self.socket, ("POST", "/v1/requests"), &who, &body).await?;
        Ok(request["id"]
            .as_str()
            .context("a request without an id")?
            .to_owned())
    }

    pub(crate) async fn approve(&self, id: &str) -> anyhow::Result<()> {
        let path = format!("/v1/requests/{id}/approve");
        http::json(&self.socket, ("POST", &path), "boss", &json!({})).await?;
        Ok(())
    }

    /// Whether any request is in one of these states.
    pub(crate) async fn has(&self, states: &str) -> anyhow::Result<bool> {
        let path = format!("/v1/requests?limit=1&state={states}");
        let page = http::json(&self.socket, ("GET", &path), "boss", &Value::Null).await?;
        Ok(page["items"].as_array().is_some_and(|items| !items.is_empty()))
    }
}

pub(crate) fn write_policy(path: &Path) -> anyhow::Result<()> {
    let store = Store::open(path)?;
    let sha256: String = Sha256::digest(POLICY)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    store.write_blocking::<_, StoreError>(WriteLane::Normal, move |tx| {
        tx.append_policy(POLICY, &sha256, "operator", SystemClock.now())
    })?;
    store.close();
    Ok(())
}
