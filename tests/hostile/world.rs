//! The daemon on its store, a phase from its beginning to its end, and what holds after the last.

use crate::attack::Attack;
use crate::callers::Callers;
use crate::figures::Figures;
use crate::host::{self, Host};
use crate::probes;
use crate::schedule::{End, Phase, Schedule};
use crate::setup::{POLICY, Uids, account, configuration, organisation, set};
use crate::{store, teamd};
use aws_simulator::organisation::AssignmentKey;
use aws_simulator::{Faults, Operation, Simulator, SimulatorConfig};
use nix::unistd::Uid;
use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::time::{Duration, Instant};
use team_shared::ids::RequestId;
use team_test_support::daemon::{self, Daemon, Options};
use team_test_support::loud::say;
use team_test_support::notify::NotifySocket;
use team_test_support::process::{MemoryCgroup, peak_memory};
use team_test_support::socket;
use team_test_support::trusted::trusted_folder;
use team_test_support::uid::run_as;
use team_test_support::wait::eventually;
use teamd_domain::Time;
use teamd_host::clock::{Clock, SystemClock};
use tempfile::TempDir;

/// People whose access ends far away: with all accounts and permission sets 2,000 grants.
const HOLDERS: usize = 20;
/// People whose access ends during the run, and who have a dashboard open.
const ENDING: usize = 50;
/// What the daemon's unit allows.
const DESCRIPTORS: u64 = 8_192;
const MEMORY: u64 = 512 * 1024 * 1024;
/// How often the machine's own delay is looked at.
const LAG_EVERY: Duration = Duration::from_millis(10);
const WATCHDOG: Duration = Duration::from_secs(30);

/// The daemon and what is around it.
pub(crate) struct World {
    // Dropped from the top: programs, then their files, then the users.
    pub(crate) daemon: Daemon,
    notify: NotifySocket,
    _cgroup: Option<MemoryCgroup>,
    pub(crate) simulator: Simulator,
    origin: Time,
    /// Live requests that nothing else ends.
    victims: Vec<RequestId>,
    /// A request that waits for a decision.
    pending: String,
    pub(crate) uids: Uids,
    folder: TempDir,
    /// Files of on-call sources. The daemon does not trust a folder in `/tmp`.
    sources: TempDir,
}

