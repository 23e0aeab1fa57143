//! Percentiles, and the disk's own speed.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

/// Milliseconds, sorted.
pub(crate) struct Sample(Vec<f64>);

impl Sample {
    pub(crate) fn new(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Self(values)
    }

    /// Nearest rank.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0.get(rank - 1).copied().unwrap_or(f64::NAN)
    }

    fn summary(&self) -> String {
        format!(
            "n={:<5} p50 {:>7.1} ms  p99 {:>7.1} ms  max {:>7.1} ms",
            self.0.len(),
            self.percentile(50),
            self.percentile(99),
            self.percentile(100)
        )
    }

    pub(crate) fn print(&self, what: &str) {
        println!("{what:<46} {}", self.summary());
    }

    /// With the limit that its 99th percentile is held to.
    pub(crate) fn print_against(&self, what: &str, limit: f64) {
        let p99 = self.percentile(99);
        let verdict = if p99 <= limit { "within" } else { "OVER" };
        println!(
            "{what:<46} {}  p99 {verdict} {limit:.0} ms ({:.2} of it)",
            self.summary(),
            p99 / limit
        );
    }
}

pub(crate) fn millis_since(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1000.0
}

/// What one durable write costs here: the floor of every step that the daemon takes.
pub(crate) fn print_disk(directory: &Path) -> anyhow::Result<()> {
    let path = directory.join("fsync");
    let mut file = File::create(&path)?;
    let mut times = Vec::new();
    for _ in 0..200 {
        let start = Instant::now();
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        times.push(millis_since(start));
    }
    std::fs::remove_file(path)?;
    Sample::new(times).print("the disk: 4 KiB appended and synced");
    Ok(())
}
