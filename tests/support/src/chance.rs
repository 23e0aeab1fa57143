//! Chance that can be repeated: a generator of a few lines, and seeds that are printed.

use crate::loud::say;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

/// SplitMix64.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// The same seed, the same numbers.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`, which is above zero.
    pub fn below(&mut self, end: u64) -> u64 {
        self.draw() % end
    }

    /// A time in `0..end`, to the millisecond.
    pub fn within(&mut self, end: Duration) -> Duration {
        Duration::from_millis(self.below(u64::try_from(end.as_millis()).unwrap_or(u64::MAX).max(1)))
    }
}

/// The seed in this environment variable, or a new one; printed either way.
#[must_use]
pub fn seed(variable: &str) -> u64 {
    let given = std::env::var(variable).ok().and_then(|text| text.parse().ok());
    let seed = given.unwrap_or_else(|| RandomState::new().build_hasher().finish() % 1_000_000);
    say(&format!(
        "seed {seed}: {variable}={seed} repeats this run's choices"
    ));
    seed
}
