//! An engine on a store in memory and on the model of an organisation: no wire, and a clock that the test moves.

use crate::aws::health::AwsHealth;
use crate::aws::port::{Assignments, AwsError, DirectorySource, FreshPerson, Lane, OwnIdentity, Schedules};
use crate::clock::{Clock, ManualClock};
use crate::config::Config;
use crate::domain::Time;
use crate::domain::directory::Directory;
use crate::domain::event::Actor;
use crate::domain::grant::{Refusal, Reply, Status};
use crate::domain::request::{Basis, Command, Key, Request, State, Terms, submit};
use crate::engine::commit::{carry_out, file};
use crate::engine::refused::Refused;
use crate::engine::{Deps, Engine};
use crate::lifecycle::Shutdown;
use crate::store::{Memory, Store, WriteLane};
use aws_simulator::organisation::{
    AssignmentOperation, DELETE_ASSIGNMENT, OperationKind, OperationStatus, standard,
};
use aws_simulator::{
    AssignmentKey, CallError, Caller, ErrorKind, Faults, Organisation, Principal, ScheduleSpec,
};
use chrono::TimeDelta;
use futures::future::BoxFuture;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use team_shared::duration::Seconds;
use team_shared::ids::{AccountId, RequestId, UserId};
use team_shared::terms::Shape;

pub(super) const START: i64 = 1_795_000_000_000;

/// AWS, without the wire.
pub(super) struct Model {
    org: Mutex<Organisation>,
    clock: Arc<ManualClock>,
    by: Caller,
}

/// A daemon that can die, and what outlives it.
pub(super) struct World {
    pub(super) model: Arc<Model>,
    pub(super) clock: Arc<ManualClock>,
    memory: Memory,
    running: Option<(Arc<Engine>, Shutdown)>,
    filed: u128,
}

impl World {
    pub(super) async fn new(faults: Faults) -> Self {
        let mut world = Self::asleep(faults);
        world.run(true).await;
        world
    }

    pub(super) fn asleep(faults: Faults) -> Self {
        let clock = Arc::new(ManualClock::new(at(0)));
        let mut org = standard::organisation();
        org.install_faults(faults, START);
        let by = org.management_caller();
        let model = Model {
            org: Mutex::new(org),
            clock: Arc::clone(&clock),
            by,
        };
        Self {
            model: Arc::new(model),
            clock,
            memory: Memory::new(),
            running: None,
            filed: 0,
        }
    }

    /// Starts the daemon on what is stored, with the dead-man's switch or without.
    pub(super) async fn run(&mut self, with_switch: bool) {
        let shutdown = Shutdown::new();
        let deps = Deps {
            store: Store::on_memory(&self.memory),
            clock: self.clock.clone(),
            assignments: self.model.clone(),
            directory: self.model.clone(),
            activity: None,
            schedules: with_switch.then(|| self.model.clone() as Arc<dyn Schedules>),
            own: self.model.clone(),
            health: Arc::new(AwsHealth::new()),
            shutdown: shutdown.clone(),
        };
        let settings = crate::run::engine_settings(&Config::default());
        let engine = Engine::open(deps, settings).await.unwrap();
        engine.start();
        self.running = Some((engine, shutdown));
    }

    /// The daemon is gone.
    pub(super) async fn die(&mut self) {
        if let Some((engine, shutdown)) = self.running.take() {
            shutdown.hard_token().cancel();
            shutdown.stop();
            shutdown.finished(Duration::ZERO).await;
            engine.store().close();
        }
    }

    pub(super) fn engine(&self) -> &Arc<Engine> {
        &self.running.as_ref().unwrap().0
    }

