//! Many seeds, a thread for each processor.

use super::judge::{Case, Violation, judge, overstay};
use super::record::clock_face;
use super::world;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use teamd_engine::Guard;

/// What many seeds came to.
pub(crate) struct Found {
    pub(crate) seeds: Vec<u64>,
    /// Seeds that violate something, in order.
    pub(crate) failures: Vec<(u64, Vec<Violation>)>,
    ran: usize,
    took: Duration,
    /// The longest that access was there outside of its windows, in milliseconds that count, and in which seed.
    worst: (i64, u64),
    calls: usize,
}

/// Runs seeds until all are done, or so many have failed.
pub(crate) fn sweep(seeds: Vec<u64>, without: Option<Guard>, enough: usize) -> Found {
    let started = Instant::now();
    let next = AtomicUsize::new(0);
    let failed = AtomicUsize::new(0);
    let found = Mutex::new(Found {
        seeds: Vec::new(),
        failures: Vec::new(),
        ran: 0,
        took: Duration::ZERO,
        worst: (0, 0),
        calls: 0,
    });
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while failed.load(Ordering::SeqCst) < enough {
                    let Some(seed) = seeds.get(next.fetch_add(1, Ordering::SeqCst)) else {
                        return;
                    };
                    let record = world::run(*seed, without);
                    let violations = judge(&record);
                    let overstay = overstay(&Case::new(&record));
                    let mut found = found.lock().expect("nobody panics with it");
                    found.ran += 1;
                    found.calls += record.calls.len();
                    found.worst = found.worst.max((overstay, *seed));
                    if !violations.is_empty() {
                        failed.fetch_add(1, Ordering::SeqCst);
                        found.failures.push((*seed, violations));
                    }
                }
            });
        }
    });
    let mut found = found.into_inner().expect("nobody panicked with it");
    found.failures.sort_by_key(|(seed, _)| *seed);
    found.took = started.elapsed();
    found.seeds = seeds;
    found
}

impl Found {
    /// Speed, and how near it was.
    pub(crate) fn figures(&self) -> String {
        let seconds = self.took.as_secs_f64();
        format!(
            "{} seeds of 7 days in {seconds:.1} s, {:.1} a second; {} calls of AWS a seed; the longest overstay {:.0} s, in seed {}; {} seeds with a violation",
            self.ran,
            self.ran as f64 / seconds,
            self.calls / self.ran.max(1),
            self.worst.0 as f64 / 1000.0,
            self.worst.1,
            self.failures.len(),
        )
    }

    /// What went wrong, and how to see it again.
    pub(crate) fn report(&self) -> String {
        let mut lines = vec![format!("{} of {} seeds:", self.failures.len(), self.ran)];
        for (seed, violations) in self.failures.iter().take(8) {
            lines.push(format!("seed {seed}"));
            for violation in violations.iter().take(4) {
                lines.push(format!(
                    "    {} {}: {}",
                    clock_face(violation.at),
                    violation.invariant,
                    violation.what
                ));
            }
            lines.push(format!(
                "    SEEDS={seed} LOG=1 cargo test -p teamd-engine --test simulation -- seeds --nocapture"
            ));
        }
        lines.join("\n")
    }
}
