//! The synchronous parts of the engine, for those who play AWS and time themselves: the demo's history, and simulations.

pub use super::around::keep;
pub use super::commit::{carry_out, file};
pub use super::reconciler::{conclude, prepare};
