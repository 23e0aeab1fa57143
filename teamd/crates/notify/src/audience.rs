//! Whom an event concerns, and how much it matters. Nobody is told of what they did themselves, and nobody who is not
//! concerned: rooms, topics and webhooks are the routes' business.

use super::Told;
use std::collections::BTreeMap;
use team_shared::event::EventType;
use team_shared::ids::UserId;
use teamd_domain::directory::Directory;
use teamd_domain::event::Severity;
use teamd_domain::request::{Request, State};
use teamd_policy::{Policy, Subject, deciders_on, people_of};

/// Why somebody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// It is theirs.
    Requester,
    /// They may decide it.
    Approver,
    /// They may decide requests: whoever the policy names for that.
    Decider,
    /// Nobody waits for them, but they may revoke it and close its review.
    Overseer,
    /// Security.
    Security,
    /// Administrators.
    Admin,
    /// A route names them.
    Route,
}

impl Part {
    /// The word for templates.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Requester => "requester",
            Self::Approver => "approver",
            Self::Decider => "decider",
            Self::Overseer => "overseer",
            Self::Security => "security",
            Self::Admin => "admin",
            Self::Route => "route",
        }
    }

    /// Why, for the foot of a message.
    #[must_use]
    pub fn because(self) -> &'static str {
        match self {
            Self::Requester => "it is your request",
            Self::Approver => "you are an approver of this request",
            Self::Decider => "you decide on requests",
            Self::Overseer => "you oversee this access",
            Self::Security => "you have the role security",
            Self::Admin => "you are an administrator",
            Self::Route => "a route names you",
        }
    }
}

/// How much an event matters.
#[must_use]
pub fn severity(told: &Told<'_>) -> Severity {
    let is_glass_broken = told.request.is_some_and(|request| request.terms.break_glass);
    match told.kind {
        EventType::RequestSubmitted | EventType::RequestActive if is_glass_broken => Severity::Alarm,
        EventType::GrantStuck
        | EventType::GrantReappeared
        | EventType::RequestLost
        | EventType::AuditFault
        | EventType::ClockSuspect
        | EventType::DaemonRevokeOnly => Severity::Alarm,
        EventType::RequestFailed
        | EventType::RequestGivenUp
        | EventType::GrantDrift
        | EventType::ActivityMarked
        | EventType::FreezeOn
        | EventType::DirectoryWidened
        | EventType::NotifyFailing => Severity::Warning,
        _ => Severity::Info,
    }
}

/// The people whom an event concerns, each with why. Disabled people and people who are gone are in it: that they cannot
/// be told is worth knowing.
#[must_use]
pub fn audience(
    told: &Told<'_>,
    policy: Option<&Policy>,
    directory: Option<&Directory>,
) -> BTreeMap<UserId, Part> {
    let mut people = People {
        found: BTreeMap::new(),
        policy,
        directory,
    };
    if let Some(request) = told.request {
        people.of_request(told, request);
    }
    people.of_house(told);
    let mut found = people.found;
    if let Some(own) = &told.actor.user_id {
        found.remove(own);
    }
    found
}

struct People<'a> {
    found: BTreeMap<UserId, Part>,
    policy: Option<&'a Policy>,
    directory: Option<&'a Directory>,
}

