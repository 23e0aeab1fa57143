//! How long a crowd of removals takes.

/// Deletes that one account may have unfinished, where nobody else wants the places.
const LENT: f64 = 3.0;

/// Of the calls allowed a second, the share that deletes can be: the others see how they go.
const DELETES: f64 = 0.7;

/// What waits.
#[derive(Debug, Clone)]
pub(super) struct Crowd {
    /// Operations that may be unfinished at a time.
    pub(super) places: f64,
    /// Of each account, how many.
    pub(super) accounts: Vec<f64>,
    /// Operations finished a second, where it is known.
    pub(super) rate: Option<f64>,
    /// Seconds that an operation takes.
    pub(super) operation: f64,
    /// Calls a second.
    pub(super) calls: f64,
    /// Listings that verify them all.
    pub(super) listings: f64,
}

impl Crowd {
    /// Seconds until the last is verified. As accounts share the places evenly, the one with the fewest is done first;
    /// from then on its share is the others', as far as an account may have several.
    pub(super) fn seconds(mut self) -> f64 {
        self.accounts.sort_by(f64::total_cmp);
        let count = self.accounts.len() as f64;
        let used = self.places.min(count * LENT);
        let guess = (used / self.operation.max(0.1)).min(self.calls * DELETES);
        let rate = self.rate.unwrap_or(guess).max(0.001);
        // What an operation keeps its place for, all told.
        let holds = (used / rate).max(0.001);
        let (mut seconds, mut done) = (0.0, 0.0);
        for (at, left) in self.accounts.iter().enumerate() {
            let active = count - at as f64;
            let each = (self.places / active).min(LENT) / holds;
            seconds += (left - done).max(0.0) / each;
            done = left.max(done);
        }
        let last = if self.accounts.is_empty() {
            0.0
        } else {
            self.operation
        };
        seconds + last + self.listings / self.calls.max(0.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crowd(accounts: Vec<f64>) -> Crowd {
        Crowd {
            places: 12.0,
            accounts,
            rate: None,
            operation: 1.0,
            calls: 1000.0,
            listings: 0.0,
        }
    }

    fn about(seconds: f64, expected: f64) {
        assert!(
            (seconds - expected).abs() < 0.05 * expected,
            "{seconds}, not {expected}"
        );
    }

    #[test]
    fn places_are_what_limits_many_accounts() {
        about(crowd(vec![10.0; 120]).seconds(), 101.0);
    }

    #[test]
    fn one_account_has_what_it_is_lent() {
        about(crowd(vec![300.0]).seconds(), 101.0);
        let mut uneven = vec![10.0; 12];
        uneven.push(310.0);
        // Eleven seconds for all, then three at a time.
        about(crowd(uneven).seconds(), 112.0);
    }

    #[test]
    fn what_was_seen_goes_before_what_is_reckoned() {
        let seen = Crowd {
            rate: Some(6.0),
            ..crowd(vec![10.0; 120])
        };
        about(seen.seconds(), 201.0);
        let slow = Crowd {
            calls: 10.0,
            listings: 50.0,
            ..crowd(vec![10.0; 120])
        };
        about(slow.seconds(), 1200.0 / 7.0 + 6.0);
        about(
            Crowd {
                calls: 10.0,
                listings: 50.0,
                ..crowd(Vec::new())
            }
            .seconds(),
            5.0,
        );
    }
}
