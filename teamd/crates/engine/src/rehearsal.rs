//! The synchronous parts of the engine, for those who play AWS and time themselves: the demo's history, and simulations.

pub(crate) use super::around::keep;
pub(crate) use super::commit::{carry_out, file};
pub(crate) use super::reconciler::{conclude, prepare};
