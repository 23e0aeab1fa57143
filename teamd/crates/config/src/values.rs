//! What single values may be: each says what is wrong in words that name what would be right.

use super::model::Identity;
use std::net::{IpAddr, Ipv6Addr};
use std::path::PathBuf;
use team_shared::duration::Seconds;
use team_shared::ids::AccountId;

/// Any text.
pub(super) fn any(text: &str) -> Result<String, String> {
    Ok(text.to_owned())
}

/// A path. Relative ones are from where the daemon is started.
pub(super) fn path(text: &str) -> Result<PathBuf, String> {
    Ok(text.into())
}

/// A path that fits into a socket's address.
pub(super) fn socket(text: &str) -> Result<PathBuf, String> {
    // `sun_path` of Linux: 108 bytes with the closing zero.
    if text.len() > 107 {
        return Err(format!(
            "has {} bytes; the path of a socket has 107 at most",
            text.len()
        ));
    }
    path(text)
}

/// Permission bits, in octal.
pub(super) fn mode(text: &str) -> Result<u32, String> {
    let octal = !text.is_empty() && text.bytes().all(|b| matches!(b, b'0'..=b'7'));
    octal
        .then(|| u32::from_str_radix(text, 8).ok())
        .flatten()
        .filter(|mode| *mode <= 0o777)
        .ok_or_else(|| format!("{text:?} is not a mode: write it in octal like \"0660\", at most \"0777\""))
}

/// A duration such as `5m`.
pub(super) fn duration(text: &str) -> Result<Seconds, String> {
    text.parse()
        .map_err(|error: team_shared::duration::InvalidDuration| error.to_string())
}

/// An account id.
pub(super) fn account(text: &str) -> Result<AccountId, String> {
    text.parse()
        .map_err(|error: team_shared::ids::InvalidId| error.to_string())
}

/// The name of a region. Membership is AWS's business; this keeps out what would end up in a host name.
pub(super) fn region(text: &str) -> Result<String, String> {
    let name = text
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if name && text.len() <= 40 && !text.starts_with('-') && !text.ends_with('-') {
        Ok(text.to_owned())
    } else {
        Err(format!("{text:?} is not a region: write it like \"eu-west-1\""))
    }
}

/// Ids and ARNs: printable ASCII. Emulators differ from AWS's patterns, so no more is asked.
pub(super) fn opaque(text: &str) -> Result<String, String> {
    if text.len() <= 1224 && text.bytes().all(|b| b.is_ascii_graphic()) {
        Ok(text.to_owned())
    } else {
        Err(format!("{text:?} is not an id or ARN: it holds other characters"))
    }
}

/// The ARN of a role.
pub(super) fn role_arn(text: &str) -> Result<String, String> {
    if text.starts_with("arn:") && text.contains(":role/") {
        opaque(text)
    } else {
        Err(format!(
            "{text:?} is not the ARN of a role: write it like \"arn:aws:iam::111122223333:role/teamd\""
        ))
    }
}

/// The name of a role, as IAM allows them.
pub(super) fn role_name(text: &str) -> Result<String, String> {
    let fits = text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"+=,.@_-/".contains(&b));
    if fits && text.len() <= 576 && !text.starts_with("arn:") {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "{text:?} is not the name of a role (a name, not an ARN, is wanted)"
        ))
    }
}

/// An address that calls may be sent to: with credentials in their headers, so encrypted or not leaving the machine.
pub(super) fn url(text: &str) -> Result<String, String> {
    let wrong = || {
        format!("{text:?} must start with https://, or be http:// on loopback (127.0.0.1, [::1], localhost)")
    };
    let (scheme, rest) = text.split_once("://").ok_or_else(wrong)?;
    if !text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\') {
        return Err(format!(
            "{text:?} holds characters that are not part of an address"
        ));
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    // `http://127.0.0.1@example.com` goes to example.com.
    if authority.contains('@') {
        return Err("must not hold a user name or password".to_owned());
    }
    let (host, port) = split_port(authority);
    if host.is_empty() || port.is_some_and(|port| port.parse::<u16>().is_err()) {
        return Err(format!("{text:?} names no host, or no valid port"));
    }
    match scheme {
        "https" => Ok(text.to_owned()),
        "http" if is_loopback(host) => Ok(text.to_owned()),
        _ => Err(wrong()),
    }
}

/// Host and port of an authority; the brackets of IPv6 stay on the host.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

/// Whether a host, IPv6 with or without brackets, is this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let address = match bracketed {
        Some(inner) => inner.parse::<Ipv6Addr>().map(IpAddr::from).ok(),
        None => host.parse::<IpAddr>().ok(),
    };
    host == "localhost" || address.is_some_and(|address| address.is_loopback())
}

/// A user name with the login in it: without, everybody would be the same person.
pub(super) fn template(text: &str) -> Result<String, String> {
    if text.contains(Identity::LOGIN) {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "{text:?} must hold {} where the login goes",
            Identity::LOGIN
        ))
    }
}

/// The name of a source of activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SourceName {
    None,
    Lookup,
    Logs,
    Lake,
}

/// Where activity comes from.
pub(super) fn activity_source(text: &str) -> Result<SourceName, String> {
    match text {
        "none" => Ok(SourceName::None),
        "cloudtrail-lookup" => Ok(SourceName::Lookup),
        "cloudwatch-logs" => Ok(SourceName::Logs),
        "cloudtrail-lake" => Ok(SourceName::Lake),
        _ => Err(format!(
            "{text:?} is not a source: write \"cloudtrail-lookup\", \"cloudwatch-logs\", \"cloudtrail-lake\" or \"none\""
        )),
    }
}

