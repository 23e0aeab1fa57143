//! The record, read: what was there and whose it was, what was permitted, when anybody could have done anything.

use super::spans::{measure, tidy, without};
use crate::clock::SimClock;
use crate::record::{Deed, Record, Told};
use crate::script::{HOUR, Hand, MINUTE, Place, SECOND, Shape, Span};
use aws_simulator::{CallLog, Operation, Outcome};
use team_shared::ids::RequestId;

/// An assignment, from when it came to when it went.
#[derive(Debug, Clone)]
pub(crate) struct Life {
    pub(crate) place: Place,
    pub(crate) from: i64,
    /// None: it is there at the end.
    pub(crate) to: Option<i64>,
    /// Put there by an operation of ours; else by hand.
    pub(crate) is_ours: bool,
    /// Taken away by an operation of ours.
    pub(crate) is_removed_by_us: bool,
}

/// Access that people have agreed on.
#[derive(Debug, Clone)]
pub(crate) struct Permit {
    pub(crate) plea: usize,
    pub(crate) place: Place,
    pub(crate) request: Option<RequestId>,
    /// From, and up to.
    pub(crate) span: Span,
    /// When somebody took it back, where somebody did.
    pub(crate) taken_back: Option<i64>,
}

pub(crate) struct Case<'a> {
    pub(crate) record: &'a Record,
    pub(crate) lives: Vec<Life>,
    pub(crate) permits: Vec<Permit>,
    /// When the daemon ran.
    pub(crate) daemon: Vec<Span>,
    /// When the daemon ran and AWS answered.
    pub(crate) up: Vec<Span>,
}

impl<'a> Case<'a> {
    pub(crate) fn new(record: &'a Record) -> Self {
        let outages = record.script.outages.iter().map(|(span, _)| span);
        let outages = tidy(outages.chain(&record.script.instances).copied().collect());
        let daemon = tidy(record.daemon_up());
        let up = daemon.iter().flat_map(|span| without(*span, &outages)).collect();
        let mut case = Self {
            lives: lives(record),
            permits: Vec::new(),
            record,
            daemon,
            up,
        };
        case.permits = case.read_permits();
        case
    }

    /// For how long of a span somebody could have acted.
    pub(crate) fn up(&self, span: Span) -> i64 {
        measure(span, &self.up)
    }

    /// When so much time has passed in which somebody could have acted.
    pub(crate) fn after(&self, from: i64, millis: i64) -> i64 {
        let mut left = millis;
        for (start, end) in self.up.iter().filter(|(_, end)| *end > from) {
            let start = (*start).max(from);
            if end - start >= left {
                return start + left;
            }
            left -= end - start;
        }
        self.record.end.max(from)
    }

    /// Calls about a place, with their moments.
    pub(crate) fn calls(&self, place: Place) -> impl Iterator<Item = (i64, &'a CallLog)> {
        let record = self.record;
        let theirs = move |call: &&CallLog| {
            let key = call.key.as_ref();
            key.and_then(|key| record.places.get(key)) == Some(&place)
        };
        record
            .calls
            .iter()
            .filter(theirs)
            .map(|call| (moment(call), call))
    }

    pub(crate) fn creates(&self, place: Place) -> impl Iterator<Item = (i64, &'a CallLog)> {
        self.calls(place)
            .filter(|(_, call)| call.operation == Operation::CreateAccountAssignment)
    }

    pub(crate) fn deletes(&self, place: Place) -> impl Iterator<Item = (i64, &'a CallLog)> {
        self.calls(place)
            .filter(|(_, call)| call.operation == Operation::DeleteAccountAssignment)
    }

    /// Whether the assignment was there at that moment, and whose.
    pub(crate) fn life_at(&self, place: Place, at: i64) -> Option<&Life> {
        let mut theirs = self.lives.iter().filter(|life| life.place == place);
        theirs.find(|life| life.from <= at && life.to.is_none_or(|to| to > at))
    }

