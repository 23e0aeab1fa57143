//! Decisions hold at their commit: whatever policy and directory a decision was made on are still in force in the
//! transaction that writes it. Where they have moved meanwhile, it is made again.

use super::Engine;
use super::facts::Facts;
use super::guards::{self, Guard};
use super::policy::InForce;
use super::refused::Refused;
use arc_swap::ArcSwapOption;
use std::sync::Arc;
use team_shared::problem::Code;
use teamd_domain::Time;
use teamd_domain::directory::Directory;
use teamd_store::WriteLane;
use teamd_store::port::{Read, StoreResult, Tx};

/// How often a decision is made again before its caller is told to try later.
pub(super) const MAX_TRIES: usize = 8;

/// Looks, in a transaction, whether facts are still those in force.
#[derive(Clone)]
pub(super) struct Currency(Arc<ArcSwapOption<Directory>>);

impl Currency {
    /// Whether the policy of the store and the directory copy are those of `facts`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(super) fn holds<R: Read + ?Sized>(&self, read: &mut R, facts: &Facts) -> StoreResult<bool> {
        if !guards::is_on(Guard::JudgeAgain) {
            return Ok(true);
        }
        let version = facts.policy.as_ref().map_or(0, |in_force| in_force.version);
        let directory = self.0.load();
        let is_same_copy = match (directory.as_ref(), &facts.directory) {
            (Some(now), Some(then)) => Arc::ptr_eq(now, then),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        // A policy that this release cannot read is in the store and not in memory: nothing is decided on it.
        Ok(is_same_copy && (facts.policy.is_none() || read.policy_in_force()? == version))
    }
}

impl Engine {
    pub(super) fn currency(&self) -> Currency {
        Currency(Arc::clone(&self.directory))
    }

    /// Makes a decision in one transaction, on facts that are in force when it is committed.
    ///
    /// # Errors
    /// Those of `work`; policy or directory changed each time.
    pub(super) async fn decide<T: Send + 'static>(
        &self,
        work: impl Fn(&mut dyn Tx, &Facts, Time) -> Result<T, Refused> + Clone + Send + 'static,
    ) -> Result<T, Refused> {
        for _ in 0..MAX_TRIES {
            let (facts, now) = (self.facts(), self.clock.now());
            let (work, currency) = (work.clone(), self.currency());
            let decided = self
                .store
                .write(WriteLane::Normal, move |tx| {
                    if !currency.holds(tx, &facts)? {
                        return Ok(None);
                    }
                    work(tx, &facts, now).map(Some)
                })
                .await?;
            if let Some(decided) = decided {
                return Ok(decided);
            }
            self.catch_up_with_policy().await?;
        }
        Err(moving_facts())
    }

    /// Brings the policy in memory up to the one in the store, which another call may just have applied.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(super) async fn catch_up_with_policy(&self) -> Result<(), Refused> {
        let known = self.policy().map_or(0, |in_force| in_force.version);
        let newer = self
            .store
            .read(move |read| {
                Ok::<_, Refused>(match read.policy_in_force()? > known {
                    true => read.policy()?,
                    false => None,
                })
            })
            .await?;
        if let Some(in_force) = newer.and_then(|row| InForce::from_row(&row)) {
            self.advance_policy(Arc::new(in_force));
        }
        Ok(())
    }

    /// Puts a policy in force in memory, unless a later one is there already.
    pub(super) fn advance_policy(&self, in_force: Arc<InForce>) {
        self.policy.rcu(|current| match current {
            Some(current) if current.version >= in_force.version => Some(Arc::clone(current)),
            _ => Some(Arc::clone(&in_force)),
        });
    }
}

/// What the caller hears when policy or directory changed at each try.
pub(super) fn moving_facts() -> Refused {
    Refused::new(
        Code::Stale,
        "policy or directory changed each time this was about to be decided",
    )
    .help("try again")
}