    pub(super) fn org(&self) -> MutexGuard<'_, Organisation> {
        self.model.org.lock().unwrap()
    }

    pub(super) fn faults(&self, faults: Faults) {
        self.org()
            .install_faults(faults, self.clock.now().timestamp_millis());
    }

    /// A request for so many seconds from its confirmation on, that nobody need approve.
    pub(super) async fn file(&mut self, seconds: i64) -> RequestId {
        self.filed += 1;
        let now = self.clock.now();
        let draft = Request {
            id: RequestId::from_parts(now.timestamp_millis().unsigned_abs(), self.filed),
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
            basis: Basis::default(),
            also_held_through: Vec::new(),
            votes: Vec::new(),
            state: State::Pending,
        };
        let next = submit(draft, &Actor::daemon(), now);
        let id = next.request.id;
        let filed = next.clone();
        let engine = self.engine();
        engine
            .store()
            .write(WriteLane::Normal, move |tx| {
                Ok::<_, Refused>(file(tx, &next, now)?)
            })
            .await
            .unwrap();
        engine.after_commit(&filed.request);
        id
    }

    pub(super) async fn done(&self, id: RequestId) {
        let (engine, now) = (self.engine(), self.clock.now());
        let moved = engine
            .store()
            .write(WriteLane::Removal, move |tx| {
                let request = tx.request(&id)?.unwrap();
                carry_out(tx, &request, &Command::Done, &Actor::daemon(), now)
            })
            .await
            .unwrap();
        engine.after_commit(&moved);
    }

    pub(super) async fn show(&self, id: RequestId) -> Request {
        let read = self
            .engine()
            .store()
            .read(move |read| Ok::<_, Refused>(read.request(&id)?));
        read.await.unwrap().unwrap()
    }

    /// Lets time pass until the request is in this state.
    pub(super) async fn reach(&self, id: RequestId, state: &str) -> Request {
        for _ in 0..2_000 {
            let request = self.show(id).await;
            if request.state.word().to_string() == state {
                return request;
            }
            self.pass().await;
        }
        panic!("never {state}: {:?}\n{}", self.show(id).await.state, self.story());
    }

    /// Lets time pass until something is so.
    pub(super) async fn until(&self, what: &str, mut is_so: impl FnMut(&Self) -> bool) {
        for _ in 0..2_000 {
            if is_so(self) {
                return;
            }
            self.pass().await;
        }
        panic!("never: {what}\n{}", self.story());
    }

    /// A little time.
    pub(super) async fn pass(&self) {
        self.clock.advance(TimeDelta::milliseconds(200));
        // The store has threads of its own, which this clock does not hold.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    /// Nobody is there for so long; AWS goes on.
    pub(super) fn jump(&self, by: TimeDelta) {
        self.clock.advance(by);
        self.org().advance(self.clock.now().timestamp_millis());
    }

    pub(super) fn is_assigned(&self) -> bool {
        let mut org = self.org();
        org.advance(self.clock.now().timestamp_millis());
        org.is_assigned(&model_key(&key()))
    }

    /// When the schedules will run, in seconds from the start.
    pub(super) fn schedules(&self) -> Vec<i64> {
        let org = self.org();
        let mut at: Vec<i64> = org.schedules().map(|it| (it.spec.at_ms - START) / 1000).collect();
        at.sort_unstable();
        at
    }

    /// Changes in the order in which AWS heard of them.
    pub(super) fn changes(&self) -> Vec<&'static str> {
        let changing = ["CreateSchedule", "UpdateSchedule", "DeleteSchedule"];
        let changing = [
            &changing[..],
            &["CreateAccountAssignment", "DeleteAccountAssignment"],
        ]
        .concat();
        let org = self.org();
        let names = org.calls().map(|call| call.operation.name());
        names.filter(|name| changing.contains(name)).collect()
    }

    fn story(&self) -> String {
        let org = self.org();
        let line = |call: &aws_simulator::CallLog| {
            let at = (call.at_ms - START) / 1000;
            format!(
                "{at:>8} {} {:?} {:?}\n",
                call.operation, call.schedule, call.outcome
            )
        };
        org.calls().map(line).collect()
    }
}

pub(super) fn at(seconds: i64) -> Time {
    Time::from_timestamp_millis(START).unwrap() + TimeDelta::seconds(seconds)
}

pub(super) fn key() -> Key {
    let org = standard::organisation();
    let key = org.user_key("alice", "prod-payments", "DatabaseAdmin").unwrap();
    Key {
        user: key.principal.id().parse().unwrap(),
        account: key.account.parse().unwrap(),
        permission_set: key.permission_set.parse().unwrap(),
    }
}

pub(super) fn model_key(key: &Key) -> AssignmentKey {
    AssignmentKey {
        account: key.account.to_string(),
        permission_set: key.permission_set.to_string(),
        principal: Principal::User(key.user.to_string()),
    }
}

impl Model {
    fn ask<T>(&self, call: impl FnOnce(&mut Organisation, &Caller, i64) -> T) -> T {
        let now_ms = self.clock.now().timestamp_millis();
        call(&mut self.org.lock().unwrap(), &self.by, now_ms)
    }

    fn spec(&self, name: &str, key: &Key, at: Time) -> ScheduleSpec {
        let org = self.org.lock().unwrap();
        let input = serde_json::json!({
            "InstanceArn": org.instance_arn(), "TargetId": key.account.as_str(), "TargetType": "AWS_ACCOUNT",
            "PermissionSetArn": key.permission_set.as_str(), "PrincipalType": "USER",
            "PrincipalId": key.user.as_str(),
        });
        ScheduleSpec {
            name: name.to_owned(),
            at_ms: at.timestamp_millis(),
            target: DELETE_ASSIGNMENT.to_owned(),
            role: format!("arn:aws:iam::{}:role/teamd-backstop", self.by.account),
            input: input.to_string(),
            retries: 185,
            age_seconds: 86_400,
            delete_after: true,
            enabled: true,
        }
    }
}

