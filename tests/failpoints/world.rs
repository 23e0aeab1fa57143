//! The engine on tables in memory, in tokio's paused time: started anew whenever it dies, as the service manager does.
//! Five people ask for access, use it and give it back, each in another way, and ask again where nobody answers.

use super::messages::Room;
use super::sky::{LEAD, PEOPLE, STANDING, Sky, key, user};
use super::values::{caller, person, settings, submission};
use chrono::{DateTime, TimeDelta};
use futures::FutureExt;
use futures::future::BoxFuture;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use team_shared::ids::{RequestId, UserId};
use team_shared::state::RequestState;
use teamd_aws::health::AwsHealth;
use teamd_config::Notify;
use teamd_domain::Time;
use teamd_domain::identity::Who;
use teamd_domain::request::{Request, State};
use teamd_engine::{Act, Approval, Deps, Engine, PolicyInput};
use teamd_host::clock::Clock;
use teamd_host::failpoint;
use teamd_host::lifecycle::Shutdown;
use teamd_store::port::{RequestFilter, StoreError};
use teamd_store::{Memory, Store};
use tokio::time::Instant;

/// 2026-11-16T00:00:00Z.
const BEGINNING: i64 = 1_794_787_200;
/// Whatever fails, all is over by then: windows, half minutes lost, restarts, pauses between tries.
const PATIENCE: Duration = Duration::from_secs(2_400);
/// From a death to the next start: long enough for what was sent to happen meanwhile.
const RESTART: Duration = Duration::from_secs(5);
/// Between two tries of a person.
const AGAIN: Duration = Duration::from_secs(3);

pub(crate) struct World {
    clock: Arc<TestClock>,
    memory: Memory,
    folder: tempfile::TempDir,
    sky: Mutex<Sky>,
    numbers: AtomicUsize,
    poisoned: Mutex<Option<UserId>>,
    daemon: Mutex<Option<(Arc<Engine>, Shutdown)>>,
    /// Requests whose filing was answered.
    filed: Mutex<Vec<RequestId>>,
    /// Where messages go.
    room: Room,
    /// The faults of this life outlast the window of a request.
    may_fail: bool,
}

/// tokio's time, and what late points took.
struct TestClock {
    begun: Instant,
    blocked: Duration,
}

impl Clock for TestClock {
    fn now(&self) -> Time {
        let blocked = failpoint::blocked() - self.blocked;
        let passed = TimeDelta::from_std(self.begun.elapsed() + blocked).expect("some minutes");
        DateTime::from_timestamp(BEGINNING, 0).expect("a moment") + passed
    }

    fn sleep_until<'a>(&'a self, at: Time) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            while let Ok(left) = (at - self.now()).to_std() {
                if left.is_zero() {
                    break;
                }
                tokio::time::sleep(left).await;
            }
        })
    }
}

/// A panic that was asked for is not worth a line.
pub(crate) fn quiet_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let is_asked_for = panic
            .payload_as_str()
            .is_some_and(|text| text.starts_with("failpoint"));
        if !is_asked_for {
            eprintln!("{panic}");
        }
    }));
}

/// In memory where there is such a folder: hundreds of lives sync hundreds of files.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .expect("a folder")
}

/// One life; what is wrong at its end. At `poisoned`'s key every delete panics until all others are done. With `may_fail`
/// a request whose create is not confirmed within its window may fail.
pub(crate) fn run(poisoned: Option<&str>, may_fail: bool) -> Result<(), String> {
    teamd_engine::seed_this_thread(Some(7));
    failpoint::revive();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let world = Arc::new(World::new(poisoned, may_fail));
        let ended = tokio::select! {
            ended = tokio::time::timeout(PATIENCE, world.live()) => ended,
            never = Arc::clone(&world).supervise() => never,
        };
        world.daemon.lock().unwrap().take().inspect(kill);
        ended.map_err(|_| format!("not over in {PATIENCE:?}: {}", world.states()))?;
        // The judge reads what is there.
        failpoint::POINTS.iter().for_each(fail::remove);
        failpoint::revive();
        world.judge()
    })
}

fn kill((_, shutdown): &(Arc<Engine>, Shutdown)) {
    shutdown.hard_token().cancel();
    shutdown.stop();
}

