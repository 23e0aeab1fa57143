//! The reconciler's loop around the machine, in simulated time: plan, save the intent, call, record. Leases come and
//! go, and the daemon dies between any two of these.

use super::aws::{Aws, Owner};
use super::*;

/// Guards that can be taken away, to see that the invariants notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Without {
    Nothing,
    /// Creates without a look first.
    PreCheck,
    /// A finished delete is believed without a listing.
    Verify,
    /// A create of unknown outcome is forgotten.
    Sweep,
    /// The intent is not durable when the call is made.
    Intent,
    /// A finished create is taken for present without asking AWS how it went.
    Poll,
}

pub(super) struct World {
    pub(super) aws: Aws,
    rng: Rng,
    without: Without,
    /// What is durable.
    pub(super) grant: Grant,
    pub(super) leases: usize,
    pub(super) closing: usize,
    next_flip: Option<Time>,
    /// When a sweep last looked at the key.
    swept_at: Time,
    /// The engine looks again at once when the leases change; without, the machine's own pauses must do.
    is_woken: bool,
    /// A create has been intended on this key.
    has_intended: bool,
    pub(super) steps: u32,
    pub(super) violation: Option<String>,
}

impl World {
    pub(super) fn new(seed: u64, without: Without) -> Self {
        let mut rng = Rng(seed);
        let owner = if rng.chance(0.25) {
            Owner::Standing
        } else {
            Owner::Nobody
        };
        Self {
            aws: Aws::new(owner),
            without,
            grant: Grant::new(key()),
            leases: 0,
            closing: 0,
            next_flip: Some(start()),
            swept_at: start(),
            is_woken: rng.chance(0.5),
            rng,
            has_intended: false,
            steps: 0,
            violation: None,
        }
    }

    fn violate(&mut self, what: impl Into<String>) {
        if self.violation.is_none() {
            let at = (self.aws.now - start()).num_milliseconds();
            let what = what.into();
            self.violation = Some(format!(
                "{what} at {at} ms, step {}: {:?}",
                self.steps, self.grant
            ));
        }
    }

    /// Runs with faults and with leases that come and go, for so long and so many steps.
    pub(super) fn storm(&mut self, lasts: TimeDelta, steps: u32) {
        let until = self.aws.now + lasts;
        while self.aws.now < until && self.steps < steps && self.violation.is_none() {
            self.step(until);
        }
    }

    /// No faults, no more changes of mind: so many leases, for so long.
    pub(super) fn calm(&mut self, leases: usize, lasts: TimeDelta) {
        self.aws.has_faults = false;
        self.next_flip = None;
        self.set_leases(leases);
        let (until, calls) = (self.aws.now + lasts, self.aws.calls);
        while self.aws.now < until && self.violation.is_none() {
            self.step(until);
        }
        // Forty minutes of minute-wise sweeps and one change: far below this, unless it spins.
        if self.aws.calls - calls > 250 {
            self.violate(format!("{} calls in a calm", self.aws.calls - calls));
        }
    }

    fn set_leases(&mut self, leases: usize) {
        if leases == self.leases {
            return;
        }
        // Where another lease holds it, the request is handed over and nothing is left to close.
        self.closing = usize::from(leases == 0);
        self.leases = leases;
        if self.is_woken {
            self.grant.next_attempt_at = None;
        }
    }

    fn flip_when_due(&mut self) {
        let Some(due) = self.next_flip.filter(|due| *due <= self.aws.now) else {
            return;
        };
        // Early revocations are what shows most: seconds after the grant.
        let pause = match self.rng.next() % 4 {
            0 | 1 => self.rng.millis(100..10_000),
            2 => self.rng.millis(10_000..120_000),
            _ => self.rng.millis(120_000..1_200_000),
        };
        self.next_flip = Some(due.max(self.aws.now) + pause);
        let leases = if self.leases > 0 && self.rng.chance(0.7) {
            0
        } else {
            1 + usize::from(self.rng.chance(0.2))
        };
        self.set_leases(leases);
        // Somebody takes the standing access away, or gives it before we have ever meant to: what is added by hand
        // after our first intent cannot be told from a create of ours that surfaces late.
        let is_idle = leases == 0 && pause > TimeDelta::seconds(60) && !self.has_intended;
        match self.aws.owner() {
            Owner::Standing if self.rng.chance(0.1) => self.aws.set(Owner::Nobody),
            Owner::Nobody if is_idle && self.rng.chance(0.2) => self.aws.set(Owner::Standing),
            Owner::Nobody | Owner::Standing | Owner::Ours => {}
        }
    }

