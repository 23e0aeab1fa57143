//! Who may ask for what, for how long, and who decides. Pure: a function of the document, the directory, the person,
//! the target, the duration and the moment.
//!
//! The way of one ask through [`evaluate`]:
//! 1. the person exists and is enabled, the account is active, the permission set exists
//! 2. a matching `deny` refuses, whatever else is written
//! 3. eligibility rules fit by person, account, permission set, kind of ask (break-glass or not), protection and end
//! 4. of those, the ones whose cap allows the duration match; of the matching ones the highest precedence counts
//! 5. every counting rule that requires approval is a demand of its own
//!
//! "Short is automatic, long needs approval" is two rules of which the short one has the higher precedence: with equal
//! precedence both count for a short ask, and the long one demands its approval.
//!
//! Where several rules count, the strictest of their texts and the shortest `request_expiry` apply, since each of them
//! is to be satisfied; the default duration is that of the rule with the longest cap.
//!
//! Everything compares exactly and with case. To add a kind of subject or account pattern: a variant in `model`, its
//! meaning in `matching`, its staleness in `stale`, its spelling in [`crate::document`].

mod covered;
mod demands;
pub mod document;
mod entitlements;
mod evaluate;
pub mod expectation;
pub mod exported;
mod matching;
mod model;
pub mod plan;
mod refusal;
pub mod reminders;
mod roles;
mod route;
mod stale;
mod texts;
mod trace;
mod widened;

#[cfg(test)]
mod tests;

pub use covered::{accounts_of, people_of, sets_of};
pub use entitlements::{Entitled, entitlements};
pub use evaluate::{Ask, Judgement, evaluate};
pub use model::{
    AccountPattern, ApprovalMode, ApproverRule, DenyRule, EligibilityRule, OnLostEligibility, Overrides,
    Policy, RoleAssignments, SetPattern, Settings, Subject,
};
pub use refusal::{Nearest, Part, Refusal};
pub use roles::{Roles, approver_of, decided_by, deciders_on, roles_of};
pub use route::{Route, Target};
pub use stale::stale_references;
pub use texts::{
    InvalidPattern, PatternBook, TextFault, TextRules, TicketPattern, check_comment, check_texts,
};
pub use trace::{Question, trace};
pub use widened::widened;
