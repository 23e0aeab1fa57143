//! What a document may make the daemon keep in memory.

use super::*;
use std::time::{Duration, Instant};

fn rules(count: usize, pattern: impl Fn(usize) -> String) -> String {
    let rule = |n: usize| {
        format!(
            "[[eligibility]]\nid = \"r{n}\"\nwho = [\"user:a\"]\naccounts = [\"*\"]\npermission_sets = [\"*\"]\n\
             approval = \"none\"\nticket_pattern = '{}'\n",
            pattern(n)
        )
    };
    format!("version = 1\n{}", (0..count).map(rule).collect::<String>())
}

#[test]
fn many_patterns_are_refused_quickly() {
    for pattern in [
        |n: usize| format!("INC-{n}-[0-9]+"),
        |n: usize| format!(r"[\p{{L}}\p{{N}}]{{1,{}}}", n % 50 + 1) + &n.to_string(),
        // Each too large by itself.
        |n: usize| format!(r"(\pL{{500}}){{100}}{n}"),
    ] {
        let start = Instant::now();
        let faults = parse(&rules(3_000, pattern)).unwrap_err();
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
        let last = &faults.last().unwrap().message;
        assert!(
            last.contains(" of rule r") && last.contains("8 MiB compiled"),
            "{last}"
        );
        // That there is no room left is said once.
        assert_eq!(
            faults
                .iter()
                .filter(|fault| fault.message.contains("one too many"))
                .count(),
            1
        );
    }
}

#[test]
fn one_pattern_in_many_rules_is_no_burden() {
    let policy = parse(&rules(3_000, |_| r"[\p{L}\p{N}]{1,40}".to_owned())).unwrap();
    assert_eq!(policy.eligibility.len(), 3_000);
}
