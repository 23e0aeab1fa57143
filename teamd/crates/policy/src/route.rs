//! What goes where beside those whom it concerns. A route adds and never takes away: whom an event concerns is told
//! whatever routes say.

use super::model::{AccountPattern, SetPattern, Subject};
use std::fmt;
use teamd_domain::event::{EventPattern, Severity};

/// Where a route leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// `slack:#room`
    Slack(String),
    /// `webhook:NAME`
    Webhook(String),
    /// `mail:ADDRESS`, over whatever sends mail.
    Mail(String),
    /// `sns`
    Sns,
    /// People, over whatever reaches people.
    People(Subject),
}

/// What goes where beside those whom it concerns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Route {
    /// Unique among routes.
    pub id: String,
    /// Of these events; empty: all.
    pub events: Vec<EventPattern>,
    /// Of requests for these accounts; empty: all, and what is about none.
    pub accounts: Vec<AccountPattern>,
    /// Of requests for these permission sets; empty: all, and what is about none.
    pub permission_sets: Vec<SetPattern>,
    /// Only what matters at least so much.
    pub severity: Severity,
    /// Where to.
    pub to: Vec<Target>,
}

impl Route {
    /// The people among its targets.
    #[must_use]
    pub fn people(&self) -> Vec<Subject> {
        let people = self.to.iter().filter_map(|target| match target {
            Target::People(subject) => Some(subject.clone()),
            Target::Slack(_) | Target::Webhook(_) | Target::Mail(_) | Target::Sns => None,
        });
        people.collect()
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Slack(room) => write!(f, "slack:{room}"),
            Self::Webhook(name) => write!(f, "webhook:{name}"),
            Self::Mail(address) => write!(f, "mail:{address}"),
            Self::Sns => f.write_str("sns"),
            Self::People(subject) => write!(f, "{subject}"),
        }
    }
}
