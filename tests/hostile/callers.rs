//! The process that attackers and dashboards live in: this test binary once more, at a lower priority, with a thread for
//! each uid. It goes on until its standard input ends, and answers with what it has counted.

use crate::attack::{Attack, Role};
use crate::{dashboards, floods};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use team_test_support::uid::spawn_as;
use tokio::process::{Child, Command};
use tokio::sync::watch;

/// What the process is to do.
const TASK: &str = "TEAM_HOSTILE_TASK";
/// Before what it counted.
const REPORT: &str = "REPORT ";
/// As many descriptors as the system allows, and a lower priority.
const START: &str = r#"ulimit -S -n "$(ulimit -H -n)"; exec nice -n 5 "$@""#;
/// How long dashboards that have not loaded yet are given after their phase. A figure, and no limit: a busy machine is slow.
const LOAD: Duration = Duration::from_secs(90);
/// How long it has to hang up, once they have loaded.
const STOP: Duration = Duration::from_secs(10);

/// What was counted, by who and what.
pub(crate) type Report = BTreeMap<String, u64>;

/// Counts, from many threads.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counts(Arc<Mutex<Report>>);

impl Counts {
    pub(crate) fn add(&self, what: impl Into<String>) {
        let mut report = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *report.entry(what.into()).or_default() += 1;
    }

    fn of(&self, what: &str) -> u64 {
        let report = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        report.get(what).copied().unwrap_or_default()
    }
}

/// A uid and what it stands for.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Caller {
    pub(crate) uid: u32,
    pub(crate) role: Role,
}

#[derive(Debug, Serialize, Deserialize)]
struct Task {
    socket: PathBuf,
    attacks: Vec<Attack>,
    callers: Vec<Caller>,
    /// A request that waits for a decision.
    pending: String,
    /// Uids with a dashboard, the first with nine more.
    dashboards: Vec<u32>,
}

/// The process.
pub(crate) struct Callers(Child);

impl Callers {
    /// Starts attackers; none where no caller has anything to do.
    pub(crate) fn attack(
        socket: &Path,
        attacks: &[Attack],
        callers: Vec<Caller>,
        pending: &str,
    ) -> Option<Self> {
        let attacks: Vec<Attack> = attacks
            .iter()
            .copied()
            .filter(|attack| attack.has_callers())
            .collect();
        (!attacks.is_empty()).then(|| {
            Self::start(&Task {
                socket: socket.to_owned(),
                attacks,
                callers,
                pending: pending.to_owned(),
                dashboards: Vec::new(),
            })
        })
    }

    /// Opens dashboards.
    pub(crate) fn dashboards(socket: &Path, uids: Vec<u32>) -> Self {
        Self::start(&Task {
            socket: socket.to_owned(),
            attacks: Vec::new(),
            callers: Vec::new(),
            pending: String::new(),
            dashboards: uids,
        })
    }

    fn start(task: &Task) -> Self {
        let own = std::env::current_exe().expect("a program");
        let mut command = Command::new("/bin/sh");
        command.args(["-c", START, "sh"]).arg(own);
        command.args(["--exact", "callers::process", "--ignored", "--nocapture"]);
        command.env(TASK, serde_json::to_string(task).expect("JSON"));
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        Self(command.spawn().expect("the callers run"))
    }

    /// Lets them hang up; what they have counted.
    pub(crate) async fn stop(mut self) -> Report {
        drop(self.0.stdin.take());
        let ended = tokio::time::timeout(LOAD + STOP, self.0.wait_with_output()).await;
        let output = ended.expect("the callers hang up").expect("their output");
        let text = String::from_utf8_lossy(&output.stdout);
        let report = text.lines().find_map(|line| line.split_once(REPORT));
        let (_, report) = report.unwrap_or_else(|| panic!("no report of the callers: {text}"));
        serde_json::from_str(report).expect("a report")
    }
}

/// Not a test: the process itself.
#[test]
#[ignore = "the process that the other tests start"]
#[expect(
    clippy::disallowed_methods,
    reason = "a thread of its own, outside of any runtime"
)]
fn process() {
    let Ok(task) = std::env::var(TASK) else { return };
    let task: Task = serde_json::from_str(&task).expect("a task");
    let counts = Counts::default();
    let (stop, stopped) = watch::channel(false);
    let mut threads = Vec::new();
    for caller in task.callers {
        let target = floods::Target {
            socket: task.socket.clone(),
            pending: task.pending.clone(),
            role: caller.role,
            counts: counts.clone(),
        };
        let (attacks, stopped) = (task.attacks.clone(), stopped.clone());
        threads.push(spawn_as(caller.uid, move || {
            until(stopped, async move { floods::run(&target, &attacks).await })
        }));
    }
    let wanted = if task.dashboards.is_empty() {
        0
    } else {
        dashboards::OPEN
    };
    for (number, uid) in task.dashboards.into_iter().enumerate() {
        let (socket, counts, stopped) = (task.socket.clone(), counts.clone(), stopped.clone());
        threads.push(spawn_as(uid, move || {
            until(
                stopped,
                async move { dashboards::run(&socket, number, &counts).await },
            )
        }));
    }
    // It ends when whoever started us has seen enough, or is gone.
    let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
    let over = Instant::now() + LOAD;
    while counts.of(dashboards::LOADED) < wanted && Instant::now() < over {
        std::thread::sleep(Duration::from_millis(50));
    }
    stop.send_replace(true);
    for thread in threads {
        thread.join().expect("a caller");
    }
    let report = counts.0.lock().unwrap_or_else(PoisonError::into_inner);
    println!("\n{REPORT}{}", serde_json::to_string(&*report).expect("JSON"));
}

async fn until(mut stopped: watch::Receiver<bool>, work: impl Future<Output = ()>) {
    tokio::select! {
        biased;
        _ = stopped.wait_for(|stopped| *stopped) => {}
        () = work => {}
    }
}
