//! What happens in the seven days of a seed, decided before they begin: what people ask for and when they change their
//! minds, what the weather is like, when the daemon dies. The judge reads it too: it is the list of what was due.

use super::bent::{Bend, bends};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

pub(crate) const SECOND: i64 = 1_000;
pub(crate) const MINUTE: i64 = 60 * SECOND;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;

/// How long the storm lasts; then comes a calm without faults, in which everything must come to rest.
pub(crate) const STORM: i64 = 7 * DAY;

/// The calm. Longer than anybody's access that begins in the storm may last, and than the time to decide.
pub(crate) const CALM: i64 = 10 * HOUR;

/// Who asks. Decided on by `lea` and `max`.
pub(crate) const PEOPLE: [&str; 4] = ["ann", "ben", "cleo", "dan"];
pub(crate) const APPROVERS: [&str; 2] = ["lea", "max"];
pub(crate) const ACCOUNTS: [&str; 4] = ["400000000001", "400000000002", "400000000003", "400000000004"];

/// Needs an approval.
pub(crate) const ADMIN: &str = "Admin";
/// Needs none.
pub(crate) const READ: &str = "Read";

/// A person, an account and a permission set: one of sixteen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub(crate) person: usize,
    pub(crate) account: usize,
}

impl Place {
    pub(crate) const ALL: usize = PEOPLE.len() * ACCOUNTS.len();

    pub(crate) fn number(number: usize) -> Self {
        Self {
            person: number % PEOPLE.len(),
            account: number / PEOPLE.len() % ACCOUNTS.len(),
        }
    }

    pub(crate) fn user(self) -> &'static str {
        PEOPLE[self.person]
    }

    pub(crate) fn account(self) -> &'static str {
        ACCOUNTS[self.account]
    }

    pub(crate) fn set(self) -> &'static str {
        if self.needs_approval() { ADMIN } else { READ }
    }

    pub(crate) fn needs_approval(self) -> bool {
        (self.person + self.account).is_multiple_of(2)
    }
}

/// Which time is asked for. Milliseconds since the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// So many seconds from activation on.
    For(i64),
    /// From then on, so many seconds.
    At(i64, i64),
    /// Until then.
    Until(i64),
}

/// What one person asks for, and what becomes of it.
#[derive(Debug, Clone)]
pub(crate) struct Plea {
    pub(crate) place: Place,
    pub(crate) at: i64,
    pub(crate) shape: Shape,
    /// How long the approver takes.
    pub(crate) approval_after: i64,
    /// The requester tries to approve it.
    pub(crate) tries_alone: bool,
    /// Somebody takes it back so long after the decision: its requester, or an approver.
    pub(crate) back: Option<(i64, Back)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Back {
    Done,
    Revoke,
}

/// Something that happens to the organisation behind everybody's back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hand {
    /// Somebody puts the assignment there by hand, if it is not there.
    Put(Place),
    /// Somebody takes an assignment away that was put there by hand.
    Take(Place),
    /// The person leaves the group that may ask, or comes back.
    Leave(usize),
    Return(usize),
    /// The account is suspended, or active again.
    Suspend(usize),
    Resume(usize),
    /// The person is deleted from the directory.
    Delete(usize),
    /// Operators hold the gate, or let go.
    Hold,
    Release,
    /// The operator denies the person everything by a new policy, or no longer does.
    Deny(usize),
    Allow(usize),
    /// The operator freezes, or lifts the freeze.
    Freeze,
    Unfreeze,
}

/// A span of time: from, and up to.
pub(crate) type Span = (i64, i64);

#[derive(Debug, Clone)]
pub(crate) struct Script {
    pub(crate) seed: u64,
    pub(crate) pleas: Vec<Plea>,
    pub(crate) hands: Vec<(i64, Hand)>,
    /// AWS does not answer. The second part: it answers with errors instead of silence.
    pub(crate) outages: Vec<(Span, bool)>,
    /// Moments at which the daemon dies, besides those that befall it in the middle of a call.
    pub(crate) crashes: Vec<i64>,
    /// Moments at which a second daemon is started while the first still runs, and how long the first would stay.
    pub(crate) takeovers: Vec<(i64, i64)>,
    /// What the operator says to the daemon, until it is accepted.
    pub(crate) commands: Vec<(i64, Hand)>,
    /// When the daemon is configured for another Identity Center instance. It is started anew at both ends.
    pub(crate) instances: Vec<Span>,
    /// Until then AWS does not say which account is the daemon's own.
    pub(crate) nameless_until: i64,
    /// When another process holds the lock of the database.
    pub(crate) locks: Vec<Span>,
    /// When the wall clock of the daemon's machine is wrong.
    pub(crate) bends: Vec<Bend>,
    /// Places held from the beginning, without us.
    pub(crate) standing: Vec<Place>,
    /// Live access stays although its basis is lost.
    pub(crate) keeps: bool,
}

