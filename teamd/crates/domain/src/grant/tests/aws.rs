//! A model of AWS for one key: asynchronous operations, conflicts, lost replies, creates that surface late, listings
//! that lag. What is there is one bit and whose it is; that a create over an existing assignment "succeeds" and that
//! a delete asks nobody whose it is are AWS's own ways, and the reason for the pre-check.

use super::*;

/// For how long a listing may lag behind.
const STALE_MS: i64 = 20_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    Nobody,
    /// There before our first create.
    Standing,
    Ours,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Create,
    Delete,
}

/// An operation that AWS took.
struct Operation {
    id: String,
    kind: Kind,
    /// When its result is out.
    until: Time,
    succeeds: bool,
    /// The effect has been applied, or there is none to come.
    is_applied: bool,
    /// The request was lost somewhere and is worked on late: conflicts with nothing until then.
    is_zombie: bool,
}

pub(super) struct Aws {
    pub(super) now: Time,
    pub(super) has_faults: bool,
    /// Since when who has held it, oldest first.
    history: Vec<(Time, Owner)>,
    operations: Vec<Operation>,
    /// A delete of ours has hit standing access.
    pub(super) has_harmed_standing: bool,
    pub(super) calls: u32,
}

impl Aws {
    pub(super) fn new(owner: Owner) -> Self {
        Self {
            now: start(),
            has_faults: true,
            history: vec![(start(), owner)],
            operations: Vec::new(),
            has_harmed_standing: false,
            calls: 0,
        }
    }

    pub(super) fn owner(&self) -> Owner {
        self.history.last().map_or(Owner::Nobody, |(_, owner)| *owner)
    }

    /// When what is there last became so.
    pub(super) fn changed_at(&self) -> Time {
        self.history.last().map_or(self.now, |(at, _)| *at)
    }

    /// Somebody else's hand.
    pub(super) fn set(&mut self, owner: Owner) {
        self.history.push((self.now, owner));
    }

    /// Lets time pass; operations take effect in their order.
    pub(super) fn advance(&mut self, to: Time) {
        while let Some(next) = self
            .operations
            .iter_mut()
            .filter(|operation| !operation.is_applied && operation.until <= to)
            .min_by_key(|operation| operation.until)
        {
            next.is_applied = true;
            let (at, kind, is_zombie) = (next.until, next.kind, next.is_zombie);
            let owner = self.owner();
            self.now = self.now.max(at);
            match (kind, owner) {
                (Kind::Create, Owner::Nobody) => self.history.push((at, Owner::Ours)),
                (Kind::Delete, Owner::Ours) => self.history.push((at, Owner::Nobody)),
                (Kind::Delete, Owner::Standing) => {
                    self.has_harmed_standing = true;
                    self.history.push((at, Owner::Nobody));
                }
                (Kind::Create, Owner::Ours | Owner::Standing) | (Kind::Delete, Owner::Nobody) => {}
            }
            // Nobody knows its id: nothing will ask for it.
            if is_zombie {
                self.operations
                    .retain(|operation| !operation.is_applied || !operation.is_zombie);
            }
        }
        self.now = self.now.max(to);
    }

    /// Nothing that could still change anything.
    pub(super) fn is_quiet(&self) -> bool {
        self.operations.iter().all(|operation| operation.is_applied)
    }

    /// What there was `ago`.
    fn past(&self, ago: TimeDelta) -> Owner {
        let then = self.now - ago;
        let seen = self.history.iter().rev().find(|(at, _)| *at <= then);
        seen.or(self.history.first())
            .map_or(Owner::Nobody, |(_, owner)| *owner)
    }

    fn is_chance(&self, rng: &mut Rng, probability: f64) -> bool {
        self.has_faults && rng.chance(probability)
    }

    /// What can befall any call.
    fn mishap(&self, rng: &mut Rng) -> Option<Reply> {
        let refused = |class| {
            Some(Reply::Refused {
                class,
                message: format!("{class:?}"),
            })
        };
        if self.is_chance(rng, 0.06) {
            return refused(Refusal::Throttled);
        }
        if self.is_chance(rng, 0.03) {
            return refused(Refusal::Transient);
        }
        if self.is_chance(rng, 0.005) {
            return refused(Refusal::AccessDenied);
        }
        None
    }

