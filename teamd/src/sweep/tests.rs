//! Rounds on AWS as the test scripts it, with a clock that does not wait.

use super::*;
use futures::future::BoxFuture;
use std::collections::BTreeSet;
use std::sync::Mutex;
use teamd_aws::port::Lane;
use teamd_domain::grant::{Refusal, Reply, Status};
use teamd_store::leases::VERSION;

/// Every sleep is over at once, and so much later.
struct Leap(Mutex<Time>);

impl Clock for Leap {
    fn now(&self) -> Time {
        *self.0.lock().unwrap()
    }

    fn sleep_until<'a>(&'a self, at: Time) -> BoxFuture<'a, ()> {
        let mut now = self.0.lock().unwrap();
        *now = at.max(*now);
        Box::pin(std::future::ready(()))
    }
}

/// AWS: what is assigned, what it answers first, and what it was asked.
#[derive(Default)]
struct Aws {
    assigned: Mutex<BTreeSet<Key>>,
    answers: Mutex<Vec<Reply>>,
    deletes: Mutex<Vec<Key>>,
    calls: Mutex<usize>,
}

impl Aws {
    fn scripted(&self) -> Option<Reply> {
        *self.calls.lock().unwrap() += 1;
        let mut answers = self.answers.lock().unwrap();
        (!answers.is_empty()).then(|| answers.remove(0))
    }
}

impl Assignments for Aws {
    fn list<'a>(&'a self, key: &'a Key, _: Lane) -> BoxFuture<'a, Reply> {
        let present = self.assigned.lock().unwrap().contains(key);
        let reply = self.scripted().unwrap_or(Reply::Listed { present });
        Box::pin(std::future::ready(reply))
    }

    fn create<'a>(&'a self, _: &'a Key) -> BoxFuture<'a, Reply> {
        panic!("a sweep creates nothing")
    }

    fn delete<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Reply> {
        self.deletes.lock().unwrap().push(key.clone());
        let reply = self.scripted().unwrap_or_else(|| {
            self.assigned.lock().unwrap().remove(key);
            Reply::Accepted {
                request_id: "r".to_owned(),
                status: Status::InProgress,
            }
        });
        Box::pin(std::future::ready(reply))
    }

    fn creation_status<'a>(&'a self, _: &'a str, _: Lane) -> BoxFuture<'a, Reply> {
        panic!("a sweep creates nothing")
    }

    fn deletion_status<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Reply> {
        let reply = self.scripted().unwrap_or(Reply::Status(Status::Succeeded));
        Box::pin(std::future::ready(reply))
    }
}

fn at(minutes: i64) -> Time {
    Time::from_timestamp(1_795_000_000, 0).unwrap() + TimeDelta::minutes(minutes)
}

fn entry(person: &str, end: i64) -> LeaseEntry {
    LeaseEntry {
        user_id: person.parse().unwrap(),
        account_id: "111122223333".parse().unwrap(),
        permission_set_arn: "arn:ps".parse().unwrap(),
        owned: true,
        last_end: at(end),
        may_surface_until: None,
        requests: vec!["01KB3X5T2V9WQZ0F8R7N6M4K2H".parse().unwrap()],
    }
}

fn file(written: i64, leases: &[LeaseEntry]) -> LeasesFile {
    LeasesFile {
        version: VERSION,
        written_at: at(written),
        daemon: "teamd".to_owned(),
        instance_arn: None,
        identity_store_id: None,
        region: None,
        leases: leases.to_vec(),
    }
}

struct Bench {
    aws: Aws,
    clock: Leap,
    seen: Seen,
}

impl Bench {
    /// Everything that `file` names is assigned, and an hour has passed.
    fn new(file: &LeasesFile) -> Self {
        let aws = Aws::default();
        *aws.assigned.lock().unwrap() = file.leases.iter().map(LeaseEntry::key).collect();
        Self {
            aws,
            clock: Leap(Mutex::new(at(60))),
            seen: Seen::default(),
        }
    }

    async fn round(&mut self, file: &LeasesFile) -> (Tally, Vec<String>) {
        let mut lines = Vec::new();
        let tally = round(&self.aws, &self.clock, file, &mut self.seen, |line| {
            lines.push(line.to_string());
        })
        .await;
        (tally, lines)
    }

    fn left(&self) -> Vec<String> {
        let assigned = self.aws.assigned.lock().unwrap();
        assigned.iter().map(|key| key.user.to_string()).collect()
    }
}

