//! Invariants of the engine on the in-memory store, with a small AWS of the test's own: operations take a second,
//! replies get lost, people act at random moments. Seeded: a failing seed replays.

mod full_disk;
mod races;
mod standing;

use super::commit::{carry_out, file};
use super::reconciler::{Turn, conclude, prepare};
use super::refused::Refused;
use chrono::TimeDelta;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::HashMap;
use team_shared::duration::Seconds;
use team_shared::event::EventType;
use team_shared::ids::RequestId;
use team_shared::problem::Code;
use team_shared::state::RequestState;
use team_shared::terms::Shape;
use teamd_domain::Time;
use teamd_domain::event::Actor;
use teamd_domain::grant::{Reply, Status, Step};
use teamd_domain::request::{Basis, Command, Demand, Key, Request, State, Terms, submit};
use teamd_store::port::{AuditFilter, RequestFilter, StoreError};
use teamd_store::{Fault, Memory, Store, WriteLane};

const SEEDS: u64 = 300;
const STEPS: usize = 220;

fn key() -> Key {
    Key {
        user: "u-alice".parse().unwrap(),
        account: "111122223333".parse().unwrap(),
        permission_set: "arn:ps".parse().unwrap(),
    }
}

fn request(now: Time, random: u128, seconds: i64, basis: Basis) -> Request {
    Request {
        id: RequestId::from_parts(now.timestamp_millis().unsigned_abs(), random),
        version: 1,
        key: key(),
        terms: Terms {
            revision: 1,
            shape: Shape::Floating,
            start_at: None,
            end_at: None,
            duration: Seconds::new(seconds).unwrap(),
            justification: "because it is asked".to_owned(),
            ticket: None,
            break_glass: false,
        },
        extends: None,
        batch_id: None,
        created_at: now,
        expires_at: now + TimeDelta::hours(3),
        basis,
        also_held_through: Vec::new(),
        votes: Vec::new(),
        state: State::Pending,
    }
}

/// AWS as the test has it: one key.
#[derive(Default)]
struct Aws {
    assigned: bool,
    operations: HashMap<String, (bool, Time)>,
}

impl Aws {
    fn settle(&mut self, now: Time) {
        let mut due: Vec<_> = self
            .operations
            .values()
            .filter(|(_, at)| *at <= now)
            .copied()
            .collect();
        due.sort_by_key(|(_, at)| *at);
        for (creates, _) in due {
            self.assigned = creates;
        }
        self.operations.retain(|_, (_, at)| *at > now);
    }

    fn answer(&mut self, step: &Step, rng: &mut StdRng, now: Time) -> Reply {
        self.settle(now);
        let lost = rng.random_bool(0.05);
        let reply = match step {
            Step::List => Reply::Listed {
                present: self.assigned,
            },
            Step::Create | Step::Delete if lost && rng.random_bool(0.5) => Reply::Unknown {
                message: "lost".into(),
            },
            Step::Delete if !self.assigned && self.operations.is_empty() => Reply::NotFound {
                message: "no such assignment".into(),
            },
            Step::Create | Step::Delete => {
                let request_id = format!("op-{}", rng.random::<u64>());
                let done_at = now + TimeDelta::milliseconds(1000);
                self.operations
                    .insert(request_id.clone(), (*step == Step::Create, done_at));
                Reply::Accepted {
                    request_id,
                    status: Status::InProgress,
                }
            }
            Step::PollCreate { request_id } | Step::PollDelete { request_id } => {
                let done = !self.operations.contains_key(request_id);
                Reply::Status(if done {
                    Status::Succeeded
                } else {
                    Status::InProgress
                })
            }
            Step::Rest | Step::Wait(_) | Step::Settle => unreachable!("no call"),
        };
        if lost {
            Reply::Unknown {
                message: "lost".into(),
            }
        } else {
            reply
        }
    }
}

