//! Over which channels, and where else: from the people concerned and the routes to one planned delivery for each channel
//! and recipient. Pure.

use super::Told;
use super::audience::{Part, audience, severity};
use super::recipient::Recipient;
use std::collections::{BTreeMap, BTreeSet};
use team_shared::ids::UserId;
use teamd_config as config;
use teamd_domain::directory::Directory;
use teamd_domain::event::{EventPattern, Severity};
use teamd_policy::{Policy, Route, Target, people_of};

/// Where there is no channel, because there is nothing that reaches this recipient.
pub const NO_CHANNEL: &str = "-";

/// Whom and what a channel reaches.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reach {
    /// People, by their mail address.
    pub people: bool,
    /// Mail addresses that are nobody's.
    pub mail: bool,
    /// Rooms that routes choose.
    pub rooms: bool,
    /// What gets everything that these events are of; empty: everything.
    pub place: Option<(Recipient, Vec<EventPattern>)>,
}

/// A channel, for planning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// Its name.
    pub name: String,
    /// Whom and what it reaches.
    pub reach: Reach,
    /// Nothing arrives over it at present: what is sent over it waits.
    pub is_broken: bool,
}

/// One delivery that should be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Planned {
    /// The channel; [`NO_CHANNEL`] where there is none.
    pub channel: String,
    /// To whom.
    pub recipient: Recipient,
    /// Why it cannot be; none: it is sent.
    pub skip: Option<String>,
}

/// Everything that should be sent of an event: by the routes of this host's configuration and by those of the policy. A
/// channel that is broken does not tell of itself.
#[must_use]
pub fn plan(
    told: &Told<'_>,
    policy: Option<&Policy>,
    directory: Option<&Directory>,
    ways: &[Way],
    configured: &[config::Route],
) -> Vec<Planned> {
    let matter = severity(told);
    let is_about = |route: &Route| matter >= route.severity && fits(route, told, directory);
    let configured: Vec<&config::Route> = configured.iter().filter(|one| is_about(&one.route)).collect();
    let of_policy = policy.map_or(&[][..], |policy| &policy.routes).iter();
    let routes: Vec<&Route> = configured
        .iter()
        .map(|one| &one.route)
        .chain(of_policy.filter(|route| is_about(route)))
        .collect();
    let broken = told.data["channel"].as_str().unwrap_or_default();
    let ways: Vec<&Way> = ways.iter().filter(|way| way.name != broken).collect();
    let mut people = audience(told, policy, directory);
    for route in &routes {
        for target in &route.to {
            if let (Target::People(subject), Some(directory)) = (target, directory) {
                for person in people_of(std::slice::from_ref(subject), directory) {
                    let is_actor = told.actor.user_id.as_ref() == Some(&person.id);
                    if !is_actor {
                        people.entry(person.id.clone()).or_insert(Part::Route);
                    }
                }
            }
        }
    }
    let by: BTreeSet<&str> = configured
        .iter()
        .flat_map(|route| route.people_by.iter().map(String::as_str))
        .collect();
    let mut planned = BTreeSet::new();
    let arrives = |way: &&Way| way.reach.people && by.contains(way.name.as_str()) && !way.is_broken;
    // An alarm goes every way there is: one of them may be broken. So does everything where those that were chosen are.
    let all = by.is_empty() || matter == Severity::Alarm || !ways.iter().copied().any(|way| arrives(&way));
    for id in people.keys() {
        let mine = ways
            .iter()
            .filter(|way| way.reach.people && (all || by.contains(way.name.as_str())));
        planned.extend(to_person(id, directory, mine.map(|way| way.name.as_str())));
    }
    planned.extend(to_places(told, &ways, &routes));
    planned.into_iter().collect()
}

/// Why each person is told of an event, for the foot of a message.
#[must_use]
pub fn part_of(
    person: &UserId,
    told: &Told<'_>,
    policy: Option<&Policy>,
    directory: Option<&Directory>,
) -> Part {
    let known: BTreeMap<UserId, Part> = audience(told, policy, directory);
    known.get(person).copied().unwrap_or(Part::Route)
}