impl Script {
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed ^ 0x5eed_0001);
        let mut script = Self {
            seed,
            pleas: Vec::new(),
            hands: Vec::new(),
            outages: Vec::new(),
            crashes: Vec::new(),
            takeovers: Vec::new(),
            commands: Vec::new(),
            instances: Vec::new(),
            nameless_until: 0,
            locks: Vec::new(),
            bends: Vec::new(),
            standing: Vec::new(),
            keeps: rng.random_bool(0.5),
        };
        script.standing = (0..Place::ALL)
            .map(Place::number)
            .filter(|_| rng.random_bool(0.12))
            .collect();
        script.ask(&mut rng);
        script.rush(&mut rng);
        script.meddle(&mut rng);
        script.weather(&mut rng);
        script.take_over();
        script.change_instances();
        script.lock();
        script.command();
        let begins: Vec<i64> = script.pleas.iter().map(Plea::begins).collect();
        script.bends = bends(seed, &begins);
        script.pleas.sort_by_key(|plea| plea.at);
        script.hands.sort_by_key(|(at, _)| *at);
        script
    }

    /// Requests through the week: alone, on top of one another, one after the other.
    fn ask(&mut self, rng: &mut StdRng) {
        while self.pleas.len() < 22 {
            let at = rng.random_range(HOUR..STORM - 10 * HOUR);
            let place = Place::number(rng.random_range(0..Place::ALL));
            let plea = plea(place, at, rng);
            match (rng.random_range(0..10), plea.shape) {
                // Somebody asks again while the first is under way.
                (0..=2, _) => {
                    let later = at + rng.random_range(SECOND..20 * MINUTE);
                    self.pleas.push(self::plea(place, later, rng));
                }
                // The next window begins where this one ends.
                (3..=4, Shape::At(start, seconds)) => {
                    let next = Shape::At(start + seconds * SECOND, rng.random_range(60..3_600));
                    let at = at + rng.random_range(SECOND..MINUTE);
                    self.pleas.push(Plea {
                        shape: next,
                        ..self::plea(place, at, rng)
                    });
                }
                // Asked for again as soon as it was given back: the earlier life of the grant is just over.
                (5..=6, _) => {
                    let later = at + plea.approval_after + rng.random_range(5 * SECOND..3 * MINUTE);
                    self.pleas.push(self::plea(place, later, rng));
                }
                _ => {}
            }
            self.pleas.push(plea);
        }
    }

    /// Once a week everything happens in the same minute: many windows begin when as many end.
    fn rush(&mut self, rng: &mut StdRng) {
        let at = rng.random_range(DAY..STORM - DAY);
        for number in 0..Place::ALL {
            let place = Place::number(number);
            if rng.random_bool(0.15) {
                continue;
            }
            let ends = number.is_multiple_of(4);
            let start = if ends { at - 20 * MINUTE } else { at };
            self.pleas.push(Plea {
                place,
                at: start - rng.random_range(5 * MINUTE..10 * MINUTE),
                shape: Shape::At(start, 20 * 60),
                approval_after: SECOND,
                tries_alone: false,
                back: None,
            });
        }
    }

    fn meddle(&mut self, rng: &mut StdRng) {
        for _ in 0..3 {
            let place = Place::number(rng.random_range(0..Place::ALL));
            let at = rng.random_range(HOUR..STORM - 4 * HOUR);
            self.hands.push((at, Hand::Put(place)));
            if rng.random_bool(0.5) {
                let later = at + rng.random_range(MINUTE..8 * HOUR);
                self.hands.push((later.min(STORM), Hand::Take(place)));
            }
        }
        let mut for_a_while = |chance, from, to, longest| {
            if rng.random_bool(chance) {
                let at = rng.random_range(HOUR..STORM - 30 * HOUR);
                self.hands.push((at, from));
                let later: i64 = at + rng.random_range(MINUTE..longest);
                self.hands.push((later.min(STORM), to));
            }
        };
        for account in 0..ACCOUNTS.len() {
            for_a_while(0.1, Hand::Suspend(account), Hand::Resume(account), 8 * HOUR);
        }
        for_a_while(0.5, Hand::Hold, Hand::Release, 4 * HOUR);
        self.leave(rng);
        if rng.random_bool(0.1) {
            let at = rng.random_range(DAY..STORM - DAY);
            self.hands
                .push((at, Hand::Delete(rng.random_range(0..PEOPLE.len()))));
        }
    }

    /// People leave the group that may ask, mostly while they have access: that is when it matters.
    fn leave(&mut self, rng: &mut StdRng) {
        for person in 0..PEOPLE.len() {
            let theirs = self.pleas.iter().filter(|plea| plea.place.person == person);
            let begins: Vec<i64> = theirs.map(Plea::begins).collect();
            if begins.is_empty() || rng.random_bool(0.6) {
                continue;
            }
            let at = begins[rng.random_range(0..begins.len())] + rng.random_range(0..20 * MINUTE);
            self.hands.push((at, Hand::Leave(person)));
            let later = at + rng.random_range(MINUTE..24 * HOUR);
            self.hands.push((later.min(STORM), Hand::Return(person)));
        }
    }

    fn weather(&mut self, rng: &mut StdRng) {
        for _ in 0..rng.random_range(0..=2) {
            let length = match rng.random_range(0..4) {
                0 => rng.random_range(5 * HOUR..15 * HOUR),
                1 => rng.random_range(20 * MINUTE..3 * HOUR),
                _ => rng.random_range(10 * SECOND..20 * MINUTE),
            };
            // Outages that nobody's access ends in show nothing: half of them begin while there is some.
            let from = if rng.random_bool(0.7) && !self.pleas.is_empty() {
                let plea = &self.pleas[rng.random_range(0..self.pleas.len())];
                plea.begins() + rng.random_range(0..10 * MINUTE)
            } else {
                rng.random_range(HOUR..STORM - 16 * HOUR)
            };
            self.outages
                .push(((from, (from + length).min(STORM)), rng.random_bool(0.5)));
        }
        for _ in 0..rng.random_range(0..=10) {
            self.crashes.push(rng.random_range(HOUR..STORM));
        }
        // In a long outage a daemon that is started again and again begins again and again.
        for ((from, to), _) in &self.outages {
            for _ in 0..rng.random_range(0..4) {
                self.crashes.push(rng.random_range(*from..*to));
            }
        }
        self.crashes.sort_unstable();
    }
}

