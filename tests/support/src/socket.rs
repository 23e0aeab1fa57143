//! HTTP on the daemon's socket as far as an attacker needs it: one call, one connection, and nothing that retries or
//! waits its turn.

use serde_json::Value;
use std::io;
use std::path::Path;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body as it came, chunk sizes and all.
    pub body: Vec<u8>,
}

impl Answer {
    /// The document in it.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// The bytes of a call.
#[must_use]
pub fn request(method: &str, path: &str, body: &str) -> Vec<u8> {
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: teamd\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    head.into_bytes()
}

/// Makes a call and reads the answer to its end.
///
/// # Errors
/// There is no connection, or no answer.
pub async fn call(socket: &Path, method: &str, path: &str, body: &str) -> io::Result<Answer> {
    let mut stream = UnixStream::connect(socket).await?;
    // A daemon that refuses answers before it has read the body.
    let sent = stream.write_all(&request(method, path, body)).await;
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer).await;
    match status_of(&answer) {
        Some(status) => {
            let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
            let body = answer.split_off(end.map_or(answer.len(), |end| end + 4));
            Ok(Answer { status, body })
        }
        None => Err(sent
            .and(read)
            .err()
            .unwrap_or_else(|| io::ErrorKind::UnexpectedEof.into())),
    }
}

/// The status that an answer begins with.
#[must_use]
pub fn status_of(answer: &[u8]) -> Option<u16> {
    let code = answer.strip_prefix(b"HTTP/1.1 ")?.get(..3)?;
    std::str::from_utf8(code).ok()?.parse().ok()
}