struct World {
    store: Store,
    aws: Aws,
    rng: StdRng,
    now: Time,
    seed: u64,
}

impl World {
    fn new(seed: u64) -> Self {
        let now = Time::from_timestamp(1_795_000_000, 0).unwrap();
        Self {
            store: Store::in_memory(),
            aws: Aws::default(),
            rng: StdRng::seed_from_u64(seed),
            now,
            seed,
        }
    }

    fn file(&mut self) {
        let seconds = self.rng.random_range(1..60);
        let draft = request(self.now, self.rng.random(), seconds, Basis::default());
        let next = submit(draft, &Actor::daemon(), self.now);
        let now = self.now;
        self.store
            .write_blocking(WriteLane::Normal, move |tx| {
                Ok::<_, Refused>(file(tx, &next, now)?)
            })
            .unwrap();
    }

    fn open(&self) -> Vec<Request> {
        self.store
            .read_blocking(|read| read.open_requests_on(&key()))
            .unwrap()
    }

    fn command(&mut self) {
        let open = self.open();
        if open.is_empty() {
            return;
        }
        let request = open[self.rng.random_range(0..open.len())].clone();
        let command = match self.rng.random_range(0..4) {
            0 => Command::Done,
            1 => Command::Revoke { comment: None },
            2 => Command::End,
            _ => Command::GiveUp {
                reason: "not_confirmed".into(),
            },
        };
        let now = self.now;
        // What does not apply is refused and changes nothing.
        let _ = self.store.write_blocking(WriteLane::Removal, move |tx| {
            carry_out(tx, &request, &command, &Actor::daemon(), now)
        });
    }

    /// One turn on the key; false: nothing to do now.
    fn turn(&mut self) -> bool {
        let now = self.now;
        let before: Vec<RequestId> = self.open().iter().map(|r| r.id).collect();
        let turn = self
            .store
            .write_blocking(WriteLane::Normal, move |tx| prepare(tx, &key(), 3600, true, now))
            .unwrap();
        self.no_early_terminal(&before);
        match turn.step {
            Step::Rest => return false,
            Step::Wait(at) => self.now = at.min(self.now + TimeDelta::seconds(1)).max(self.now),
            Step::Settle => {}
            step => {
                let reply = self.aws.answer(&step, &mut self.rng, now);
                let jitter = self.rng.random();
                self.store
                    .write_blocking(WriteLane::Normal, move |tx| {
                        conclude(tx, &key(), &step, reply, jitter, now)
                    })
                    .unwrap();
                self.no_early_terminal(&before);
            }
        }
        true
    }

    /// No request turns terminal while AWS has the assignment, unless another lease holds it.
    fn no_early_terminal(&mut self, before: &[RequestId]) {
        self.aws.settle(self.now);
        let open = self.open();
        let held = open.iter().any(|r| r.holds_lease());
        let closed = before.iter().any(|id| !open.iter().any(|r| r.id == *id));
        assert!(
            !closed || held || !self.aws.assigned,
            "seed {}: over, and AWS still has it",
            self.seed
        );
    }

    fn run(&mut self) {
        for _ in 0..STEPS {
            match self.rng.random_range(0..10) {
                0 => self.file(),
                1 | 2 => self.command(),
                3 => self.now += TimeDelta::milliseconds(self.rng.random_range(1..4000)),
                _ => {
                    self.turn();
                }
            }
        }
    }

    /// Ends everything, and lets the loop come to rest.
    fn come_to_rest(&mut self) {
        for request in self.open() {
            let now = self.now;
            let _ = self.store.write_blocking(WriteLane::Removal, move |tx| {
                carry_out(tx, &request, &Command::Done, &Actor::daemon(), now)
            });
        }
        for _ in 0..2000 {
            self.now += TimeDelta::milliseconds(300);
            if !self.turn() || self.open().is_empty() && !self.aws.assigned {
                break;
            }
        }
    }
}

