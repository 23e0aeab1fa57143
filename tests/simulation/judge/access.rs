//! What there is in AWS, against what was agreed on.

use super::case::{Case, is_unknown};
use super::spans::{tidy, without};
use crate::record::{Deed, Told, clock_face};
use crate::script::{DAY, MINUTE, Place, SECOND, Span};
use aws_simulator::Outcome;

/// For how long access may outlive its window, counting only time in which AWS answered and the daemon ran: AWS itself
/// takes up to six minutes for an operation and refuses others meanwhile, one call in twelve fails, and pauses between
/// tries grow to a minute.
pub(crate) const EPSILON: i64 = 10 * MINUTE;

/// I1. Nothing of ours is there outside of the windows that were agreed on.
pub(crate) fn no_orphan(case: &Case<'_>) -> Vec<(i64, String)> {
    overstays(case)
        .into_iter()
        .filter(|(_, _, overstay)| *overstay > EPSILON)
        .map(|((from, to), who, overstay)| {
            let what = format!(
                "{who} has access outside of every window from {} to {}: {} s",
                clock_face(from),
                clock_face(to),
                overstay / SECOND
            );
            (from, what)
        })
        .collect()
}

/// Spans outside of every window, whose they are, and how much of each counts.
pub(crate) fn overstays(case: &Case<'_>) -> Vec<(Span, String, i64)> {
    let mut found = Vec::new();
    for life in case.lives.iter().filter(|life| life.is_ours) {
        let permitted = case.permits.iter().filter(|permit| permit.place == life.place);
        let permitted = tidy(permitted.map(|permit| permit.span).collect());
        let life_span = (life.from, life.to.unwrap_or(case.record.end));
        for outside in without(life_span, &permitted) {
            let who = format!("{} in {}", life.place.user(), life.place.account());
            found.push((outside, who, case.up(outside)));
        }
    }
    found
}

/// I2. What somebody else has put there is not deleted. Where a create of ours of unknown outcome is less than a day
/// old, or one was under way when it was put there, nobody can tell whose it is.
pub(crate) fn standing_untouched(case: &Case<'_>) -> Vec<(i64, String)> {
    let mut found = Vec::new();
    for life in case
        .lives
        .iter()
        .filter(|life| !life.is_ours && life.is_removed_by_us)
    {
        let Some(gone) = life.to else { continue };
        let crashed = |at: i64| {
            let near = |deed: &(i64, Deed)| {
                matches!(deed.1, Deed::Died | Deed::Superseded) && (at..at + 20 * SECOND).contains(&deed.0)
            };
            case.record.deeds.iter().any(near)
        };
        // An intent, and a death before anybody could say whether it was carried out.
        let intended = case.record.told.iter().any(|told| {
            told.kind == "grant.intent"
                && told.data["call"] == "create"
                && told.data["account_id"] == life.place.account()
                && (gone - DAY..gone).contains(&told.at)
                && crashed(told.at)
        });
        let excused = intended
            || case.creates(life.place).any(|(at, call)| {
                let is_doubtful =
                    is_unknown(&call.outcome) || crashed(at) || is_unwritten(case, life.place, at);
                // Before it was put there, or while nobody could have seen it.
                at < gone && at > gone - DAY && is_doubtful && at < life.from + 2 * MINUTE
                    || (life.from - 10 * MINUTE..life.from + 2 * MINUTE).contains(&at)
            });
        if !excused {
            let what = format!(
                "standing access of {} in {} was deleted",
                life.place.user(),
                life.place.account()
            );
            found.push((gone, what));
        }
    }
    found
}

/// Whether the answer of a create never got into the tables: its request intends it again, or finds it in a listing, and
/// no row in between says what became of it. The daemon knows no more of it than one that has died.
fn is_unwritten(case: &Case<'_>, place: Place, at: i64) -> bool {
    let is_create = |told: &&Told| {
        told.kind == "grant.intent"
            && told.data["call"] == "create"
            && told.data["account_id"] == place.account()
    };
    let mut intents = case.record.told.iter().filter(is_create);
    let Some(request) = intents
        .rfind(|told| (at - SECOND..=at).contains(&told.at))
        .and_then(|told| told.request)
    else {
        return false;
    };
    let mut later = case.told(request).filter(|told| told.at > at);
    let next = later.find(|told| told.kind.starts_with("grant."));
    next.is_some_and(|told| {
        (is_create(&told) || told.kind == "grant.confirmed") && told.at < at + 20 * SECOND
    })
}

/// I5. Access that somebody was told to have is not taken away before its time. A delete that got lost and arrives late
/// is not ours to stop.
pub(crate) fn not_cut_short(case: &Case<'_>) -> Vec<(i64, String)> {
    let mut found = Vec::new();
    for permit in &case.permits {
        let Some(request) = permit.request else { continue };
        let mut promised: Option<Span> = None;
        for told in case.told(request) {
            match told.kind.as_str() {
                "request.active" => promised = Some((told.at, permit.span.1)),
                "request.ending" => {
                    if let Some(span) = promised.as_mut() {
                        span.1 = span.1.min(told.at);
                    }
                }
                _ => {}
            }
        }
        let Some((from, to)) = promised else { continue };
        for (at, call) in case.deletes(permit.place) {
            if call.outcome == Outcome::Ok && (from..to - SECOND).contains(&at) {
                let what = format!(
                    "{} in {} was promised access until {}, and it is deleted",
                    permit.place.user(),
                    permit.place.account(),
                    clock_face(to)
                );
                found.push((at, what));
            }
        }
    }
    found
}

/// I10. In the calm everything comes to rest: nothing of ours is left, and nothing waits.
pub(crate) fn converges(case: &Case<'_>) -> Vec<(i64, String)> {
    let mut found = Vec::new();
    for life in case.lives.iter().filter(|life| life.is_ours && life.to.is_none()) {
        let what = format!("{} still has {}", life.place.user(), life.place.account());
        found.push((case.record.end, what));
    }
    for open in &case.record.open {
        found.push((case.record.end, format!("not over: {open}")));
    }
    found
}
