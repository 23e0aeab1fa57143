//! What must be so before a create is sent. Each of these can hold a create back, none a removal.

use crate::commit::carry_out;
use crate::decision::Currency;
use crate::directory::{lost_basis, may_be_lost};
use crate::guards;
use crate::guards::Guard;
use crate::refused::Refused;
use crate::{Engine, Facts};
use teamd_domain::Time;
use teamd_domain::event::Actor;
use teamd_domain::request::{Command, Key, Request, State};
use teamd_store::port::Tx;

impl Engine {
    /// Makes everything durable that a create needs beside its intent, in order; whether it may be sent. What is not
    /// ready is tried again in a few seconds, with [`Wanted::may_create`](teamd_domain::grant::Wanted::may_create)
    /// false meanwhile.
    pub(super) async fn may_create(&self, key: &Key) -> bool {
        // The gate knows of the clocks as they are now, not as they were a second ago.
        self.check_clock();
        self.heed_refusals();
        (self.gate.is_open() || !guards::is_on(Guard::Gate))
            && !self.directory_is_stale()
            && self.lease_is_written(key).await
            && self.backstop_covers(key).await
    }
}

/// Judges whoever waits for a create once more, in the transaction of its intent: those who are not eligible any more
/// lose their request, and are returned. None: the facts are not those in force, so that the create waits.
///
/// # Errors
/// The store does not take it.
pub(super) fn judge_again(
    tx: &mut dyn Tx,
    key: &Key,
    facts: &Facts,
    currency: &Currency,
    now: Time,
) -> Result<Option<Vec<Request>>, Refused> {
    if !facts.holds.is_empty() {
        // It was open when it was asked, before the waits for the leases file and the backstop.
        return Ok(None);
    }
    if !guards::is_on(Guard::JudgeAgain) {
        return Ok(Some(Vec::new()));
    }
    if facts.policy.is_none() {
        // Either none was ever applied, and nothing to judge by; or there is one that this release cannot read.
        return Ok((tx.policy_in_force()? == 0).then(Vec::new));
    }
    if facts.both().is_err() || !currency.holds(tx, facts)? {
        return Ok(None);
    }
    let mut waiting = tx.open_requests_on(key)?;
    waiting.retain(|request| matches!(request.state, State::Activating { .. }));
    let is_unsure =
        |request: &Request| lost_basis(facts, request, now).is_none() && may_be_lost(facts, request, now);
    if waiting.iter().any(is_unsure) {
        // Nobody can say whether a source of who is on call still names them.
        return Ok(None);
    }
    let mut moved = Vec::new();
    for request in waiting {
        if let Some(reason) = lost_basis(facts, &request, now) {
            let command = Command::LoseBasis { reason };
            moved.push(carry_out(tx, &request, &command, &Actor::daemon(), now)?);
        }
    }
    Ok(Some(moved))
}
