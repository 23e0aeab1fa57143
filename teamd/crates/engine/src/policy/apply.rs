//! Applying a document: role, base, form, what it would lock out, and whether a second administrator is needed.

use super::history::{Note, changed_lines};
use super::proposal::{self, Proposed};
use super::{InForce, PolicyInput, read, refuse_stale_base, sha256};
use crate::decision::moving_facts;
use crate::refused::Refused;
use crate::{Engine, commit, limits};
use std::sync::Arc;
use team_shared::event::EventType;
use team_shared::problem::{Code, FieldError};
use team_shared::text;
use teamd_domain::event::{Actor, Datum, EventDraft};
use teamd_domain::identity::{Caller, Who};
use teamd_host::failpoint::{hit, pass};
use teamd_policy::Policy;
use teamd_policy::plan::{Change, plan, refusals};
use teamd_store::WriteLane;
use teamd_store::port::PolicyRow;

/// How often a document is judged again because another one came into force meanwhile.
const APPLY_TRIES: usize = 64;

/// What became of a document.
#[derive(Debug, Clone)]
pub enum Applied {
    /// It is in force.
    InForce(Arc<InForce>),
    /// A second administrator has to confirm it.
    Proposed(Box<Proposed>),
}

/// Who applies, in the words of the history.
pub(super) struct Author {
    pub(super) name: String,
    /// Their id. Of the operator, that of the person whose login it is, where there is one.
    pub(super) id: Option<String>,
    /// uid 0, whose word is no second signature.
    pub(super) is_operator: bool,
    /// The user name that root's own login maps to, where an operator has no login of their own.
    pub(super) root_name: Option<String>,
    pub(super) actor: Actor,
}

impl Engine {
    /// Applies a document, or keeps it until a second administrator has confirmed it.
    ///
    /// # Errors
    /// The role does not allow it, the base is stale, the document has faults, or it locks somebody out and is not
    /// forced; the policy in force stays.
    pub async fn apply_policy(&self, caller: &Caller, input: PolicyInput) -> Result<Applied, Refused> {
        self.policy_author(caller)?;
        self.take_act(caller, limits::Act::Administration)?;
        for _ in 0..APPLY_TRIES {
            match self.try_to_apply(caller, input.clone()).await? {
                Some(applied) => return Ok(applied),
                None => self.catch_up_with_policy().await?,
            }
        }
        Err(moving_facts())
    }

    /// Applies a document by the policy that is in force; none: another one came into force meanwhile, whose signatures
    /// and roles count.
    async fn try_to_apply(&self, caller: &Caller, input: PolicyInput) -> Result<Option<Applied>, Refused> {
        let author = self.policy_author(caller)?;
        let (current, needs_two) = self.signatures_needed().await?;
        // State goes before validation; looked at again in the transaction that decides.
        refuse_stale_base(input.base_version, current)?;
        let policy = read(&input.document)?;
        check_reason(input.force_reason.as_deref())?;
        if input.force_reason.is_none() {
            self.refuse_lock_out(&policy, caller)?;
        }
        // Root can do anything on the host; a reason of theirs stands for the second signature, and is in the trail.
        let is_overruled = author.is_operator && input.force_reason.is_some();
        if !needs_two || is_overruled {
            return Ok(self
                .put_in_force(policy, input, author, None, current)
                .await?
                .map(Applied::InForce));
        }
        let hash = sha256(&input.document);
        match self
            .policy_proposal()
            .await?
            .filter(|open| open.sha256 == hash && open.base_version == current)
        {
            Some(open) if open.refusal_of(&author).is_none() => {
                let input = PolicyInput {
                    force_reason: input.force_reason.or_else(|| open.force_reason.clone()),
                    ..input
                };
                let first = open.author();
                let confirmed = self
                    .put_in_force(policy, input, first, Some(author), current)
                    .await?;
                Ok(confirmed.map(Applied::InForce))
            }
            _ => {
                let proposed = Proposed::new(&input, hash, current, &author, self.clock.now());
                let open = self.propose(proposed, &author).await?;
                Ok(Some(Applied::Proposed(Box::new(open))))
            }
        }
    }