fn reply<T>(answer: Result<T, CallError>, good: impl FnOnce(T) -> Reply) -> Reply {
    let refused = |class, message: String| Reply::Refused { class, message };
    match answer {
        Ok(answer) => good(answer),
        Err(CallError::NoAnswer { .. }) => Reply::Unknown {
            message: "no answer".to_owned(),
        },
        Err(CallError::Aws(error)) => match error.kind {
            ErrorKind::NotFound => Reply::NotFound {
                message: error.message,
            },
            ErrorKind::Conflict => refused(Refusal::Conflict, error.message),
            ErrorKind::Throttled | ErrorKind::QuotaExceeded => refused(Refusal::Throttled, error.message),
            ErrorKind::AccessDenied => refused(Refusal::AccessDenied, error.message),
            ErrorKind::Internal => Reply::Unknown {
                message: error.message,
            },
            ErrorKind::Validation | ErrorKind::Named(_) => refused(Refusal::Permanent, error.message),
        },
    }
}

fn accepted(operation: AssignmentOperation) -> Reply {
    Reply::Accepted {
        request_id: operation.request_id.clone(),
        status: status(&operation),
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

impl Assignments for Model {
    fn list<'a>(&'a self, key: &'a Key, _: Lane) -> BoxFuture<'a, Reply> {
        let key = model_key(key);
        let found =
            self.ask(|org, by, now| org.list_account_assignments(by, &key.account, &key.permission_set, now));
        let reply = reply(found, |rows| Reply::Listed {
            present: rows.contains(&key),
        });
        Box::pin(async move { reply })
    }

    fn create<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Reply> {
        let key = model_key(key);
        let answer = self.ask(|org, by, now| org.create_account_assignment(by, &key, now));
        Box::pin(async move { reply(answer, accepted) })
    }

    fn delete<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Reply> {
        let key = model_key(key);
        let answer = self.ask(|org, by, now| org.delete_account_assignment(by, &key, now));
        Box::pin(async move { reply(answer, accepted) })
    }

    fn creation_status<'a>(&'a self, request_id: &'a str, _: Lane) -> BoxFuture<'a, Reply> {
        let kind = OperationKind::Create;
        let answer = self.ask(|org, by, now| org.describe_assignment_operation(by, kind, request_id, now));
        Box::pin(async move { reply(answer, |operation| Reply::Status(status(&operation))) })
    }

    fn deletion_status<'a>(&'a self, request_id: &'a str) -> BoxFuture<'a, Reply> {
        let kind = OperationKind::Delete;
        let answer = self.ask(|org, by, now| org.describe_assignment_operation(by, kind, request_id, now));
        Box::pin(async move { reply(answer, |operation| Reply::Status(status(&operation))) })
    }
}

fn failed(error: CallError) -> AwsError {
    match error.kind() {
        Some(ErrorKind::AccessDenied) => AwsError::Refused(error.to_string()),
        Some(ErrorKind::Throttled) => AwsError::Throttled(error.to_string()),
        Some(_) => AwsError::Unexpected(error.to_string()),
        None => AwsError::Unreachable(error.to_string()),
    }
}

impl Schedules for Model {
    fn put<'a>(&'a self, name: &'a str, key: &'a Key, at: Time) -> BoxFuture<'a, Result<(), AwsError>> {
        let spec = self.spec(name, key, at);
        let made = self.ask(|org, by, now| match org.create_schedule(by, &spec, None, now) {
            Err(error) if error.kind() == Some(ErrorKind::Conflict) => org.update_schedule(by, &spec, now),
            made => made,
        });
        Box::pin(async move { made.map(drop).map_err(failed) })
    }

    fn delete<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<(), AwsError>> {
        let done = self.ask(|org, by, now| org.delete_schedule(by, name, now));
        let done = match done {
            Err(error) if error.kind() == Some(ErrorKind::NotFound) => Ok(()),
            done => done.map_err(failed),
        };
        Box::pin(async move { done })
    }

    fn list<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>, AwsError>> {
        let found = self.ask(|org, by, now| org.list_schedules(by, prefix, now));
        let names = found.map(|found| found.into_iter().map(|it| it.spec.name).collect());
        Box::pin(async move { names.map_err(failed) })
    }

    fn target<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Key>, AwsError>> {
        let found = self.ask(|org, by, now| org.get_schedule(by, name, now));
        let of = found.map(|it| {
            let input: serde_json::Value = serde_json::from_str(&it.spec.input).unwrap();
            let text = |member: &str| input[member].as_str().unwrap().to_owned();
            Some(Key {
                user: text("PrincipalId").parse().unwrap(),
                account: text("TargetId").parse().unwrap(),
                permission_set: text("PermissionSetArn").parse().unwrap(),
            })
        });
        Box::pin(async move { of.map_err(failed) })
    }
}

impl DirectorySource for Model {
    fn load(&self, _: Time) -> BoxFuture<'_, Result<Directory, AwsError>> {
        Box::pin(async { Err(AwsError::Unreachable("nobody needs it here".to_owned())) })
    }

    fn person<'a>(&'a self, _: &'a str, _: &'a UserId) -> BoxFuture<'a, Result<FreshPerson, AwsError>> {
        Box::pin(async { Err(AwsError::Unreachable("nobody needs it here".to_owned())) })
    }
}

impl OwnIdentity for Model {
    fn account(&self) -> BoxFuture<'_, Result<AccountId, AwsError>> {
        Box::pin(async { Err(AwsError::Unreachable("nobody needs it here".to_owned())) })
    }
}