impl World {
    fn new(poisoned: Option<&str>, may_fail: bool) -> Self {
        Self {
            clock: Arc::new(TestClock {
                begun: Instant::now(),
                blocked: failpoint::blocked(),
            }),
            memory: Memory::new(),
            folder: folder(),
            sky: Mutex::new(Sky::new()),
            numbers: AtomicUsize::new(0),
            poisoned: Mutex::new(poisoned.map(user)),
            daemon: Mutex::new(None),
            filed: Mutex::new(Vec::new()),
            room: Room::default(),
            may_fail,
        }
    }

    pub(crate) fn sky(&self) -> MutexGuard<'_, Sky> {
        self.sky.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn next(&self) -> usize {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn is_poisoned(&self, user: &UserId) -> bool {
        self.poisoned.lock().unwrap().as_ref() == Some(user)
    }

    /// Starts the daemon, again and again.
    async fn supervise<T>(self: Arc<Self>) -> T {
        loop {
            let shutdown = Shutdown::new();
            let opening = AssertUnwindSafe(Engine::open(self.deps(&shutdown), settings())).catch_unwind();
            let opened = tokio::select! {
                opened = opening => opened.ok().and_then(Result::ok),
                () = failpoint::crashed() => None,
            };
            if let Some(engine) = opened {
                engine.tell_over(vec![Arc::new(self.room.clone())], Notify::default());
                engine.start();
                *self.daemon.lock().unwrap() = Some((engine, shutdown.clone()));
                let stop = shutdown.token();
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = failpoint::crashed() => shutdown.hard_token().cancel(),
                }
                shutdown.stop();
                shutdown.finished(Duration::from_secs(10)).await;
                *self.daemon.lock().unwrap() = None;
            }
            failpoint::revive();
            tokio::time::sleep(RESTART).await;
        }
    }

    fn deps(self: &Arc<Self>, shutdown: &Shutdown) -> Deps {
        Deps {
            store: Store::on_memory(&self.memory),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            assignments: Arc::clone(self) as _,
            lookups: Arc::clone(self) as _,
            directory: Arc::clone(self) as _,
            activity: None,
            inventory: Arc::clone(self) as _,
            schedules: None,
            own: Arc::clone(self) as _,
            clock_probe: Arc::clone(self) as _,
            health: Arc::new(AwsHealth::new()),
            leases_path: Some(self.folder.path().join("leases.json")),
            shutdown: shutdown.clone(),
        }
    }

    async fn live(self: &Arc<Self>) {
        self.until(|engine| async move {
            let input = PolicyInput {
                document: include_str!("policy.toml").to_owned(),
                base_version: None,
                ..PolicyInput::default()
            };
            let operator = caller(0, Who::Operator);
            engine.apply_policy(&operator, input).await.ok()
        })
        .await;
        let poisoned = self.poisoned.lock().unwrap().clone();
        let others = PEOPLE.into_iter().filter(|name| Some(user(name)) != poisoned);
        let others = futures::future::join_all(others.map(|name| self.person(name)));
        if let Some(name) = PEOPLE.into_iter().find(|name| Some(user(name)) == poisoned) {
            let other = async {
                others.await;
                assert!(
                    self.sky().present().contains(&key(name)),
                    "the one that panics is stuck"
                );
                *self.poisoned.lock().unwrap() = None;
            };
            tokio::join!(self.person(name), other);
        } else {
            others.await;
        }
        // What comes after the end: the look at recent keys, the leases file, which is written every five minutes at
        // least, notices, of which one that fails twenty times is given after ten.
        tokio::time::sleep(Duration::from_secs(660)).await;
    }

    /// One request, from the asking to the end.
    async fn person(self: &Arc<Self>, name: &'static str) {
        let who = person(name);
        let me = &who;
        let id = self
            .until(|engine| async move {
                // Whoever got no answer looks first.
                if let Some(request) = requests(&engine)
                    .ok()?
                    .into_iter()
                    .find(|r| r.key.user == user(name))
                {
                    return Some(request.id);
                }
                engine
                    .submit(me, submission(), false)
                    .await
                    .ok()
                    .map(|filed| filed.request.id)
            })
            .await;
        self.filed.lock().unwrap().push(id);
        // An answer that was lost shows in the state.
        self.until(|engine| async move {
            let decided = engine
                .approve(&person(LEAD), &id, Approval::default())
                .await
                .is_ok();
            (decided || state(&engine, id)? != RequestState::Pending).then_some(())
        })
        .await;
        self.until(|engine| async move {
            let state = state(&engine, id)?;
            (state == RequestState::Active || state.is_terminal()).then_some(())
        })
        .await;
        self.until(|engine| async move {
            let (act, why) = (Act::default(), Some("enough".to_owned()));
            let taken_back = match name {
                "ben" => engine.done(me, &id, act).await.is_ok(),
                "cleo" => engine
                    .revoke(&person(LEAD), &id, Act { comment: why, ..act })
                    .await
                    .is_ok(),
                // Theirs end by themselves.
                _ => true,
            };
            (taken_back || state(&engine, id)? != RequestState::Active).then_some(())
        })
        .await;
        self.until(|engine| async move { state(&engine, id)?.is_terminal().then_some(()) })
            .await;
    }

