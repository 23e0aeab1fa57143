//! Memory and start time of the real binary.

use crate::path::activate;
use crate::stats::{Sample, millis_since, print_disk};
use crate::world::{KEYS, Process, World, binary_of};
use crate::{http, world};
use anyhow::{Context, bail};
use aws_simulator::{Simulator, SimulatorConfig};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use team_shared::duration::Seconds;
use team_shared::event::EventType;
use team_shared::ids::RequestId;
use team_shared::terms::Shape;
use teamd_domain::Time;
use teamd_domain::event::EventDraft;
use teamd_domain::grant::{Grant, State as GrantState};
use teamd_domain::request::{Basis, Finish, Key, Request, Session, State, Terms};
use teamd_host::clock::{Clock, SystemClock};
use teamd_store::port::{StoreError, StoreResult, Tx};
use teamd_store::{Store, WriteLane};

/// Starts measured of each kind.
const STARTS: usize = 20;
/// Requests in the old store.
const FINISHED: u64 = 10_000;
/// Until the directory is loaded, the chain is checked, and all is quiet.
const SETTLED: Duration = Duration::from_secs(15);

/// What the audit trail says of a request that was approved, used and ended.
const LIFE: [EventType; 13] = [
    EventType::RequestSubmitted,
    EventType::RequestVoted,
    EventType::RequestApproved,
    EventType::RequestActivating,
    EventType::GrantIntent,
    EventType::GrantAccepted,
    EventType::GrantConfirmed,
    EventType::RequestActive,
    EventType::RequestEnding,
    EventType::GrantIntent,
    EventType::GrantAccepted,
    EventType::GrantRemoved,
    EventType::RequestEnded,
];

pub(crate) async fn measure(binary: Option<&str>) -> anyhow::Result<()> {
    let binary = binary_of("teamd", binary)?;
    let size = std::fs::metadata(&binary)?.len() >> 20;
    println!("the binary: {size} MiB");
    let directory = tempfile::tempdir()?;
    print_disk(directory.path())?;
    small(&binary).await?;
    old(&binary).await?;
    busy(&binary).await
}

/// The demo's organisation and an empty store.
async fn small(binary: &Path) -> anyhow::Result<()> {
    let simulator = Simulator::start(SimulatorConfig::default()).await?;
    let (mut starts, mut stops) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let directory = tempfile::tempdir()?;
        let (process, took) = start(binary, directory.path(), &simulator).await?;
        starts.push(took);
        stops.push(process.stop()?);
    }
    Sample::new(starts).print("start to /healthz, no store yet");
    Sample::new(stops).print("SIGTERM at once after it, to the exit");
    let directory = tempfile::tempdir()?;
    let (process, _) = start(binary, directory.path(), &simulator).await?;
    settle(&process, "with the demo organisation").await
}

/// 10,000 requests that are over.
async fn old(binary: &Path) -> anyhow::Result<()> {
    let simulator = world::simulator(0).await?;
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("teamd.db");
    write_finished(&path)?;
    println!(
        "{FINISHED} finished requests: a store of {} MiB",
        std::fs::metadata(&path)?.len() >> 20
    );
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        let (process, took) = start(binary, directory.path(), &simulator).await?;
        starts.push(took);
        process.stop()?;
    }
    Sample::new(starts).print("start to /healthz, 10,000 finished requests");
    let (process, _) = start(binary, directory.path(), &simulator).await?;
    settle(&process, "with 10,000 finished requests").await
}

/// 1,000 requests that are active: made so by a daemon whose limits are off, then taken over by the real binary.
async fn busy(binary: &Path) -> anyhow::Result<()> {
    let directory = tempfile::tempdir()?;
    let world = World::start(directory.path(), 0).await?;
    activate(&world, KEYS).await?;
    let World {
        simulator, process, ..
    } = world;
    settle(&process, "of the daemon that has just activated 1,000").await?;
    process.stop()?;
    let (process, took) = start(binary, directory.path(), &simulator).await?;
    Sample::new(vec![took]).print("start to /healthz, 1,000 active requests");
    settle(&process, "with 1,000 active requests").await
}

/// Prints its memory once all is quiet.
async fn settle(process: &Process, what: &str) -> anyhow::Result<()> {
    tokio::time::sleep(SETTLED).await;
    let (now, most) = process.memory()?;
    println!("resident memory {what}: {now:.1} MiB (most: {most:.1} MiB)");
    Ok(())
}

