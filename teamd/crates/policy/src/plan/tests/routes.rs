//! Routes in a plan.

use super::{SAMPLE, planned};
use crate::document::parse;
use crate::domain::plan::{PolicyPlan, dead_ends};

#[test]
fn routes_come_go_and_change() {
    let with = |lines: &str| format!("{SAMPLE}\n[[route]]\nid = \"payments\"\n{lines}\n");
    let room = with("to = [\"slack:#pay\"]\naccounts = [\"ou:Nowhere\"]");
    let of_routes = |plan: &PolicyPlan| -> Vec<String> {
        let routes = plan.rules.iter().filter(|change| change.kind == "route");
        routes
            .map(|change| format!("{} {}: {}", change.id, change.change, change.fields.join("; ")))
            .collect()
    };
    let added = planned(Some(SAMPLE), &room);
    assert_eq!(
        of_routes(&added),
        ["payments added: to: slack:#pay; accounts: ou:Nowhere"]
    );
    assert!(added.gains.is_empty() && added.losses.is_empty());
    assert!(
        added
            .stale
            .contains(&"route payments: ou:Nowhere is no OU of the organisation".to_owned())
    );
    let louder = with("to = [\"slack:#pay\", \"group:nobody\"]\nseverity = \"alarm\"");
    assert_eq!(
        of_routes(&planned(Some(&room), &louder)),
        [
            "payments changed: to: slack:#pay -> slack:#pay, group:nobody; severity: (not set) -> alarm; \
             accounts: ou:Nowhere -> (not set)"
        ]
    );
    assert_eq!(
        of_routes(&planned(Some(&room), SAMPLE)),
        ["payments removed: to: slack:#pay; accounts: ou:Nowhere"]
    );
}

#[test]
fn a_route_to_what_is_not_configured_is_a_finding_and_no_refusal() {
    let policy = parse(&format!(
        "{SAMPLE}\n[[route]]\nid = \"payments\"\nto = [\"slack:#pay\", \"sns\"]\n"
    ))
    .unwrap();
    let config = crate::config::Notify::default();
    let found = dead_ends(&policy, |target| config.lacks(target));
    let says: Vec<String> = found
        .iter()
        .map(|one| format!("{}: {}", one.about, one.says))
        .collect();
    assert_eq!(
        says,
        [
            "route payments: it leads nowhere on this host: slack:#pay needs [notify.slack] with a token_file: a bot \
             alone can choose a room",
            "route payments: it leads nowhere on this host: sns needs [notify.sns]",
        ]
    );
    assert!(
        found
            .iter()
            .all(|one| one.severity == "warning" && one.code == "dead-end")
    );
}
