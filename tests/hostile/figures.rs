//! What a run has measured, the table of it, and what fails the test.

use crate::callers::Report;
use crate::dashboards;
use crate::probes::Command;
use crate::schedule::Phase;
use std::collections::BTreeMap;
use std::time::Duration;

/// From an end to the arrival of its delete, in milliseconds.
const LATEST: i64 = 1_000;
/// From a command of root or security to its answer.
const COMMAND: Duration = Duration::from_secs(2);
/// Resident memory, in MiB.
const MEMORY: f64 = 400.0;

/// Figures of a run.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    rows: Vec<Row>,
    commands: Vec<Command>,
    reports: BTreeMap<String, Report>,
    memory: BTreeMap<String, Option<f64>>,
    lag: BTreeMap<String, Duration>,
    watchdog: String,
    failures: Vec<String>,
}

#[derive(Debug)]
struct Row {
    phase: String,
    ends: usize,
    /// Sorted.
    late: Vec<i64>,
}

impl Row {
    /// Nearest rank.
    fn percentile(&self, of: usize) -> String {
        let rank = (self.ends * of).div_ceil(100).max(1);
        match self.late.get(rank - 1) {
            Some(late) => format!("{late}"),
            None => "never".to_owned(),
        }
    }
}

impl Figures {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Something that must not be.
    pub(crate) fn fail(&mut self, why: String) {
        self.failures.push(why);
    }

    /// How late each delete was; none: it was not sent.
    pub(crate) fn add_phase(&mut self, phase: &Phase, late: Vec<Option<i64>>) {
        let ends = late.len();
        let mut late: Vec<i64> = late.into_iter().flatten().collect();
        late.sort_unstable();
        // Ends of a mass expiry come at the rate that AWS allows; what is asked of that phase is that nobody is refused.
        let in_time = late.iter().filter(|late| (0..=LATEST).contains(*late)).count();
        if in_time < ends && !phase.has_dashboards {
            self.fail(format!(
                "{}: {} of {ends} deletes were not sent within a second of their end",
                phase.name,
                ends - in_time
            ));
        }
        if late.len() < ends {
            self.fail(format!(
                "{}: {} deletes were never sent",
                phase.name,
                ends - late.len()
            ));
        }
        self.rows.push(Row {
            phase: phase.name.clone(),
            ends,
            late,
        });
    }

    pub(crate) fn add_commands(&mut self, commands: Vec<Command>) {
        for command in &commands {
            let Command {
                phase,
                who,
                what,
                took,
                outcome,
            } = command;
            // While nothing can be written down, nothing is granted again: a freeze stays.
            let is_locked = matches!(phase.as_str(), "busy_database" | "together");
            let is_done = match outcome {
                Ok(200..300) => true,
                Ok(503) => *what == "unfreeze" && is_locked,
                Ok(_) | Err(_) => false,
            };
            if !is_done || *took > COMMAND {
                let took = took.as_secs_f64();
                self.failures
                    .push(format!("{phase}: {what} of {who}: {outcome:?} after {took:.2} s"));
            }
        }
        self.commands.extend(commands);
    }

    pub(crate) fn add_report(&mut self, phase: &str, has_dashboards: bool, report: Report) {
        if report.is_empty() {
            self.fail(format!("{phase}: the callers did nothing"));
        }
        if has_dashboards {
            let refused = report
                .iter()
                .filter(|(what, _)| what.starts_with("REFUSED") || what.starts_with("FAILED"));
            let refused: Vec<String> = refused.map(|(what, times)| format!("{times} × {what}")).collect();
            if !refused.is_empty() {
                self.fail(format!("{phase}: {}", refused.join("; ")));
            }
        }
        // Each reads 2,200 requests at its start, all at the same time.
        let loaded = report.get(dashboards::LOADED).copied().unwrap_or_default();
        if has_dashboards && loaded < dashboards::OPEN {
            self.fail(format!(
                "{phase}: {loaded} of {} dashboards loaded",
                dashboards::OPEN
            ));
        }
        self.reports.insert(phase.to_owned(), report);
    }

    pub(crate) fn note_daemon(&mut self, phase: &str, is_running: bool, peak: Option<f64>) {
        if !is_running {
            self.fail(format!("{phase}: the daemon has ended"));
        }
        if peak.is_some_and(|peak| peak >= MEMORY) {
            self.fail(format!("{phase}: {:.0} MiB resident", peak.unwrap_or_default()));
        }
        self.memory.insert(phase.to_owned(), peak);
    }

    pub(crate) fn add_lag(&mut self, phase: &str, lag: Duration) {
        self.lag.insert(phase.to_owned(), lag);
    }

    pub(crate) fn add_watchdog(&mut self, fed: usize, gap: Duration, allowed: Duration) {
        self.watchdog = format!("fed {fed} times, at most {:.1} s apart", gap.as_secs_f64());
        if gap >= allowed {
            self.fail(format!("the watchdog: {}", self.watchdog));
        }
    }

    pub(crate) fn print(&self) {
        println!(
            "\nfrom an end to the arrival of its delete, in ms; lag: how late the machine wakes this process, at the worst;\n\
             command: the slowest of root and security; memory: the most of the daemon so far"
        );
        println!(
            "{:<20} {:>5} {:>8} {:>8} {:>8} {:>8} {:>9} {:>10}",
            "phase", "ends", "p50", "p99", "max", "lag", "command", "memory"
        );
        for row in &self.rows {
            let commands = self.commands.iter().filter(|command| command.phase == row.phase);
            let slowest = commands.map(|command| command.took).max();
            let memory = self.memory.get(&row.phase).copied().flatten();
            println!(
                "{:<20} {:>5} {:>8} {:>8} {:>8} {:>8} {:>9} {:>10}",
                row.phase,
                row.ends,
                row.percentile(50),
                row.percentile(99),
                row.percentile(100),
                self.lag
                    .get(&row.phase)
                    .map_or_else(String::new, |lag| format!("{}", lag.as_millis())),
                slowest.map_or_else(String::new, |took| format!("{:.2} s", took.as_secs_f64())),
                memory.map_or_else(String::new, |memory| format!("{memory:.0} MiB")),
            );
        }
        println!("the watchdog: {}", self.watchdog);
        for (phase, report) in &self.reports {
            println!("{phase}: {report:?}");
        }
    }

    /// Fails the test with everything that went wrong.
    pub(crate) fn assert(&self) {
        assert!(self.failures.is_empty(), "\n{}", self.failures.join("\n"));
    }
}
