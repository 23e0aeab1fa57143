//! What a policy author expects of the policy, and whether it is so. Pure.
//!
//! An expectation is about everybody, every account and every permission set that it names: "no contractor is
//! administrator anywhere" is one. It is put to the same [`evaluate`](crate::evaluate) that judges requests.

mod check;
mod model;
mod names;
mod sentence;

#[cfg(test)]
mod tests;

pub use check::{Checked, MOST_ASKS, check};
pub use model::{Allowed, Expectation, Outcome, Refused};
