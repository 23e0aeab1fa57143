//! AWS: ports in our own types, and their adapters.

pub mod port;