    /// The version in force, and whether changing it takes two administrators. Where this release cannot read the
    /// document, it does.
    async fn signatures_needed(&self) -> Result<(u64, bool), Refused> {
        let row = self.store.read(|read| Ok::<_, Refused>(read.policy()?)).await?;
        let Some(row) = row else { return Ok((0, false)) };
        let needs_two = |policy: &Policy| policy.settings.policy_changes_need >= 2;
        let needed = match self.policy() {
            Some(known) if known.version == row.version => needs_two(&known.policy),
            _ => InForce::from_row(&row).is_none_or(|read| needs_two(&read.policy)),
        };
        Ok((row.version, needed))
    }

    /// Confirms the document that waits, by its hash.
    ///
    /// # Errors
    /// There is none, it is another, or the caller cannot be its second signature.
    pub async fn confirm_policy(&self, caller: &Caller, hash: &str) -> Result<Applied, Refused> {
        self.catch_up_with_policy().await?;
        let author = self.policy_author(caller)?;
        self.take_act(caller, limits::Act::Administration)?;
        let current = self.policy_version_in_force().await?;
        let open = self
            .policy_proposal()
            .await?
            .filter(|open| open.base_version == current);
        let open = open.ok_or_else(|| Refused::not_found("policy that waits for a second administrator"))?;
        if !open.sha256.starts_with(&hash.to_lowercase()) || hash.len() < 8 {
            return Err(Refused::new(
                Code::Stale,
                format!(
                    "the document that waits is {}, by {}",
                    open.sha256, open.proposed_by
                ),
            )
            .help("`team-tui policy plan` it first; then confirm it by this hash"));
        }
        if let Some(why) = open.refusal_of(&author) {
            return Err(Refused::new(Code::NotAllowed, why)
                .help("another administrator confirms it from their own login"));
        }
        let policy = read(&open.document)?;
        if open.force_reason.is_none() {
            self.refuse_lock_out(&policy, caller)?;
        }
        let input = PolicyInput {
            document: open.document.clone(),
            base_version: Some(open.base_version),
            force_reason: open.force_reason.clone(),
            rolled_back_to: open.rolled_back_to,
        };
        let first = open.author();
        let confirmed = self
            .put_in_force(policy, input, first, Some(author), current)
            .await?;
        confirmed.map(Applied::InForce).ok_or_else(moving_facts)
    }

    /// Puts the document of an earlier version in force again, with all checks.
    ///
    /// # Errors
    /// There is no such version, or as [`apply_policy`](Self::apply_policy).
    pub async fn roll_back_policy(
        &self,
        caller: &Caller,
        version: u64,
        force_reason: Option<String>,
    ) -> Result<Applied, Refused> {
        self.policy_author(caller)?;
        let row = self
            .store
            .read(move |read| Ok::<_, Refused>(read.policy_version(version)?))
            .await?
            .ok_or_else(|| Refused::not_found(format!("policy version {version}")))?;
        let input = PolicyInput {
            document: row.document,
            base_version: None,
            force_reason,
            rolled_back_to: Some(version),
        };
        self.apply_policy(caller, input).await
    }

    fn policy_author(&self, caller: &Caller) -> Result<Author, Refused> {
        let facts = self.facts();
        let access = facts.access(caller);
        access.refuse_sudo()?;
        let actor = caller.actor();
        match &caller.who {
            Who::Operator => Ok(Author {
                name: match &caller.behind {
                    Some(person) => format!("operator ({})", facts.name_of(person)),
                    None => "operator".to_owned(),
                },
                id: caller.behind.as_ref().map(ToString::to_string),
                is_operator: true,
                root_name: match caller.behind {
                    Some(_) => None,
                    None => Some(self.settings().identity.user_name("root")),
                },
                actor,
            }),
            Who::Person { user_name, id } if access.roles().admin => Ok(Author {
                name: user_name.clone(),
                id: Some(id.to_string()),
                is_operator: false,
                root_name: None,
                actor,
            }),
            Who::Person { .. } => Err(Refused::new(
                Code::NotAllowed,
                "applying a policy takes an administrator or the operator",
            )),
            Who::Nobody { why } => Err(Refused::new(Code::UnknownIdentity, why.clone())),
        }
    }