/// Starts `teamd run`; milliseconds until it answered.
async fn start(binary: &Path, directory: &Path, simulator: &Simulator) -> anyhow::Result<(Process, f64)> {
    let socket = directory.join("teamd.sock");
    let file = directory.join("teamd.toml");
    let config = format!(
        "[server]\nsocket = {socket:?}\nsocket_mode = \"0600\"\n[store]\npath = {:?}\nactivity_path = {:?}\n\
         leases_path = {:?}\n[aws]\nregion = \"eu-west-1\"\nendpoint_url = {:?}\n",
        directory.join("teamd.db"),
        directory.join("activity.db"),
        directory.join("leases.json"),
        simulator.url(),
    );
    std::fs::write(&file, config)?;
    let began = Instant::now();
    let mut process = Process::start(Command::new(binary).arg("run").arg("--config").arg(&file))?;
    loop {
        if let Ok((204, _)) = http::call(&socket, ("GET", "/healthz"), None, "").await {
            return Ok((process, millis_since(began)));
        }
        if began.elapsed() > Duration::from_secs(60) || !process.is_running()? {
            bail!("{} did not start", binary.display());
        }
        tokio::time::sleep(Duration::from_micros(500)).await;
    }
}

/// As many keys as people and accounts make, each with ten requests that are over.
pub(crate) fn write_finished(path: &Path) -> anyhow::Result<()> {
    let store = Store::open(path)?;
    let now = SystemClock.now();
    for first in (0..FINISHED).step_by(500) {
        store.write_blocking::<_, StoreError>(WriteLane::Normal, move |tx| {
            (first..first + 500).try_for_each(|number| write_one(tx, number, now))
        })?;
    }
    store.close();
    Ok(())
}

fn write_one(tx: &mut dyn Tx, number: u64, now: Time) -> StoreResult<()> {
    // One every four minutes until yesterday.
    let left = u32::try_from(FINISHED - number).unwrap_or_default();
    let at = now - Duration::from_secs(86_400) - Duration::from_secs(240) * left;
    let request = finished(number, at).map_err(|error| StoreError::Database(error.to_string()))?;
    tx.insert_request(&request)?;
    tx.save_grant(&Grant {
        state: GrantState::Absent {
            listed_at: Some(at + Duration::from_secs(3602)),
        },
        ..Grant::new(request.key.clone())
    })?;
    for kind in LIFE {
        let event = EventDraft::new(kind)
            .of(request.id)
            .text("user_id", request.key.user.as_str())
            .text("account_id", request.key.account.as_str())
            .text("permission_set_arn", request.key.permission_set.as_str())
            .free(
                "justification",
                (kind == EventType::RequestSubmitted).then_some("on call: pods restart"),
            );
        tx.append(at, &event)?;
    }
    Ok(())
}

fn finished(number: u64, at: Time) -> anyhow::Result<Request> {
    let end_at = at + Duration::from_secs(3600);
    let gone = end_at + Duration::from_secs(2);
    Ok(Request {
        id: RequestId::from_parts(
            u64::try_from(at.timestamp_millis()).context("before 1970")?,
            number.into(),
        ),
        version: 1,
        key: Key {
            user: format!("user-{}", number % 50).parse()?,
            account: format!("{:012}", number / 50 % 20).parse()?,
            permission_set: "arn:aws:sso:::permissionSet/ssoins-0123456789abcdef/ps-0123456789abcdef"
                .parse()?,
        },
        terms: Terms {
            revision: 1,
            shape: Shape::Floating,
            start_at: None,
            end_at: None,
            duration: Seconds::new(3600)?,
            justification: "on call: pods restart".into(),
            ticket: None,
            break_glass: false,
        },
        extends: None,
        batch_id: None,
        created_at: at,
        expires_at: at,
        basis: Basis::default(),
        also_held_through: Vec::new(),
        votes: Vec::new(),
        state: State::Ended(Finish {
            at: gone,
            reason: "time".to_owned(),
            session: Some(Session { start_at: at, end_at }),
            late_by_seconds: 2,
            residual_until: None,
            still_held_by: None,
        }),
    })
}
