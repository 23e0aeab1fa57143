//! Giving up a removal that nobody can carry out any more, because its account has left the organisation. It takes two
//! administrators, and changes nothing about the removal: the key is tried on, and a listing that shows it brings the
//! request back.

use super::access::Verb;
use super::refused::Refused;
use super::verb::{checked_comment, opened_as_read};
use super::{Act, Engine, commit};
use team_shared::ids::RequestId;
use team_shared::state::RequestState;
use teamd_domain::Time;
use teamd_domain::event::Actor;
use teamd_domain::identity::Caller;
use teamd_domain::request::{Command, Key, Request, transition};
use teamd_store::WriteLane;
use teamd_store::port::{RequestFilter, Tx};

/// More requests than ever ended in loss on one key.
const MANY: usize = 100;

impl Engine {
    /// Signs that a removal is given up. The first administrator's word is kept with the request; the second one's, of
    /// another person, moves it to `lost`.
    ///
    /// # Errors
    /// A refusal.
    pub async fn give_up(&self, caller: &Caller, id: &RequestId, act: Act) -> Result<Request, Refused> {
        let (now, facts, caller, id) = (self.clock.now(), self.facts(), caller.clone(), *id);
        let request = self
            .store
            .write(WriteLane::Normal, move |tx| {
                let request = opened_as_read(tx, &facts, &caller, &id, Verb::Lost, &act)?;
                let by = facts.access(&caller).acting_person()?.clone();
                let command = |reason| Command::DeclareLost {
                    by: by.clone(),
                    reason,
                };
                // State goes before validation.
                transition(&request, &command(String::new()), &caller.actor(), now)?;
                let reason = checked_comment(act.comment.as_deref(), true)
                    .map_err(about_the_reason)?
                    .unwrap_or_default();
                commit::carry_out(tx, &request, &command(reason), &caller.actor(), now)
            })
            .await?;
        self.after_commit(&request);
        Ok(request)
    }
}

/// The field is called `reason` here.
fn about_the_reason(mut refused: Refused) -> Refused {
    for error in &mut refused.errors {
        error.field = "reason".to_owned();
    }
    Refused::invalid(refused.errors)
}

/// A listing shows the assignment of requests that were given up: they are ending again.
///
/// # Errors
/// The store does not take it.
pub(super) fn bring_back(tx: &mut dyn Tx, key: &Key, now: Time) -> Result<Vec<Request>, Refused> {
    let filter = RequestFilter {
        states: vec![RequestState::Lost],
        user: Some(key.user.clone()),
        account: Some(key.account.clone()),
        limit: MANY,
        ..RequestFilter::default()
    };
    let mut moved = Vec::new();
    for request in tx.requests(&filter)?.iter().filter(|request| request.key == *key) {
        moved.push(commit::carry_out(
            tx,
            request,
            &Command::Reappear,
            &Actor::daemon(),
            now,
        )?);
    }
    Ok(moved)
}
