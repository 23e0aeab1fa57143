//! `[[route]]`: what goes where.

use super::faults;
use crate::document::parse;
use crate::{AccountPattern, SetPattern, Subject, Target};
use team_shared::event::EventType;
use teamd_domain::event::{EventPattern, Severity};

fn route(lines: &str) -> String {
    format!("version = 1\n[[route]]\nid = \"r\"\n{lines}")
}

#[test]
fn a_route_says_of_what_and_where_to() {
    let policy = parse(&route(
        "events = [\"request.*\", \"grant.stuck\"]\naccounts = [\"ou:Workloads/Payments\"]\n\
         permission_sets = [\"Admin*\"]\nseverity = \"warning\"\n\
         to = [\"slack:#pay\", \"webhook:siem\", \"mail:pay@example.com\", \"sns\", \"group:pay-leads\", \"user:ann\", \"oncall:pay\"]",
    ))
    .unwrap();
    let route = &policy.routes[0];
    assert_eq!(route.id, "r");
    assert_eq!(
        route.events,
        [
            EventPattern::Family("request.".to_owned()),
            EventPattern::Kind(EventType::GrantStuck)
        ]
    );
    assert_eq!(
        route.accounts,
        [AccountPattern::Ou("Workloads/Payments".to_owned())]
    );
    assert_eq!(route.permission_sets, [SetPattern("Admin*".to_owned())]);
    assert_eq!(route.severity, Severity::Warning);
    assert_eq!(
        route.to,
        [
            Target::Slack("#pay".to_owned()),
            Target::Webhook("siem".to_owned()),
            Target::Mail("pay@example.com".to_owned()),
            Target::Sns,
            Target::People(Subject::Group("pay-leads".to_owned())),
            Target::People(Subject::User("ann".to_owned())),
            Target::People(Subject::OnCall("pay".to_owned())),
        ]
    );
    let least = parse(&route_of_all()).unwrap();
    assert_eq!(least.routes[0].severity, Severity::Info);
    assert!(least.routes[0].accounts.is_empty() && least.routes[0].events.is_empty());
}

fn route_of_all() -> String {
    route("to = [\"sns\"]")
}

#[test]
fn what_a_route_cannot_mean_is_a_fault_and_says_what_would_be_right() {
    for (lines, says) in [
        ("", "2:1 [[route]] needs the key to"),
        ("to = []", "4:6 to: is empty"),
        ("to = [\"sns\"]\nevents = []", "5:10 events: is empty"),
        (
            "to = [\"#pay\"]",
            "4:7 to: \"#pay\" leads nowhere: write \"slack:#room\"",
        ),
        ("to = [\"slack:# pay\"]", "is not a room"),
        ("to = [\"mail:nobody\"]", "is not a mail address"),
        ("to = [\"webhook:a b\"]", "is not a name"),
        (
            "to = [\"sns\"]\nevents = [\"request.aproved\"]",
            "did you mean \"request.approved\"?",
        ),
        ("to = [\"sns\"]\nevents = [\"requests.*\"]", "means no event"),
        (
            "to = [\"sns\"]\nseverity = \"loud\"",
            "is not one of \"info\", \"warning\", \"alarm\"",
        ),
        // Over what people are told is this host's business, and no policy takes a message away.
        (
            "to = [\"sns\"]\npeople_by = [\"slack\"]",
            "5:1 unknown key \"people_by\" in [[route]]",
        ),
        (
            "to = [\"sns\"]\n[[route]]\nid = \"r\"\nto = [\"sns\"]",
            "an earlier [[route]] too",
        ),
    ] {
        let found = faults(&route(lines));
        assert!(found.len() == 1 && found[0].contains(says), "{lines}: {found:?}");
    }
}