#[test]
fn no_early_terminal() {
    for seed in 0..SEEDS {
        let mut world = World::new(seed);
        world.run();
        world.come_to_rest();
        assert!(world.open().is_empty(), "seed {seed}: requests stay open");
        assert!(!world.aws.assigned, "seed {seed}: access stays");
    }
}

/// The state that a request's events lead to.
fn folded(kinds: &[EventType]) -> Option<RequestState> {
    kinds.iter().rev().find_map(|kind| match kind {
        EventType::RequestSubmitted => Some(RequestState::Pending),
        other => other
            .as_str()
            .strip_prefix("request.")
            .and_then(|word| word.parse().ok()),
    })
}

#[test]
fn fold() {
    for seed in 0..SEEDS / 3 {
        let mut world = World::new(seed);
        world.run();
        let filter = RequestFilter {
            limit: 1000,
            ..RequestFilter::default()
        };
        let requests = world
            .store
            .read_blocking(move |read| read.requests(&filter))
            .unwrap();
        assert!(!requests.is_empty(), "seed {seed} filed nothing");
        for request in requests {
            let id = request.id;
            let filter = AuditFilter {
                request: Some(id),
                limit: 1000,
                ..AuditFilter::default()
            };
            let rows = world
                .store
                .read_blocking(move |read| read.audit(&filter))
                .unwrap();
            let kinds: Vec<_> = rows.iter().map(|row| row.kind).collect();
            assert_eq!(
                folded(&kinds),
                Some(request.state.word()),
                "seed {seed}: {kinds:?}"
            );
            if let Some(row) = rows.iter().find(|row| row.kind == EventType::RequestActive) {
                let end: Time = row.data["end_at"].as_str().unwrap().parse().unwrap();
                assert_eq!(
                    request.state.session().map(|s| s.end_at),
                    Some(end),
                    "seed {seed}"
                );
            }
        }
    }
}

/// Nothing is decided whose audit row cannot be written: both are in one transaction.
#[test]
fn audited() {
    let memory = Memory::new();
    let store = Store::on_memory(&memory);
    let now = Time::from_timestamp(1_795_000_000, 0).unwrap();
    let bob = "u-bob".parse().unwrap();
    let basis = Basis {
        rule: Some("r".into()),
        rules: vec!["r".into()],
        demands: vec![Demand {
            rule: "r".into(),
            quorum: 1,
            approvers: [bob].into(),
        }],
        overseers: Vec::new(),
        valid_until: None,
    };
    let next = submit(request(now, 7, 60, basis.clone()), &Actor::daemon(), now);
    let filed = next.request.clone();
    store
        .write_blocking(WriteLane::Normal, move |tx| {
            Ok::<_, Refused>(file(tx, &next, now)?)
        })
        .unwrap();
    let approve = |store: &Store| {
        let (filed, basis) = (filed.clone(), basis.clone());
        let by = basis.demands[0].approvers[0].clone();
        store.write_blocking(WriteLane::Normal, move |tx| {
            let command = Command::Approve {
                by,
                comment: None,
                change: Default::default(),
                basis,
            };
            carry_out(tx, &filed, &command, &Actor::daemon(), now)
        })
    };
    memory.fail_next_commit(Fault::Refuse(StoreError::Full));
    assert_eq!(approve(&store).unwrap_err().code, Code::StoreUnavailable);
    let id = filed.id;
    let look = |store: &Store| {
        store
            .read_blocking(move |read| {
                let state = read.request(&id)?.map(|r| r.state.word());
                Ok::<_, StoreError>((state, read.last_seq()?))
            })
            .unwrap()
    };
    assert_eq!(
        look(&store),
        (Some(RequestState::Pending), 1),
        "neither the state nor a row"
    );
    approve(&store).unwrap();
    assert_eq!(
        look(&store),
        (Some(RequestState::Activating), 4),
        "voted, approved, activating"
    );
}
