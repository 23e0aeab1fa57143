//! A request: what people decide on. The machine is in [`transition`]; nobody else assigns a state.

mod command;
mod decide;
mod ending;
mod error;
mod submit;
mod terms;
mod transition;

pub use command::{Change, Command};
pub use error::TransitionError;
pub use submit::submit;
pub use terms::{Terms, expires_at, narrower};
pub use transition::{Next, transition};

use chrono::TimeDelta;

/// How long a create may take before the request is given up.
pub const ACTIVATION_DEADLINE: TimeDelta = TimeDelta::minutes(15);

/// The clock of a floating request starts at activation, or so long after the first create attempt if that is earlier.
pub const FLOATING_GRACE: TimeDelta = TimeDelta::minutes(5);

use super::Time;
use super::event::{Actor, EventDraft};
use team_shared::event::EventType;
use team_shared::ids::{AccountId, PermissionSetArn, RequestId, UserId};
use team_shared::state::RequestState;

/// What a grant is keyed by: one person, one account, one permission set.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Whose.
    pub user: UserId,
    /// Where.
    pub account: AccountId,
    /// As what.
    pub permission_set: PermissionSetArn,
}

/// One demand for approval: distinct people, so many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demand {
    /// The eligibility rule that demands it.
    pub rule: String,
    /// Distinct votes needed, one at least.
    pub quorum: u32,
    /// Who may vote; never the requester.
    pub approvers: std::sync::Arc<[UserId]>,
}

/// What policy said about a request when it was last judged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Basis {
    /// The counting rule with the longest cap.
    pub rule: Option<String>,
    /// All counting rules, in document order.
    pub rules: Vec<String>,
    /// What must be approved; empty: nothing.
    pub demands: Vec<Demand>,
    /// Who may revoke and review although nobody had to approve.
    pub overseers: Vec<UserId>,
    /// No access past this: when the last of the counting rules ends. `None`: one of them has no end.
    pub valid_until: Option<Time>,
}

impl Basis {
    /// Whether somebody's vote counts.
    #[must_use]
    pub fn asks(&self, person: &UserId) -> bool {
        self.demands
            .iter()
            .any(|demand| demand.approvers.contains(person))
            || self.demands.is_empty() && self.overseers.contains(person)
    }
}

/// A vote for the terms in force, or for wider ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vote {
    /// Who; never the requester.
    pub by: UserId,
    /// When.
    pub at: Time,
    /// Digest of the terms that it was given on.
    pub digest: String,
    /// What they said.
    pub comment: Option<String>,
}

/// The time in which the access was or is live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// From.
    pub start_at: Time,
    /// To.
    pub end_at: Time,
}

/// The first of the two administrators who give up a removal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Who; never the requester.
    pub by: UserId,
    /// When.
    pub at: Time,
    /// Why.
    pub reason: String,
}

/// Which terminal state an ending leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// At its time, or by its requester.
    Ended,
    /// Taken back.
    Revoked,
    /// Never became active.
    Failed,
}

/// How access came to its end, once absence is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finish {
    /// When absence was verified.
    pub at: Time,
    /// In one or two words.
    pub reason: String,
    /// The time in which it was live, if it ever was.
    pub session: Option<Session>,
    /// Seconds from the due end to verified absence.
    pub late_by_seconds: i64,
    /// Until when credentials issued before may live.
    pub residual_until: Option<Time>,
    /// Another request that keeps the grant.
    pub still_held_by: Option<RequestId>,
}

/// Where a request stands, with exactly the data that it has there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Waits for decisions.
    Pending,
    /// Waits for its start.
    Scheduled {
        /// When it was approved.
        approved_at: Time,
    },
    /// The assignment is being created; holds a lease.
    Activating {
        /// Since when.
        since: Time,
        /// The earliest create attempt, which starts the clock of a floating request five minutes later.
        first_attempt_at: Option<Time>,
    },
    /// AWS has confirmed; holds a lease.
    Active {
        /// From when to when.
        session: Session,
    },
    /// Being removed; the lease is gone.
    Ending {
        /// Since when.
        since: Time,
        /// When it should have been gone.
        due_at: Time,
        /// In one or two words.
        reason: String,
        /// Where it leads.
        outcome: Outcome,
        /// The time in which it was live, if it ever was.
        session: Option<Session>,
        /// An administrator who gives it up; the removal goes on.
        given_up: Option<Signature>,
    },
    /// Over at its time or by its requester.
    Ended(Finish),
    /// Taken back early.
    Revoked(Finish),
    /// AWS would not create it.
    Failed(Finish),
    /// Refused by an approver.
    Rejected {
        /// When.
        at: Time,
        /// By whom.
        by: UserId,
        /// Why.
        comment: Option<String>,
    },
    /// Taken back by its requester before it began.
    Cancelled {
        /// When.
        at: Time,
    },
    /// Nobody decided in time.
    Expired {
        /// When.
        at: Time,
    },
    /// Its basis was gone before it began.
    Withdrawn {
        /// When.
        at: Time,
        /// Why.
        reason: String,
    },
    /// Given up by two administrators.
    Lost {
        /// When.
        at: Time,
        /// Why.
        reason: String,
        /// The time in which it was live, if it ever was: it comes back with it.
        session: Option<Session>,
    },
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Id.
    pub id: RequestId,
    /// Counts every change, from 1.
    pub version: u64,
    /// Whose, where, as what: never changes.
    pub key: Key,
    /// What is decided on.
    pub terms: Terms,
    /// The request that it extends.
    pub extends: Option<RequestId>,
    /// The batch that it came in.
    pub batch_id: Option<String>,
    /// Filed at.
    pub created_at: Time,
    /// Until when it can be decided.
    pub expires_at: Time,
    /// What policy said when it was last judged.
    pub basis: Basis,
    /// Groups through which the person held the same access when they asked.
    pub also_held_through: Vec<String>,
    /// Votes that count.
    pub votes: Vec<Vote>,
    /// Where it stands.
    pub state: State,
}

