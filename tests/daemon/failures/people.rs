//! People who lose what their access stands on while it is live. `basis` has those who are disabled and deleted.

use crate::support::*;
use aws_simulator::{AssignmentKey, FaultKind, Principal};

#[tokio::test]
async fn who_leaves_the_group_keeps_it_or_loses_it_as_policy_says_d2_d8() {
    for keep in [false, true] {
        let setting = match keep {
            true => "[settings]\non_lost_eligibility = \"keep\"",
            false => "[settings]",
        };
        let policy = POLICY.replace("[settings]", setting);
        let world = Setup::new().policy(policy).quick_directory().start().await;
        let id = world.active().await;
        let alice = world.user_id("alice");
        assert!(world.aws(|aws, _| aws.remove_member("oncall", &alice)));
        if keep {
            let left = |world: &World| {
                let directory = world.engine().directory();
                directory.is_some_and(|d| {
                    d.groups
                        .values()
                        .any(|g| g.name == "oncall" && !g.members.iter().any(|m| m.as_str() == alice))
                })
            };
            soon("the copy knows", || left(&world)).await;
            assert_eq!(world.show(&id).await["state"], "active");
            // Nothing of it is in the way of the end.
            world.act("bob", &id, "revoke").await.is(200);
        }
        let over = world.reach(&id, "revoked").await;
        let reason = over["ended"]["reason"].as_str().unwrap_or_default();
        assert_eq!(reason.starts_with("eligibility_lost"), !keep, "{over}");
        assert!(!world.is_assigned("alice", "prod-ledger", ADMIN));
    }
}

#[tokio::test]
async fn the_access_of_a_deleted_person_is_shown_and_removed_by_their_stored_id_d1() {
    let world = Setup::new().quick_directory().start().await;
    let id = world.active().await;
    let alice = world.user_id("alice");
    let key = world.aws(|aws, _| aws.user_key("alice", "prod-ledger", ADMIN).expect("names"));
    world.faults(quick().with(super::always("DeleteAccountAssignment", FaultKind::InternalError)));
    assert!(world.aws(|aws, _| aws.remove_user(&alice)));
    let ending = world.reach(&id, "ending").await;
    assert_eq!(
        ending["requester"]["display_name"],
        "(no longer in Identity Center)"
    );
    assert_eq!(ending["requester"]["user_id"], alice.as_str());
    let grants = world.as_("ivy").get("/v1/grants").await.is(200);
    assert!(
        grants.to_string().contains(&alice),
        "the orphan is shown: {grants}"
    );
    let is_there = |key: &AssignmentKey| world.aws(|aws, _| aws.is_assigned(key));
    assert!(is_there(&key) && matches!(&key.principal, Principal::User(id) if *id == alice));
    world.faults(quick());
    world.reach(&id, "revoked").await;
    assert!(!is_there(&key));
}
