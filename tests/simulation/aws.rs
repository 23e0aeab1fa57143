//! The ports of the daemon, over the model of an organisation: with latency, and with a daemon that dies in the middle
//! of a call.

use super::clock::SimClock;
use super::record::Deed;
use super::script::{ACCOUNTS, ADMIN, APPROVERS, PEOPLE, Place, READ, STORM, Script};
use super::world::World;
use aws_simulator::faults::{FaultKind, FaultRule, Faults};
use aws_simulator::organisation::{
    Answer, AssignmentOperation, NewAccount, NewPermissionSet, NewUser, OperationKind, OperationStatus,
};
use aws_simulator::{AssignmentKey, CallError, ErrorKind, Organisation};
use futures::future::BoxFuture;
use rand::Rng;
use std::sync::Arc;
use std::time::Duration;
use team_shared::ids::AccountId;
use teamd_aws::port::{Assignments, AwsError, Lane, OwnIdentity};
use teamd_domain::grant::{Phase, Refusal, Reply, State, Status};
use teamd_domain::request::Key;
use teamd_host::clock::Clock;

/// Who may ask.
pub(crate) const ENGINEERS: &str = "engineers";

/// The organisation at the beginning.
pub(crate) fn organisation(script: &Script) -> Organisation {
    let management = NewAccount {
        id: Some("100000000001".to_owned()),
        name: "management".to_owned(),
        ..NewAccount::default()
    };
    let mut org = Organisation::new("simulation", "eu-west-1", management).expect("a new organisation");
    for id in ACCOUNTS {
        let account = NewAccount {
            id: Some(id.to_owned()),
            name: format!("account-{}", &id[11..]),
            ..NewAccount::default()
        };
        org.add_account(account).expect("a new account");
    }
    for name in PEOPLE.into_iter().chain(APPROVERS) {
        let user = NewUser {
            user_name: name.to_owned(),
            ..NewUser::default()
        };
        org.add_user(user).expect("a new user");
    }
    org.add_group(ENGINEERS, "", &PEOPLE).expect("a new group");
    org.add_group("leads", "", &APPROVERS).expect("a new group");
    for name in [ADMIN, READ] {
        let set = NewPermissionSet {
            name: name.to_owned(),
            ..NewPermissionSet::default()
        };
        org.add_permission_set(set).expect("a new permission set");
    }
    for place in &script.standing {
        let key = key_of(&org, *place);
        org.put_standing_assignment(&key);
    }
    org.install_faults(faults(script), SimClock::epoch(0));
    org
}

/// The key in AWS's words.
pub(crate) fn key_of(org: &Organisation, place: Place) -> AssignmentKey {
    org.user_key(place.user(), place.account(), place.set())
        .expect("everybody was added")
}

