//! The grant machine: step by step, and in a simulated AWS that misbehaves.

mod aws;
mod simulation;
mod steps;
mod sweep;
mod world;

use super::*;

/// A small seeded generator (splitmix64), so that a seed means the same story on every machine and in every version.
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// In 0..1.
    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn chance(&mut self, probability: f64) -> bool {
        self.share() < probability
    }

    fn millis(&mut self, range: std::ops::Range<i64>) -> TimeDelta {
        let width = u64::try_from(range.end - range.start).expect("an ascending range");
        let offset = i64::try_from(self.next() % width).expect("a small range");
        TimeDelta::milliseconds(range.start + offset)
    }
}

fn key() -> Key {
    Key {
        user: "alice".parse().unwrap(),
        account: "111122223333".parse().unwrap(),
        permission_set: "arn:aws:sso:::permissionSet/ssoins-1/ps-1".parse().unwrap(),
    }
}

fn start() -> Time {
    Time::from_timestamp(1_795_000_000, 0).unwrap()
}
