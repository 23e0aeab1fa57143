//! The store: the only place that names `rusqlite`.

pub mod port;
