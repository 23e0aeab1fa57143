//! Chance, in its one place: request ids and the jitter of retries.
//!
//! A simulation must replay: with the feature `simulator` a thread may be given a seed, and draws from that instead.

use rand::Rng;
use team_shared::ids::RequestId;
use teamd_domain::Time;

/// A new request id.
pub(super) fn request_id(now: Time) -> RequestId {
    let at_ms = u64::try_from(now.timestamp_millis()).unwrap_or(0);
    RequestId::from_parts(at_ms, u128::from(draw()) << 64 | u128::from(draw()))
}

/// A number in 0..1, so that retries do not march in step.
pub(super) fn jitter() -> f64 {
    // 53 bits are what an f64 holds exactly.
    (draw() >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(any(test, feature = "simulator"))]
thread_local! {
    static SEEDED: std::cell::RefCell<Option<rand::rngs::StdRng>> = const { std::cell::RefCell::new(None) };
}

/// Whatever this thread draws from here on follows from the seed; none: chance again.
#[cfg(any(test, feature = "simulator"))]
pub fn seed_this_thread(seed: Option<u64>) {
    use rand::SeedableRng;
    SEEDED.set(seed.map(rand::rngs::StdRng::seed_from_u64));
}

#[cfg(any(test, feature = "simulator"))]
fn seeded() -> Option<u64> {
    SEEDED.with_borrow_mut(|seeded| seeded.as_mut().map(Rng::random))
}

#[cfg(not(any(test, feature = "simulator")))]
const fn seeded() -> Option<u64> {
    None
}

#[allow(
    clippy::disallowed_methods,
    reason = "the one place of the daemon that draws random numbers"
)]
fn draw() -> u64 {
    seeded().unwrap_or_else(|| rand::rng().random())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats() {
        let five = || {
            seed_this_thread(Some(7));
            std::array::from_fn::<u64, 5, _>(|_| draw())
        };
        assert_eq!(five(), five());
        seed_this_thread(None);
        assert!(
            (0..1000)
                .map(|_| jitter())
                .all(|share| (0.0..1.0).contains(&share))
        );
    }
}