impl World {
    /// Writes the store, starts everything, and waits until the daemon knows its people.
    pub(crate) async fn start(schedule: &mut Schedule) -> Self {
        let staff = ["alice", "bob", "carol", "gita", "ivy"].map(str::to_owned);
        let ending: Vec<String> = (0..ENDING).map(|number| format!("d{number}")).collect();
        let holders: Vec<String> = (0..HOLDERS).map(|number| format!("holder-{number}")).collect();
        let has_dashboards = schedule.phases.iter().any(|phase| phase.has_dashboards);
        let with_login = [&staff[..], if has_dashboards { &ending[..] } else { &[] }].concat();
        let logins = std::thread::spawn(move || Uids::make(&with_login));
        let folder = tempfile::Builder::new()
            .prefix("team-hostile-")
            .permissions(PermissionsExt::from_mode(0o711))
            .tempdir()
            .expect("a directory");
        let mut organisation =
            organisation(&[&staff[..], &ending[..], &holders[..]].concat()).expect("an organisation");
        let uids = logins.join().expect("users");
        let state = folder.path().join("state");
        std::fs::create_dir(&state).expect("a directory");
        let began = Instant::now();
        let victims = store::write(
            &state.join("teamd.db"),
            POLICY,
            &mut organisation,
            (&holders[..], &ending[..]),
            schedule,
        )
        .expect("a store");
        println!("the store was written in {:.1} s", began.elapsed().as_secs_f64());
        let simulator = Simulator::start(SimulatorConfig {
            organisation,
            faults: Faults {
                assignment_latency_ms: 300,
                // What is measured is the daemon, not the rate that AWS allows.
                rate_limits: false,
                ..Faults::default()
            },
            ..SimulatorConfig::default()
        })
        .await
        .expect("a simulator");
        let sources = trusted_folder();
        if schedule.has(Attack::OnCallSources) {
            host::prepare_on_call(sources.path()).expect("on-call sources");
        }
        let config = folder.path().join("teamd.toml");
        let on_call = if schedule.has(Attack::OnCallSources) {
            host::on_call_configuration(sources.path())
        } else {
            String::new()
        };
        let text = configuration(folder.path(), &simulator.url(), &uids, &on_call);
        std::fs::write(&config, text).expect("a file");
        let notify = NotifySocket::bind(&folder.path().join("notify.sock")).expect("a socket");
        let cgroup = MemoryCgroup::make(&format!("teamd-hostile-{}", std::process::id()), MEMORY)
            .map_err(|why| {
                say(&format!(
                    "SKIPPED: the limit of 512 MiB (VmHWM is read all the same): {why}"
                ))
            })
            .ok();
        let options = Options {
            descriptors: Some(DESCRIPTORS),
            cgroup: cgroup.as_ref().map(|cgroup| cgroup.path().to_owned()),
            environment: notify.environment(WATCHDOG),
            pipe_log: true,
        };
        let (socket, log) = (folder.path().join("teamd.sock"), folder.path().join("teamd.log"));
        let daemon = Daemon::start_with(teamd(), &config, &socket, &log, options).await;
        let mut world = Self {
            daemon,
            notify,
            _cgroup: cgroup,
            simulator,
            origin: schedule.origin,
            victims,
            pending: String::new(),
            uids,
            folder,
            sources,
        };
        world.pending = world.submit().await;
        let first = schedule.phases[0].start;
        let took = SystemClock.now() - schedule.origin;
        println!("the daemon was ready after {:.1} s", took.as_seconds_f64());
        assert!(
            took < first,
            "the daemon was ready after {took}, and the first phase begins after {first}"
        );
        world
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("teamd.sock")
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join("state/teamd.db")
    }

    pub(crate) fn on_call_folder(&self) -> &Path {
        self.sources.path()
    }

    /// alice asks for access that waits for bob: from then on the daemon knows its people.
    async fn submit(&self) -> String {
        let uid = self.uids.of("alice").unwrap_or(Uid::effective().as_raw());
        let socket = self.socket();
        let body = serde_json::json!({
            "account_id": account(0),
            "permission_set": set(0),
            "duration_seconds": 3600,
            "justification": "the queue is stuck, INC-4711",
        })
        .to_string();
        run_as(uid, move || async move {
            eventually("alice has a request", Duration::from_secs(30), async || {
                let answer = socket::call(&socket, "POST", "/v1/requests", &body).await.ok()?;
                Some(answer.json()["id"].as_str()?.to_owned())
            })
            .await
        })
        .await
    }

    /// Waits for the phase, lets its attacks loose, and asks for what must be possible meanwhile.
    pub(crate) async fn run_phase(&mut self, phase: &Phase, figures: &mut Figures) {
        self.sleep_until(phase.start).await;
        if !self.daemon.is_running() {
            return figures.fail(format!("{}: there is no daemon any more", phase.name));
        }
        let mut host = Host::begin(self, phase);
        let callers = if phase.has_dashboards {
            self.dashboards()
        } else {
            Callers::attack(&self.socket(), &phase.attacks, self.uids.callers(), &self.pending)
        };
        let victims = self
            .victims
            .split_off(self.victims.len().saturating_sub(probes::ROUNDS));
        let limit = (phase.stop - phase.start).to_std().unwrap_or_default();
        let commands = probes::run(self, &phase.name, &victims, limit);
        let (commands, lag) = tokio::join!(commands, self.watch_until(phase.stop));
        figures.add_commands(commands);
        figures.add_lag(&phase.name, lag);
        if let Some(callers) = callers {
            let report = callers.stop().await;
            figures.add_report(&phase.name, phase.has_dashboards, report);
        }
        host.end(self, &phase.name, figures).await;
        let is_running = self.daemon.is_running();
        let peak = is_running.then(|| peak_memory(self.daemon.id())).flatten();
        figures.note_daemon(&phase.name, is_running, peak);
        probes::unfreeze(self).await;
    }

