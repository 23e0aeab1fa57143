//! Who is told of what over which channel.

use super::{Event, active, actor, directory, every, id, policy, request};
use crate::audience::is_stale;
use crate::routing::{Way, way};
use crate::{Reach, Recipient, plan, severity};
use serde_json::json;
use std::path::Path;
use team_shared::event::EventType;
use teamd_config::{Config, Route};
use teamd_domain::event::{Actor, Severity};
use teamd_domain::request::Vote;
use teamd_policy::Policy;

fn people_way(name: &str) -> Way {
    let reach = Reach {
        people: true,
        mail: name != "slack",
        rooms: name == "slack",
        place: (name == "slack").then(|| (Recipient::Room("#audit".into()), Vec::new())),
    };
    way(name, reach, &[])
}

fn routes(text: &str) -> Vec<Route> {
    let text = format!(
        "[notify.slack]\ntoken_file = \"/x\"\n[notify.smtp]\nhost = \"127.0.0.1\"\nfrom = \"a@b.example\"\n\
         [[notify.webhook]]\nname = \"siem\"\nurl = \"https://a.example\"\nsecret_file = \"/y\"\n{text}"
    );
    let config = Config::parse(Path::new("teamd.toml"), &text, std::iter::empty());
    config.unwrap_or_else(|errors| panic!("{errors}")).notify.routes
}

/// `channel recipient`, with why not.
fn told(event: &Event, ways: &[Way], routes: &[Route]) -> Vec<String> {
    told_by(event, ways, routes, &policy())
}

fn told_by(event: &Event, ways: &[Way], routes: &[Route], policy: &Policy) -> Vec<String> {
    let planned = plan(&event.told(), Some(policy), Some(&directory()), ways, routes);
    let line = |one: crate::Planned| {
        let skip = one.skip.map(|why| format!(" ({why})")).unwrap_or_default();
        format!("{} {}{skip}", one.channel, one.recipient)
    };
    planned.into_iter().map(line).collect()
}

fn people(event: &Event) -> Vec<String> {
    let all = told(event, &[people_way("smtp")], &[]);
    all.into_iter()
        .map(|line| line.replace("smtp user:u-", ""))
        .collect()
}

#[test]
fn whom_each_event_concerns() {
    let mut text = String::new();
    for (event, _) in every() {
        let glass = event
            .request
            .as_ref()
            .is_some_and(|request| request.terms.break_glass);
        let glass = if glass { " by break-glass" } else { "" };
        let by = event.actor.user_name.as_deref().unwrap_or("teamd");
        let matter = severity(&event.told()).as_str();
        text += &format!(
            "{}{glass} by {by} ({matter}): {}\n",
            event.kind,
            people(&event).join(", ")
        );
    }
    insta::assert_snapshot!(text);
}

#[test]
fn nobody_is_told_what_they_did_themselves() {
    for (event, _) in every() {
        if let Some(own) = &event.actor.user_id {
            let own = own.as_str().trim_start_matches("u-").to_owned();
            assert!(!people(&event).contains(&own), "{}", event.kind);
        }
    }
}

#[test]
fn who_cannot_be_told_is_named_with_why() {
    let mut hers = request();
    hers.basis.demands[0].approvers = [id("bob"), id("nils"), id("otto"), id("gone")].into();
    let event = Event::of(EventType::RequestSubmitted, actor("ann"), Some(hers), json!({}));
    assert_eq!(
        told(&event, &[people_way("smtp"), people_way("slack")], &[]),
        [
            "- user:u-gone (not in the directory any more)",
            "- user:u-nils (no mail address in the directory)",
            "- user:u-otto (disabled in the directory)",
            "slack user:u-bob",
            "slack room:#audit",
            "smtp user:u-bob",
        ]
    );
}

#[test]
fn who_has_voted_is_not_reminded() {
    let mut hers = request();
    hers.votes = vec![Vote {
        by: id("bob"),
        at: super::at(1),
        digest: "d".into(),
        comment: None,
    }];
    let event = Event::of(EventType::ReminderPending, Actor::daemon(), Some(hers), json!({}));
    assert_eq!(people(&event), ["cleo"]);
}