impl Plea {
    /// The earliest moment at which access may be there.
    pub(crate) fn begins(&self) -> i64 {
        match self.shape {
            Shape::For(_) | Shape::Until(_) => self.at,
            Shape::At(start, _) => start,
        }
    }

    /// About when it ends, if it is given as soon as it is asked for.
    pub(crate) fn ends(&self) -> i64 {
        match self.shape {
            Shape::For(seconds) => self.at + self.approval_after + seconds * SECOND,
            Shape::At(start, seconds) => start + seconds * SECOND,
            Shape::Until(end) => end,
        }
    }
}

fn plea(place: Place, at: i64, rng: &mut StdRng) -> Plea {
    let seconds = match rng.random_range(0..10) {
        0..3 => rng.random_range(60..600),
        3..8 => rng.random_range(600..7_200),
        _ => rng.random_range(7_200..8 * 3_600),
    };
    let shape = match rng.random_range(0..10) {
        0..6 => Shape::For(seconds),
        6..9 => Shape::At(at + rng.random_range(2 * MINUTE..2 * HOUR), seconds),
        _ => Shape::Until(at + seconds.max(300) * SECOND),
    };
    let back = match rng.random_range(0..10) {
        // Seconds after the grant: what shows most.
        0..4 => Some(rng.random_range(0..30 * SECOND)),
        4..6 => Some(rng.random_range(30 * SECOND..seconds.max(60) * SECOND)),
        _ => None,
    };
    let who = if rng.random_bool(0.5) {
        Back::Done
    } else {
        Back::Revoke
    };
    Plea {
        place,
        at,
        shape,
        approval_after: rng.random_range(SECOND..2 * MINUTE),
        tries_alone: rng.random_bool(0.1),
        back: back.map(|after| (after, who)),
    }
}