impl Outcome {
    /// The word for it: the terminal state's.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ended => "ended",
            Self::Revoked => "revoked",
            Self::Failed => "failed",
        }
    }
}

impl State {
    /// The word for it.
    #[must_use]
    pub fn word(&self) -> RequestState {
        match self {
            Self::Pending => RequestState::Pending,
            Self::Scheduled { .. } => RequestState::Scheduled,
            Self::Activating { .. } => RequestState::Activating,
            Self::Active { .. } => RequestState::Active,
            Self::Ending { .. } => RequestState::Ending,
            Self::Ended(_) => RequestState::Ended,
            Self::Revoked(_) => RequestState::Revoked,
            Self::Failed(_) => RequestState::Failed,
            Self::Rejected { .. } => RequestState::Rejected,
            Self::Cancelled { .. } => RequestState::Cancelled,
            Self::Expired { .. } => RequestState::Expired,
            Self::Withdrawn { .. } => RequestState::Withdrawn,
            Self::Lost { .. } => RequestState::Lost,
        }
    }

    /// Whether its access is live, or on its way. Whether a request holds its grant is [`Request::holds_lease`].
    #[must_use]
    pub fn is_live(&self) -> bool {
        matches!(self, Self::Activating { .. } | Self::Active { .. })
    }

    /// The time in which the access was or is live.
    #[must_use]
    pub fn session(&self) -> Option<Session> {
        match self {
            Self::Active { session } => Some(*session),
            Self::Ending { session, .. } => *session,
            Self::Ended(finish) | Self::Revoked(finish) | Self::Failed(finish) => finish.session,
            Self::Pending
            | Self::Scheduled { .. }
            | Self::Activating { .. }
            | Self::Rejected { .. }
            | Self::Cancelled { .. }
            | Self::Expired { .. }
            | Self::Withdrawn { .. } => None,
            Self::Lost { session, .. } => *session,
        }
    }
}

impl Request {
    /// The digest of its terms.
    #[must_use]
    pub fn digest(&self) -> String {
        self.terms.digest(&self.id, &self.key, self.extends.as_ref())
    }

    /// An event of it, as every one begins: which request, by whom, on which terms and by which rule.
    #[must_use]
    pub fn event(&self, kind: EventType, actor: &Actor) -> EventDraft {
        let event = EventDraft::new(kind)
            .of(self.id)
            .by(actor)
            .text("terms_digest", self.digest());
        match &self.basis.rule {
            Some(rule) => event.text("rule", rule),
            None => event,
        }
    }

    /// Whether it holds its grant: the grant exists while any request does. An extension does so from its approval on,
    /// so that there is no moment between it and the request that it extends. Without that one it goes, too: whatever
    /// ends a request early ends what extends it in the same transaction.
    #[must_use]
    pub fn holds_lease(&self) -> bool {
        self.state.is_live() || self.extends.is_some() && matches!(self.state, State::Scheduled { .. })
    }

    /// When a timer must look at it next; none: no timer does.
    #[must_use]
    pub fn deadline(&self) -> Option<Time> {
        match &self.state {
            State::Pending => Some(self.expires_at),
            State::Scheduled { .. } => self.terms.start_at.or(Some(self.created_at)),
            State::Activating { since, .. } => {
                let give_up = *since + ACTIVATION_DEADLINE;
                Some(self.latest_end().map_or(give_up, |end| end.min(give_up)))
            }
            State::Active { session } => Some(session.end_at),
            State::Ending { .. }
            | State::Ended(_)
            | State::Revoked(_)
            | State::Failed(_)
            | State::Rejected { .. }
            | State::Cancelled { .. }
            | State::Expired { .. }
            | State::Withdrawn { .. }
            | State::Lost { .. } => None,
        }
    }

    /// Distinct votes that count for a demand.
    pub fn votes_for<'a>(&'a self, demand: &'a Demand) -> impl Iterator<Item = &'a Vote> {
        self.votes
            .iter()
            .filter(|vote| vote.by != self.key.user && demand.approvers.contains(&vote.by))
    }

    /// Every demand has its quorum.
    #[must_use]
    pub fn is_approved(&self) -> bool {
        self.basis
            .demands
            .iter()
            .all(|demand| self.votes_for(demand).count() >= demand.quorum as usize)
    }
}

#[cfg(test)]
pub(crate) mod tests;