    fn dashboards(&self) -> Option<Callers> {
        let uids: Vec<u32> = (0..ENDING)
            .filter_map(|number| self.uids.of(&format!("d{number}")))
            .collect();
        (!uids.is_empty()).then(|| Callers::dashboards(&self.socket(), uids))
    }

    async fn sleep_until(&self, offset: chrono::TimeDelta) {
        let left = self.origin + offset - SystemClock.now();
        tokio::time::sleep(left.to_std().unwrap_or_default()).await;
    }

    /// The same; how late this process, at the daemon's own priority, was woken at the worst: the machine's share in
    /// every figure.
    async fn watch_until(&self, offset: chrono::TimeDelta) -> Duration {
        let mut worst = Duration::ZERO;
        while SystemClock.now() < self.origin + offset {
            let begun = Instant::now();
            tokio::time::sleep(LAG_EVERY).await;
            worst = worst.max(begun.elapsed().saturating_sub(LAG_EVERY));
        }
        worst
    }

    /// How many of these ends are still assigned in AWS.
    pub(crate) fn assigned(&self, ends: &[&End]) -> usize {
        let model = self.simulator.model();
        let model = model.lock().unwrap_or_else(PoisonError::into_inner);
        ends.iter().filter(|end| model.is_assigned(&end.key)).count()
    }

    /// When each delete arrived first, in milliseconds since the epoch, by account, permission set and principal.
    fn deletes(&self) -> HashMap<[String; 3], i64> {
        let model = self.simulator.model();
        let model = model.lock().unwrap_or_else(PoisonError::into_inner);
        let mut first = HashMap::new();
        for call in model
            .calls()
            .filter(|call| call.operation == Operation::DeleteAccountAssignment)
        {
            if let Some(key) = &call.key {
                first.entry(key_of(key)).or_insert(call.at_ms);
            }
        }
        first
    }

    /// What holds at the end of every run: nothing is lost, and the daemon stops.
    pub(crate) async fn finish(self, schedule: &Schedule, figures: &mut Figures) {
        let deletes = self.deletes();
        for phase in &schedule.phases {
            let late = phase.ends.iter().map(|end| {
                let at = deletes.get(&key_of(&end.key))?;
                Some(at - end.end_at.timestamp_millis())
            });
            figures.add_phase(phase, late.collect());
        }
        let (fed, gap) = self.notify.feedings();
        figures.add_watchdog(fed, gap, WATCHDOG);
        let requests: Vec<RequestId> = schedule
            .phases
            .iter()
            .flat_map(|phase| phase.ends.iter().map(|end| end.request))
            .collect();
        if !self.daemon.is_running() {
            figures.fail("the daemon does not run any more".to_owned());
            return;
        }
        probes::all_have_ended(&self, figures).await;
        let stopped = tokio::time::timeout(Duration::from_secs(20), self.daemon.try_stop()).await;
        if !matches!(stopped, Ok(Some(status)) if status.success()) {
            figures.fail(format!(
                "SIGTERM did not end the daemon cleanly within 15 s: {stopped:?}"
            ));
            return;
        }
        let database = self.database();
        let database = database.to_str().expect("UTF-8");
        let verified = daemon::teamd(teamd(), &["audit", "verify", "--db", database]).await;
        if !verified.status.success() {
            let said = String::from_utf8_lossy(&verified.stdout).into_owned();
            figures.fail(format!("audit verify: {said}"));
        }
        match store::count_ended(&self.database(), requests) {
            Ok((ended, all)) if ended == all => {
                println!("all {all} requests have ended; the audit chain holds")
            }
            Ok((ended, all)) => figures.fail(format!("only {ended} of {all} requests have ended")),
            Err(error) => figures.fail(format!("the store cannot be read: {error}")),
        }
    }
}

fn key_of(key: &AssignmentKey) -> [String; 3] {
    [
        key.account.clone(),
        key.permission_set.clone(),
        key.principal.id().to_owned(),
    ]
}
