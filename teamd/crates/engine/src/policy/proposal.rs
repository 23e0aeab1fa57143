//! A document that one administrator wants and a second one has to confirm. There is one at a time: a newer one takes
//! the place of the older, and one that was made from a version no longer in force counts for nothing.

use super::PolicyInput;
use super::apply::Author;
use crate::refused::Refused;
use crate::{Engine, commit};
use serde::{Deserialize, Serialize};
use team_shared::event::EventType;
use team_shared::policy::Proposal;
use teamd_domain::Time;
use teamd_domain::event::{Actor, Datum, EventDraft};
use teamd_store::WriteLane;
use teamd_store::port::{StoreResult, Tx};

/// Where it is kept.
const KEY: &str = "policy.proposal";

/// A document that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposed {
    /// Hash of the document.
    pub sha256: String,
    /// The version that it was made from.
    pub base_version: u64,
    /// Who wants it.
    pub proposed_by: String,
    /// Their id; of the operator, that of the person whose login it was, where there is one.
    pub proposed_by_id: Option<String>,
    /// The operator proposed it.
    #[serde(default)]
    pub is_operators: bool,
    /// The user name that root's own login maps to, where the operator had no login of their own.
    #[serde(default)]
    pub root_name: Option<String>,
    /// When.
    pub proposed_at: Time,
    /// Byte for byte.
    pub document: String,
    /// Why it is wanted although it would be refused.
    pub force_reason: Option<String>,
    /// The version whose document it is.
    pub rolled_back_to: Option<u64>,
}

impl Proposed {
    pub(super) fn new(input: &PolicyInput, hash: String, base: u64, author: &Author, now: Time) -> Self {
        Self {
            sha256: hash,
            base_version: base,
            proposed_by: author.name.clone(),
            proposed_by_id: author.id.clone(),
            is_operators: author.is_operator,
            root_name: author.root_name.clone(),
            proposed_at: now,
            document: input.document.clone(),
            force_reason: input.force_reason.clone(),
            rolled_back_to: input.rolled_back_to,
        }
    }

    /// Why somebody cannot be the second signature; `None`: they can.
    pub(super) fn refusal_of(&self, second: &Author) -> Option<String> {
        if second.is_operator {
            return Some("uid 0 is no second signature: a second administrator confirms it".to_owned());
        }
        if second.id.is_none() || second.id == self.proposed_by_id {
            let how = if self.is_operators { " as uid 0" } else { "" };
            return Some(format!(
                "{} proposed this policy{how}: a second administrator confirms it",
                second.name
            ));
        }
        (self.root_name.as_ref() == Some(&second.name)).then(|| {
            format!(
                "uid 0 proposed this policy from a session without a login, and root's login maps to {}: \
                 another administrator confirms it",
                second.name
            )
        })
    }

    pub(super) fn author(&self) -> Author {
        Author {
            name: self.proposed_by.clone(),
            id: self.proposed_by_id.clone(),
            is_operator: self.is_operators,
            root_name: self.root_name.clone(),
            actor: Actor::daemon(),
        }
    }
}

impl From<Proposed> for Proposal {
    fn from(open: Proposed) -> Self {
        Self {
            sha256: open.sha256,
            base_version: open.base_version,
            proposed_by: open.proposed_by,
            proposed_at: open.proposed_at,
            document: open.document,
        }
    }
}

/// There is nothing more to confirm.
pub(super) fn forget(tx: &mut dyn Tx) -> StoreResult<()> {
    tx.set_meta(KEY, "")
}

impl Engine {
    /// The document that waits for a second administrator.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn policy_proposal(&self) -> Result<Option<Proposed>, Refused> {
        let kept = self
            .store
            .read(|read| Ok::<_, Refused>((read.meta(KEY)?, read.policy()?.map_or(0, |row| row.version))))
            .await?;
        let (Some(text), current) = kept else {
            return Ok(None);
        };
        let open: Option<Proposed> = serde_json::from_str(&text).ok();
        Ok(open.filter(|open| open.base_version == current))
    }

    pub(super) async fn propose(&self, open: Proposed, author: &Author) -> Result<Proposed, Refused> {
        let (now, actor, kept) = (self.clock.now(), author.actor.clone(), open.clone());
        let text = serde_json::to_string(&open)
            .map_err(|error| Refused::field("document", format!("cannot be kept: {error}")))?;
        self.store
            .write(WriteLane::Normal, move |tx| {
                let current = tx.policy()?.map_or(0, |row| row.version);
                super::refuse_stale_base(Some(kept.base_version), current)?;
                tx.set_meta(KEY, &text)?;
                let event = EventDraft::new(EventType::PolicyProposed)
                    .by(&actor)
                    .text("sha256", &kept.sha256)
                    .with(
                        "base_version",
                        Datum::Number(i64::try_from(kept.base_version).unwrap_or(i64::MAX)),
                    );
                commit::tell(tx, &event, now).map(drop)?;
                Ok::<_, Refused>(())
            })
            .await?;
        self.outbox_wake.notify_one();
        Ok(open)
    }
}
