//! Pages of lists.

use serde::{Deserialize, Serialize};

/// The most rows that one page may have.
pub const MAX_LIMIT: usize = 500;
/// The rows of a page when nobody says how many.
pub const DEFAULT_LIMIT: usize = 100;

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// What to pass as `cursor` for the next page; absent on the last.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// A list that fits one page.
    #[must_use]
    pub fn whole(items: Vec<T>) -> Self {
        Self {
            items,
            next_cursor: None,
        }
    }
}
