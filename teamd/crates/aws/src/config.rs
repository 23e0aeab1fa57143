//! How AWS is reached: plain data, and the one rule on endpoints.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

/// AWS allows the whole organisation so many sso-admin calls a second; with a burst we stay within it.
pub const SSO_ADMIN_RATE: f64 = 20.0;

/// The settings of `[aws]` that the adapters need.
#[derive(Debug, Clone, PartialEq)]
pub struct AwsSettings {
    /// Region of Identity Center. Absent: `AWS_REGION`, `AWS_DEFAULT_REGION`, then the profile's.
    pub region: Option<String>,
    /// One endpoint for all services, as [`endpoint_allowed`] allows. The environment's is never used.
    pub endpoint_url: Option<String>,
    /// The Identity Center instance. Absent: discovered.
    pub instance_arn: Option<String>,
    /// Its identity store. Absent: discovered.
    pub identity_store_id: Option<String>,
    /// Profile of the shared configuration files. Absent: `AWS_PROFILE`, then `default`.
    pub profile: Option<String>,
    /// ARN of a role to assume with the credentials found.
    pub assume_role: Option<String>,
    /// sso-admin calls a second while no removal waits.
    pub requests_per_second: f64,
    /// sso-admin calls a second while a removal waits.
    pub removal_requests_per_second: f64,
    /// Unfinished assignment operations at most (AWS: 15). Kept by whoever knows which operations are unfinished:
    /// the engine, not the adapters.
    pub max_in_flight: usize,
    /// Regions whose event history is read.
    pub activity_regions: Vec<String>,
    /// Role that other accounts have for reading their event history; absent: only the own account's is read.
    pub activity_role: Option<String>,
    /// Role with which schedules of the dead-man's switch delete; absent: there is none.
    pub backstop_role: Option<String>,
    /// Multiplies the rates of all APIs but sso-admin. 1.0 is half of what AWS allows; 2.0 is all of it, for a simulator
    /// that nobody else uses.
    pub other_rates_factor: f64,
    /// Time-outs.
    pub timeouts: Timeouts,
}

impl Default for AwsSettings {
    fn default() -> Self {
        Self {
            region: None,
            endpoint_url: None,
            instance_arn: None,
            identity_store_id: None,
            profile: None,
            assume_role: None,
            requests_per_second: 10.0,
            removal_requests_per_second: 16.0,
            max_in_flight: 12,
            activity_regions: Vec::new(),
            activity_role: None,
            backstop_role: None,
            other_rates_factor: 1.0,
            timeouts: Timeouts::default(),
        }
    }
}

/// How long to wait for AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection.
    pub connect: Duration,
    /// For the first byte of an answer.
    pub read: Duration,
    /// For one HTTP attempt.
    pub attempt: Duration,
    /// For one read with all its attempts. Writes have one attempt.
    pub operation: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_millis(3100),
            read: Duration::from_secs(10),
            attempt: Duration::from_secs(15),
            operation: Duration::from_secs(50),
        }
    }
}

/// Where an allowed endpoint is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// On this machine: a simulator or an emulator.
    Loopback,
    /// Elsewhere, and by https.
    Remote,
}

/// Why an endpoint is not allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Anyone on the way could grant access.
    #[error("{0:?} is plain http to another machine: use https, or http to 127.0.0.1, [::1] or localhost")]
    Plain(String),
    /// It cannot be read as a URL with a host and perhaps a port and a path.
    #[error("{0:?} is not an endpoint URL such as https://sso.example.com or http://127.0.0.1:4566")]
    Malformed(String),
}

/// Whether an endpoint may be used: https anywhere, http on loopback only.
///
/// Stricter than URLs are: what two parsers could read differently (credentials before the host, escapes, blanks,
/// addresses like `127.1`) is refused, because the SDK's parser is another one.
///
/// # Errors
/// [`EndpointError`] says what is wrong.
pub fn endpoint_allowed(url: &str) -> Result<Endpoint, EndpointError> {
    let malformed = || EndpointError::Malformed(url.to_owned());
    let (scheme, rest) = url.split_once("://").ok_or_else(malformed)?;
    let (authority, path) = rest
        .split_once('/')
        .map_or((rest, ""), |(authority, path)| (authority, path));
    let plain_path = path
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"-._~/".contains(&b));
    if !plain_path {
        return Err(malformed());
    }
    let (host, port) = split_port(authority).ok_or_else(malformed)?;
    if port.is_some_and(|port| port.parse::<u16>().is_err()) {
        return Err(malformed());
    }
    let loopback = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address
            .parse::<Ipv6Addr>()
            .map_err(|_| malformed())?
            .is_loopback(),
        None if is_name(host) => {
            host.eq_ignore_ascii_case("localhost")
                || host
                    .parse::<Ipv4Addr>()
                    .is_ok_and(|address| address.is_loopback())
        }
        None => return Err(malformed()),
    };
    match (scheme, loopback) {
        ("http" | "https", true) => Ok(Endpoint::Loopback),
        ("https", false) => Ok(Endpoint::Remote),
        ("http", false) => Err(EndpointError::Plain(url.to_owned())),
        _ => Err(malformed()),
    }
}

fn split_port(authority: &str) -> Option<(&str, Option<&str>)> {
    if authority.starts_with('[') {
        let end = authority.find(']')? + 1;
        return match authority[end..].strip_prefix(':') {
            Some(port) => Some((&authority[..end], Some(port))),
            None if authority.len() == end => Some((authority, None)),
            None => None,
        };
    }
    Some(match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    })
}

fn is_name(host: &str) -> bool {
    !host.is_empty()
        && host
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_goes_anywhere_and_http_only_to_this_machine() {
        for url in [
            "http://127.0.0.1:4566",
            "http://127.8.9.10/",
            "http://localhost:5000/aws",
            "http://LOCALHOST",
            "http://[::1]:4566",
            "https://localhost",
        ] {
            assert_eq!(endpoint_allowed(url), Ok(Endpoint::Loopback), "{url}");
        }
        for url in [
            "https://sso.eu-west-1.amazonaws.com",
            "https://10.0.0.1:8443/x",
            "https://[2001:db8::1]",
        ] {
            assert_eq!(endpoint_allowed(url), Ok(Endpoint::Remote), "{url}");
        }
        for url in [
            "http://sso.eu-west-1.amazonaws.com",
            "http://10.0.0.1",
            "http://127.1",
            "http://0.0.0.0",
            "http://localhost.example.com",
            "http://[2001:db8::1]:80",
        ] {
            assert!(
                matches!(endpoint_allowed(url), Err(EndpointError::Plain(_))),
                "{url}"
            );
        }
    }

    #[test]
    fn what_two_parsers_could_read_differently_is_refused() {
        for url in [
            "",
            "localhost:4566",
            "ftp://localhost",
            "HTTP://localhost",
            "http://",
            "http://user@localhost",
            "http://127.0.0.1\\@example.com",
            "http://127.0.0.1#@example.com",
            "http://127.0.0.1?x",
            "http://local host",
            "http://127.0.0.1:99999",
            "http://127.0.0.1:",
            "http://[::1",
            "http://[::1]x",
            "http://[zz]",
            "http://localhost/%2e",
        ] {
            assert!(
                matches!(endpoint_allowed(url), Err(EndpointError::Malformed(_))),
                "{url}"
            );
        }
    }
}