    /// What a request's people were told, oldest first.
    pub(crate) fn told(&self, request: RequestId) -> impl Iterator<Item = &'a Told> {
        let told = self.record.told.iter();
        told.filter(move |told| told.request == Some(request))
    }

    /// Whether the daemon died, or another took over, so soon after a call that nobody knows what it was answered.
    pub(crate) fn died_after(&self, at: i64) -> bool {
        let near = |deed: &(i64, Deed)| {
            matches!(deed.1, Deed::Died | Deed::Superseded) && (at..at + 20 * SECOND).contains(&deed.0)
        };
        self.record.deeds.iter().any(near)
    }

    /// Rows of the trail about this place.
    pub(crate) fn told_of(&self, place: Place) -> impl DoubleEndedIterator<Item = &'a Told> {
        let record = self.record;
        let key = record.places.iter().find(|(_, other)| **other == place);
        let user = key.map_or("", |(key, _)| key.principal.id());
        record
            .told
            .iter()
            .filter(move |told| told.data["account_id"] == place.account() && told.data["user_id"] == user)
    }

    fn read_permits(&self) -> Vec<Permit> {
        let mut permits = Vec::new();
        for (number, plea) in self.record.script.pleas.iter().enumerate() {
            let mut filed = None;
            let mut agreed = None;
            let mut taken_back = None;
            for (at, deed) in &self.record.deeds {
                match deed {
                    Deed::Filed { plea, id } if *plea == number => filed = Some((*at, *id)),
                    Deed::Voted { plea: of, by } if *of == number && *by != plea.place.user() => {
                        agreed = agreed.or(Some(*at));
                    }
                    Deed::TookBack { plea } if *plea == number => taken_back = Some(*at),
                    _ => {}
                }
            }
            let Some((filed, request)) = filed else { continue };
            let agreed = if plea.place.needs_approval() {
                agreed
            } else {
                Some(filed)
            };
            let Some(agreed) = agreed else { continue };
            let (from, to) = self.window(plea.place, plea.shape, filed, agreed);
            let to = taken_back.map_or(to, |back| to.min(back));
            let to = self.basis_ends(plea.place, from, to);
            permits.push(Permit {
                plea: number,
                place: plea.place,
                request,
                span: (from, to.max(from)),
                taken_back,
            });
        }
        permits
    }

    /// From when to when the access may be there at most.
    fn window(&self, place: Place, shape: Shape, filed: i64, agreed: i64) -> Span {
        match shape {
            Shape::Until(end) => (agreed, end),
            Shape::At(start, seconds) => {
                let start = start.max(filed);
                (start.max(agreed), start + seconds * SECOND)
            }
            // Its clock starts at activation, or five minutes after the first create. A daemon that could not even try
            // for a quarter of an hour gives up.
            Shape::For(seconds) => {
                let given_up = self.running_after(agreed, 16 * MINUTE);
                let mut creates = self.creates(place).map(|(at, _)| at);
                let first = creates.find(|at| (agreed..given_up).contains(at));
                let first = first.unwrap_or(agreed);
                (agreed, first + 5 * MINUTE + seconds * SECOND)
            }
        }
    }

    /// When the daemon has run for so long.
    fn running_after(&self, from: i64, millis: i64) -> i64 {
        let mut left = millis;
        for (start, end) in self.daemon.iter().filter(|(_, end)| *end > from) {
            let start = (*start).max(from);
            if end - start >= left {
                return start + left;
            }
            left -= end - start;
        }
        self.record.end
    }

    /// Where live access ends with its basis: an hour after the person or the account was lost, for that is how often
    /// the directory is read, if they were not back by then.
    fn basis_ends(&self, place: Place, from: i64, to: i64) -> i64 {
        if self.record.script.keeps {
            return to;
        }
        let mut lost: Option<i64> = None;
        for (at, deed) in &self.record.deeds {
            let Deed::Hand(hand) = deed else { continue };
            let (goes, comes) = match hand {
                Hand::Leave(person) | Hand::Delete(person) | Hand::Deny(person) => {
                    (*person == place.person, false)
                }
                Hand::Return(person) | Hand::Allow(person) => (false, *person == place.person),
                Hand::Suspend(account) => (*account == place.account, false),
                Hand::Resume(account) => (false, *account == place.account),
                Hand::Put(_) | Hand::Take(_) | Hand::Hold | Hand::Release | Hand::Freeze | Hand::Unfreeze => {
                    (false, false)
                }
            };
            if goes {
                lost = lost.or(Some(*at));
            }
            if comes && let Some(since) = lost.take() {
                let noticed = self.after(since, HOUR);
                if noticed < *at && noticed >= from {
                    return to.min(noticed);
                }
            }
        }
        match lost.map(|since| self.after(since, HOUR)) {
            Some(noticed) if noticed >= from => to.min(noticed),
            _ => to,
        }
    }
}

/// When a call arrived.
pub(crate) fn moment(call: &CallLog) -> i64 {
    call.at_ms - SimClock::epoch(0)
}

/// Whether we cannot know what came of a call: lost on the way, performed without an answer, or a fault of AWS that may
/// hide a success.
pub(crate) fn is_unknown(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Ok => false,
        Outcome::Refused(code) => code == "InternalServerException",
        Outcome::Dropped | Outcome::PerformedUnanswered => true,
    }
}

fn lives(record: &Record) -> Vec<Life> {
    let mut lives: Vec<Life> = Vec::new();
    for change in &record.changes {
        let Some(place) = record.places.get(&change.key) else {
            continue;
        };
        let at = change.at_ms - SimClock::epoch(0);
        if change.present {
            lives.push(Life {
                place: *place,
                from: at,
                to: None,
                is_ours: change.operation.is_some(),
                is_removed_by_us: false,
            });
        } else if let Some(life) = lives
            .iter_mut()
            .find(|life| life.place == *place && life.to.is_none())
        {
            life.to = Some(at);
            life.is_removed_by_us = change.operation.is_some();
        }
    }
    lives
}
