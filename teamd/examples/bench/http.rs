//! As much HTTP as the benchmarks need: one call, one connection.

use anyhow::{Context, bail};
use serde_json::Value;
use std::path::Path;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

/// The status of an answer, and its body.
pub(crate) async fn call(
    socket: &Path,
    (method, path): (&str, &str),
    person: Option<&str>,
    body: &str,
) -> anyhow::Result<(u16, Vec<u8>)> {
    let mut stream = UnixStream::connect(socket).await?;
    let acting = person.map_or_else(String::new, |name| format!("x-team-demo-as: {name}\r\n"));
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: teamd\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n{acting}\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let end = answer
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .context("an answer without a head")?;
    let status = std::str::from_utf8(&answer[..end])?
        .split(' ')
        .nth(1)
        .context("an answer without a status")?
        .parse()?;
    Ok((status, answer.split_off(end + 4)))
}

/// A call that must succeed, and whose answer is JSON.
pub(crate) async fn json(
    socket: &Path,
    line: (&str, &str),
    person: &str,
    body: &Value,
) -> anyhow::Result<Value> {
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let (status, answer) = call(socket, line, Some(person), &body).await?;
    if !(200..300).contains(&status) {
        bail!(
            "{} {}: {status} {}",
            line.0,
            line.1,
            String::from_utf8_lossy(&answer)
        );
    }
    Ok(serde_json::from_slice(&answer)?)
}
