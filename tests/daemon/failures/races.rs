//! Two who decide at once, and one who decides too late.

use super::events_of;
use crate::support::*;
use chrono::TimeDelta;

#[tokio::test]
async fn of_two_who_decide_at_once_one_does() {
    let world = World::new().await;
    for (first, second) in [
        ("approve", "approve"),
        ("approve", "reject"),
        ("reject", "reject"),
    ] {
        let id = world.pending().await;
        let (one, other) = tokio::join!(world.act("bob", &id, first), world.act("carol", &id, second));
        let won = [&one, &other]
            .iter()
            .filter(|answer| answer.status == 200)
            .count();
        assert_eq!(won, 1, "{one:?}\n{other:?}");
        let lost = if one.status == 200 { other } else { one };
        lost.refused(409, "already_decided");
        let decided = events_of(&world, &id, "request.approved").await.len()
            + events_of(&world, &id, "request.rejected").await.len();
        assert_eq!(decided, 1);
        world.act("alice", &id, "done").await;
    }
}

#[tokio::test]
async fn a_decision_at_the_deadline_is_late_whether_or_not_a_timer_has_fired() {
    let world = World::new().await;
    let id = world.pending().await;
    world.clock.shift(TimeDelta::hours(3));
    // Both at once: one transaction each, and the expiry is looked at in both.
    let (answer, _) = tokio::join!(world.act("bob", &id, "approve"), world.show(&id));
    answer.refused(409, "expired");
    world.reach(&id, "expired").await;
    assert!(!world.is_assigned("alice", "prod-ledger", ADMIN));
}
