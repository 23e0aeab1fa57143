//! The phases of a run. The ends are in the store before the daemon starts, so everything has its time beforehand.

use crate::attack::Attack;
use aws_simulator::organisation::AssignmentKey;
use chrono::TimeDelta;
use team_shared::ids::RequestId;
use teamd_domain::Time;
use teamd_host::clock::{Clock, SystemClock};

/// Ends of a phase.
const ENDS: usize = 50;
/// Between two ends: five a second.
const SPACING: TimeDelta = TimeDelta::milliseconds(200);
/// From the start of an attack to the first end.
const RAMP: TimeDelta = TimeDelta::seconds(2);
/// From the last end of a phase to the end of the attack.
const TAIL: TimeDelta = TimeDelta::milliseconds(1_500);
/// From the end of an attack to the next phase.
const REST: TimeDelta = TimeDelta::milliseconds(700);
/// Sessions of the mass expiry, which end in the same moment.
pub(crate) const MASS: usize = 500;
/// How long the dashboards are given for the mass expiry.
const MASS_TAIL: TimeDelta = TimeDelta::seconds(16);
/// From the last row of the store to the first phase: the daemon starts and loads the directory.
const START: TimeDelta = TimeDelta::seconds(13);
/// The daemon reads its on-call sources this often, from its start.
const ON_CALL_EVERY: i64 = 30;

/// An end.
#[derive(Debug, Clone)]
pub(crate) struct End {
    /// The request.
    pub(crate) request: RequestId,
    /// What is to be deleted.
    pub(crate) key: AssignmentKey,
    /// When.
    pub(crate) end_at: Time,
}

/// A part of the run with a row in the table.
#[derive(Debug, Clone)]
pub(crate) struct Phase {
    /// The name in the table.
    pub(crate) name: String,
    /// What goes on meanwhile.
    pub(crate) attacks: Vec<Attack>,
    /// 59 dashboards are open, and 500 sessions end in one moment.
    pub(crate) has_dashboards: bool,
    /// When it begins, after the origin.
    pub(crate) start: TimeDelta,
    /// When its attack stops, after the origin.
    pub(crate) stop: TimeDelta,
    /// Its ends.
    pub(crate) ends: Vec<End>,
    offsets: Vec<TimeDelta>,
}

/// All phases.
#[derive(Debug)]
pub(crate) struct Schedule {
    pub(crate) phases: Vec<Phase>,
    /// The moment that everything is counted from.
    pub(crate) origin: Time,
}

impl Schedule {
    /// Every phase, or those of `TEAM_HOSTILE_PHASES`.
    pub(crate) fn from_environment() -> Self {
        let chosen = std::env::var("TEAM_HOSTILE_PHASES").unwrap_or_default();
        let chosen: Vec<&str> = chosen
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .collect();
        let is_chosen = |name: &str| chosen.is_empty() || chosen.contains(&name);
        let mut phases = Vec::new();
        let mut next = START;
        let mut add = |name: &str, attacks: &[Attack], has_dashboards: bool| {
            if is_chosen(name) {
                let phase = Phase::starting_at(next, name, attacks, has_dashboards);
                next = phase.stop + REST;
                phases.push(phase);
            }
        };
        add("baseline", &[], false);
        for attack in Attack::ALL {
            add(attack.name(), &[attack], false);
        }
        add("together", &Attack::ALL, false);
        add("dashboards", &[], true);
        assert!(
            !phases.is_empty(),
            "TEAM_HOSTILE_PHASES: no such phase: {chosen:?}"
        );
        Self {
            phases,
            origin: SystemClock.now(),
        }
    }

    /// How many ends there are.
    pub(crate) fn ends(&self) -> usize {
        self.phases.iter().map(|phase| phase.offsets.len()).sum()
    }

    /// Sets the origin to now, and gives each end its key and its request.
    pub(crate) fn begin(&mut self, keys: Vec<(RequestId, AssignmentKey)>) {
        self.origin = SystemClock.now();
        let mut keys = keys.into_iter();
        for phase in &mut self.phases {
            let ends = phase.offsets.iter().zip(&mut keys);
            phase.ends = ends
                .map(|(offset, (request, key))| End {
                    request,
                    key,
                    end_at: self.origin + *offset,
                })
                .collect();
        }
    }

    /// Whether this attack is in any phase.
    pub(crate) fn has(&self, attack: Attack) -> bool {
        self.phases.iter().any(|phase| phase.attacks.contains(&attack))
    }
}

impl Phase {
    fn starting_at(next: TimeDelta, name: &str, attacks: &[Attack], has_dashboards: bool) -> Self {
        let mut start = next;
        if attacks == [Attack::OnCallSources] {
            // Their next reading must fall into the phase.
            while (start.num_seconds() + 6) % ON_CALL_EVERY > 3 {
                start += TimeDelta::seconds(1);
            }
        }
        let first = start + RAMP;
        let offsets: Vec<TimeDelta> = if has_dashboards {
            vec![first + RAMP; MASS]
        } else {
            (0..).map(|number| first + SPACING * number).take(ENDS).collect()
        };
        let last = offsets.last().copied().unwrap_or(first);
        let tail = if has_dashboards { MASS_TAIL } else { TAIL };
        Self {
            name: name.to_owned(),
            attacks: attacks.to_vec(),
            has_dashboards,
            start,
            stop: last + tail,
            ends: Vec::new(),
            offsets,
        }
    }
}