#[test]
fn a_reminder_goes_to_those_who_may_decide_then() {
    let mut hers = request();
    hers.votes = vec![Vote {
        by: id("sam"),
        at: super::at(1),
        digest: "d".into(),
        comment: None,
    }];
    let data = json!({ "to": ["u-dora", "u-sam", "u-ann"] });
    let event = Event::of(EventType::ReminderPending, Actor::daemon(), Some(hers), data);
    assert_eq!(people(&event), ["dora"]);
}

#[test]
fn what_has_lost_its_sense_is_not_told_to_people() {
    let decided = active(request());
    for kind in [
        EventType::ReminderPending,
        EventType::RequestClaimed,
        EventType::RequestUnclaimed,
        EventType::RequestEscalated,
    ] {
        assert_eq!(
            is_stale(kind, Some(&decided)),
            Some("it was decided meanwhile"),
            "{kind}"
        );
        assert_eq!(is_stale(kind, Some(&request())), None, "{kind}");
    }
    assert!(is_stale(EventType::ReminderBeforeEnd, Some(&request())).is_some());
    assert!(is_stale(EventType::RequestApproved, Some(&decided)).is_none());
}

#[test]
fn what_nobody_had_to_approve_is_not_news_to_its_requester() {
    let data = json!({ "approval_required": false });
    let event = Event::of(EventType::RequestApproved, Actor::daemon(), Some(request()), data);
    assert!(people(&event).is_empty());
}

#[test]
fn routes_lead_by_event_account_unit_set_and_severity() {
    let routes = routes(
        r##"
[notify.routes.prod]
accounts = ["ou:Workloads/Prod"]
events = ["request.*"]
to = ["slack:#prod", "mail:prod@example.com", "group:soc"]
[notify.routes.elsewhere]
accounts = ["name:dev-*"]
to = ["slack:#dev"]
[notify.routes.admins]
permission_sets = ["Admin*"]
to = ["slack:#admin"]
[notify.routes.loud]
severity = "alarm"
to = ["webhook:siem"]
"##,
    );
    let ways = [
        people_way("smtp"),
        people_way("slack"),
        way(
            "webhook:siem",
            Reach {
                place: Some((Recipient::Place, Vec::new())),
                ..Reach::default()
            },
            &routes,
        ),
    ];
    let submitted = Event::of(
        EventType::RequestExpired,
        Actor::daemon(),
        Some(request()),
        json!({}),
    );
    assert_eq!(
        told(&submitted, &ways, &routes),
        [
            "- user:u-nils (no mail address in the directory)",
            "slack user:u-ann",
            "slack user:u-bob",
            "slack user:u-cleo",
            "slack user:u-sam",
            "slack room:#admin",
            "slack room:#audit",
            "slack room:#prod",
            "smtp user:u-ann",
            "smtp user:u-bob",
            "smtp user:u-cleo",
            "smtp user:u-sam",
            "smtp mail:prod@example.com",
        ]
    );
    let freeze = Event::of(EventType::FreezeOn, actor("sam"), None, json!({}));
    assert_eq!(
        told(&freeze, &ways, &routes),
        ["slack user:u-ada", "slack room:#audit", "smtp user:u-ada"]
    );
    let stuck = Event::of(
        EventType::GrantStuck,
        Actor::daemon(),
        Some(active(request())),
        json!({}),
    );
    assert!(told(&stuck, &ways, &routes).contains(&"webhook:siem place".to_owned()));
}

#[test]
fn people_may_be_told_over_one_channel_but_alarms_go_over_all() {
    let routes = routes("[notify.routes.quiet]\npeople_by = [\"slack\"]\n");
    let ways = [people_way("smtp"), people_way("slack")];
    let ended = Event::of(
        EventType::RequestEnded,
        Actor::daemon(),
        Some(active(request())),
        json!({}),
    );
    assert_eq!(
        told(&ended, &ways, &routes),
        ["slack user:u-ann", "slack room:#audit"]
    );
    let stuck = Event::of(
        EventType::GrantStuck,
        Actor::daemon(),
        Some(active(request())),
        json!({}),
    );
    assert_eq!(severity(&stuck.told()), Severity::Alarm);
    let all = told(&stuck, &ways, &routes);
    assert!(all.contains(&"smtp user:u-ada".to_owned()) && all.contains(&"slack user:u-ada".to_owned()));
}

