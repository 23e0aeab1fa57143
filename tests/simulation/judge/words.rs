//! What people were told, against what is.

use super::case::{Case, Life, is_unknown};
use crate::script::{DAY, MINUTE, SECOND};
use aws_simulator::CallLog;

/// Nobody is told that it is over while it is there, unless another request holds it or a late create has just surfaced.
pub(crate) fn no_early_terminal(case: &Case<'_>) -> Vec<(i64, String)> {
    let mut found = Vec::new();
    for permit in &case.permits {
        let Some(request) = permit.request else { continue };
        for told in case.told(request) {
            let is_over = matches!(
                told.kind.as_str(),
                "request.ended" | "request.revoked" | "request.failed"
            );
            let is_handed_over = told.data.get("still_held_by").is_some();
            if !is_over || is_handed_over {
                continue;
            }
            // A listing is as old as its answer took.
            let life = case.life_at(permit.place, told.at).filter(|life| life.is_ours);
            if life.is_some_and(|life| {
                life.from < told.at - 2 * SECOND && !has_just_surfaced(case, life, told.at)
            }) {
                let what = format!(
                    "{} is told {} while access to {} is there",
                    permit.place.user(),
                    told.kind,
                    permit.place.account()
                );
                found.push((told.at, what));
            }
        }
    }
    found
}

/// Whether it came from a create whose answer nobody has heard, no longer ago than a listing may be old.
fn has_just_surfaced(case: &Case<'_>, life: &Life, at: i64) -> bool {
    /// The oldest of the simulation's listings.
    const STALE: i64 = MINUTE + 2 * SECOND;
    let unheard = |(at, call): (i64, &CallLog)| {
        (life.from - DAY..life.from).contains(&at) && (is_unknown(&call.outcome) || case.died_after(at))
    };
    life.from > at - STALE && case.creates(life.place).any(unheard)
}

/// I12. Every state is the fold of its events.
pub(crate) fn fold(case: &Case<'_>) -> Vec<(i64, String)> {
    let unfolded = case.record.unfolded.iter();
    unfolded.map(|what| (case.record.end, what.clone())).collect()
}

/// I9. The audit chain verifies.
pub(crate) fn audited(case: &Case<'_>) -> Vec<(i64, String)> {
    let fault = case.record.chain.iter();
    fault.map(|what| (case.record.end, what.clone())).collect()
}
