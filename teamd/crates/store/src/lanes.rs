//! A queue with lanes: the first lane is emptied before the next is looked at.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A queue of jobs between threads.
pub(super) struct Lanes<T> {
    inner: Mutex<Inner<T>>,
    wake: Condvar,
}

struct Inner<T> {
    lanes: [VecDeque<T>; 3],
    closed: bool,
}

impl<T> Lanes<T> {
    /// An empty queue.
    pub(super) fn new() -> Self {
        Self {
            inner: Mutex::new(Inner {
                lanes: Default::default(),
                closed: false,
            }),
            wake: Condvar::new(),
        }
    }

    /// Queues a job; gives it back if the queue is closed.
    pub(super) fn push(&self, lane: usize, job: T) -> Result<(), T> {
        let mut inner = self.lock();
        if inner.closed {
            return Err(job);
        }
        inner.lanes[lane].push_back(job);
        drop(inner);
        self.wake.notify_one();
        Ok(())
    }

    /// Waits for the next job; `None`: the queue is closed and empty.
    pub(super) fn pop(&self) -> Option<T> {
        let mut inner = self.lock();
        loop {
            if let Some(job) = inner.lanes.iter_mut().find_map(VecDeque::pop_front) {
                return Some(job);
            }
            if inner.closed {
                return None;
            }
            inner = self.wake.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes no more jobs; those that wait are still served.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.wake.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Inner<T>> {
        // No code of others runs under the lock, so a poisoned one is still in order.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_lane_goes_first_and_a_closed_queue_is_emptied() {
        let lanes = Lanes::new();
        for (lane, job) in [(2, "background"), (1, "normal"), (0, "removal"), (0, "removal 2")] {
            assert!(lanes.push(lane, job).is_ok());
        }
        assert_eq!(lanes.pop(), Some("removal"));
        lanes.close();
        assert_eq!(lanes.push(0, "late"), Err("late"));
        assert_eq!(lanes.pop(), Some("removal 2"));
        assert_eq!(lanes.pop(), Some("normal"));
        assert_eq!(lanes.pop(), Some("background"));
        assert_eq!(lanes.pop(), None);
    }
}
