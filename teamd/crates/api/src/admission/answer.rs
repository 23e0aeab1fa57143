//! The answer to a connection that is refused: a prepared `429`, sent so that an HTTP client reads it.
//!
//! A client takes an answer only after it has sent a request, and loses it when the socket is closed with bytes of the
//! request unread. So a refused connection lingers for at most a second. Few may linger; beyond that they are closed.

use super::RefusalReason;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use team_shared::problem::{Code, MEDIA_TYPE, Problem};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

/// The longest time that a refused connection stays open.
const LINGER: Duration = Duration::from_secs(1);

/// Refused connections that may linger at the same time.
const MAX_LINGERING: usize = 32;

/// Of these, connections of one uid.
const MAX_LINGERING_PER_UID: usize = 8;

/// The refused connections that linger.
#[derive(Debug, Default, Clone)]
pub(crate) struct Lingering(Arc<Mutex<HashMap<u32, usize>>>);

/// The right of one refused connection to linger.
#[derive(Debug)]
pub(crate) struct LingerPermit {
    lingering: Lingering,
    uid: u32,
}

impl Lingering {
    /// None: too many linger already.
    pub(crate) fn permit(&self, uid: u32) -> Option<LingerPermit> {
        let mut by_uid = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let held = by_uid.get(&uid).copied().unwrap_or_default();
        if held >= MAX_LINGERING_PER_UID || by_uid.values().sum::<usize>() >= MAX_LINGERING {
            return None;
        }
        by_uid.insert(uid, held + 1);
        Some(LingerPermit {
            lingering: self.clone(),
            uid,
        })
    }
}

impl Drop for LingerPermit {
    fn drop(&mut self) {
        let mut by_uid = self.lingering.0.lock().unwrap_or_else(PoisonError::into_inner);
        match by_uid.get_mut(&self.uid) {
            Some(held) if *held > 1 => *held -= 1,
            _ => drop(by_uid.remove(&self.uid)),
        }
    }
}

/// Sends the `429`, and closes the connection within a second.
pub(crate) async fn answer_refusal(mut stream: UnixStream, reason: RefusalReason, _permit: LingerPermit) {
    let exchange = async {
        let mut bytes = [0; 1024];
        if stream.read(&mut bytes).await? == 0 {
            return Ok(());
        }
        stream.write_all(response(reason).as_bytes()).await?;
        stream.shutdown().await?;
        while stream.read(&mut bytes).await? > 0 {}
        Ok::<_, std::io::Error>(())
    };
    // Whether the client has read it is not known, and changes nothing.
    let _ = tokio::time::timeout(LINGER, exchange).await;
}

fn response(reason: RefusalReason) -> String {
    let problem = match reason {
        RefusalReason::PerUser => Problem::new(
            Code::TooManyConnections,
            "your user has as many connections to teamd as one user may have",
        )
        .help("close dashboards and scripts that you do not need, then try again"),
        RefusalReason::Total | RefusalReason::Reserved => Problem::new(
            Code::TooManyConnections,
            "teamd has as many connections as it may have",
        )
        .help("try again in a minute; operators: `team-tui status` names the user with the most"),
    };
    let body = serde_json::to_string(&problem).unwrap_or_default();
    format!(
        "HTTP/1.1 429 Too Many Requests\r\ncontent-type: {MEDIA_TYPE}\r\ncontent-length: {}\r\nretry-after: 1\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lingering_is_bounded_per_uid_and_in_total() {
        let lingering = Lingering::default();
        let one: Vec<_> = (0..20).filter_map(|_| lingering.permit(1000)).collect();
        assert_eq!(one.len(), MAX_LINGERING_PER_UID);
        let all: Vec<_> = (0..100).filter_map(|uid| lingering.permit(uid)).collect();
        assert_eq!(one.len() + all.len(), MAX_LINGERING);
        drop((one, all));
        assert!(lingering.permit(1000).is_some());
    }

    #[test]
    fn prepared_answer_is_a_problem_document() {
        let text = response(RefusalReason::PerUser);
        let (head, body) = text.split_once("\r\n\r\n").expect("head and body");
        assert!(
            head.contains(&format!("content-length: {}", body.len())),
            "{head}"
        );
        let problem: Problem = serde_json::from_str(body).expect("a problem document");
        assert_eq!(problem.code, Code::TooManyConnections);
        assert_eq!(problem.status, 429);
    }
}
