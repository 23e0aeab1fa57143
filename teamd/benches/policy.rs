//! Policy on a large organisation: 1,000 accounts in 200 organisational units, 300 permission sets, 5,000 people, 500
//! groups, 200 rules.
//!
//! ```text
//! cargo bench -p teamd --bench policy
//! ```
//!
//! Criterion says how long one takes on average; the first lines say the median and the 99th percentile of decisions on
//! random targets, how many entitlements the people have, and how much memory the directory takes.

use chrono::DateTime;
use criterion::{Criterion, criterion_group, criterion_main};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::{BTreeMap, BTreeSet};
use std::hint::black_box;
use std::time::{Duration, Instant};
use teamd_domain::Time;
use teamd_domain::directory::{Account, Directory, Group, OrganizationalUnit, PermissionSet, Person};
use teamd_policy::plan::{Change, plan};
use teamd_policy::{Ask, Policy, entitlements, evaluate};

const ACCOUNTS: usize = 1_000;
const UNITS: usize = 200;
const SETS: usize = 300;
const PEOPLE: usize = 5_000;
const GROUPS: usize = 500;
const RULES: usize = 200;

/// Groups of people who lead: they approve.
const LEADS: usize = 100;

fn now() -> Time {
    DateTime::from_timestamp(1_795_000_000, 0).expect("a moment")
}

/// Units three deep; a hundred groups of 8 people, who lead, and four hundred of about 40; tags.
fn directory() -> Directory {
    let mut rng = StdRng::seed_from_u64(1);
    let mut units: Vec<(String, String, Vec<String>)> = Vec::new();
    for at in 0..UNITS {
        let id = format!("ou-ab12-{at:08}");
        let parent = (at >= 10).then(|| units[rng.random_range(0..at / 2)].clone());
        let parent = parent.filter(|(_, _, ids)| ids.len() < 3);
        let (path, mut ids) = parent.map_or_else(
            || (format!("Unit{at}"), Vec::new()),
            |(_, path, ids)| (format!("{path}/Unit{at}"), ids),
        );
        ids.push(id.clone());
        units.push((id, path, ids));
    }
    let account = |at: usize, rng: &mut StdRng| {
        let id = format!("{:012}", 100_000_000_000 + at);
        let kind = ["prod", "stage", "dev"][at % 3];
        let known = Account {
            id: id.parse().expect("an id"),
            name: format!("{kind}-service-{at}"),
            active: true,
            state: "ACTIVE".to_owned(),
            ou_ids: units[rng.random_range(0..UNITS)].2.clone(),
            tags: BTreeMap::from([("env".to_owned(), kind.to_owned())]),
        };
        (known.id.clone(), known)
    };
    let accounts = (0..ACCOUNTS).map(|at| account(at, &mut rng)).collect();
    let people: BTreeMap<_, _> = (0..PEOPLE)
        .map(|at| {
            let known = Person {
                id: format!("90677c4fd5-{at:08}").parse().expect("an id"),
                user_name: format!("person{at}@example.com"),
                display_name: format!("Person Number {at}"),
                email: Some(format!("person{at}@example.com")),
                zone: None,
                enabled: true,
            };
            (known.id.clone(), known)
        })
        .collect();
    let ids: Vec<_> = people.keys().cloned().collect();
    let groups = (0..GROUPS)
        .map(|at| {
            let members = (0..40)
                .map(|_| ids[rng.random_range(0..PEOPLE)].clone())
                .collect();
            let known = Group {
                id: format!("group-{at:06}").parse().expect("an id"),
                name: format!("group{at}"),
                members,
            };
            (known.id.clone(), known)
        })
        .collect();
    let sets = (0..SETS)
        .map(|at| {
            let arn = format!("arn:aws:sso:::permissionSet/ssoins-1111111111111111/ps-{at:016x}");
            let known = PermissionSet {
                arn: arn.parse().expect("an ARN"),
                name: format!(
                    "{}{at}",
                    ["ReadOnly", "PowerUser", "Administrator", "Billing"][at % 4]
                ),
                description: "a permission set of a large organisation".to_owned(),
                session_seconds: 3_600,
            };
            (known.arn.clone(), known)
        })
        .collect();
    Directory {
        loaded_at: now(),
        instance_arn: "arn:aws:sso:::instance/ssoins-1111111111111111".to_owned(),
        identity_store_id: "d-1111111111".to_owned(),
        management_account: None,
        organizational_units: units
            .iter()
            .map(|(id, path, _)| {
                let (id, path) = (id.clone(), path.clone());
                (id.clone(), OrganizationalUnit { id, path })
            })
            .collect(),
        accounts,
        permission_sets: sets,
        people,
        groups,
        group_access: BTreeSet::new(),
        on_call: Default::default(),
        index: Default::default(),
    }
}