    pub(super) fn list(&mut self, rng: &mut Rng) -> Reply {
        self.calls += 1;
        if let Some(mishap) = self.mishap(rng) {
            return mishap;
        }
        if self.is_chance(rng, 0.03) {
            return unknown("list");
        }
        let owner = if self.is_chance(rng, 0.25) {
            self.past(rng.millis(0..STALE_MS))
        } else {
            self.owner()
        };
        Reply::Listed {
            present: owner != Owner::Nobody,
        }
    }

    pub(super) fn create(&mut self, rng: &mut Rng) -> Reply {
        if self.is_chance(rng, 0.01) {
            return Reply::Refused {
                class: Refusal::Permanent,
                message: "ValidationException".to_owned(),
            };
        }
        self.write(Kind::Create, rng)
    }

    pub(super) fn delete(&mut self, rng: &mut Rng) -> Reply {
        self.write(Kind::Delete, rng)
    }

    fn write(&mut self, kind: Kind, rng: &mut Rng) -> Reply {
        self.calls += 1;
        if let Some(mishap) = self.mishap(rng) {
            return mishap;
        }
        // Operations on one key exclude each other; and now and then a host has not heard that the last is over.
        let is_busy = self
            .operations
            .iter()
            .any(|operation| operation.kind != kind && operation.until > self.now && !operation.is_zombie);
        if is_busy || self.is_chance(rng, 0.03) {
            return Reply::Refused {
                class: Refusal::Conflict,
                message: "ConflictException".to_owned(),
            };
        }
        // The request never arrives, arrives and its reply is lost, or arrives when nobody expects it any more.
        if self.is_chance(rng, 0.06) {
            match rng.next() % 3 {
                0 => {}
                1 => {
                    self.take(kind, true, false, rng.millis(200..8_000));
                }
                _ if kind == Kind::Create => {
                    self.take(kind, true, true, rng.millis(1_000..600_000));
                }
                _ => {}
            }
            return unknown("write");
        }
        let is_idle = kind == Kind::Delete && self.owner() == Owner::Nobody;
        let is_unheard = kind == Kind::Delete
            && self.now - self.changed_at() < TimeDelta::milliseconds(STALE_MS)
            && self.is_chance(rng, 0.1);
        if is_unheard || is_idle && rng.chance(0.6) {
            return Reply::NotFound {
                message: "ResourceNotFoundException".to_owned(),
            };
        }
        let succeeds = !is_idle && !self.is_chance(rng, 0.08);
        let duration = if self.is_chance(rng, 0.01) {
            rng.millis(60_000..600_000)
        } else if self.has_faults {
            rng.millis(0..12_000)
        } else {
            rng.millis(200..2_000)
        };
        let request_id = self.take(kind, succeeds, false, duration);
        self.advance(self.now);
        Reply::Accepted {
            status: self.status_of(&request_id),
            request_id,
        }
    }

    fn take(&mut self, kind: Kind, succeeds: bool, is_zombie: bool, after: TimeDelta) -> String {
        let id = format!("{kind:?}-{}", self.calls);
        self.operations.push(Operation {
            id: id.clone(),
            kind,
            until: self.now + after,
            succeeds,
            is_applied: !succeeds,
            is_zombie,
        });
        id
    }

    pub(super) fn status(&mut self, request_id: &str, rng: &mut Rng) -> Reply {
        self.calls += 1;
        if let Some(mishap) = self.mishap(rng) {
            return mishap;
        }
        if self.is_chance(rng, 0.03) {
            return unknown("status");
        }
        // How long ids stay known is not documented, nor that they are known at once.
        if self.is_chance(rng, 0.03) {
            return Reply::NotFound {
                message: "ResourceNotFoundException".to_owned(),
            };
        }
        Reply::Status(self.status_of(request_id))
    }

    fn status_of(&self, request_id: &str) -> Status {
        match self
            .operations
            .iter()
            .find(|operation| operation.id == request_id)
        {
            Some(operation) if operation.until > self.now => Status::InProgress,
            Some(operation) if operation.succeeds => Status::Succeeded,
            Some(_) | None => Status::Failed {
                reason: "internal failure".to_owned(),
            },
        }
    }
}

fn unknown(call: &str) -> Reply {
    Reply::Unknown {
        message: format!("{call}: timed out"),
    }
}
