//! The model's rules, without the wire.
