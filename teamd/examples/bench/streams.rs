//! Watching clients: from an event's being kept to its arrival at each of many sockets. The daemon runs in this process,
//! so that one clock knows both moments; the clients share its two cores.

use crate::http;
use crate::stats::Sample;
use crate::world::{self, account, person, set, write_policy};
use anyhow::{Context, bail};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use teamd_api as api;
use teamd_api::Api;
use teamd_config::ActivitySource;
use teamd_host::clock::{Clock, SystemClock};
use teamd_host::lifecycle::Shutdown;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

/// How long events are made.
const FOR: Duration = Duration::from_secs(20);

/// Events are made in this rhythm, as many at a time as the rate says.
const BEAT: Duration = Duration::from_millis(100);

/// When each event was kept, or arrived.
type Moments = Arc<Mutex<HashMap<String, Instant>>>;

pub(crate) async fn measure(clients: usize, per_second: usize) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let simulator = world::simulator(0).await?;
    write_policy(&folder.path().join("teamd.db"))?;
    let mut config = world::config(folder.path(), &simulator.url())?;
    config.activity.source = ActivitySource::CloudwatchLogs(held(&simulator.model()).trail_log_group());
    config.activity.poll = "1s".parse()?;
    let shutdown = Shutdown::new();
    let engine = teamd::run::open(&config, &shutdown).await?;
    let listener = api::bind(&config.server.socket, 0o600, None)?;
    teamd::run::serve(&engine, listener, Api::demo(Arc::clone(&engine)), &shutdown);
    let socket = config.server.socket.clone();
    let request = active(&socket).await?;

    let kept: Moments = Arc::default();
    let mut lines = engine.activity_stream();
    let notes = Arc::clone(&kept);
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move {
        while let Ok(line) = lines.recv().await {
            held(&notes).insert(line.call.event_id.clone(), Instant::now());
        }
        anyhow::Ok(())
    });
    let arrivals: Vec<Moments> = (0..clients).map(|_| Moments::default()).collect();
    for arrived in &arrivals {
        tasks.spawn(watch(socket.clone(), Arc::clone(arrived)));
    }
    let made = make_events(&simulator, per_second).await?;
    // The last look comes a poll later.
    tokio::time::sleep(Duration::from_secs(3)).await;
    tasks.abort_all();

    let kept = held(&kept).clone();
    let mut latencies = Vec::new();
    let mut missed = 0_usize;
    for arrived in &arrivals {
        let arrived = held(arrived);
        for (id, at) in &kept {
            match arrived.get(id) {
                Some(then) => latencies.push(then.saturating_duration_since(*at).as_secs_f64() * 1000.0),
                None => missed += 1,
            }
        }
    }
    println!(
        "{clients} clients, {made} events in {} s of which {} were kept, request {request}; not arrived: {missed}",
        FOR.as_secs(),
        kept.len()
    );
    Sample::new(latencies).print_against("from kept to a client's socket", 100.0);
    shutdown.stop();
    shutdown.finished(Duration::from_secs(10)).await;
    engine.store().close();
    simulator.shutdown().await;
    Ok(())
}

fn held<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Person 0 has access to account 0.
async fn active(socket: &Path) -> anyhow::Result<String> {
    let body = json!({
        "account_id": account(0), "permission_set": set(0), "duration_seconds": 3600, "justification": "to be measured",
    });
    let start = Instant::now();
    let request = loop {
        match http::json(socket, ("POST", "/v1/requests"), &person(0), &body).await {
            Ok(request) => break request,
            Err(error) if start.elapsed() > Duration::from_secs(60) => return Err(error),
            Err(_) => tokio::time::sleep(BEAT).await,
        }
    };
    let id = request["id"]
        .as_str()
        .context("a request without an id")?
        .to_owned();
    http::json(
        socket,
        ("POST", &format!("/v1/requests/{id}/approve")),
        "boss",
        &json!({}),
    )
    .await?;
    loop {
        let path = format!("/v1/requests/{id}");
        let view = http::json(socket, ("GET", &path), "boss", &Value::Null).await?;
        if view["state"] == "active" {
            return Ok(id);
        }
        if start.elapsed() > Duration::from_secs(90) {
            bail!("never active: {view}");
        }
        tokio::time::sleep(BEAT).await;
    }
}

/// Calls of that person, as the trail's log group has them; how many.
async fn make_events(simulator: &aws_simulator::Simulator, per_second: usize) -> anyhow::Result<usize> {
    let beats = FOR.as_millis() / BEAT.as_millis();
    let each = per_second / 10;
    let mut ticks = tokio::time::interval(BEAT);
    let mut made = 0;
    for _ in 0..beats {
        ticks.tick().await;
        let model = simulator.model();
        let mut model = held(&model);
        let user = model.user_named(&person(0)).context("the person")?.id.clone();
        let arn = model
            .permission_set_named(&set(0))
            .context("the set")?
            .arn
            .clone();
        let role = model.role_name(&account(0), &arn);
        for _ in 0..each {
            let record = json!({
                "eventID": format!("e{made}"), "eventSource": "ec2.amazonaws.com", "eventName": "RunInstances",
                "awsRegion": "eu-west-1", "recipientAccountId": account(0), "readOnly": false,
                "sourceIPAddress": "192.0.2.1", "userAgent": "aws-cli/2.31",
                "eventTime": SystemClock.now().to_rfc3339(),
                "userIdentity": {
                    "type": "AssumedRole", "principalId": format!("AROAEXAMPLE:{}", person(0)), "accessKeyId": "ASIAEXAMPLE",
                    "sessionContext": { "sessionIssuer": { "userName": role } }, "onBehalfOf": { "userId": user },
                },
            });
            let now = SystemClock.now();
            model.record_event(
                (&account(0), "eu-west-1"),
                &person(0),
                &record.to_string(),
                now.timestamp_millis(),
            );
            made += 1;
        }
    }
    Ok(made)
}

/// Notes when each event arrives.
async fn watch(socket: std::path::PathBuf, arrived: Moments) -> anyhow::Result<()> {
    let mut stream = UnixStream::connect(&socket).await?;
    stream
        .write_all(b"GET /v1/activity/stream HTTP/1.1\r\nhost: teamd\r\nx-team-demo-as: boss\r\n\r\n")
        .await?;
    let mut buffer = vec![0; 64 * 1024];
    let mut rest = String::new();
    const MARK: &str = "\"event_id\":\"";
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        let now = Instant::now();
        rest.push_str(&String::from_utf8_lossy(&buffer[..count]));
        while let Some(at) = rest.find(MARK) {
            let Some(end) = rest[at + MARK.len()..].find('"') else {
                break;
            };
            let id = rest[at + MARK.len()..at + MARK.len() + end].to_owned();
            held(&arrived).insert(id, now);
            rest.drain(..at + MARK.len() + end);
        }
        // What cannot begin a mark any more goes.
        if rest.len() > 4096 && !rest.contains(MARK) {
            let from = rest.ceil_char_boundary(rest.len() - 64);
            rest.drain(..from);
        }
    }
}
