//! Many sessions that end in the same second, at the default pace, against AWS's limits over the wire.

use crate::http;
use crate::world::{self, ACCOUNTS, Process};
use anyhow::{Context, bail};
use aws_simulator::{Faults, Operation, Service, Simulator, SimulatorConfig};
use serde_json::Value;
use std::path::Path;
use std::process::Command;
use std::sync::PoisonError;
use std::time::Duration;
use team_shared::duration::Seconds;
use team_shared::ids::RequestId;
use team_shared::terms::Shape;
use teamd_config::Config;
use teamd_domain::Time;
use teamd_domain::grant::{Grant, State as GrantState};
use teamd_domain::request::{Basis, Key, Request, Session, State, Terms};
use teamd_host::clock::{Clock, SystemClock};
use teamd_store::port::StoreError;
use teamd_store::{Store, WriteLane};

/// An operation of the simulator takes so long.
const OPERATION: f64 = 1.0;
/// The daemon is up before the sessions end, and has loaded the directory: at our pace that takes half a minute.
const BEFORE: Duration = Duration::from_secs(60);

pub(crate) async fn measure(sessions: usize) -> anyhow::Result<()> {
    let end_at = SystemClock.now() + BEFORE + Duration::from_millis(sessions as u64);
    let mut organisation = world::organisation_of(sessions.div_ceil(ACCOUNTS))?;
    let mut keys = Vec::new();
    for number in 0..sessions {
        let (who, account) = (
            world::person(number / ACCOUNTS),
            world::account(number % ACCOUNTS),
        );
        let key = organisation.user_key(&who, &account, &world::set(0))?;
        organisation.put_standing_assignment(&key);
        keys.push(Key {
            user: key.principal.id().parse()?,
            account: key.account.parse()?,
            permission_set: key.permission_set.parse()?,
        });
    }
    let faults = Faults {
        assignment_latency_ms: (OPERATION * 1000.0) as i64,
        deletes_share_slots: true,
        ..Faults::default()
    };
    let simulator = Simulator::start(SimulatorConfig {
        organisation,
        faults,
        ..SimulatorConfig::default()
    })
    .await?;
    let directory = tempfile::tempdir()?;
    world::write_policy(&directory.path().join("teamd.db"))?;
    fill(&directory.path().join("teamd.db"), &keys, end_at)?;
    let mut process = Process::start(
        Command::new(std::env::current_exe()?)
            .arg("daemon")
            .arg(directory.path())
            .arg(simulator.url())
            .arg("limited"),
    )?;
    let shown = follow(&directory.path().join("teamd.sock"), &mut process, end_at).await?;
    let (took, calls) = gone(&simulator, end_at);
    let (_, most) = process.memory()?;
    process.stop()?;
    print(sessions, took, calls);
    println!("resident memory of the daemon, at most: {most:.1} MiB");
    let worst = shown
        .iter()
        .filter(|(at, _)| *at > 10.0 && *at < took - 5.0)
        .map(|(at, says)| (says - (took - at)).abs() / (took - at).max(50.0));
    println!(
        "the estimate, at its worst: {:.1} % off",
        100.0 * worst.fold(0.0, f64::max)
    );
    Ok(())
}

/// Seconds from the end to the last verified absence, and the calls of Identity Center until then.
fn gone(simulator: &Simulator, end_at: Time) -> (f64, usize) {
    let model = simulator.model();
    let model = model.lock().unwrap_or_else(PoisonError::into_inner);
    let end = end_at.timestamp_millis();
    let calls = model
        .calls()
        .filter(|call| call.at_ms >= end && call.operation.service() == Service::Sso);
    let calls: Vec<_> = calls.collect();
    let last = calls
        .iter()
        .rev()
        .find(|call| call.operation == Operation::ListAccountAssignments);
    let last = last.map_or(end, |call| call.at_ms);
    let until = calls.iter().filter(|call| call.at_ms <= last).count();
    ((last - end) as f64 / 1000.0, until)
}

fn print(sessions: usize, took: f64, calls: usize) {
    let aws = Config::default().aws;
    let (rate, places) = (aws.removal_requests_per_second, f64::from(aws.max_in_flight));
    // As `tests/daemon/rush.rs` derives it: `deletes` a second leave so many calls to see that they are finished.
    let mut deletes = rate;
    while deletes > 0.1 {
        let looks = rate - deletes - ACCOUNTS as f64 * deletes / sessions as f64;
        if looks > 0.0 && deletes * (OPERATION + 0.5 / looks) <= places {
            break;
        }
        deletes -= 0.01;
    }
    let least = sessions as f64 / deletes;
    println!(
        "{sessions} sessions that end in the same second: the last is verified to be over after {took:.1} s"
    );
    println!(
        "the least that it can take: {least:.1} s; {:.3} of it was taken",
        took / least
    );
    println!(
        "of {rate} calls a second, {:.3} were used",
        calls as f64 / took / rate
    );
}

/// Until nothing is due any more: at which second how many were said to be left.
async fn follow(socket: &Path, process: &mut Process, end_at: Time) -> anyhow::Result<Vec<(f64, f64)>> {
    let (mut shown, mut quiet) = (Vec::new(), 0);
    while quiet < 3 {
        tokio::time::sleep(Duration::from_secs(2)).await;
        if !process.is_running()? {
            bail!("the daemon has ended");
        }
        let status = http::json(socket, ("GET", "/v1/status"), "boss", &Value::Null).await;
        let now = SystemClock.now();
        let at = (now - end_at).as_seconds_f64();
        let Ok(status) = status else { continue };
        if at > 2.0 && status["removals"]["due"] == 0 {
            quiet += 1;
        }
        if let Some(by) = status["removals"]["done_by"].as_str() {
            let by: Time = by.parse().context("a time")?;
            shown.push((at, (by - now).as_seconds_f64()));
        }
    }
    Ok(shown)
}

fn fill(path: &Path, keys: &[Key], end_at: Time) -> anyhow::Result<()> {
    let store = Store::open(path)?;
    let start_at = end_at - Duration::from_secs(3600);
    let keys: Vec<(usize, Key)> = keys.iter().cloned().enumerate().collect();
    for some in keys.chunks(500).map(<[_]>::to_vec) {
        store.write_blocking::<_, StoreError>(WriteLane::Normal, move |tx| {
            for (number, key) in &some {
                let request = active(*number, key, Session { start_at, end_at });
                tx.insert_request(&request.map_err(|error| StoreError::Database(error.to_string()))?)?;
                tx.save_grant(&Grant {
                    state: GrantState::Present,
                    owned_at: Some(start_at),
                    ..Grant::new(key.clone())
                })?;
            }
            Ok(())
        })?;
    }
    store.close();
    Ok(())
}

fn active(number: usize, key: &Key, session: Session) -> anyhow::Result<Request> {
    let at = session.start_at;
    Ok(Request {
        id: RequestId::from_parts(u64::try_from(at.timestamp_millis())?, number as u128),
        version: 1,
        key: key.clone(),
        terms: Terms {
            revision: 1,
            shape: Shape::Floating,
            start_at: None,
            end_at: None,
            duration: Seconds::new(3600)?,
            justification: "to be measured".to_owned(),
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
        state: State::Active { session },
    })
}
