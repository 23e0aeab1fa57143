//! What is said, to whom, and that texts from outside stay texts in every medium.

mod events;
mod forms;
mod hostile;
mod routes;
mod week;

use super::notice::{Notice, Reader, write};
use super::{Part, Told};
use chrono::TimeDelta;
use events::every;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use team_shared::duration::Seconds;
use team_shared::event::EventType;
use team_shared::ids::{RequestId, UserId};
use team_shared::terms::Shape;
use teamd_domain::Time;
use teamd_domain::directory::{Account, Directory, Group, Index, OrganizationalUnit, PermissionSet, Person};
use teamd_domain::event::Actor;
use teamd_domain::request::{Basis, Demand, Key, Request, Session, State, Terms};
use teamd_policy::Policy;

const SET: &str = "arn:aws:sso:::permissionSet/ssoins-1/ps-1";

fn at(minutes: i64) -> Time {
    "2026-11-23T09:00:00Z".parse::<Time>().unwrap() + TimeDelta::minutes(minutes)
}

fn id(name: &str) -> UserId {
    format!("u-{name}").parse().unwrap()
}

fn person(name: &str) -> Person {
    Person {
        id: id(name),
        user_name: name.to_owned(),
        display_name: format!("{}{} Example", name[..1].to_uppercase(), &name[1..]),
        email: Some(format!("{name}@example.com")),
        zone: (name == "ann").then(|| "Europe/Berlin".to_owned()),
        enabled: true,
    }
}

/// Ann asks, Bob and Cleo approve, Dora oversees, Sam is security, Ada an administrator; Nils has no address, Otto left.
fn directory() -> Directory {
    let mut people: BTreeMap<UserId, Person> = ["ann", "bob", "cleo", "dora", "sam", "ada", "nils", "otto"]
        .into_iter()
        .map(|name| (id(name), person(name)))
        .collect();
    if let Some(nils) = people.get_mut(&id("nils")) {
        nils.email = None;
    }
    if let Some(otto) = people.get_mut(&id("otto")) {
        otto.enabled = false;
    }
    let account = Account {
        id: "111122223333".parse().unwrap(),
        name: "prod-app".into(),
        active: true,
        state: "ACTIVE".into(),
        ou_ids: vec!["ou-1".into()],
        tags: BTreeMap::new(),
    };
    let unit = OrganizationalUnit {
        id: "ou-1".into(),
        path: "Workloads/Prod".into(),
    };
    let set = PermissionSet {
        arn: SET.parse().unwrap(),
        name: "Administrator".into(),
        description: String::new(),
        session_seconds: 3600,
    };
    let group = Group {
        id: "g-1".parse().unwrap(),
        name: "soc".into(),
        members: [id("sam"), id("nils")].into(),
    };
    Directory {
        loaded_at: at(0),
        instance_arn: "arn".into(),
        identity_store_id: "d-1".into(),
        management_account: None,
        organizational_units: [(unit.id.clone(), unit)].into(),
        accounts: [(account.id.clone(), account)].into(),
        permission_sets: [(set.arn.clone(), set)].into(),
        people,
        groups: [(group.id.clone(), group)].into(),
        group_access: BTreeSet::new(),
        on_call: BTreeMap::new(),
        index: Index::default(),
    }
}

fn policy() -> Policy {
    teamd_policy::document::parse(
        "version = 1\n[roles]\nadmins = [\"user:ada\"]\nsecurity = [\"user:sam\"]\nauditors = [\"user:dora\"]\n\
         [[approver]]\nid = \"leads\"\naccounts = [\"*\"]\npermission_sets = [\"*\"]\nwho = [\"user:cleo\", \"user:sam\"]\n",
    )
    .unwrap()
}

fn request() -> Request {
    Request {
        id: RequestId::from_parts(1_795_424_400_000, 42),
        version: 1,
        key: Key {
            user: id("ann"),
            account: "111122223333".parse().unwrap(),
            permission_set: SET.parse().unwrap(),
        },
        terms: Terms {
            revision: 1,
            shape: Shape::Floating,
            start_at: None,
            end_at: None,
            duration: Seconds::new(7200).unwrap(),
            justification: "Disk full on db-1".into(),
            ticket: Some("INC-4711".into()),
            break_glass: false,
        },
        extends: None,
        batch_id: None,
        created_at: at(0),
        expires_at: at(180),
        basis: Basis {
            rule: Some("ops".into()),
            rules: vec!["ops".into()],
            demands: vec![Demand {
                rule: "ops".into(),
                quorum: 1,
                approvers: [id("bob"), id("cleo")].into(),
            }],
            overseers: vec![],
            valid_until: None,
        },
        also_held_through: vec![],
        votes: vec![],
        state: State::Pending,
    }
}

fn actor(name: &str) -> Actor {
    Actor {
        user_id: Some(id(name)),
        user_name: Some(name.to_owned()),
        uid: Some(1000),
        login_uid: None,
    }
}

/// An event, as it is told.
struct Event {
    kind: EventType,
    actor: Actor,
    request: Option<Request>,
    data: Value,
}

impl Event {
    fn of(kind: EventType, actor: Actor, request: Option<Request>, data: Value) -> Self {
        Self {
            kind,
            actor,
            request,
            data,
        }
    }

    fn told(&self) -> Told<'_> {
        Told {
            seq: 42,
            at: at(5),
            kind: self.kind,
            actor: &self.actor,
            request: self.request.as_ref(),
            data: &self.data,
        }
    }

    fn notice(&self, directory: &Directory, part: Option<Part>) -> Notice {
        let reader = Reader {
            part,
            zone: (part == Some(Part::Requester)).then(|| "Europe/Berlin".to_owned()),
            command: "ssh -t bastion team-tui".into(),
        };
        write(&self.told(), Some(directory), &reader, Vec::new())
    }
}

fn active(mut request: Request) -> Request {
    let session = Session {
        start_at: at(6),
        end_at: at(126),
    };
    request.state = State::Active { session };
    request
}