    fn step(&mut self, until: Time) {
        self.steps += 1;
        self.flip_when_due();
        let now = self.aws.now;
        let wanted = Wanted {
            leases: self.leases,
            closing: self.closing,
            may_create: true,
        };
        let mut seen = self.grant.clone();
        if self.without == Without::PreCheck && matches!(seen.state, State::Absent { .. }) {
            seen.state = State::Absent { listed_at: Some(now) };
        }
        let plan = plan(&seen, wanted, now);
        self.check_removal_goes_on(&plan.step);
        let wake = self.next_flip.map_or(until, |flip| flip.min(until));
        match plan.step {
            Step::Rest => return self.rest(wake),
            Step::Wait(at) => return self.aws.advance(at.min(wake)),
            Step::Settle => return self.close(),
            Step::List | Step::Create | Step::PollCreate { .. } | Step::Delete | Step::PollDelete { .. } => {}
        }
        if let Some(save) = plan.save.clone()
            && self.without != Without::Intent
        {
            self.grant = save;
        }
        self.check_intent_first(&plan.step);
        self.has_intended |= plan.step == Step::Create;
        let crash = self.aws.has_faults && self.rng.chance(0.03);
        if crash && self.rng.chance(0.5) {
            return self.reboot();
        }
        let reply = self.call(&plan.step);
        let latency = self.rng.millis(50..1_500);
        let latency = match reply {
            Reply::Unknown { .. } => self.rng.millis(1_000..15_000),
            _ => latency,
        };
        self.aws.advance(self.aws.now + latency);
        if crash {
            return self.reboot();
        }
        self.flip_when_due();
        let recorded = {
            let sent = plan.save.unwrap_or(seen);
            record(
                &sent,
                &plan.step,
                reply,
                self.leases,
                self.rng.share(),
                self.aws.now,
            )
        };
        self.grant = recorded.grant;
        self.take_guard_away();
        self.hear(&recorded.notes);
        if self.aws.has_harmed_standing {
            self.violate("standing_untouched");
        }
    }

    /// Nothing to do but the sweep of recent keys.
    fn rest(&mut self, wake: Time) {
        let every = look_again(&self.grant, self.aws.now).filter(|_| self.without != Without::Sweep);
        let Some(due) = every.map(|every| self.swept_at + every) else {
            return self.aws.advance(wake);
        };
        if due > wake {
            return self.aws.advance(wake);
        }
        self.aws.advance(due);
        self.swept_at = self.aws.now;
        if let Reply::Listed { present } = self.aws.list(&mut self.rng) {
            let swept = swept(&self.grant, (self.leases, self.closing), present, self.aws.now);
            if let Some(grant) = swept.save {
                self.grant = grant;
            }
        }
    }

    fn call(&mut self, step: &Step) -> Reply {
        match step {
            Step::Create => self.aws.create(&mut self.rng),
            Step::Delete => self.aws.delete(&mut self.rng),
            Step::PollCreate { request_id } | Step::PollDelete { request_id } => {
                self.aws.status(request_id, &mut self.rng)
            }
            Step::List | Step::Rest | Step::Wait(_) | Step::Settle => self.aws.list(&mut self.rng),
        }
    }

    /// The process is gone with all that it knew; the store is not.
    fn reboot(&mut self) {
        let down = self.rng.millis(500..30_000);
        self.aws.advance(self.aws.now + down);
    }

    fn take_guard_away(&mut self) {
        match (self.without, &self.grant.state) {
            (Without::Verify, State::Deleting(Phase::Verifying { .. })) => {
                self.grant.state = State::Absent {
                    listed_at: Some(self.aws.now),
                };
            }
            (Without::Poll, State::Creating(Phase::Accepted { .. })) => self.grant.state = State::Present,
            (Without::Poll, State::Deleting(Phase::Accepted { .. })) => {
                self.grant.state = State::Absent {
                    listed_at: Some(self.aws.now),
                };
            }
            (Without::Sweep, _) => self.grant.ambiguous_create_at = None,
            _ => {}
        }
    }

    /// What the engine does with notes, as far as leases are concerned.
    fn hear(&mut self, notes: &[Note]) {
        let is_hopeless = notes.iter().any(|note| matches!(note, Note::Hopeless { .. }));
        if is_hopeless && self.leases > 0 && self.rng.chance(0.7) {
            self.set_leases(0);
        }
    }

    /// Requests end on what is known: here it must be true.
    fn close(&mut self) {
        match self.grant.state {
            // Standing access: the requests fail, nothing of ours is left.
            State::Foreign { .. } => self.leases = 0,
            State::Absent { .. } if self.aws.owner() == Owner::Ours => {
                // `no_early_terminal`: unless a late create has surfaced since any listing could show it.
                if self.aws.now - self.aws.changed_at() > TimeDelta::seconds(30) || !self.grant.may_sweep() {
                    self.violate("no_early_terminal");
                }
            }
            State::Absent { .. } => {}
            State::Creating(_) | State::Present | State::Deleting(_) | State::Unknown => {
                self.violate("settled on a grant that is not known to be gone");
            }
        }
        self.closing = 0;
    }

    fn check_intent_first(&mut self, step: &Step) {
        let is_durable = match step {
            Step::Create => self.grant.state == State::Creating(Phase::Intent),
            Step::Delete => self.grant.state == State::Deleting(Phase::Intent),
            _ => true,
        };
        if !is_durable && self.without != Without::Intent {
            self.violate("intent_first");
        }
    }

    /// A removal is never forgotten and never waits for longer than a minute.
    fn check_removal_goes_on(&mut self, step: &Step) {
        let is_ours = match self.grant.state {
            State::Creating(_) | State::Present | State::Deleting(_) | State::Unknown => true,
            State::Absent { .. } | State::Foreign { .. } => self.closing > 0,
        };
        if self.leases > 0 || !is_ours {
            return;
        }
        match step {
            Step::Rest => self.violate("a removal is forgotten"),
            Step::Wait(at) if *at - self.aws.now > TimeDelta::seconds(60) => {
                self.violate("a removal waits for more than a minute");
            }
            _ => {}
        }
    }
}

impl Grant {
    fn may_sweep(&self) -> bool {
        self.ambiguous_create_at.is_some()
    }
}
