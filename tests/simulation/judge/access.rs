//! What there is in AWS, against what was agreed on.

use super::case::{Case, is_unknown};
use super::spans::{tidy, without};
use crate::record::{Told, clock_face};
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
        // An intent, and a death before anybody could say whether it was carried out.
        let intended = case.told_of(life.place).any(|told| {
            told.kind == "grant.intent"
                && told.data["call"] == "create"
                && (gone - DAY..gone).contains(&told.at)
                && case.died_after(told.at)
        });
        let excused = intended
            || is_being_removed(case, life.place, life.from)
            || case.creates(life.place).any(|(at, call)| {
                let is_doubtful = is_unknown(&call.outcome)
                    || case.died_after(at)
                    || is_unwritten(case, life.place, at)
                    || is_slow(case, life.place, at);
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

/// Whether a removal of ours was under way at that moment: begun, and not seen to be done.
fn is_being_removed(case: &Case<'_>, place: Place, at: i64) -> bool {
    let told = case.told_of(place).filter(|told| told.at <= at);
    let mut is_begun = false;
    for told in told {
        match told.kind.as_str() {
            "grant.intent" => is_begun = told.data["call"] == "delete",
            "grant.removed" => is_begun = false,
            _ => {}
        }
    }
    is_begun
}

/// Whether AWS had not finished a create of ours by the time at which it is asked no more: what becomes of it is as
/// unknown as with an answer that got lost.
fn is_slow(case: &Case<'_>, place: Place, at: i64) -> bool {
    /// Operations are polled for five minutes.
    const POLLED: i64 = 5 * MINUTE - 10 * SECOND;
    let ours = case
        .lives
        .iter()
        .filter(|life| life.place == place && life.is_ours);
    let came = ours.map(|life| life.from).find(|from| *from >= at);
    came.is_none_or(|came| came > at + POLLED)
}

/// Whether the answer of a create never got into the tables: its request intends it again, or finds it in a listing, and
/// no row in between says what became of it. The daemon knows no more of it than one that has died.
fn is_unwritten(case: &Case<'_>, place: Place, at: i64) -> bool {
    let is_create = |told: &&Told| told.kind == "grant.intent" && told.data["call"] == "create";
    let mut intents = case.told_of(place).filter(is_create);
    let Some(request) = intents
        .rfind(|told| (at - SECOND..=at).contains(&told.at))
        .and_then(|told| told.request)
    else {
        return false;
    };
    let mut later = case.told(request).filter(|told| told.at > at);
    // A listing that fails says nothing about the create.
    let is_word = |told: &&Told| told.kind.starts_with("grant.") && told.data["call"] != "list";
    let next = later.find(is_word);
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