    /// A document that leaves requests without approvers, or nobody to change it again, is refused.
    fn refuse_lock_out(&self, policy: &Policy, caller: &Caller) -> Result<(), Refused> {
        let facts = self.facts();
        let Some(directory) = facts.directory.as_deref() else {
            return Ok(());
        };
        let plan = plan(&Change {
            before: facts.policy.as_deref().map(|in_force| &in_force.policy),
            after: policy,
            directory,
            protected: &facts.protected,
            author: caller.person(),
            now: self.clock.now(),
        });
        let errors: Vec<FieldError> = refusals(&plan)
            .into_iter()
            .map(|finding| FieldError {
                field: finding.about.clone(),
                message: finding.says.clone(),
            })
            .collect();
        if errors.is_empty() {
            return Ok(());
        }
        Err(Refused::invalid(errors).help(
            "nothing was applied; `team-tui policy plan` shows all of it, --force REASON applies it all the same",
        ))
    }

    /// Puts a policy in force that was judged by version `judged`; none: another version is in force.
    async fn put_in_force(
        &self,
        policy: Policy,
        input: PolicyInput,
        author: Author,
        second: Option<Author>,
        judged: u64,
    ) -> Result<Option<Arc<InForce>>, Refused> {
        let now = self.clock.now();
        let before = self.policy();
        let change = changed_lines(
            before.as_ref().map_or("", |one| &one.row.document),
            &input.document,
        );
        let row = PolicyRow {
            version: 0,
            sha256: sha256(&input.document),
            document: input.document,
            applied_by: author.name,
            applied_at: now,
        };
        let note = Note {
            confirmed_by: second.as_ref().map(|second| second.name.clone()),
            rolled_back_to: input.rolled_back_to,
            force_reason: input.force_reason,
        };
        let actor = second.map_or(author.actor, |second| second.actor);
        let mut kept = row.clone();
        let version = self
            .store
            .write(WriteLane::Normal, move |tx| {
                let current = tx.policy_in_force()?;
                refuse_stale_base(input.base_version, current)?;
                if current != judged {
                    return Ok(None);
                }
                hit("policy.apply")?;
                let version = tx.append_policy(&row.document, &row.sha256, &row.applied_by, now)?;
                note.keep(tx, version)?;
                proposal::forget(tx)?;
                let event = EventDraft::new(EventType::PolicyApplied)
                    .by(&actor)
                    .with(
                        "version",
                        Datum::Number(i64::try_from(version).unwrap_or(i64::MAX)),
                    )
                    .text("sha256", &row.sha256)
                    .text("change", &change)
                    .text("applied_by", &row.applied_by);
                commit::tell(tx, &note.on(event), now)?;
                Ok::<_, Refused>(Some(version))
            })
            .await?;
        let Some(version) = version else { return Ok(None) };
        pass("policy.applied").await?;
        kept.version = version;
        let in_force = Arc::new(InForce {
            version,
            policy,
            row: kept,
        });
        self.advance_policy(Arc::clone(&in_force));
        self.outbox_wake.notify_one();
        if self.directory().is_some() {
            self.recheck_open_requests().await?;
        }
        Ok(Some(in_force))
    }
}

fn check_reason(reason: Option<&str>) -> Result<(), Refused> {
    match reason.map(text::check) {
        None | Some(Ok(())) => Ok(()),
        Some(Err(error)) => Err(Refused::field("force_reason", error.to_string())),
    }
}
