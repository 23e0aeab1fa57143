//! What people were told, against what is.

use super::case::Case;
use crate::script::SECOND;

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
            if life.is_some_and(|life| life.from < told.at - 2 * SECOND) {
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
