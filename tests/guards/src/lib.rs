//! Shows that tests turn red when the guard they are about is taken out of the code.
//!
//! `tests/guards.toml` names guards by their source, and what the source would be without them. All of them go into one
//! copy of the workspace, each behind a question that the environment answers: one build, and then every test runs with
//! its guard in place, where it must pass, and without it, where it must fail. The code that ships has none of this.
//!
//! * [`entry`] the file · [`tree`] the copy · [`build`] its tests, built · [`run`] each of them, with and without

pub mod build;
pub mod entry;
pub mod run;
pub mod tree;

#[cfg(test)]
mod tests;

/// The variable that names the guard to do without. It is read once in a process.
pub const VARIABLE: &str = "TEAM_WITHOUT_GUARD";
