//! The main job: from the decision to access, from its end to its verified absence.

use crate::stats::{Sample, print_disk};
use crate::world::{KEYS, World};
use anyhow::{Context, bail};
use aws_simulator::{CallLog, Operation, Service};
use futures::future::{join_all, try_join_all};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::PoisonError;
use std::time::{Duration, Instant};
use team_shared::event::EventType;
use team_shared::ids::RequestId;
use teamd_domain::request::{Request, State};
use teamd_store::Store;
use teamd_store::port::{AuditFilter, RequestFilter, StoreError};

/// What the issue of the main job asks for.
const FIRST_CALL_LIMIT: f64 = 100.0;
/// Beyond the simulator's own asynchronous time.
const OVERHEAD_LIMIT: f64 = 1500.0;
/// An operation of the simulator takes so long.
const LATENCY: i64 = 1000;

/// One decision or end every so often, so that calls of one never fall between those of another: with operations that
/// finish at once, calls come within 20 ms of the decision, 500 ms after it, and the same after the end, which falls
/// between the two.
const IDLE_SLOT: Duration = Duration::from_millis(700);
/// Makes the end fall into the middle of a slot: 500 ms to `active`, then this.
const IDLE_SECONDS: i64 = 2;

pub(crate) async fn idle(count: usize) -> anyhow::Result<()> {
    let directory = tempfile::tempdir()?;
    let run = Run::perform(directory.path(), count, IDLE_SLOT, IDLE_SECONDS, 0).await?;
    print_disk(directory.path())?;
    run.print_first_calls()?;
    run.print_decisions();
    Ok(())
}

pub(crate) async fn spread(count: usize, per_second: usize) -> anyhow::Result<()> {
    let directory = tempfile::tempdir()?;
    let pause = Duration::from_secs(1) / u32::try_from(per_second.max(1))?;
    let run = Run::perform(directory.path(), count, pause, 5, LATENCY).await?;
    print_disk(directory.path())?;
    run.print_whole_path()?;
    run.print_decisions();
    Ok(())
}

/// What a run leaves behind.
struct Run {
    calls: Vec<CallLog>,
    requests: Vec<Request>,
    approved: HashMap<RequestId, f64>,
    /// From sending an approval to its answer.
    decisions: Sample,
    /// From when an approval should have been sent to when it was.
    behind: Sample,
}

