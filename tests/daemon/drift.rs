//! The sweeps in simulated time, against the simulated AWS over the wire: what re-appears, what is missing, what others
//! hold, and how much of AWS's rate looking costs.

mod bench;

use crate::support::*;
use aws_simulator::organisation::Operation;
use aws_simulator::{FaultKind, FaultRule, Faults};
use bench::Bench;
use chrono::TimeDelta;
use std::collections::BTreeSet;
use std::time::Instant;
use team_shared::event::EventType;
use team_shared::state::RequestState;
use teamd_config::DriftAction;
use teamd_domain::grant::{DriftKind, Holder};

/// `standing_untouched`.
#[tokio::test]
async fn what_is_added_by_hand_after_our_delete_stays_and_is_told() {
    let bench = Bench::new(|_| {}).await;
    let id = bench.had_access().await;
    // Sooner, a listing that lags could not be told from a new assignment.
    bench.clock.advance(TimeDelta::seconds(61));
    bench.add_by_hand();
    let deletes = bench.count(Operation::DeleteAccountAssignment);
    let took = bench.until("drift", 1, |b| !b.drift().is_empty()).await;
    assert!(
        took <= TimeDelta::seconds(120),
        "one sweep, and its answer: {took}"
    );
    let [found] = &bench.drift()[..] else {
        panic!("{:?}", bench.drift())
    };
    assert_eq!((&found.key, found.kind), (&bench.key(), DriftKind::Foreign));
    let [told] = &bench.told(EventType::GrantDrift)[..] else {
        panic!("once")
    };
    assert_eq!(told.request_id, Some(id));
    assert_eq!(
        (&told.data["kind"], &told.data["finding"]),
        (&"foreign".into(), &"new".into())
    );
    // Hours of looks later it is still there, and was told of once.
    bench.clock.advance(TimeDelta::hours(2));
    let looks = bench.count(Operation::ListAccountAssignments);
    bench
        .until("more looks", 60, |b| {
            b.count(Operation::ListAccountAssignments) > looks + 5
        })
        .await;
    assert!(bench.is_assigned());
    assert_eq!(bench.count(Operation::DeleteAccountAssignment), deletes);
    assert_eq!(bench.told(EventType::GrantDrift).len(), 1);
    assert!(bench.told(EventType::GrantReappeared).is_empty());
    // Gone, it is told of once more.
    bench.remove_by_hand();
    bench.until("agreement", 60, |b| b.drift().is_empty()).await;
    let told = bench.told(EventType::GrantDrift);
    assert_eq!(told.last().expect("two").data["finding"], "gone");
}

/// `no_early_terminal`: the request stays ended, and the grant goes within one sweep.
#[tokio::test]
async fn a_create_of_ours_that_lands_late_is_taken_back_and_told() {
    let bench = Bench::new(|_| {}).await;
    // Performed, and answered with a 500: what came of it, and how often, nobody can say.
    let lost = FaultRule::new("CreateAccountAssignment", FaultKind::InternalErrorAfterSuccess).first(1);
    bench.simulator.install_faults(without_loads(quick()).with(lost));
    let id = bench.had_access().await;
    bench.add_by_hand();
    let deletes = bench.count(Operation::DeleteAccountAssignment);
    bench.until("it is taken back", 1, |b| !b.is_assigned()).await;
    bench
        .until("it is verified", 1, |b| {
            b.told(EventType::GrantRemoved).len() == 2
        })
        .await;
    assert_eq!(bench.count(Operation::DeleteAccountAssignment), deletes + 1);
    let [told] = &bench.told(EventType::GrantReappeared)[..] else {
        panic!("once")
    };
    assert_eq!(told.request_id, Some(id));
    assert_eq!(bench.state(id), RequestState::Ended);
    assert!(bench.told(EventType::GrantDrift).is_empty());
}

