//! What works without a daemon, from files: for a policy that is kept in a repository and judged there.
//!
//! * [`plan`] what a policy would change · [`mod@test`] expectations put to it
//! * [`files`] the policy as a file or a folder of them

pub mod files;
pub mod plan;
pub mod test;
