//! The admission table, with uids given.

use super::*;

const DEFAULT: ConnectionLimits = ConnectionLimits {
    per_user: 32,
    total: 1024,
};

fn fill(admission: &Arc<Admission>, uid: u32, count: usize) -> Vec<Slot> {
    (0..count)
        .map(|n| {
            admission
                .admit(uid, DEFAULT)
                .unwrap_or_else(|reason| panic!("connection {n} of uid {uid}: {reason:?}"))
        })
        .collect()
}

/// All ordinary slots, held by uids from 10,000 on.
fn fill_ordinary(admission: &Arc<Admission>) -> Vec<Slot> {
    (10_000..10_032)
        .flat_map(|uid| fill(admission, uid, DEFAULT.per_user))
        .collect()
}

fn refused(admission: &Arc<Admission>, uid: u32) -> Option<RefusalReason> {
    admission.admit(uid, DEFAULT).err()
}

fn with_responders(uids: &[u32]) -> Arc<Admission> {
    let admission = Arc::new(Admission::default());
    for uid in uids {
        admission
            .responders()
            .insert(*uid, &format!("person-{uid}").parse().expect("an id"));
    }
    admission
}

#[test]
fn uid_over_its_limit_is_refused_alone() {
    let admission = with_responders(&[]);
    let held = fill(&admission, 1000, 32);
    assert_eq!(refused(&admission, 1000), Some(RefusalReason::PerUser));
    assert!(refused(&admission, 1001).is_none());
    drop(held);
    assert!(refused(&admission, 1000).is_none());
    assert_eq!(admission.status(DEFAULT).open, 0);
}

#[test]
fn full_socket_admits_operator_and_responder() {
    let admission = with_responders(&[2000, 2001, 2002, 2003, 2004]);
    let _ordinary = fill_ordinary(&admission);
    assert_eq!(refused(&admission, 1000), Some(RefusalReason::Total));
    let operator = fill(&admission, 0, OPERATOR_SLOTS);
    assert_eq!(refused(&admission, 0), Some(RefusalReason::Reserved));
    // One responder takes a part of the reserve, not all of it, and nothing of the operator's.
    let one = fill(&admission, 2000, RESERVED_PER_RESPONDER);
    assert_eq!(refused(&admission, 2000), Some(RefusalReason::Reserved));
    let others: Vec<_> = (2001..2004).flat_map(|uid| fill(&admission, uid, 4)).collect();
    assert_eq!(refused(&admission, 2004), Some(RefusalReason::Reserved));
    drop(one);
    assert!(refused(&admission, 2004).is_none());
    assert_eq!(admission.status(DEFAULT).open, 1024 + 8 + 12);
    drop((operator, others));
    assert_eq!(admission.status(DEFAULT).open, 1024);
}

#[test]
fn reserve_also_serves_above_the_uid_limit() {
    let admission = with_responders(&[2000]);
    let _operator = fill(&admission, 0, 32 + OPERATOR_SLOTS);
    assert_eq!(refused(&admission, 0), Some(RefusalReason::Reserved));
    // The operator's use leaves the responders' reserve alone.
    let _responder = fill(&admission, 2000, 32 + RESERVED_PER_RESPONDER);
    assert_eq!(refused(&admission, 2000), Some(RefusalReason::Reserved));
}

#[test]
fn uid_without_role_gets_no_reserved_slot() {
    let admission = with_responders(&[2000]);
    let _ordinary = fill_ordinary(&admission);
    let slot = admission.admit(2000, DEFAULT);
    admission.responders().remove(2000);
    assert_eq!(refused(&admission, 2000), Some(RefusalReason::Total));
    drop(slot);
    let table = admission.table();
    assert_eq!((table.responder, table.by_uid.contains_key(&2000)), (0, false));
}

#[test]
fn ordinary_dashboards_fit_the_default_limits() {
    let admission = with_responders(&[]);
    let people: Vec<_> = (1000..1050).flat_map(|uid| fill(&admission, uid, 3)).collect();
    // Ten dashboards of one uid: two streams each, and at most two calls each at the same time on average.
    let one = fill(&admission, 1100, 10 * 3);
    assert_eq!(admission.take_refusals().total(), 0);
    drop((people, one));
}

#[test]
fn lowered_limits_apply_to_new_connections() {
    let admission = with_responders(&[]);
    let held = fill(&admission, 1000, 32);
    let low = ConnectionLimits {
        per_user: 2,
        total: 4,
    };
    assert_eq!(admission.admit(1000, low).err(), Some(RefusalReason::PerUser));
    assert_eq!(admission.admit(1001, low).err(), Some(RefusalReason::Total));
    drop(held);
    assert!(admission.admit(1000, low).is_ok());
}

#[test]
fn status_names_the_busiest_uids() {
    let admission = with_responders(&[]);
    let _held = (fill(&admission, 1000, 32), fill(&admission, 1001, 1));
    for _ in 0..3 {
        assert_eq!(refused(&admission, 1000), Some(RefusalReason::PerUser));
    }
    let status = admission.status(DEFAULT);
    assert_eq!((status.open, status.limit, status.refused), (33, 1024, 3));
    let of = |uid, count| Some(UidCount { uid, count });
    assert_eq!(
        (status.most_open, status.most_refused),
        (of(1000, 32), of(1000, 3))
    );
    assert_eq!((status.refused_per_user, status.refused_total), (3, 0));
}
