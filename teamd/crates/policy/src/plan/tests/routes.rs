//! Routes in a plan.

use super::{SAMPLE, planned};
use crate::plan::PolicyPlan;

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
