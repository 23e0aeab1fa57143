//! More time on live access: a request of its own, whose lease begins at its approval.

use crate::support::*;
use aws_simulator::Operation;
use serde_json::{Value, json};

/// Where liam asks and nobody need approve.
const PLACE: (&str, &str) = (DEV_WEB, READ_ONLY);

impl World {
    /// How often AWS was asked to create and to delete.
    pub(crate) fn writes(&self) -> (usize, usize) {
        self.aws(|aws, _| {
            let count = |operation| aws.calls().filter(|call| call.operation == operation).count();
            (
                count(Operation::CreateAccountAssignment),
                count(Operation::DeleteAccountAssignment),
            )
        })
    }

    /// Liam's access for so many seconds, live.
    async fn live(&self, seconds: i64) -> Value {
        let id = id_of(&self.submit("liam", ask(PLACE.0, PLACE.1, seconds)).await);
        self.reach(&id, "active").await
    }

    async fn extend(&self, who: &str, id: &str, seconds: i64) -> Answer {
        let body = json!({"duration_seconds": seconds, "reason": "the migration takes longer"});
        self.as_(who)
            .post(&format!("/v1/requests/{id}/extend"), body)
            .await
    }

    fn has_access(&self) -> bool {
        self.is_assigned("liam", "dev-web", PLACE.1)
    }
}

#[tokio::test]
async fn an_extension_takes_over_without_a_gap_and_without_a_call() {
    let world = World::new().await;
    let parent = world.live(3).await;
    let id = id_of(&parent);
    let extension = world.extend("liam", &id, 3).await.is(201);
    assert_eq!(
        (&extension["state"], &extension["extends"]),
        (&json!("scheduled"), &parent["id"])
    );
    assert_eq!(extension["start_at"], parent["end_at"]);
    assert_eq!(extension["justification"], "the migration takes longer");
    let next = id_of(&extension);
    let active = world.reach(&next, "active").await;
    assert_eq!(
        (&active["start_at"], &active["end_at"]),
        (&extension["start_at"], &extension["end_at"])
    );
    assert!(world.has_access());
    let ended = world.reach(&id, "ended").await;
    assert_eq!(ended["ended"]["still_held_by"], extension["id"]);
    assert_eq!(ended["ended"]["still_held_until"], extension["end_at"]);
    assert_eq!(world.writes(), (1, 0), "the hand-over asks nothing of AWS");
    world.reach(&next, "ended").await;
    assert!(!world.has_access());
    assert_eq!(world.writes(), (1, 1));
}

#[tokio::test]
async fn what_ends_one_of_a_chain_ends_them_all() {
    let world = World::new().await;
    // The parent, while its extension is scheduled.
    let id = id_of(&world.live(60).await);
    let next = id_of(&world.extend("liam", &id, 60).await.is(201));
    world.act("liam", &id, "done").await.is(200);
    let withdrawn = world.show(&next).await;
    assert_eq!(withdrawn["state"], "withdrawn");
    assert_eq!(withdrawn["ended"]["reason"], "extended_access_ended: done");
    world.reach(&id, "ended").await;
    assert!(!world.has_access());
    // The extension, while its parent is active: by an administrator.
    let id = id_of(&world.live(60).await);
    let next = id_of(&world.extend("liam", &id, 60).await.is(201));
    let revoked = world.act("gita", &next, "revoke").await.is(200);
    assert_eq!(revoked["state"], "withdrawn");
    world.reach(&id, "revoked").await;
    assert!(!world.has_access());
    // Taking the extension back alone leaves its parent.
    let id = id_of(&world.live(60).await);
    let next = id_of(&world.extend("liam", &id, 60).await.is(201));
    assert_eq!(
        world.act("liam", &next, "cancel").await.is(200)["state"],
        "cancelled"
    );
    assert_eq!(world.show(&id).await["state"], "active");
    assert!(world.has_access());
}