/// What goes wrong, far above real rates on purpose.
fn faults(script: &Script) -> Faults {
    let mut faults = Faults {
        assignment_latency_ms: 1_500,
        outstanding_creates: 15,
        seed: script.seed,
        ..Faults::default()
    };
    let storm = |rule: FaultRule| FaultRule {
        for_ms: Some(STORM),
        ..rule
    };
    for ((from, to), answers) in &script.outages {
        let kind = if *answers {
            FaultKind::InternalError
        } else {
            FaultKind::DropBefore
        };
        faults = faults.with(FaultRule {
            after_ms: Some(*from),
            for_ms: Some(to - from),
            ..FaultRule::new("*", kind)
        });
    }
    let (create, delete) = ("CreateAccountAssignment", "DeleteAccountAssignment");
    let list = "ListAccountAssignments";
    let rules = [
        ("sso:*", FaultKind::Throttle, 0.04, None),
        ("sso:*", FaultKind::InternalError, 0.02, None),
        (create, FaultKind::Late, 0.005, Some(10 * 60_000)),
        (delete, FaultKind::Late, 0.005, Some(10 * 60_000)),
        (create, FaultKind::TimeoutAfterSuccess, 0.01, None),
        (delete, FaultKind::TimeoutAfterSuccess, 0.01, None),
        (create, FaultKind::InternalErrorAfterSuccess, 0.01, None),
        (delete, FaultKind::InternalErrorAfterSuccess, 0.01, None),
        ("sso:*", FaultKind::DropBefore, 0.005, None),
        (create, FaultKind::Conflict, 0.01, None),
        (delete, FaultKind::Conflict, 0.01, None),
        (create, FaultKind::Failed, 0.04, None),
        (delete, FaultKind::Failed, 0.04, None),
        (create, FaultKind::Slow, 0.05, Some(20_000)),
        (delete, FaultKind::Slow, 0.05, Some(20_000)),
        (create, FaultKind::Slow, 0.005, Some(6 * 60_000)),
        (delete, FaultKind::Slow, 0.005, Some(6 * 60_000)),
        (list, FaultKind::LateListing, 0.02, Some(5_000)),
        (list, FaultKind::LateListing, 0.02, Some(25_000)),
        (list, FaultKind::LateListing, 0.01, Some(60_000)),
    ];
    for (operation, kind, probability, delay_ms) in rules {
        faults = faults.with(storm(FaultRule {
            probability: Some(probability),
            delay_ms,
            ..FaultRule::new(operation, kind)
        }));
    }
    faults
}

enum Write {
    Create,
    Delete,
}

/// What AWS answers about access of another instance than the one that it is asked about.
fn of_another_instance() -> Reply {
    Reply::NotFound {
        message: "no such permission set in this instance".to_owned(),
    }
}

impl World {
    async fn write(&self, ports: &Ports, write: Write, key: &Key) -> Reply {
        if self.is_elsewhere() {
            return of_another_instance();
        }
        let (place, daemon) = (self.place(key), ports.daemon);
        if self.is_superseded(daemon) {
            self.note(Deed::WroteSuperseded(place));
        }
        if matches!(write, Write::Create) {
            self.check_intent(key, place);
        }
        self.maybe_die(daemon).await;
        let key = self.key(place);
        let answer = self.model(|org, by, now| match write {
            Write::Create => org.create_account_assignment(by, key, now),
            Write::Delete => org.delete_account_assignment(by, key, now),
        });
        self.maybe_die(daemon).await;
        self.wait_for(&answer).await;
        ports.hear(&answer);
        match answer {
            Ok(operation) => Reply::Accepted {
                request_id: operation.request_id.clone(),
                status: status(&operation),
            },
            Err(CallError::Aws(error)) if error.kind == ErrorKind::Internal => Reply::Unknown {
                message: error.message,
            },
            Err(CallError::NoAnswer { .. }) => Reply::Unknown {
                message: "no answer".to_owned(),
            },
            Err(error) => refused(error),
        }
    }

    async fn poll(&self, ports: &Ports, kind: OperationKind, request_id: &str) -> Reply {
        if self.is_elsewhere() {
            return of_another_instance();
        }
        let answer = self.model(|org, by, now| org.describe_assignment_operation(by, kind, request_id, now));
        self.wait_for(&answer).await;
        ports.hear(&answer);
        match answer {
            Ok(operation) => Reply::Status(status(&operation)),
            Err(error) => refused(error),
        }
    }

    async fn look(&self, ports: &Ports, key: &Key) -> Reply {
        if self.is_elsewhere() {
            tokio::time::sleep(Duration::from_millis(100)).await;
            return of_another_instance();
        }
        let key = self.key(self.place(key));
        let answer = self
            .model(|org, by, now| org.list_account_assignments(by, &key.account, &key.permission_set, now));
        self.wait_for(&answer).await;
        ports.hear(&answer);
        match answer {
            Ok(rows) => Reply::Listed {
                present: rows.contains(key),
            },
            Err(error) => refused(error),
        }
    }

