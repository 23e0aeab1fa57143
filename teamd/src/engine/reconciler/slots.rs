//! Places for unfinished assignment operations: AWS allows fifteen. Removals take the next free place before creates.

use crate::aws::port::Lane;
use crate::engine::guards::{self, Guard};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;

/// The places.
#[derive(Debug, Clone)]
pub(super) struct Slots(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    free: usize,
    removals: VecDeque<oneshot::Sender<Slot>>,
    others: VecDeque<oneshot::Sender<Slot>>,
}

/// A place; given back when dropped.
#[derive(Debug)]
pub(super) struct Slot {
    slots: Option<Slots>,
}

impl Slots {
    pub(super) fn new(places: usize) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            free: places.max(1),
            removals: VecDeque::new(),
            others: VecDeque::new(),
        })))
    }

    /// Waits for a place.
    pub(super) async fn take(&self, lane: Lane) -> Slot {
        let receiver = {
            let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if inner.free > 0 {
                inner.free -= 1;
                return Slot {
                    slots: Some(self.clone()),
                };
            }
            let (sender, receiver) = oneshot::channel();
            match lane {
                Lane::Removal => inner.removals.push_back(sender),
                Lane::Grant | Lane::Background => inner.others.push_back(sender),
            }
            receiver
        };
        match receiver.await {
            Ok(slot) => slot,
            // The queue is only dropped with the engine; going on without a place is then harmless.
            Err(_) => Slot { slots: None },
        }
    }

    fn give_back(&self) {
        let mut slot = Slot {
            slots: Some(self.clone()),
        };
        loop {
            let waiter = {
                let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                let inner = &mut *inner;
                let (first, second) = if guards::is_on(Guard::RemovalsFirst) {
                    (&mut inner.removals, &mut inner.others)
                } else {
                    (&mut inner.others, &mut inner.removals)
                };
                let waiter = first.pop_front().or_else(|| second.pop_front());
                if waiter.is_none() {
                    inner.free += 1;
                }
                waiter
            };
            match waiter {
                None => {
                    slot.slots = None;
                    return;
                }
                // A waiter that has gone hands the place back to us, for the next one.
                Some(waiter) => match waiter.send(slot) {
                    Ok(()) => return,
                    Err(returned) => slot = returned,
                },
            }
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(slots) = self.slots.take() {
            slots.give_back();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[tokio::test]
    async fn removals_first_for_a_free_place() {
        let slots = Slots::new(1);
        let first = slots.take(Lane::Grant).await;
        let mut grant = Box::pin(slots.take(Lane::Grant));
        let mut removal = Box::pin(slots.take(Lane::Removal));
        assert!(grant.as_mut().now_or_never().is_none());
        assert!(removal.as_mut().now_or_never().is_none());
        drop(first);
        assert!(grant.as_mut().now_or_never().is_none());
        let second = removal.as_mut().now_or_never().expect("the removal's turn");
        drop(second);
        assert!(grant.as_mut().now_or_never().is_some());
    }

    #[tokio::test]
    async fn a_waiter_that_has_gone_does_not_keep_its_place() {
        let slots = Slots::new(1);
        let first = slots.take(Lane::Grant).await;
        {
            let mut gone = Box::pin(slots.take(Lane::Removal));
            assert!(gone.as_mut().now_or_never().is_none());
        }
        drop(first);
        assert!(slots.take(Lane::Grant).now_or_never().is_some());
    }
}
