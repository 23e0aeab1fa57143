//! File descriptors: how many the process may have, and how many connections they allow.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Connections that are reserved for root, security and admins, on top of `[limits] connections`.
const RESERVED_CONNECTIONS: u64 = 24;

/// Descriptors that stay for the store, AWS and files.
const OWN_DESCRIPTORS: u64 = 256;

/// Raises the soft limit on descriptors to the hard one.
pub fn raise_limit() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current == limit.maximum {
        return;
    }
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, limit = limit.current, "the limit on file descriptors could not be raised");
    }
}

/// `[limits] connections`, or as many of them as the hard limit allows, with a warning.
pub fn connections_that_fit(connections: u32) -> u32 {
    let limit = hard_limit();
    let fitting = fitting(connections, limit);
    if fitting < connections {
        tracing::warn!(
            connections,
            fitting,
            limit,
            "[limits] connections is lowered: the limit on file descriptors (LimitNOFILE) must be {} for it",
            needed(connections)
        );
    }
    fitting
}

/// The hard limit on descriptors; none: there is none.
pub fn hard_limit() -> Option<u64> {
    getrlimit(Resource::Nofile).maximum
}

/// The descriptors that so many ordinary connections need, with everything else.
pub fn needed(connections: u32) -> u64 {
    u64::from(connections) + RESERVED_CONNECTIONS + OWN_DESCRIPTORS
}

/// As many of the connections as a hard limit allows, but at least one.
pub fn fitting(connections: u32, hard_limit: Option<u64>) -> u32 {
    let Some(limit) = hard_limit else {
        return connections;
    };
    let room = limit
        .saturating_sub(RESERVED_CONNECTIONS + OWN_DESCRIPTORS)
        .max(1);
    connections.min(u32::try_from(room).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use crate::descriptors::*;

    #[test]
    fn connections_are_lowered_to_the_descriptors() {
        assert_eq!(needed(1024), 1304);
        assert_eq!(fitting(1024, Some(1304)), 1024);
        assert_eq!(fitting(1024, Some(8192)), 1024);
        assert_eq!(fitting(1024, None), 1024);
        assert_eq!(fitting(1024, Some(1024)), 744);
        assert_eq!(fitting(1024, Some(100)), 1);
    }
}
