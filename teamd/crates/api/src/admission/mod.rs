//! Admission control for the socket: who may hold how many connections.
//!
//! Every connection holds a [`Slot`] until it closes. Ordinary slots are shared by everybody, with a limit per uid.
//! Reserved slots are only for the operator (uid 0) and for responders (people with the security or admin role), so
//! that other callers cannot lock them out. They are used when the ordinary slots are full, and also by an operator or
//! responder who is over the limit per uid. Each group has its own reserve: neither can lock out the other.
//!
//! The decision needs no I/O: the uid comes from the kernel, and the group of a uid from a cache ([`responders`]).

mod answer;
mod counts;
pub(super) mod responders;
#[cfg(test)]
mod tests;

pub(super) use answer::{Lingering, answer_refusal};
pub(super) use counts::Refusals;

use counts::RefusalBook;
use responders::Responders;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use team_shared::status::{ConnectionStatus, UidCount};
use tokio::sync::Notify;

/// Slots reserved for uid 0.
const OPERATOR_SLOTS: usize = 8;

/// Slots reserved for people with the security or admin role.
const RESPONDER_SLOTS: usize = 16;

/// Reserved slots that one responder may hold, so that one of them cannot lock out the others.
const RESERVED_PER_RESPONDER: usize = 4;

/// The group of a caller, as far as connections are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    /// Everybody else. A uid that is not in the cache belongs here.
    Ordinary,
    /// uid 0.
    Operator,
    /// A person with the security or admin role.
    Responder,
}

/// `[limits]`, as far as connections are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ConnectionLimits {
    pub(super) per_user: usize,
    pub(super) total: usize,
}

/// Why a connection was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RefusalReason {
    /// The uid holds as many connections as one may.
    PerUser,
    /// All ordinary slots are in use.
    Total,
    /// All slots that are reserved for the caller's group are in use too.
    Reserved,
}

/// The open connections of all uids.
#[derive(Debug, Default)]
pub(super) struct Admission {
    table: Mutex<Table>,
    responders: Responders,
    /// Signalled when a connection is refused.
    refused: Notify,
}

#[derive(Debug, Default)]
struct Table {
    by_uid: HashMap<u32, Held>,
    ordinary: usize,
    operator: usize,
    responder: usize,
    refusals: RefusalBook,
}

/// Connections of one uid.
#[derive(Debug, Default, Clone, Copy)]
struct Held {
    ordinary: usize,
    reserved: usize,
}

/// The right to one open connection, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Slot {
    admission: Arc<Admission>,
    uid: u32,
    pool: Group,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.admission.table().release(self.uid, self.pool);
    }
}

impl Admission {
    /// Takes a slot for a connection of `uid`, or counts the refusal.
    pub(super) fn admit(self: &Arc<Self>, uid: u32, limits: ConnectionLimits) -> Result<Slot, RefusalReason> {
        let group = match uid {
            0 => Group::Operator,
            _ if self.responders.contains(uid) => Group::Responder,
            _ => Group::Ordinary,
        };
        let taken = {
            let mut table = self.table();
            let taken = table.take(uid, group, limits);
            if let Err(reason) = taken {
                table.refusals.count(uid, reason);
            }
            taken
        };
        match taken {
            Ok(pool) => Ok(Slot {
                admission: Arc::clone(self),
                uid,
                pool,
            }),
            Err(reason) => {
                self.refused.notify_one();
                Err(reason)
            }
        }
    }

    /// The cache of responders' uids.
    pub(super) fn responders(&self) -> &Responders {
        &self.responders
    }

    /// Waits until a connection was refused.
    pub(super) async fn refusal(&self) {
        self.refused.notified().await;
    }

    /// What was refused since the last call.
    pub(super) fn take_refusals(&self) -> Refusals {
        self.table().refusals.take_recent()
    }

    /// The counts for `GET /v1/status`.
    pub(super) fn status(&self, limits: ConnectionLimits) -> ConnectionStatus {
        let table = self.table();
        let busiest = table.by_uid.iter().map(|(uid, held)| UidCount {
            uid: *uid,
            count: (held.ordinary + held.reserved) as u64,
        });
        let refusals = table.refusals.since_start();
        ConnectionStatus {
            open: (table.ordinary + table.operator + table.responder) as u64,
            limit: limits.total as u64,
            limit_per_user: limits.per_user as u64,
            most_open: busiest.max_by_key(|one| (one.count, std::cmp::Reverse(one.uid))),
            refused: refusals.total(),
            refused_per_user: refusals.per_user,
            refused_total: refusals.full,
            refused_reserved: refusals.reserved,
            most_refused: refusals.top.map(|(uid, count)| UidCount { uid, count }),
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Takes a slot and says from which pool.
    fn take(&mut self, uid: u32, group: Group, limits: ConnectionLimits) -> Result<Group, RefusalReason> {
        let held = self.by_uid.get(&uid).copied().unwrap_or_default();
        let reason = if held.ordinary >= limits.per_user {
            RefusalReason::PerUser
        } else if self.ordinary >= limits.total {
            RefusalReason::Total
        } else {
            self.ordinary += 1;
            self.by_uid.entry(uid).or_default().ordinary += 1;
            return Ok(Group::Ordinary);
        };
        let pool = match group {
            Group::Ordinary => return Err(reason),
            Group::Operator if self.operator < OPERATOR_SLOTS => &mut self.operator,
            Group::Responder
                if self.responder < RESPONDER_SLOTS && held.reserved < RESERVED_PER_RESPONDER =>
            {
                &mut self.responder
            }
            Group::Operator | Group::Responder => return Err(RefusalReason::Reserved),
        };
        *pool += 1;
        self.by_uid.entry(uid).or_default().reserved += 1;
        Ok(group)
    }

    fn release(&mut self, uid: u32, pool: Group) {
        let count = match pool {
            Group::Ordinary => &mut self.ordinary,
            Group::Operator => &mut self.operator,
            Group::Responder => &mut self.responder,
        };
        *count = count.saturating_sub(1);
        if let Some(held) = self.by_uid.get_mut(&uid) {
            let held_count = match pool {
                Group::Ordinary => &mut held.ordinary,
                Group::Operator | Group::Responder => &mut held.reserved,
            };
            *held_count = held_count.saturating_sub(1);
            if held.ordinary + held.reserved == 0 {
                self.by_uid.remove(&uid);
            }
        }
    }
}