fn to_person<'w>(
    id: &UserId,
    directory: Option<&Directory>,
    ways: impl Iterator<Item = &'w str>,
) -> Vec<Planned> {
    let names: Vec<&str> = ways.collect();
    let person = directory.and_then(|directory| directory.people.get(id));
    let why_not = match person {
        // Who reads no mail reads nothing else either: every way goes by the address.
        None => Some("not in the directory any more"),
        Some(person) if !person.enabled => Some("disabled in the directory"),
        Some(person) if person.email.as_deref().is_none_or(str::is_empty) => {
            Some("no mail address in the directory")
        }
        Some(_) => None,
    };
    let to = |channel: &str| Planned {
        channel: channel.to_owned(),
        recipient: Recipient::Person(id.clone()),
        skip: why_not.map(ToOwned::to_owned),
    };
    match (names.is_empty(), why_not) {
        (true, _) => Vec::new(),
        (false, Some(_)) => vec![to(NO_CHANNEL)],
        (false, None) => names.into_iter().map(to).collect(),
    }
}

fn to_places(told: &Told<'_>, ways: &[&Way], routes: &[&Route]) -> Vec<Planned> {
    let mut planned = Vec::new();
    let mut send = |channel: &str, recipient: Recipient| {
        planned.push(Planned {
            channel: channel.to_owned(),
            recipient,
            skip: None,
        });
    };
    for way in ways {
        if let Some((recipient, events)) = &way.reach.place
            && (events.is_empty() || events.iter().any(|pattern| pattern.fits(told.kind)))
        {
            send(&way.name, recipient.clone());
        }
        for target in routes.iter().flat_map(|route| &route.to) {
            match target {
                Target::Slack(room) if way.reach.rooms => send(&way.name, Recipient::Room(room.clone())),
                Target::Mail(address) if way.reach.mail => {
                    send(&way.name, Recipient::Mail(address.clone()));
                }
                Target::Webhook(name) if way.name == format!("webhook:{name}") => {
                    send(&way.name, Recipient::Place);
                }
                Target::Sns if way.name == "sns" => send(&way.name, Recipient::Place),
                Target::Slack(_) | Target::Mail(_) | Target::Webhook(_) | Target::Sns | Target::People(_) => {
                }
            }
        }
    }
    planned
}

/// Whether a route is about this event. What is about no account fits only routes that name none.
fn fits(route: &Route, told: &Told<'_>, directory: Option<&Directory>) -> bool {
    let of_events = route.events.is_empty() || route.events.iter().any(|pattern| pattern.fits(told.kind));
    if !of_events {
        return false;
    }
    let account = target(told, "account_id", |request| request.key.account.as_str());
    let set = target(told, "permission_set_arn", |request| {
        request.key.permission_set.as_str()
    });
    let in_account = route.accounts.is_empty()
        || directory.is_some_and(|directory| {
            let account = account
                .and_then(|id| id.parse().ok())
                .and_then(|id| directory.accounts.get(&id));
            account.is_some_and(|account| route.accounts.iter().any(|one| one.fits(account, directory)))
        });
    let as_set = route.permission_sets.is_empty()
        || directory.is_some_and(|directory| {
            let set = set
                .and_then(|arn| arn.parse().ok())
                .and_then(|arn| directory.permission_sets.get(&arn));
            set.is_some_and(|set| route.permission_sets.iter().any(|one| one.fits(set)))
        });
    in_account && as_set
}

/// What an event is about: its request says, else its particulars.
fn target<'a>(
    told: &Told<'a>,
    name: &str,
    of: impl Fn(&'a teamd_domain::request::Request) -> &'a str,
) -> Option<&'a str> {
    told.request.map(of).or_else(|| told.data[name].as_str())
}

/// A channel as it is planned with. A webhook or topic that a route of the configuration names gets what routes send it,
/// and nothing else. A route of the policy only adds: no change of the policy takes anything away from a receiver.
#[must_use]
pub fn way(name: &str, mut reach: Reach, configured: &[config::Route]) -> Way {
    let is_named = configured
        .iter()
        .flat_map(|one| &one.route.to)
        .any(|target| match target {
            Target::Webhook(webhook) => name == format!("webhook:{webhook}"),
            Target::Sns => name == "sns",
            Target::Slack(_) | Target::Mail(_) | Target::People(_) => false,
        });
    if is_named {
        reach.place = None;
    }
    Way {
        name: name.to_owned(),
        reach,
        is_broken: false,
    }
}
