//! What a demo adds to the dashboard. The demo crate owns daemon and simulator; the dashboard only knows these hooks.

use futures::stream::BoxStream;
use std::fmt;
use std::sync::Arc;

/// Starts the chaos and tells of it, a line at a time; the stream ends when it is over.
pub type Chaos = Arc<dyn Fn() -> BoxStream<'static, String> + Send + Sync>;

/// Hooks of a demo.
#[derive(Clone)]
pub struct DemoHooks {
    /// User names for `:as NAME`, completed with Tab.
    pub people: Vec<String>,
    /// What `:chaos` does.
    pub chaos: Chaos,
}

impl fmt::Debug for DemoHooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DemoHooks")
            .field("people", &self.people)
            .finish_non_exhaustive()
    }
}