#[tokio::test]
async fn an_extension_that_waits_for_approval_goes_with_its_parent() {
    let world = World::new().await;
    let id = world.active().await;
    let pending = world.extend("alice", &id, 600).await.is(201);
    assert_eq!(pending["state"], "pending");
    let next = id_of(&pending);
    let start = json!({"start_at": in_seconds(7200)});
    let moved = world
        .as_("bob")
        .post(&format!("/v1/requests/{next}/approve"), start)
        .await;
    moved.refuses_fields(&["start_at"]);
    let approved = world.act("carol", &next, "approve").await.is(200);
    assert_eq!(approved["state"], "scheduled");
    world.act("alice", &id, "done").await.is(200);
    assert_eq!(world.show(&next).await["state"], "withdrawn");
    world.reach(&id, "ended").await;
    assert!(!world.is_assigned("alice", "prod-ledger", ADMIN));
    // Unapproved: the same.
    let id = world.active().await;
    let next = id_of(&world.extend("alice", &id, 600).await.is(201));
    world.act("gita", &id, "revoke").await.is(200);
    assert_eq!(world.show(&next).await["state"], "withdrawn");
}

#[tokio::test]
async fn who_may_extend_what_and_how_often() {
    let world = World::new().await;
    let id = world.active().await;
    let long = 100_000;
    world.extend("bob", &id, 600).await.refused(403, "not_allowed");
    world.extend("kim", &id, 600).await.refused(404, "not_found");
    world
        .extend("alice", &id, 0)
        .await
        .refuses_fields(&["duration_seconds"]);
    world.extend("alice", &id, long).await.refused(403, "over_cap");
    let silent = json!({"duration_seconds": 600, "reason": ""});
    let path = format!("/v1/requests/{id}/extend");
    world
        .as_("alice")
        .post(&path, silent)
        .await
        .refuses_fields(&["reason"]);
    let unread = json!({"duration_seconds": 600, "reason": REASON, "version": 1});
    world.as_("alice").post(&path, unread).await.refused(409, "stale");
    world.extend("alice", &id, 600).await.is(201);
    world.extend("alice", &id, 900).await.refused(409, "duplicate");
    let pending = id_of(&world.submit("alice", ask(WEB, ADMIN, 600)).await);
    world
        .extend("alice", &pending, 600)
        .await
        .refused(409, "already_decided");

    world
        .apply(&POLICY.replace("[settings]", "[settings]\nmax_extensions = 1"))
        .await;
    let first = id_of(&world.live(2).await);
    let second = id_of(&world.extend("liam", &first, 60).await.is(201));
    world.reach(&second, "active").await;
    let third = world
        .extend("liam", &second, 60)
        .await
        .refused(429, "limit_reached");
    assert!(
        third["detail"]
            .as_str()
            .is_some_and(|why| why.contains("policy allows 1")),
        "{third}"
    );
}

/// Two rules of breaking glass: where Alice may also ask, and where she may not.
#[tokio::test]
async fn broken_glass_is_extended_by_approval_or_not_at_all() {
    let glass = "\n[[eligibility]]\nid = \"glass\"\nwho = [\"group:oncall\"]\naccounts = [\"ou:Workloads/Prod\"]\n\
                 permission_sets = [\"AdministratorAccess\", \"ReadOnlyAccess\"]\napproval = \"break-glass\"\n";
    let world = Setup::new().policy(format!("{POLICY}{glass}")).start().await;
    let broken = async |set: &str| {
        let reason = "Ledger down, nobody else awake at this hour of the night";
        let body = json!({"break_glass": true, "justification": reason});
        let id = id_of(&world.submit("alice", with(ask(LEDGER, set, 3600), body)).await);
        world.reach(&id, "active").await;
        id
    };
    let id = broken(ADMIN).await;
    let extension = world.extend("alice", &id, 600).await.is(201);
    assert_eq!(
        (&extension["state"], &extension["break_glass"], &extension["rule"]),
        (&json!("pending"), &json!(false), &json!("oncall-prod"))
    );
    assert_eq!(extension["approval"]["required"], true);
    let next = id_of(&extension);
    world
        .act("alice", &next, "approve")
        .await
        .refused(403, "self_approval");
    let approved = world.act("carol", &next, "approve").await.is(200);
    assert_eq!(
        (&approved["state"], &approved["start_at"]),
        (&json!("scheduled"), &world.show(&id).await["end_at"])
    );
    // Where only broken glass leads to it there is nobody who could agree to more.
    let id = broken(READ_ONLY).await;
    world.extend("alice", &id, 600).await.refused(403, "not_eligible");
    assert_eq!(world.show(&id).await["state"], "active");
}
