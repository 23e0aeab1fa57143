//! What must be so before a create is sent. Each of these can hold a create back, none a removal.

use crate::domain::request::Key;
use crate::engine::Engine;
use crate::engine::guards::{self, Guard};

impl Engine {
    /// Makes everything durable that a create needs beside its intent, in order; whether it may be sent. What is not
    /// ready is tried again in a few seconds, with [`Wanted::may_create`](crate::domain::grant::Wanted::may_create)
    /// false meanwhile.
    pub(super) async fn may_create(&self, key: &Key) -> bool {
        // The gate knows of the clocks as they are now, not as they were a second ago.
        self.check_clock();
        self.heed_refusals();
        (self.gate.is_open() || !guards::is_on(Guard::Gate))
            && self.lease_is_written(key).await
            && self.backstop_covers(key).await
    }
}
