//! An expectation in our own types, as [`crate::document`] reads it.

use crate::{AccountPattern, SetPattern, Subject};
use std::collections::BTreeSet;
use team_shared::duration::Seconds;
use team_shared::problem::Code;
use teamd_domain::Time;

/// What is expected of an ask, or of many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// Where it stands in its document, from 1.
    pub line: usize,
    /// Who asks: a person, or every enabled member of a group.
    pub who: Subject,
    /// Where: every account that fits.
    pub account: AccountPattern,
    /// As what: every permission set that fits.
    pub permission_set: SetPattern,
    /// For how long; `None`: the shortest there is.
    pub duration: Option<Seconds>,
    /// Asked as break-glass.
    pub break_glass: bool,
    /// When; `None`: now.
    pub at: Option<Time>,
    /// What is expected.
    pub outcome: Outcome,
    /// The rule that decides: of an allowed ask the counting one with the longest cap, of a refused one the one that
    /// is named.
    pub rule: Option<String>,
    /// Why it must be so, in the author's words.
    pub reason: Option<String>,
}

/// What is expected to come of an ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is taken.
    Allowed(Allowed),
    /// It is not.
    Refused(Refused),
}

/// What is expected beyond that it is taken; `None`: anything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allowed {
    /// Whether somebody must approve.
    pub approval: Option<bool>,
    /// User names of exactly those who can approve, over all demands.
    pub approvers: Option<BTreeSet<String>>,
    /// User names of exactly those who look on where nobody need approve.
    pub overseers: Option<BTreeSet<String>>,
    /// The largest quorum among the demands.
    pub quorum: Option<u32>,
    /// The longest that may be asked for.
    pub max: Option<Seconds>,
    /// The counting rules, in document order.
    pub rules: Option<Vec<String>>,
    /// Whether a ticket must be named.
    pub ticket: Option<bool>,
}

/// What is expected beyond that it is refused; `None`: anything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refused {
    /// With which code.
    pub code: Option<Code>,
    /// A part of what is said.
    pub says: Option<String>,
}
