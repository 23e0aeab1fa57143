//! Cancel, done, revoke: taking back. None of them asks policy whether it may, beyond the caller's role.

use super::access::Verb;
use super::reconciler::hand_over;
use super::refused::Refused;
use super::verb::{checked_comment, opened_as_read};
use super::{Act, Engine, commit};
use team_shared::ids::RequestId;
use teamd_domain::identity::Caller;
use teamd_domain::request::{Command, Request, transition};
use teamd_host::failpoint::pass;

impl Engine {
    /// Cancels a request that has not begun; only its requester may.
    ///
    /// # Errors
    /// A refusal.
    pub async fn cancel(&self, caller: &Caller, id: &RequestId, act: Act) -> Result<Request, Refused> {
        self.take_back(Verb::Cancel, caller, id, act).await
    }

    /// Ends one's own access.
    ///
    /// # Errors
    /// A refusal.
    pub async fn done(&self, caller: &Caller, id: &RequestId, act: Act) -> Result<Request, Refused> {
        self.take_back(Verb::Done, caller, id, act).await
    }

    /// Takes somebody's access back.
    ///
    /// # Errors
    /// A refusal.
    pub async fn revoke(&self, caller: &Caller, id: &RequestId, act: Act) -> Result<Request, Refused> {
        self.take_back(Verb::Revoke, caller, id, act).await
    }

    async fn take_back(
        &self,
        verb: Verb,
        caller: &Caller,
        id: &RequestId,
        act: Act,
    ) -> Result<Request, Refused> {
        let (now, facts, caller, id) = (self.clock.now(), self.facts(), caller.clone(), *id);
        pass("act.take_back").await?;
        let request = self
            .store
            .remove(move |tx| {
                let request = opened_as_read(tx, &facts, &caller, &id, verb, &act)?;
                let command = |comment| match verb {
                    Verb::Revoke => Command::Revoke { comment },
                    Verb::Done => Command::Done,
                    Verb::Cancel
                    | Verb::Approve
                    | Verb::Reject
                    | Verb::Lost
                    | Verb::Extend
                    | Verb::Claim
                    | Verb::Unclaim
                    | Verb::Review => Command::Cancel,
                };
                // State goes before validation.
                transition(&request, &command(None), &caller.actor(), now)?;
                let comment = checked_comment(act.comment.as_deref(), verb == Verb::Revoke)?;
                let command = command(comment);
                let request = commit::carry_out(tx, &request, &command, &caller.actor(), now)?;
                // Where an unrelated lease keeps the grant, the answer says so.
                let moved = hand_over(tx, &request.key, now)?;
                Ok::<_, Refused>(
                    moved
                        .into_iter()
                        .find(|moved| moved.id == request.id)
                        .unwrap_or(request),
                )
            })
            .await
            .map_err(|refused| self.or_unavailable(refused))?;
        pass("act.taken_back").await?;
        self.after_commit(&request);
        Ok(request)
    }
}
