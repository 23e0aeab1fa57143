//! What root and security must be able to do during an attack, within two seconds each.

use crate::figures::Figures;
use crate::world::World;
use std::path::Path;
use std::time::{Duration, Instant};
use team_shared::ids::RequestId;
use team_test_support::socket;
use team_test_support::uid::run_as;
use team_test_support::wait::eventually;

/// How often everything is tried in a phase.
pub(crate) const ROUNDS: usize = 2;
/// From the start of a phase to the first round, and from there to the next.
const PAUSE: Duration = Duration::from_secs(4);
/// The longest that an answer is waited for, to see how late it is.
const PATIENCE: Duration = Duration::from_secs(4);
/// From the last phase until every request has ended.
const ENDED: Duration = Duration::from_secs(30);

/// A command, and what came of it.
#[derive(Debug, Clone)]
pub(crate) struct Command {
    pub(crate) phase: String,
    pub(crate) who: &'static str,
    pub(crate) what: &'static str,
    pub(crate) took: Duration,
    /// The status, or why there is none.
    pub(crate) outcome: Result<u16, String>,
}

/// Tries everything, round by round, as far as there is time for it.
pub(crate) async fn run(world: &World, phase: &str, victims: &[RequestId], limit: Duration) -> Vec<Command> {
    let Some(security) = world.uids.of("ivy") else {
        return Vec::new();
    };
    let mut commands = Vec::new();
    let begun = Instant::now();
    for (round, victim) in (1..).zip(victims) {
        tokio::time::sleep((PAUSE * round).saturating_sub(begun.elapsed())).await;
        let revoke = format!("/v1/requests/{victim}/revoke");
        let steps = [
            (0, "root", "status", "GET", "/v1/status"),
            (0, "root", "freeze", "POST", "/v1/freeze"),
            (0, "root", "unfreeze", "POST", "/v1/unfreeze"),
            (security, "security", "status", "GET", "/v1/status"),
            (security, "security", "freeze", "POST", "/v1/freeze"),
            (security, "security", "revoke", "POST", revoke.as_str()),
        ];
        for (uid, who, what, method, path) in steps {
            if begun.elapsed() > limit {
                break;
            }
            let body = match what {
                "freeze" | "unfreeze" => r#"{"reason": "under attack"}"#,
                "revoke" => r#"{"comment": "under attack"}"#,
                _ => "",
            };
            let (took, outcome) = timed(world, uid, method, path, body).await;
            commands.push(Command {
                phase: phase.to_owned(),
                who,
                what,
                took,
                outcome,
            });
        }
    }
    commands
}

async fn timed(
    world: &World,
    uid: u32,
    method: &'static str,
    path: &str,
    body: &'static str,
) -> (Duration, Result<u16, String>) {
    let (socket, path) = (world.socket(), path.to_owned());
    run_as(uid, move || async move {
        let start = Instant::now();
        let call = call_or_wait(&socket, method, &path, body);
        let outcome = match tokio::time::timeout(PATIENCE, call).await {
            Ok(Ok(answer)) => Ok(answer.status),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("no answer".to_owned()),
        };
        (start.elapsed(), outcome)
    })
    .await
}

/// A full backlog refuses at once where the socket does not block; a person's client would have waited.
async fn call_or_wait(
    socket: &Path,
    method: &str,
    path: &str,
    body: &str,
) -> std::io::Result<socket::Answer> {
    loop {
        match socket::call(socket, method, path, body).await {
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            answer => return answer,
        }
    }
}

/// After a phase nothing is frozen, so that the next begins like the one before.
pub(crate) async fn unfreeze(world: &World) {
    if world.uids.of("ivy").is_some() {
        // It fails where nothing was frozen.
        let _ = timed(world, 0, "POST", "/v1/unfreeze", "{}").await;
    }
}

/// Waits until no request of the schedule is being ended any more.
pub(crate) async fn all_have_ended(world: &World, figures: &mut Figures) {
    let Some(auditor) = world.uids.of("carol") else {
        tokio::time::sleep(Duration::from_secs(5)).await;
        return;
    };
    let socket = world.socket();
    let waited = run_as(auditor, move || async move {
        let path = "/v1/requests?scope=all&state=ending&limit=1";
        let none_is_ending = eventually("no request is ending", ENDED * 2, async || {
            let answer = socket::call(&socket, "GET", path, "").await.ok()?;
            let items = answer.json();
            items["items"].as_array().is_some_and(Vec::is_empty).then_some(())
        });
        tokio::time::timeout(ENDED, none_is_ending).await.is_ok()
    });
    if !waited.await {
        figures.fail(format!(
            "requests are still ending {} s after the last phase",
            ENDED.as_secs()
        ));
    }
}
