//! Cases of parsing.