impl People<'_> {
    /// The first reason is the one that is given.
    fn add<'p>(&mut self, people: impl IntoIterator<Item = &'p UserId>, part: Part) {
        for id in people {
            self.found.entry(id.clone()).or_insert(part);
        }
    }

    fn add_role(&mut self, part: Part) {
        let (Some(policy), Some(directory)) = (self.policy, self.directory) else {
            return;
        };
        let who: &[Subject] = match part {
            Part::Security => &policy.roles.security,
            _ => &policy.roles.admins,
        };
        let people = people_of(who, directory);
        self.add(people.into_iter().map(|person| &person.id), part);
    }

    /// Everybody whom the policy names as an approver, of whatever.
    fn add_deciders(&mut self) {
        let (Some(policy), Some(directory)) = (self.policy, self.directory) else {
            return;
        };
        let named = policy.approvers.iter().flat_map(|rule| &rule.who);
        let own = policy.eligibility.iter().flat_map(|rule| &rule.approvers);
        let who: Vec<Subject> = named.chain(own).cloned().collect();
        let people = people_of(&who, directory);
        self.add(people.into_iter().map(|person| &person.id), Part::Decider);
    }

    fn of_request(&mut self, told: &Told<'_>, request: &Request) {
        let requester = [&request.key.user];
        let approvers = || {
            let all = request
                .basis
                .demands
                .iter()
                .flat_map(|demand| demand.approvers.iter());
            all.filter(|id| **id != request.key.user)
        };
        let voted = |id: &&UserId| request.votes.iter().any(|vote| vote.by == **id);
        let is_glass_broken = request.terms.break_glass;
        match told.kind {
            EventType::RequestSubmitted => {
                self.add(approvers(), Part::Approver);
                if is_glass_broken {
                    self.add_skipped(request);
                }
            }
            // Those who may decide it at that moment, where the event names them.
            EventType::ReminderPending if told.data["to"].is_array() => {
                let others = |id: &&UserId| !voted(id) && **id != request.key.user;
                self.add(named(told).iter().filter(others), Part::Approver);
            }
            EventType::ReminderPending => self.add(approvers().filter(|id| !voted(id)), Part::Approver),
            EventType::RequestEscalated => self.add(&named(told), Part::Approver),
            // Who was told that somebody looks must hear that nobody does. Of a claim that runs out nobody is told: until
            // when it holds stood in the message of the claim, and reminders go on.
            EventType::RequestClaimed | EventType::RequestUnclaimed => self.add(approvers(), Part::Approver),
            EventType::RequestTermsChanged | EventType::RequestRejected | EventType::RequestExpired => {
                self.add(requester, Part::Requester);
                self.add(approvers(), Part::Approver);
            }
            // Nobody had to approve it: its requester saw that when asking.
            EventType::RequestApproved if told.data["approval_required"] == false => {}
            EventType::RequestApproved => {
                self.add(requester, Part::Requester);
                self.add(approvers(), Part::Approver);
            }
            EventType::RequestCancelled | EventType::RequestWithdrawn => {
                self.add(requester, Part::Requester);
                // Once it is decided, nothing waits for them any more.
                if !matches!(told.kind, EventType::RequestWithdrawn) || request.votes.is_empty() {
                    self.add(approvers(), Part::Approver);
                }
            }
            EventType::RequestScheduled
            | EventType::RequestActive
            | EventType::ReminderBeforeEnd
            | EventType::RequestEnded
            | EventType::RequestReviewed => self.add(requester, Part::Requester),
            EventType::RequestRevoked => {
                self.add(requester, Part::Requester);
                self.add(request.votes.iter().map(|vote| &vote.by), Part::Approver);
            }
            EventType::RequestFailed | EventType::GrantStuck => {
                self.add(requester, Part::Requester);
                self.add_role(Part::Admin);
            }
            EventType::RequestGivenUp | EventType::RequestLost | EventType::GrantReappeared => {
                self.add_role(Part::Admin);
                self.add_role(Part::Security);
            }
            _ => {}
        }
        if is_glass_broken && matches!(told.kind, EventType::RequestActive) {
            self.add_skipped(request);
        }
    }

    /// Everybody who would have been asked, had the glass not been broken: by whichever rule they decide on the target.
    fn add_skipped(&mut self, request: &Request) {
        self.add(&request.basis.overseers, Part::Overseer);
        if let (Some(policy), Some(directory)) = (self.policy, self.directory) {
            let key = &request.key;
            let who = deciders_on(policy, directory, &key.account, &key.permission_set);
            let people = people_of(&who, directory);
            let others = people.into_iter().map(|person| &person.id);
            self.add(others.filter(|id| **id != key.user), Part::Overseer);
        }
        self.add_role(Part::Security);
    }

    /// What is about the house and not about one request.
    fn of_house(&mut self, told: &Told<'_>) {
        match told.kind {
            EventType::GrantStuck
            | EventType::GrantDrift
            | EventType::PolicyProposed
            | EventType::ClockClear
            | EventType::NotifyFailing
            | EventType::NotifyClear => self.add_role(Part::Admin),
            EventType::GrantReappeared
            | EventType::FreezeOn
            | EventType::FreezeOff
            | EventType::PolicyApplied
            | EventType::DirectoryWidened
            | EventType::ClockSuspect
            | EventType::AuditFault
            | EventType::DaemonRevokeOnly => {
                self.add_role(Part::Admin);
                self.add_role(Part::Security);
            }
            EventType::ActivityMarked => self.add_role(Part::Security),
            // Whoever decides should see what comes of it; it names nobody.
            EventType::DigestWeekly => {
                self.add_role(Part::Admin);
                self.add_role(Part::Security);
                self.add_deciders();
            }
            _ => {}
        }
    }
}

/// The people whom an event names as those to be told.
fn named(told: &Told<'_>) -> Vec<UserId> {
    let list = told.data["to"].as_array();
    let ids = list.into_iter().flatten().filter_map(serde_json::Value::as_str);
    ids.filter_map(|id| id.parse().ok()).collect()
}

/// Whether a notice that waited has lost its sense for people: a reminder of what is decided, a warning of an end that has
/// come.
#[must_use]
pub fn is_stale(kind: EventType, request: Option<&Request>) -> Option<&'static str> {
    let request = request?;
    match kind {
        EventType::ReminderPending
        | EventType::RequestEscalated
        | EventType::RequestClaimed
        | EventType::RequestUnclaimed
            if !matches!(request.state, State::Pending) =>
        {
            Some("it was decided meanwhile")
        }
        EventType::ReminderBeforeEnd if !matches!(request.state, State::Active { .. }) => {
            Some("the access is over meanwhile")
        }
        _ => None,
    }
}