#[tokio::test]
async fn what_somebody_takes_away_is_told_and_not_created_again() {
    let bench = Bench::new(|_| {}).await;
    let id = bench.activate(9 * 3600).await;
    bench
        .until("active", 1, |b| b.state(id) == RequestState::Active)
        .await;
    let creates = bench.count(Operation::CreateAccountAssignment);
    bench.clock.advance(TimeDelta::seconds(61));
    bench.remove_by_hand();
    bench.until("drift", 30, |b| !b.drift().is_empty()).await;
    assert_eq!(bench.drift()[0].kind, DriftKind::Missing);
    let told = bench.told(EventType::GrantDrift);
    assert_eq!((told.len(), &told[0].data["kind"]), (1, &"missing".into()));
    assert_eq!(told[0].request_id, Some(id));
    let looks = bench.count(Operation::ListAccountAssignments);
    bench
        .until("more looks", 60, |b| {
            b.count(Operation::ListAccountAssignments) > looks + 5
        })
        .await;
    assert_eq!(bench.state(id), RequestState::Active, "reported, no more");
    assert_eq!(bench.count(Operation::CreateAccountAssignment), creates);
}

#[tokio::test]
async fn where_it_is_so_configured_what_somebody_takes_away_ends_the_request() {
    let bench = Bench::new(|config| config.drift.action = DriftAction::End).await;
    let id = bench.activate(9 * 3600).await;
    bench
        .until("active", 1, |b| b.state(id) == RequestState::Active)
        .await;
    bench.clock.advance(TimeDelta::seconds(61));
    bench.remove_by_hand();
    bench
        .until("its end", 20, |b| b.state(id) == RequestState::Revoked)
        .await;
    let over = bench.told(EventType::RequestRevoked);
    assert_eq!(over[0].data["reason"], "removed_outside");
    bench.until("agreement", 20, |b| b.drift().is_empty()).await;
}

#[tokio::test]
async fn the_inventory_is_what_the_organisation_has_without_what_is_ours() {
    let bench = Bench::new(|_| {}).await;
    let id = bench.activate(9 * 3600).await;
    bench
        .until("active", 1, |b| b.state(id) == RequestState::Active)
        .await;
    bench.a_pass_is_complete().await;
    let ours = bench.assignment();
    let there: BTreeSet<(String, String, String)> = bench.aws(|aws, _| {
        aws.assignments()
            .filter(|(key, _)| **key != ours)
            .map(|(key, _)| {
                let holder = format!("{} {}", key.principal.kind(), key.principal.id());
                (key.account.clone(), key.permission_set.clone(), holder)
            })
            .collect()
    });
    let listed: BTreeSet<_> = bench
        .standing()
        .into_iter()
        .map(|row| {
            let holder = match &row.holder {
                Holder::User(id) => format!("USER {id}"),
                Holder::Group(id) => format!("GROUP {id}"),
            };
            (row.account.to_string(), row.permission_set.to_string(), holder)
        })
        .collect();
    assert_eq!(listed, there);
    let groups = there.iter().filter(|(_, _, holder)| holder.starts_with("GROUP"));
    assert!(groups.count() > 0 && there.iter().any(|(_, _, holder)| holder.starts_with("USER")));
    assert!(bench.drift().is_empty(), "{:?}", bench.drift());
}

/// Nothing but the sweeps calls here: the budget is a fifth of the rate, and a call at once.
#[tokio::test]
async fn sweeps_keep_to_a_fifth_of_the_rate() {
    const RATE: f64 = 50.0;
    let began = Instant::now();
    let bench = Bench::new(|config| config.aws.requests_per_second = RATE).await;
    bench.a_pass_is_complete().await;
    let calls = bench.aws(|aws, _| {
        let looks = [
            Operation::ListAccountAssignments,
            Operation::ListPermissionSetsProvisionedToAccount,
        ];
        aws.calls().filter(|call| looks.contains(&call.operation)).count()
    });
    let most = began.elapsed().as_secs_f64() * RATE / 5.0 + 1.0;
    assert!(
        calls > 12 && calls as f64 <= most,
        "{calls} calls, at most {most}"
    );
}

/// An outage in the middle: what could not be looked at is looked at later.
#[tokio::test]
async fn what_cannot_be_listed_is_listed_later() {
    let bench = Bench::new(|_| {}).await;
    // Fewer than the tries of one account: the pass is complete without another.
    let faults = [FaultKind::Throttle, FaultKind::DropBefore]
        .into_iter()
        .fold(without_loads(quick()), |faults: Faults, kind| {
            faults.with(FaultRule::new("ListAccountAssignments", kind).first(1))
        });
    bench.simulator.install_faults(faults);
    bench.a_pass_is_complete().await;
    let there = bench.aws(|aws, _| aws.assignments().count());
    assert_eq!(bench.standing().len(), there);
}
