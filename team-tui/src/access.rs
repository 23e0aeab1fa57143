//! What is held in AWS, by teamd and by others, as the Status screen lists it.

use team_shared::grant::{DriftView, GrantView, StandingView};

/// Which list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AccessKind {
    /// What teamd holds.
    Managed,
    /// What others hold: permanent access.
    Standing,
    /// Where AWS and teamd's book differ.
    Drift,
}

impl AccessKind {
    /// The list after this one; none: back to the health.
    pub(crate) fn next(self) -> Option<Self> {
        match self {
            Self::Managed => Some(Self::Standing),
            Self::Standing => Some(Self::Drift),
            Self::Drift => None,
        }
    }
}

/// The rows of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AccessRows {
    Managed(Vec<GrantView>),
    Standing(Vec<StandingView>),
    Drift(Vec<DriftView>),
}

impl AccessRows {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Managed(rows) => rows.len(),
            Self::Standing(rows) => rows.len(),
            Self::Drift(rows) => rows.len(),
        }
    }

    pub(crate) fn kind(&self) -> AccessKind {
        match self {
            Self::Managed(_) => AccessKind::Managed,
            Self::Standing(_) => AccessKind::Standing,
            Self::Drift(_) => AccessKind::Drift,
        }
    }
}

/// The list that is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Access {
    pub(crate) kind: AccessKind,
    /// None: not read yet.
    pub(crate) rows: Option<AccessRows>,
    pub(crate) index: usize,
}

impl Access {
    pub(crate) fn new(kind: AccessKind) -> Self {
        Self {
            kind,
            rows: None,
            index: 0,
        }
    }

    /// Takes rows as they were read, unless another list is shown by now.
    pub(crate) fn take(&mut self, rows: AccessRows) {
        if rows.kind() == self.kind {
            self.index = self.index.min(rows.len().saturating_sub(1));
            self.rows = Some(rows);
        }
    }
}
