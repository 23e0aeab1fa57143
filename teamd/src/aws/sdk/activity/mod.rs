//! The sources of activity, each behind [`crate::aws::port::ActivitySource`].

mod lookup;

pub use lookup::EventHistory;