    pub(crate) async fn wait_for<T>(&self, answer: &Answer<T>) {
        let millis = self.chance(|rng| match answer {
            Err(CallError::NoAnswer { .. }) => rng.random_range(3_000..15_000),
            Ok(_) | Err(CallError::Aws(_)) => rng.random_range(30..400),
        });
        tokio::time::sleep(Duration::from_millis(millis)).await;
        self.maybe_spoil_a_commit();
    }

    /// The intent of a create is in the store before the create is in AWS.
    fn check_intent(&self, key: &Key, place: Place) {
        let Some(engine) = self.engine() else { return };
        let key = key.clone();
        let grant = engine.store().read_blocking(move |read| read.grant(&key));
        let is_intended = matches!(
            grant,
            Ok(Some(grant)) if grant.state == State::Creating(Phase::Intent)
        );
        if !is_intended {
            self.note(Deed::WithoutIntent(place));
        }
    }
}

/// What one daemon sees of AWS.
pub(crate) struct Ports {
    pub(crate) world: Arc<World>,
    pub(crate) daemon: usize,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Ports {
    /// Whoever answers says what time it is, and is right.
    fn hear<T>(&self, answer: &Answer<T>) {
        let is_answered = !matches!(answer, Err(CallError::NoAnswer { .. }));
        if let Some(guard) = self.clock.guard().filter(|_| is_answered) {
            guard.hear(SimClock::time(self.world.now()), guard.stamp());
        }
    }
}

impl Assignments for Ports {
    fn list<'a>(&'a self, key: &'a Key, _lane: Lane) -> BoxFuture<'a, Reply> {
        Box::pin(self.world.look(self, key))
    }

    fn create<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Reply> {
        Box::pin(self.world.write(self, Write::Create, key))
    }

    fn delete<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Reply> {
        Box::pin(self.world.write(self, Write::Delete, key))
    }

    fn creation_status<'a>(&'a self, request_id: &'a str, _lane: Lane) -> BoxFuture<'a, Reply> {
        Box::pin(self.world.poll(self, OperationKind::Create, request_id))
    }

    fn deletion_status<'a>(&'a self, request_id: &'a str) -> BoxFuture<'a, Reply> {
        Box::pin(self.world.poll(self, OperationKind::Delete, request_id))
    }
}

impl OwnIdentity for Ports {
    fn account(&self) -> BoxFuture<'_, Result<AccountId, AwsError>> {
        Box::pin(async {
            if self.world.is_out() || self.world.now() < self.world.script.nameless_until {
                tokio::time::sleep(Duration::from_secs(3)).await;
                return Err(AwsError::Unreachable("no answer".to_owned()));
            }
            let answer = self.world.model(|org, _, _| org.management_account().parse());
            self.hear(&Ok(()));
            answer.map_err(|_| AwsError::Unexpected("an account without a number".to_owned()))
        })
    }
}

fn status(operation: &AssignmentOperation) -> Status {
    match operation.status {
        OperationStatus::InProgress => Status::InProgress,
        OperationStatus::Succeeded => Status::Succeeded,
        OperationStatus::Failed => Status::Failed {
            reason: operation.failure_reason.clone().unwrap_or_default(),
        },
    }
}

fn refused(error: CallError) -> Reply {
    let CallError::Aws(error) = error else {
        return Reply::Refused {
            class: Refusal::Transient,
            message: "no answer".to_owned(),
        };
    };
    let message = error.message;
    let class = match error.kind {
        ErrorKind::NotFound => return Reply::NotFound { message },
        ErrorKind::Throttled | ErrorKind::QuotaExceeded => Refusal::Throttled,
        ErrorKind::Conflict => Refusal::Conflict,
        ErrorKind::AccessDenied => Refusal::AccessDenied,
        ErrorKind::Validation => Refusal::Permanent,
        ErrorKind::Internal | ErrorKind::Named(_) => Refusal::Transient,
    };
    Reply::Refused { class, message }
}
