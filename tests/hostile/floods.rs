//! What attacking callers do, until they are stopped. Rates are bounded, so that what is measured is the daemon and not
//! how fast two processors can be used up.

use crate::attack::{Attack, Role};
use crate::callers::Counts;
use futures::future::{FutureExt as _, join_all};
use futures::stream::{self, StreamExt as _};
use std::future::pending;
use std::path::PathBuf;
use std::time::Duration;
use team_test_support::socket::{self, request, status_of};
use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;
use tokio::time::{interval, sleep, timeout};

/// Calls that are sent at once.
const BURST: usize = 200;
/// From one burst to the next.
const BURST_EVERY: Duration = Duration::from_secs(1);
/// How long a burst waits before it hangs up.
const HANG_UP: Duration = Duration::from_millis(400);
/// Event streams that are never read, of each caller.
const STREAMS: usize = 20;
/// Idle connections of a uid that maps to nobody, and of every other caller.
const IDLE: (usize, usize) = (9_000, 2_000);
/// Connections that are opened again in a second, where the daemon closed them.
const REOPENED: usize = 300;
/// Connections that are opened at the same time.
const AT_ONCE: usize = 64;
/// Calls of a uid that maps to nobody whose header never ends.
const HEADERS: usize = 1_500;
/// Calls of every other caller whose body never ends.
const BODIES: usize = 300;
/// As much of a header as the HTTP library of the daemon keeps.
const HEADER: usize = 390 * 1024;
/// The least time from one call of a loop to the next.
const LOOP_EVERY: Duration = Duration::from_millis(5);
/// From a connection that the backlog refused to the next try.
const BACKLOG_EVERY: Duration = Duration::from_millis(100);
/// The longest that an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(60);
/// Rules of the document that is planned, each with a pattern of its own: 400 KB.
const RULES: usize = 3_000;

/// Whom to attack, and as what.
pub(crate) struct Target {
    pub(crate) socket: PathBuf,
    /// A request that waits for a decision.
    pub(crate) pending: String,
    pub(crate) role: Role,
    pub(crate) counts: Counts,
}

/// Goes on until it is dropped.
pub(crate) async fn run(target: &Target, attacks: &[Attack]) {
    join_all(attacks.iter().map(|attack| async move {
        match (*attack, target.role) {
            (Attack::Reads, Role::Nobody | Role::Requester | Role::Auditor) => reads(target).await,
            (Attack::IdleConnections, Role::Nobody) => idle(target, IDLE.0).await,
            (Attack::IdleConnections, Role::Requester | Role::Auditor) => idle(target, IDLE.1).await,
            (Attack::HalfSentRequests, Role::Nobody) => half_sent(target, HEADERS, &endless_header()).await,
            (Attack::HalfSentRequests, Role::Requester) => {
                half_sent(target, BODIES, &endless_body("/v1/requests", 60_000)).await;
            }
            (Attack::HalfSentRequests, Role::Auditor) => {
                half_sent(target, BODIES, &endless_body("/v1/policy/plan", 1_000_000)).await;
            }
            (Attack::Computations, Role::Nobody | Role::Requester | Role::Auditor) => {
                computations(target).await;
            }
            (Attack::Noise, _) => noise(target).await,
            // Without a caller, or not worth one more.
            (Attack::OnCallSources | Attack::BusyDatabase, _) | (_, Role::Approver) => {}
        }
    }))
    .await;
}

impl Target {
    fn count(&self, what: &str) {
        self.counts.add(format!("{} {what}", self.role.name()));
    }

    async fn connect(&self) -> Option<UnixStream> {
        match UnixStream::connect(&self.socket).await {
            Ok(stream) => {
                self.count("connected");
                Some(stream)
            }
            Err(_) => {
                self.count("not connected");
                sleep(BACKLOG_EVERY).await;
                None
            }
        }
    }

    /// Whether the daemon has answered or closed.
    fn is_over(&self, stream: &UnixStream) -> bool {
        let mut start = [0; 64];
        match stream.try_read(&mut start) {
            Ok(length) => {
                self.count_status(status_of(&start[..length]));
                true
            }
            Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
        }
    }

    fn count_status(&self, status: Option<u16>) {
        match status {
            Some(status) => self.count(&format!("got {status}")),
            None => self.count("was hung up on"),
        }
    }

    /// A call over and over.
    async fn repeat(&self, method: &str, path: &str, body: &str) {
        loop {
            let call = timeout(PATIENCE, socket::call(&self.socket, method, path, body));
            match call.await {
                Ok(Ok(answer)) => self.count_status(Some(answer.status)),
                Ok(Err(_)) => self.count_status(None),
                Err(_) => self.count("waited for a minute"),
            }
            sleep(LOOP_EVERY).await;
        }
    }
}

