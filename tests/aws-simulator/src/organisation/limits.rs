//! AWS's published rate limits, as token buckets in model time.
//!
//! Sources: Identity Center quotas (20 TPS for all of its APIs together), identity store quotas (20 TPS per
//! API), the Organizations throttling table (rate and burst per operation), CloudTrail (`LookupEvents`:
//! 2 TPS per account and region; `StartQuery`: 3), CloudWatch Logs (`FilterLogEvents`: 5 TPS, the least that any
//! region has). Scheduler: 50 TPS per API, the least that any region has. STS limits are far above anything a test does and are not modelled.

use std::collections::HashMap;

use super::operation::{Operation, Service};
use super::types::Caller;

/// The buckets in use.
#[derive(Debug, Clone, Default)]
pub(crate) struct Limits {
    buckets: HashMap<String, Bucket>,
}

#[derive(Debug, Clone)]
struct Bucket {
    tokens: f64,
    filled_ms: i64,
}

impl Limits {
    /// Takes a token for the call; false means AWS throttles it.
    pub(crate) fn admit(&mut self, operation: Operation, by: &Caller, now_ms: i64) -> bool {
        let Some((name, rate, burst)) = bucket_of(operation, by) else {
            return true;
        };
        let bucket = self.buckets.entry(name).or_insert(Bucket {
            tokens: burst,
            filled_ms: now_ms,
        });
        // A clock that steps back must not drain the bucket.
        let elapsed = (now_ms - bucket.filled_ms).max(0) as f64 / 1000.0;
        bucket.tokens = (bucket.tokens + elapsed * rate).min(burst);
        bucket.filled_ms = now_ms;
        if bucket.tokens < 1.0 {
            return false;
        }
        bucket.tokens -= 1.0;
        true
    }
}

/// The bucket's name, its rate per second and its size.
fn bucket_of(operation: Operation, by: &Caller) -> Option<(String, f64, f64)> {
    match operation.service() {
        Service::Sso => Some(("sso".to_owned(), 20.0, 20.0)),
        Service::IdentityStore => Some((operation.to_string(), 20.0, 20.0)),
        Service::Organizations => {
            let (rate, burst) = organizations_rate(operation);
            Some((format!("{operation} {}", by.account), rate, burst))
        }
        Service::CloudTrail => {
            let rate = match operation {
                Operation::LookupEvents => 2.0,
                Operation::StartQuery => 3.0,
                _ => return None,
            };
            Some((format!("{operation} {} {}", by.account, by.region), rate, rate))
        }
        Service::Logs => Some((format!("{operation} {} {}", by.account, by.region), 5.0, 5.0)),
        Service::Scheduler => Some((format!("{operation} {} {}", by.account, by.region), 50.0, 50.0)),
        Service::Sts => None,
    }
}

fn organizations_rate(operation: Operation) -> (f64, f64) {
    match operation {
        Operation::ListAccounts => (8.0, 12.0),
        Operation::DescribeAccount => (20.0, 30.0),
        Operation::ListChildren => (6.0, 10.0),
        Operation::ListRoots | Operation::DescribeOrganization => (1.0, 2.0),
        Operation::DescribeOrganizationalUnit => (2.0, 2.0),
        Operation::ListOrganizationTags => (10.0, 15.0),
        _ => (5.0, 8.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn burst(operation: Operation, region: &str, at_ms: i64, limits: &mut Limits) -> usize {
        let by = Caller {
            account: "111111111111".into(),
            region: region.into(),
        };
        (0..100).filter(|_| limits.admit(operation, &by, at_ms)).count()
    }

    #[test]
    fn published_rates() {
        let mut limits = Limits::default();
        assert_eq!(burst(Operation::ListAccounts, "r", 0, &mut limits), 12);
        assert_eq!(burst(Operation::ListAccounts, "r", 1000, &mut limits), 8);
        assert_eq!(burst(Operation::ListPermissionSets, "r", 0, &mut limits), 20);
        assert_eq!(
            burst(Operation::DescribePermissionSet, "r", 0, &mut limits),
            0,
            "one bucket for all of sso"
        );
        assert_eq!(burst(Operation::ListUsers, "r", 0, &mut limits), 20);
        assert_eq!(
            burst(Operation::DescribeUser, "r", 0, &mut limits),
            20,
            "one bucket for each API"
        );
        assert_eq!(burst(Operation::LookupEvents, "a", 0, &mut limits), 2);
        assert_eq!(
            burst(Operation::LookupEvents, "b", 0, &mut limits),
            2,
            "one bucket for each region"
        );
        assert_eq!(
            burst(Operation::LookupEvents, "a", -5000, &mut limits),
            0,
            "time going back gives nothing"
        );
    }
}
