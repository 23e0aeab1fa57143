//! Pieces of screens. All foreign text passes through `format::inert` in here or in the client.

pub(crate) mod field;
pub(crate) mod footer;
pub(crate) mod fuzzy;
pub(crate) mod header;
pub(crate) mod rule;
pub(crate) mod sheet;
pub(crate) mod table;