/// A log group: its name, or its ARN.
pub(super) fn log_group(text: &str) -> Result<String, String> {
    let name = if text.starts_with("arn:") {
        let name = resource(text, "logs").and_then(|rest| rest.strip_prefix("log-group:"));
        name.map(|name| name.strip_suffix(":*").unwrap_or(name))
    } else {
        Some(text)
    };
    let fits = |name: &str| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-/#".contains(&b);
        (1..=512).contains(&name.len()) && name.bytes().all(plain)
    };
    if name.is_some_and(fits) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "{text:?} is not a log group: write its name, or its ARN like \"arn:aws:logs:eu-west-1:111122223333:log-group:name\""
    ))
}

/// An event data store: its id, or its ARN. The id goes into queries as it is.
pub(super) fn event_data_store(text: &str) -> Result<String, String> {
    let id = if text.starts_with("arn:") {
        resource(text, "cloudtrail").and_then(|rest| rest.strip_prefix("eventdatastore/"))
    } else {
        Some(text)
    };
    let fits =
        |id: &str| (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if id.is_some_and(fits) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "{text:?} is not an event data store: write its id, or its ARN like \"arn:aws:cloudtrail:eu-west-1:111122223333:eventdatastore/…\""
    ))
}

/// What stands behind region and account in an ARN of that service.
fn resource<'a>(arn: &'a str, service: &str) -> Option<&'a str> {
    let mut parts = arn.splitn(6, ':').skip(2);
    let (named, place, owner, rest) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    (named == service && region(place).is_ok() && account(owner).is_ok()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_encrypted_or_local() {
        for good in [
            "https://example.awsapps.com/start",
            "https://[2001:db8::1]:8443",
            "http://127.0.0.1:4566",
            "http://127.9.9.9",
            "http://localhost:5000/",
            "http://[::1]:5000",
        ] {
            assert_eq!(url(good).as_deref(), Ok(good));
        }
        for bad in [
            "http://example.com",
            "http://127.0.0.1.example.com",
            "http://127.0.0.1@example.com",
            "http://localhost.example.com",
            "http://[::2]",
            "http://example.com#127.0.0.1",
            "http://example.com\\@127.0.0.1",
            "ftp://127.0.0.1",
            "https://",
            "https://host:port",
            "https://host:99999",
            "localhost:5000",
            "https://ex ample",
        ] {
            assert!(url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn modes_are_octal() {
        assert_eq!(mode("0660"), Ok(0o660));
        assert_eq!(mode("777"), Ok(0o777));
        assert_eq!(mode("0"), Ok(0));
        for bad in ["0o660", "rw", "0680", "+660", "1777", "77777777777777"] {
            assert!(mode(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_that_go_into_requests_are_plain() {
        assert!(region("us-gov-west-1").is_ok());
        assert!(region("eu-west-1.evil.example").is_err());
        assert!(region("EU").is_err());
        assert!(role_arn("arn:aws-cn:iam::111122223333:role/path/teamd").is_ok());
        assert!(role_arn("arn:aws:iam::111122223333:user/teamd").is_err());
        assert!(role_name("teamd-trail-reader").is_ok());
        assert!(role_name("arn:aws:iam::111122223333:role/x").is_err());
        assert!(opaque("arn:aws:sso:::instance/ssoins-1").is_ok());
        assert!(opaque("a b").is_err());
    }

    #[test]
    fn groups_and_stores_are_names_or_arns() {
        for good in [
            "aws-cloudtrail-logs/org.1_#",
            "arn:aws:logs:eu-west-1:111122223333:log-group:trail/org",
            "arn:aws-us-gov:logs:us-gov-west-1:111122223333:log-group:trail:*",
        ] {
            assert_eq!(log_group(good).as_deref(), Ok(good));
        }
        for bad in [
            "a b",
            "trail:*",
            "arn:aws:logs:eu-west-1:111122223333:trail",
            "arn:aws:logs:eu-west-1:1:log-group:x",
            "arn:aws:logs:e.x:111122223333:log-group:x",
            "arn:aws:s3:::bucket",
            "arn:aws:logs:eu-west-1:111122223333:log-group:",
        ] {
            assert!(log_group(bad).is_err(), "{bad}");
        }
        for good in [
            "0e457e1c-1111-2222-3333-444455556666",
            "arn:aws:cloudtrail:eu-west-1:111122223333:eventdatastore/0e457e1c-1111",
        ] {
            assert_eq!(event_data_store(good).as_deref(), Ok(good));
        }
        for bad in [
            "x; DROP",
            "a'b",
            "eventdatastore/x",
            "arn:aws:cloudtrail:eu-west-1:111122223333:trail/x",
            "arn:aws:cloudtrail:eu-west-1:111122223333:eventdatastore/a/b",
        ] {
            assert!(event_data_store(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn templates_hold_the_login_and_sockets_fit() {
        assert!(template("{login}@example.com").is_ok());
        assert!(template("login@example.com").is_err());
        assert!(socket(&"x".repeat(107)).is_ok());
        assert!(socket(&"x".repeat(108)).is_err());
    }
}