impl Run {
    /// Files `count` requests, approves one each `pause`, and waits until all are over.
    async fn perform(
        directory: &Path,
        count: usize,
        pause: Duration,
        seconds: i64,
        latency_ms: i64,
    ) -> anyhow::Result<Self> {
        if count > KEYS {
            bail!("there are {KEYS} keys, and each request has its own");
        }
        let world = World::start(directory, latency_ms).await?;
        let mut ids = Vec::new();
        for number in 0..count {
            ids.push(world.submit(number, seconds).await?);
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        let start = tokio::time::Instant::now();
        let world_ref = &world;
        let approvals = (0u32..).zip(&ids).map(async |(number, id)| {
            let due = start + pause * number;
            tokio::time::sleep_until(due).await;
            let behind = due.elapsed().as_secs_f64() * 1000.0;
            let sent = Instant::now();
            world_ref.approve(id).await?;
            anyhow::Ok((behind, crate::stats::millis_since(sent)))
        });
        let times = try_join_all(approvals).await?;
        while world.has("pending,scheduled,activating,active,ending").await? {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let World {
            simulator, process, ..
        } = world;
        process.stop()?;
        let calls = {
            let model = simulator.model();
            let model = model.lock().unwrap_or_else(PoisonError::into_inner);
            model.calls().cloned().collect()
        };
        let (requests, approved) = read_store(&directory.join("teamd.db"))?;
        let (behind, decisions) = times.into_iter().unzip();
        let (behind, decisions) = (Sample::new(behind), Sample::new(decisions));
        Ok(Self {
            calls,
            requests,
            approved,
            decisions,
            behind,
        })
    }

    /// A call is anybody's between its decision and the next one, so this needs a run of single decisions.
    fn print_first_calls(&self) -> anyhow::Result<()> {
        let sso: Vec<f64> = self
            .calls
            .iter()
            .filter(|call| call.operation.service() == Service::Sso)
            .map(|call| moment(call.at_ms))
            .collect();
        let mut first = Vec::new();
        for at in self.approved.values() {
            let next = sso.partition_point(|call| call < at);
            first.push(sso.get(next).context("an approval without a call")? - at);
        }
        Sample::new(first).print_against("approval to the first AWS call", FIRST_CALL_LIMIT);
        self.to_calls(Operation::CreateAccountAssignment, |id, _| {
            self.approved.get(id).copied()
        })?
        .print("approval to the create call (a listing first)");
        self.to_calls(Operation::DeleteAccountAssignment, |_, end| Some(end))?
            .print_against("end to the delete call", FIRST_CALL_LIMIT);
        Ok(())
    }

    fn print_whole_path(&self) -> anyhow::Result<()> {
        let limit = moment(LATENCY) + OVERHEAD_LIMIT;
        let (mut up, mut down) = (Vec::new(), Vec::new());
        for request in &self.requests {
            let (start, end, gone) = times_of(request)?;
            let approved = self.approved.get(&request.id).context("never approved")?;
            up.push(start - approved);
            down.push(gone - end);
        }
        println!("the simulator's own time for each operation: {LATENCY} ms");
        Sample::new(up).print_against("approval to active", limit);
        Sample::new(down).print_against("end to verified absence", limit);
        self.to_calls(Operation::CreateAccountAssignment, |id, _| {
            self.approved.get(id).copied()
        })?
        .print("approval to the create call, under this load");
        self.to_calls(Operation::DeleteAccountAssignment, |_, end| Some(end))?
            .print("end to the delete call, under this load");
        Ok(())
    }

    fn print_decisions(&self) {
        self.decisions.print("an approval, sent to answered");
        self.behind.print("the benchmark itself behind its schedule");
        let mut kinds = BTreeMap::new();
        for call in self
            .calls
            .iter()
            .filter(|call| call.operation.service() == Service::Sso)
        {
            *kinds.entry(call.operation.name()).or_insert(0usize) += 1;
        }
        for (name, calls) in kinds {
            println!("  {calls:>6} {name}");
        }
    }

    /// From a moment of each request to the first call of an operation on its key.
    fn to_calls(
        &self,
        operation: Operation,
        from: impl Fn(&RequestId, f64) -> Option<f64>,
    ) -> anyhow::Result<Sample> {
        let mut first: HashMap<(&str, &str, &str), i64> = HashMap::new();
        for call in self.calls.iter().filter(|call| call.operation == operation) {
            let key = call.key.as_ref().context("a write without a key")?;
            let key = (
                key.principal.id(),
                key.account.as_str(),
                key.permission_set.as_str(),
            );
            first.entry(key).or_insert(call.at_ms);
        }
        let mut times = Vec::new();
        for request in &self.requests {
            let key = &request.key;
            let key = (
                key.user.as_str(),
                key.account.as_str(),
                key.permission_set.as_str(),
            );
            let call = first.get(&key).context("a request without its call")?;
            let (_, end, _) = times_of(request)?;
            times.push(moment(*call) - from(&request.id, end).context("a request without a start")?);
        }
        Ok(Sample::new(times))
    }
}

/// Start, end and verified absence of a request that is over.
fn times_of(request: &Request) -> anyhow::Result<(f64, f64, f64)> {
    let State::Ended(finish) = &request.state else {
        bail!("request {} is {}", request.id, request.state.word());
    };
    let session = finish.session.context("never active")?;
    let at = |time: teamd_domain::Time| moment(time.timestamp_millis());
    Ok((at(session.start_at), at(session.end_at), at(finish.at)))
}

/// Every request, and when it was approved.
fn read_store(path: &Path) -> anyhow::Result<(Vec<Request>, HashMap<RequestId, f64>)> {
    let store = Store::open(path)?;
    let read = store.read_blocking::<_, StoreError>(|read| {
        let everything = RequestFilter {
            limit: KEYS,
            ..RequestFilter::default()
        };
        let requests = read.requests(&everything)?;
        let mut approved = HashMap::new();
        let mut filter = AuditFilter {
            limit: 1000,
            ..AuditFilter::default()
        };
        loop {
            let rows = read.audit(&filter)?;
            let Some(last) = rows.last() else { break };
            filter.after = last.seq;
            for row in rows.iter().filter(|row| row.kind == EventType::RequestApproved) {
                if let Some(id) = row.request_id {
                    approved.insert(id, moment(row.at.timestamp_millis()));
                }
            }
        }
        Ok((requests, approved))
    })?;
    store.close();
    Ok(read)
}

/// Milliseconds since 1970 fit a float for the next 200,000 years.
#[allow(clippy::cast_precision_loss, reason = "see above")]
fn moment(millis: i64) -> f64 {
    millis as f64
}

/// Makes `count` requests active, as fast as it goes.
pub(crate) async fn activate(world: &World, count: usize) -> anyhow::Result<()> {
    for numbers in (0..count).collect::<Vec<_>>().chunks(20) {
        let some = numbers.iter().map(async |number| {
            let id = world.submit(*number, 8 * 3600).await?;
            world.approve(&id).await
        });
        join_all(some).await.into_iter().collect::<anyhow::Result<()>>()?;
    }
    while world.has("pending,scheduled,activating").await? {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Ok(())
}
