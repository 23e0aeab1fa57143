//! The table of attacks.

use serde::{Deserialize, Serialize};

/// What attackers do. The numbers are those of the items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Attack {
    /// 1: audit and search pages by the hundred, hung up on; event streams that nobody reads.
    Reads,
    /// 2a: as many idle connections as there can be.
    IdleConnections,
    /// 2b: headers and bodies that never end, a byte a second.
    HalfSentRequests,
    /// 3: plans, tests, reports, exports and lists that are work.
    Computations,
    /// 4: an on-call file becomes a FIFO, an on-call program never stops printing.
    OnCallSources,
    /// 5: another process holds the write lock of the database.
    BusyDatabase,
    /// 6: claims and refused calls in a loop; nobody reads the log.
    Noise,
}

impl Attack {
    /// All, in the order in which they run.
    pub(crate) const ALL: [Self; 7] = [
        Self::OnCallSources,
        Self::Reads,
        Self::IdleConnections,
        Self::HalfSentRequests,
        Self::Computations,
        Self::BusyDatabase,
        Self::Noise,
    ];

    /// Whether it is made by callers; the others are made by processes of the host.
    pub(crate) fn has_callers(self) -> bool {
        !matches!(self, Self::OnCallSources | Self::BusyDatabase)
    }

    /// The name in the table and in `TEAM_HOSTILE_PHASES`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Reads => "reads",
            Self::IdleConnections => "idle_connections",
            Self::HalfSentRequests => "half_sent_requests",
            Self::Computations => "computations",
            Self::OnCallSources => "on_call_sources",
            Self::BusyDatabase => "busy_database",
            Self::Noise => "noise",
        }
    }
}

/// Who attacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    /// A uid that maps to nobody.
    Nobody,
    /// Someone who may ask, and has no other role.
    Requester,
    /// A read-only auditor.
    Auditor,
    /// Someone who decides on requests.
    Approver,
}

impl Role {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Requester => "requester",
            Self::Auditor => "auditor",
            Self::Approver => "approver",
        }
    }
}