#[tokio::test]
async fn what_is_over_by_ten_minutes_is_deleted_and_nothing_else() {
    let foreign = LeaseEntry {
        owned: false,
        ..entry("foreign", 0)
    };
    let forgotten = LeaseEntry {
        may_surface_until: Some(at(60)),
        ..entry("forgotten", 0)
    };
    let surfaced = LeaseEntry {
        may_surface_until: Some(at(61)),
        ..entry("surfaced", 0)
    };
    let file = file(
        0,
        &[
            entry("late", 51),
            entry("due", 50),
            entry("future", 90),
            foreign,
            forgotten,
            surfaced,
        ],
    );
    let mut bench = Bench::new(&file);
    let (tally, lines) = bench.round(&file).await;
    let expected = Tally {
        deleted: 2,
        not_due: 2,
        ..Tally::default()
    };
    assert_eq!(tally, expected);
    assert!(tally.is_clean());
    assert_eq!(bench.left(), ["foreign", "forgotten", "future", "late"]);
    insta::assert_snapshot!(lines.join("\n"), @r"
    deleted  user surfaced in 111122223333 as arn:ps (6M4K2H); over since 2026-11-18T11:06:40Z; verified gone
    deleted  user due in 111122223333 as arn:ps (6M4K2H); over since 2026-11-18T11:56:40Z; verified gone
    ");
    let lines: Vec<String> = report::not_due(&file, at(60))
        .iter()
        .map(ToString::to_string)
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    not due  user late in 111122223333 as arn:ps (6M4K2H); until 2026-11-18T11:57:40Z
    not due  user future in 111122223333 as arn:ps (6M4K2H); until 2026-11-18T12:36:40Z
    ");
    insta::assert_snapshot!(report::sum(&tally), @"sum      2 due: 2 deleted, 0 gone before, 0 failed; 2 not due");
}

#[tokio::test]
async fn it_tries_again_whatever_aws_says() {
    let file = file(0, &[entry("anna", 0)]);
    let mut bench = Bench::new(&file);
    let refused = |class| Reply::Refused {
        class,
        message: "no".to_owned(),
    };
    let unknown = || Reply::Unknown {
        message: "lost".to_owned(),
    };
    *bench.aws.answers.lock().unwrap() = vec![
        refused(Refusal::Throttled),
        Reply::Listed { present: true },
        refused(Refusal::Conflict),
        Reply::Listed { present: true },
        unknown(),
        Reply::Listed { present: true },
        Reply::Accepted {
            request_id: "r".to_owned(),
            status: Status::InProgress,
        },
        unknown(),
        Reply::Status(Status::Failed {
            reason: "later".to_owned(),
        }),
    ];
    let (tally, _) = bench.round(&file).await;
    assert_eq!((tally.deleted, tally.failed), (1, 0));
    assert_eq!(bench.aws.deletes.lock().unwrap().len(), 4);
    assert_eq!(bench.left(), [""; 0]);
}

#[tokio::test]
async fn what_fails_is_said_and_tried_in_the_next_round() {
    let file = file(0, &[entry("anna", 0), entry("bert", 1)]);
    let mut bench = Bench::new(&file);
    *bench.aws.answers.lock().unwrap() = vec![
        Reply::Refused {
            class: Refusal::AccessDenied,
            message: "AccessDeniedException: not you\u{1b}[2J".to_owned(),
        };
        60
    ];
    let (tally, lines) = bench.round(&file).await;
    assert_eq!((tally.failed, tally.is_clean()), (2, false));
    assert!(
        lines
            .iter()
            .all(|line| line.starts_with("FAILED") && !line.contains('\u{1b}')),
        "{lines:?}"
    );
    bench.aws.answers.lock().unwrap().clear();
    let (tally, _) = bench.round(&file).await;
    assert_eq!((tally.deleted, tally.failed), (2, 0));
}

#[tokio::test]
async fn what_was_seen_gone_is_not_asked_for_again_unless_it_may_surface() {
    let surfacing = LeaseEntry {
        may_surface_until: Some(at(1440)),
        ..entry("bert", 0)
    };
    let file = file(0, &[entry("anna", 0), surfacing]);
    let mut bench = Bench::new(&file);
    bench.aws.assigned.lock().unwrap().clear();
    let (tally, lines) = bench.round(&file).await;
    assert_eq!((tally.gone, tally.deleted), (2, 0));
    assert!(lines[0].starts_with("gone"), "{lines:?}");
    let asked = *bench.aws.calls.lock().unwrap();
    bench.aws.assigned.lock().unwrap().insert(entry("bert", 0).key());
    let (tally, _) = bench.round(&file).await;
    assert_eq!((tally.gone, tally.deleted), (1, 1));
    // Listing, delete, status, listing: of the one key that may surface.
    assert_eq!(*bench.aws.calls.lock().unwrap() - asked, 4);
}

#[tokio::test]
async fn a_target_that_aws_does_not_know_is_gone_only_if_the_delete_says_so_too() {
    let file = file(0, &[entry("anna", 0)]);
    let not_found = || Reply::NotFound {
        message: "no such account".to_owned(),
    };
    let mut bench = Bench::new(&file);
    *bench.aws.answers.lock().unwrap() = vec![not_found(), not_found()];
    assert_eq!(bench.round(&file).await.0.gone, 1);
    let mut bench = Bench::new(&file);
    *bench.aws.answers.lock().unwrap() = vec![not_found()];
    assert_eq!(bench.round(&file).await.0.deleted, 1);
    // The delete finds nothing, the listing shows it: not gone.
    let mut bench = Bench::new(&file);
    *bench.aws.answers.lock().unwrap() = vec![[Reply::Listed { present: true }, not_found()]; 50].concat();
    assert_eq!(bench.round(&file).await.0.failed, 1);
}

#[test]
fn an_old_file_is_said_to_be_old() {
    let lines = |now| -> Vec<String> {
        let lines = warnings(&file(0, &[]), now);
        lines.iter().map(ToString::to_string).collect()
    };
    assert_eq!(lines(at(60)), [""; 0]);
    insta::assert_snapshot!(lines(at(200)).join("\n"), @"WARN     this file was written at 2026-11-18T11:06:40Z and is 3 h old: no daemon keeps it up to date. An extension granted since then is not in it: it will be cut; that beats leaving access");
    assert!(lines(at(-2))[0].contains("in the future"));
    assert_eq!(lines(at(-1)), [""; 0]);
}