/// Bursts of pages that scan the tables, each hung up on, beside streams that fill up.
async fn reads(target: &Target) {
    let mut streams = Vec::new();
    for _ in 0..STREAMS {
        let Some(mut stream) = target.connect().await else {
            continue;
        };
        let _ = stream.write_all(&request("GET", "/v1/events?after=0", "")).await;
        streams.push(stream);
    }
    let calls = [
        request("GET", "/v1/audit?limit=500", ""),
        request(
            "GET",
            "/v1/requests?scope=all&limit=500&q=nowhere-to-be-found",
            "",
        ),
    ];
    let mut bursts = interval(BURST_EVERY);
    loop {
        bursts.tick().await;
        let mut open = Vec::new();
        for number in 0..BURST {
            let Some(mut stream) = target.connect().await else {
                continue;
            };
            let _ = stream.write_all(&calls[number % calls.len()]).await;
            open.push(stream);
        }
        sleep(HANG_UP).await;
        let answered = open.iter().filter(|stream| target.is_over(stream)).count();
        (answered..open.len()).for_each(|_| target.count("hung up"));
    }
}

/// Connections that say nothing; closed ones are opened again.
async fn idle(target: &Target, most: usize) {
    hold(target, most, REOPENED * 10, &[]).await;
}

/// Calls that are begun and never finished.
async fn half_sent(target: &Target, most: usize, beginning: &[u8]) {
    hold(target, most, REOPENED, beginning).await;
}

/// Keeps connections on which something was begun; each then sends a byte a second.
async fn hold(target: &Target, most: usize, each_second: usize, beginning: &[u8]) {
    let mut held: Vec<UnixStream> = Vec::new();
    let mut seconds = interval(Duration::from_secs(1));
    let mut allowed = each_second.max(most / 2);
    loop {
        seconds.tick().await;
        held.retain(|stream| {
            if !beginning.is_empty() {
                let _ = stream.try_write(b"a");
            }
            !target.is_over(stream)
        });
        let opened = (0..allowed.min(most - held.len())).map(|_| async {
            let mut stream = target.connect().await?;
            if !beginning.is_empty() {
                // What does not fit into the socket is not sent: the daemon takes no more.
                let _ = timeout(Duration::from_secs(1), stream.write_all(beginning)).await;
            }
            Some(stream)
        });
        let mut opened = stream::iter(opened).buffer_unordered(AT_ONCE);
        while let Some(stream) = opened.next().await {
            held.extend(stream);
        }
        allowed = each_second;
    }
}

fn endless_header() -> Vec<u8> {
    let mut head = b"GET /v1/me HTTP/1.1\r\nhost: teamd\r\n".to_vec();
    for number in 0.. {
        if head.len() > HEADER {
            break;
        }
        head.extend(format!("x-{number}: {}\r\n", "a".repeat(4_000)).into_bytes());
    }
    head.extend(b"x-last: ");
    head
}

fn endless_body(path: &str, length: usize) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: teamd\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{{\"document\": \""
    );
    let mut call = head.into_bytes();
    call.resize(call.len() + length * 9 / 10, b'a');
    call
}

/// Work for the processors.
async fn computations(target: &Target) {
    let document = large_policy();
    let plan = serde_json::json!({ "document": document }).to_string();
    let test = serde_json::json!({ "document": document, "expectations": "version = 1\n" }).to_string();
    let raw = format!("/v1/requests/{}/activity?raw=true", target.pending);
    let lists = [
        "/v1/entitlements",
        "/v1/report",
        "/v1/audit/export?format=jsonl",
        "/v1/policy/rules",
    ];
    let mut loops = Vec::new();
    for path in lists {
        loops.push(target.repeat("GET", path, "").boxed_local());
    }
    loops.push(target.repeat("GET", &raw, "").boxed_local());
    if target.role == Role::Auditor {
        for _ in 0..3 {
            loops.push(target.repeat("POST", "/v1/policy/plan", &plan).boxed_local());
        }
        loops.push(target.repeat("POST", "/v1/policy/test", &test).boxed_local());
    }
    join_all(loops).await;
}

fn large_policy() -> String {
    let mut document = "version = 1\n[settings]\nmin_duration = \"1s\"\n".to_owned();
    for number in 0..RULES {
        document += &format!(
            "[[eligibility]]\nid = \"r{number}\"\nwho = [\"group:everybody\"]\naccounts = [\"*\"]\npermission_sets = [\"*\"]\n\
             ticket_pattern = \"[A-Z]{{2,40}}-{number}[0-9]+\"\n"
        );
    }
    document
}

/// Calls that each leave something behind: audit rows, log lines, news for others.
async fn noise(target: &Target) {
    let path = |verb: &str| format!("/v1/requests/{}/{verb}", target.pending);
    match target.role {
        Role::Approver => {
            let claims = (0..4).map(|number| {
                let path = path(if number % 2 == 0 { "claim" } else { "unclaim" });
                async move { target.repeat("POST", &path, "{}").await }
            });
            join_all(claims).await;
        }
        Role::Requester => {
            target
                .repeat("POST", "/v1/requests", r#"{"account_id": "000000000000"}"#)
                .await
        }
        Role::Auditor => target.repeat("POST", &path("approve"), "{}").await,
        Role::Nobody => target.repeat("GET", "/v1/audit", "").await,
    }
    pending::<()>().await;
}