/// Two in three rules say who may ask, the rest who approves and what is refused.
fn document(directory: &Directory) -> String {
    let mut rng = StdRng::seed_from_u64(2);
    let mut text = "version = 1\n[roles]\nadmins = [\"group:group0\"]\n".to_owned();
    let units: Vec<&str> = directory
        .organizational_units
        .values()
        .map(|ou| ou.path.as_str())
        .collect();
    for at in 0..RULES {
        let kind = match at % 12 {
            0..=7 => "eligibility",
            8..=10 => "approver",
            _ => "deny",
        };
        let who = if kind == "approver" {
            format!("\"group:group{}\"", rng.random_range(0..LEADS))
        } else {
            let mut group = || rng.random_range(LEADS..GROUPS);
            format!("\"group:group{}\", \"group:group{}\"", group(), group())
        };
        let place = match at % 4 {
            0 => format!("ou:{}", units[rng.random_range(0..units.len())]),
            1 => "tag:env=dev".to_owned(),
            2 => format!("name:prod-service-{}*", at % 10),
            _ => format!("ou-direct:{}", units[rng.random_range(0..units.len())]),
        };
        let set = ["ReadOnly*", "PowerUser*", "Administrator1*", "Billing*", "*"][at % 5];
        let set = if kind == "deny" { "Billing9*" } else { set };
        text.push_str(&format!(
            "[[{kind}]]\nid = \"rule{at}\"\nwho = [{who}]\naccounts = [\"{place}\"]\npermission_sets = [\"{set}\"]\n"
        ));
        if kind == "eligibility" {
            text.push_str("approval = \"required\"\nmax_duration = \"4h\"\n");
        }
    }
    text.push_str("[[approver]]\nid = \"all\"\nwho = [\"group:group1\"]\naccounts = [\"*\"]\npermission_sets = [\"*\"]\n");
    text
}

/// What this process holds, in kilobytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap_or_default();
    line.split_whitespace()
        .nth(1)
        .and_then(|kb| kb.parse().ok())
        .unwrap_or(0)
}

fn percentile(times: &mut [Duration], of: f64) -> Duration {
    times.sort_unstable();
    let last = times.len() - 1;
    times[((last as f64) * of) as usize]
}

fn policy(bench: &mut Criterion) {
    let before = resident();
    let directory = directory();
    let text = document(&directory);
    let parsed = |text: &str| teamd_policy::document::parse(text).expect("the document of the benchmark");
    let policy: Policy = parsed(&text);
    println!(
        "directory and policy: {} KiB resident",
        resident().saturating_sub(before)
    );
    let none = BTreeSet::new();
    let mut rng = StdRng::seed_from_u64(3);
    let people: Vec<_> = directory.people.keys().collect();
    let accounts: Vec<_> = directory.accounts.keys().collect();
    let sets: Vec<_> = directory.permission_sets.keys().collect();
    let mut ask = || Ask {
        is_escalated: false,
        person: people[rng.random_range(0..people.len())],
        account: accounts[rng.random_range(0..accounts.len())],
        permission_set: sets[rng.random_range(0..sets.len())],
        duration: "1h".parse().expect("a duration"),
        break_glass: false,
        now: now(),
    };
    let mut allowed = 0;
    let mut times: Vec<Duration> = (0..20_000)
        .map(|_| {
            let ask = ask();
            let begun = Instant::now();
            let answer = evaluate(&policy, &directory, &none, &ask);
            let took = begun.elapsed();
            allowed += usize::from(black_box(answer).is_ok());
            took
        })
        .collect();
    println!(
        "decisions on random targets: median {:?}, p99 {:?} ({allowed} of 20000 allowed)",
        percentile(&mut times, 0.5),
        percentile(&mut times, 0.99)
    );
    let mut counts = Vec::new();
    let mut times: Vec<Duration> = people
        .iter()
        .step_by(25)
        .map(|person| {
            let begun = Instant::now();
            let all = entitlements(&policy, &directory, &none, person, now());
            let took = begun.elapsed();
            counts.push(all.len());
            took
        })
        .collect();
    counts.sort_unstable();
    println!(
        "entitlements of a person: median {:?}, p99 {:?}; how many: median {}, most {}",
        percentile(&mut times, 0.5),
        percentile(&mut times, 0.99),
        counts[counts.len() / 2],
        counts[counts.len() - 1]
    );
    println!(
        "directory and policy: {} KiB resident",
        resident().saturating_sub(before)
    );
    let changed = parsed(&text.replacen("max_duration = \"4h\"", "max_duration = \"2h\"", 1));
    let fixed = ask();
    bench.bench_function("decision", |b| {
        b.iter(|| evaluate(&policy, &directory, &none, black_box(&fixed)))
    });
    let person = people[77];
    bench.bench_function("entitlements of a person", |b| {
        b.iter(|| entitlements(&policy, &directory, &none, black_box(person), now()))
    });
    let mut slow = bench.benchmark_group("plan");
    slow.sample_size(10);
    slow.bench_function("one changed rule", |b| {
        b.iter(|| {
            plan(&Change {
                before: Some(&policy),
                after: black_box(&changed),
                directory: &directory,
                protected: &none,
                author: None,
                now: now(),
            })
        });
    });
    slow.finish();
}

criterion_group!(benches, policy);
criterion_main!(benches);
