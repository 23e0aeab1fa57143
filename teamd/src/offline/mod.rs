//! Policy without a daemon: plans and expectations against an exported directory, for the CI of a policy repository.

mod commands;
mod directory;
mod expectations;
#[cfg(test)]
mod tests;

pub use commands::{plan, test};
pub use directory::{Exported, load};
pub use expectations::{Expectation, parse, run};