#[test]
fn where_the_chosen_channel_is_broken_people_are_told_over_the_others() {
    let routes = routes("[notify.routes.quiet]\npeople_by = [\"slack\"]\n");
    let mut ways = [people_way("smtp"), people_way("slack")];
    let failed = Event::of(
        EventType::RequestFailed,
        Actor::daemon(),
        Some(request()),
        json!({}),
    );
    let over = |ways: &[Way], channel: &str| {
        let all = told(&failed, ways, &routes);
        all.iter()
            .any(|one| one.starts_with(&format!("{channel} user:u-ann")))
    };
    assert!(over(&ways, "slack") && !over(&ways, "smtp"));
    ways[1].is_broken = true;
    assert!(over(&ways, "slack") && over(&ways, "smtp"));
    // And that it is broken is told over what is left.
    let data = json!({ "channel": "slack", "why": "HTTP 503" });
    let failing = Event::of(EventType::NotifyFailing, Actor::daemon(), None, data);
    assert_eq!(told(&failing, &ways, &routes), ["smtp user:u-ada"]);
}

#[test]
fn a_route_of_the_policy_adds_and_takes_nothing_away() {
    let of = |routes: &str| {
        let text =
            format!("version = 1\n[roles]\nadmins = [\"user:ada\"]\nsecurity = [\"user:sam\"]\n{routes}");
        teamd_policy::document::parse(&text).unwrap_or_else(|faults| panic!("{faults:?}"))
    };
    let place = Reach {
        place: Some((Recipient::Place, Vec::new())),
        ..Reach::default()
    };
    let ways = [
        people_way("smtp"),
        people_way("slack"),
        way("webhook:siem", place, &[]),
    ];
    let quiet = routes("[notify.routes.quiet]\npeople_by = [\"slack\"]\n");
    let without = of("");
    let with = of(r##"
[[route]]
id = "prod"
accounts = ["ou:Workloads/Prod"]
permission_sets = ["Admin*"]
to = ["slack:#prod", "group:soc", "user:bob"]
[[route]]
id = "loud"
severity = "alarm"
events = ["grant.*"]
to = ["webhook:siem", "mail:loud@example.com"]
[[route]]
id = "elsewhere"
accounts = ["name:dev-*"]
to = ["mail:dev@example.com"]
"##);
    for (event, _) in every() {
        let (before, after) = (
            told_by(&event, &ways, &quiet, &without),
            told_by(&event, &ways, &quiet, &with),
        );
        let lost: Vec<_> = before.iter().filter(|one| !after.contains(one)).collect();
        assert!(lost.is_empty(), "{}: {lost:?}", event.kind);
        assert!(
            !after.iter().any(|one| one.contains("dev@")),
            "{}: {after:?}",
            event.kind
        );
    }
    let added = |kind: EventType, hers| {
        let event = Event::of(kind, Actor::daemon(), Some(hers), json!({}));
        let before = told_by(&event, &ways, &[], &without);
        let mut after = told_by(&event, &ways, &[], &with);
        after.retain(|one| !before.contains(one));
        after
    };
    assert_eq!(
        added(EventType::RequestEnded, active(request())),
        [
            "- user:u-nils (no mail address in the directory)",
            "slack user:u-bob",
            "slack user:u-sam",
            "slack room:#prod",
            "smtp user:u-bob",
            "smtp user:u-sam",
        ]
    );
    let stuck = added(EventType::GrantStuck, active(request()));
    assert!(
        stuck.contains(&"smtp mail:loud@example.com".to_owned()),
        "{stuck:?}"
    );
}

#[test]
fn a_broken_channel_does_not_tell_of_itself() {
    let ways = [people_way("smtp"), people_way("slack")];
    let data = json!({ "channel": "slack", "why": "HTTP 503" });
    let event = Event::of(EventType::NotifyFailing, Actor::daemon(), None, data);
    assert_eq!(told(&event, &ways, &[]), ["smtp user:u-ada"]);
}
