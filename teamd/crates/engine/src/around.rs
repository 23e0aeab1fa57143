//! Claims and reviews: what people do around a request. Neither grants nor takes away anything, so neither asks the gate.

use super::access::Verb;
use super::refused::Refused;
use super::verb::{checked_comment, opened_as_read};
use super::{Act, Engine, Facts, commit, limits};
use team_shared::ids::RequestId;
use team_shared::problem::Code;
use teamd_domain::activity::LeftBehind;
use teamd_domain::attention;
use teamd_domain::attention::{Attention, AttentionError, Found, Noted};
use teamd_domain::identity::Caller;
use teamd_domain::request::Request;
use teamd_store::WriteLane;
use teamd_store::port::Tx;

impl Engine {
    /// Says that the caller looks at a request, for as long as policy's `claim_timeout`. Others may decide all the same.
    ///
    /// # Errors
    /// A refusal.
    pub async fn claim(&self, caller: &Caller, id: &RequestId, act: Act) -> Result<Request, Refused> {
        self.attend(Verb::Claim, caller, id, act).await
    }

    /// Says that the caller does not look at it any more.
    ///
    /// # Errors
    /// A refusal.
    pub async fn unclaim(&self, caller: &Caller, id: &RequestId, act: Act) -> Result<Request, Refused> {
        self.attend(Verb::Unclaim, caller, id, act).await
    }

    /// Closes the review of access that is over.
    ///
    /// # Errors
    /// A refusal.
    pub async fn review(&self, caller: &Caller, id: &RequestId, act: Act) -> Result<Request, Refused> {
        self.attend(Verb::Review, caller, id, act).await
    }

    async fn attend(
        &self,
        verb: Verb,
        caller: &Caller,
        id: &RequestId,
        act: Act,
    ) -> Result<Request, Refused> {
        let limit = match verb {
            Verb::Claim | Verb::Unclaim => limits::Act::Claim,
            _ => limits::Act::Decision,
        };
        self.take_act(caller, limit)?;
        let (now, facts, caller, id) = (self.clock.now(), self.facts(), caller.clone(), *id);
        let left_behind: Vec<String> = match verb {
            Verb::Review => self
                .activity_left_behind(id)
                .await?
                .iter()
                .map(LeftBehind::label)
                .collect(),
            _ => Vec::new(),
        };
        let request = self
            .store
            .write(WriteLane::Normal, move |tx| {
                let request = opened_as_read(tx, &facts, &caller, &id, verb, &act)?;
                let attention = tx.attention(&id)?;
                let noted = noted(
                    verb,
                    &facts,
                    &caller,
                    (&request, &attention),
                    &act,
                    &left_behind,
                    now,
                )?;
                keep(tx, &request, &noted, now)?;
                Ok::<_, Refused>(request)
            })
            .await?;
        self.after_commit(&request);
        Ok(request)
    }
}

/// Writes it down and tells it, in one transaction.
///
/// # Errors
/// The store does not take it.
pub fn keep(
    tx: &mut dyn Tx,
    request: &Request,
    noted: &Noted,
    now: teamd_domain::Time,
) -> Result<(), Refused> {
    tx.save_attention(&request.id, &noted.attention)?;
    commit::tell(tx, &noted.event, now)?;
    Ok(())
}

fn noted(
    verb: Verb,
    facts: &Facts,
    caller: &Caller,
    (request, attention): (&Request, &Attention),
    act: &Act,
    left_behind: &[String],
    now: teamd_domain::Time,
) -> Result<Noted, Refused> {
    let by = facts.access(caller).acting_person()?.clone();
    let actor = caller.actor();
    let refused = |error| refusal(error, facts);
    if verb == Verb::Unclaim {
        return attention::unclaim(request, attention, &by, &actor, now).map_err(refused);
    }
    if verb == Verb::Claim {
        let (in_force, _) = facts.both()?;
        let hold = in_force.policy.settings.claim_timeout;
        return attention::claim(request, attention, &by, hold, &actor, now).map_err(refused);
    }
    // State goes before validation.
    attention::review(request, attention, &by, Found::default(), &actor, now).map_err(refused)?;
    let comment = checked_comment(act.comment.as_deref(), true)?;
    let found = Found {
        comment: comment.as_deref(),
        left_behind,
        acknowledged: &act.acknowledged,
    };
    attention::review(request, attention, &by, found, &actor, now).map_err(refused)
}

fn refusal(error: AttentionError, facts: &Facts) -> Refused {
    match &error {
        AttentionError::Own(_) => {
            Refused::new(Code::SelfApproval, error.to_string()).help("somebody else must do it")
        }
        AttentionError::Claimed { by, until } => Refused::new(
            Code::Duplicate,
            format!(
                "{} is looking at it until {}",
                facts.name_of(by),
                until.format("%H:%M:%SZ")
            ),
        )
        .help("you may decide it all the same"),
        AttentionError::Reviewed { by, at } => Refused::new(
            Code::AlreadyDecided,
            format!(
                "{} has closed its review at {}",
                facts.name_of(by),
                at.format("%Y-%m-%d %H:%M:%SZ")
            ),
        ),
        AttentionError::Unacknowledged(_) => Refused::field("acknowledged", error.to_string())
            .help("each may stay or is gone: say so with --acknowledge"),
        AttentionError::NotLeftBehind(_) => Refused::field("acknowledged", error.to_string()),
        AttentionError::NotPending(_)
        | AttentionError::NotClaimed
        | AttentionError::NotOver(_)
        | AttentionError::NothingToReview(_) => Refused::new(Code::AlreadyDecided, error.to_string()),
    }
}