    /// Asks until there is an answer: the daemon may be down, refuse, or die meanwhile.
    async fn until<T, F: Future<Output = Option<T>>>(&self, ask: impl Fn(Arc<Engine>) -> F) -> T {
        loop {
            let daemon = self.daemon.lock().unwrap().clone();
            if let Some((engine, shutdown)) = daemon {
                let hard = shutdown.hard_token();
                let answer = tokio::select! {
                    biased;
                    () = hard.cancelled() => None,
                    answer = AssertUnwindSafe(ask(engine)).catch_unwind() => answer.ok().flatten(),
                };
                if let Some(answer) = answer {
                    return answer;
                }
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// What is wrong when all is over.
    fn judge(&self) -> Result<(), String> {
        let store = Store::on_memory(&self.memory);
        let fail = |error: StoreError| error.to_string();
        let mut wrong = Vec::new();
        let mut sky = self.sky();
        if sky.present().iter().ne([&key(STANDING)]) {
            wrong.push(format!("access in AWS: {:?}", sky.present()));
        }
        if sky.deletes.contains(&key(STANDING)) {
            wrong.push("standing access was touched".to_owned());
        }
        let found = store
            .read_blocking(|read| read.requests(&everything()))
            .map_err(fail)?;
        if found.len() != PEOPLE.len() {
            wrong.push(format!("{} requests of {}", found.len(), PEOPLE.len()));
        }
        for id in self.filed.lock().unwrap().iter() {
            match found.iter().find(|request| request.id == *id).map(|r| &r.state) {
                Some(State::Ended(_) | State::Revoked(_)) => {}
                // No create is sent after the window of its request.
                Some(State::Failed(finish))
                    if self.may_fail && finish.reason == "not_confirmed" && finish.session.is_none() => {}
                other => wrong.push(format!("request {id} is {other:?}")),
            }
        }
        let chain = store.read_blocking(|read| read.verify_chain()).map_err(fail)?;
        wrong.extend(chain.fault);
        let far = self.clock.now() + TimeDelta::days(1);
        let due = store
            .read_blocking(move |read| read.outbox_due(far, 100))
            .map_err(fail)?;
        if !due.is_empty() {
            wrong.push(format!("{} notices were not given", due.len()));
        }
        wrong.extend(self.room.judge(&store).map_err(fail)?);
        match teamd_store::leases::read(&self.folder.path().join("leases.json")) {
            // What was created without an answer may come yet, for a day.
            Ok(file) if file.leases.iter().all(|lease| lease.may_surface_until.is_some()) => {}
            Ok(file) => wrong.push(format!("leases: {:?}", file.leases)),
            Err(error) => wrong.push(error.to_string()),
        }
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(wrong.join("; "))
        }
    }

    fn states(&self) -> String {
        let found = Store::on_memory(&self.memory).read_blocking(|read| read.requests(&everything()));
        let states = found.map(|all| all.iter().map(|r| r.state.word().to_string()).collect::<Vec<_>>());
        format!("{states:?}, in AWS {}", self.sky().present().len())
    }
}

fn everything() -> RequestFilter {
    RequestFilter {
        limit: 100,
        ..RequestFilter::default()
    }
}

fn requests(engine: &Engine) -> Result<Vec<Request>, StoreError> {
    engine.store().read_blocking(|read| read.requests(&everything()))
}

fn state(engine: &Engine, id: RequestId) -> Option<RequestState> {
    let found = requests(engine).ok()?;
    found
        .iter()
        .find(|request| request.id == id)
        .map(|request| request.state.word())
}
