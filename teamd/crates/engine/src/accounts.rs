//! The daemon's own account and the management account. Only protected rules may reach them, so both are learned once and
//! kept in the store: a start while AWS does not answer must not forget them.
//!
//! As long as either is unknown no create is sent, and every account counts as protected.

use super::refused::Refused;
use super::{Engine, Hold};
use arc_swap::ArcSwap;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use team_shared::ids::AccountId;
use teamd_domain::directory::Directory;
use teamd_store::WriteLane;
use teamd_store::port::{StoreResult, Tx};
use tokio::sync::watch;

/// Names in the store.
const OWN: &str = "own_account";
const MANAGEMENT: &str = "management_account";

/// Questions about our own account that a decision waits for.
const FIRST_QUESTIONS: u32 = 3;

/// How long a decision that grants waits for AWS's first answer about our own account.
const FIRST_ANSWER: Duration = Duration::from_secs(10);

/// What is known, and whether AWS has been asked a few times since the start.
#[derive(Debug)]
pub(super) struct AccountBook {
    known: ArcSwap<KnownAccounts>,
    is_asked: watch::Sender<bool>,
}

impl Default for AccountBook {
    fn default() -> Self {
        Self {
            known: ArcSwap::default(),
            is_asked: watch::Sender::new(false),
        }
    }
}

impl AccountBook {
    pub(super) fn known(&self) -> Arc<KnownAccounts> {
        self.known.load_full()
    }
}

/// What is known of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct KnownAccounts {
    own: Option<AccountId>,
    management: Option<AccountId>,
    /// AWS has named our own account since the start: credentials may have changed while the daemon was down.
    is_own_confirmed: bool,
    /// What AWS answered last instead.
    last_error: Option<String>,
}

impl KnownAccounts {
    /// Keeps what has changed.
    ///
    /// # Errors
    /// The store does not take it.
    pub(super) fn save(&self, tx: &mut dyn Tx) -> StoreResult<()> {
        for (name, known) in [(OWN, &self.own), (MANAGEMENT, &self.management)] {
            if let Some(account) = known
                && tx.meta(name)?.as_deref() != Some(account.as_str())
            {
                tx.set_meta(name, account.as_str())?;
            }
        }
        Ok(())
    }

    /// Why it is not known which accounts are protected.
    fn missing(&self) -> Option<String> {
        match (&self.own, &self.management) {
            (None, _) => Some(format!(
                "teamd does not know its own account, which only protected rules may reach: \
                 sts:GetCallerIdentity has not answered{}",
                self.last_error
                    .as_ref()
                    .map_or_else(String::new, |error| format!(": {error}"))
            )),
            (_, None) => Some(
                "teamd does not know the management account, which only protected rules may reach: \
                 allow organizations:DescribeOrganization"
                    .to_owned(),
            ),
            (Some(_), Some(_)) => None,
        }
    }
}

impl Engine {
    /// Reads what was learned before. Where the store cannot say, they are unknown.
    pub(super) async fn load_known_accounts(&self) {
        let read = self.store.read(|read| {
            let known = (read.meta(OWN)?, read.meta(MANAGEMENT)?);
            Ok::<_, Refused>(known)
        });
        let (own, management) = read.await.unwrap_or_else(|error| {
            tracing::error!(%error, "which accounts are protected cannot be read");
            (None, None)
        });
        let parse = |text: Option<String>| text.and_then(|text| text.parse().ok());
        let copy = self.directory();
        self.accounts.known.store(Arc::new(KnownAccounts {
            own: parse(own),
            management: copy
                .and_then(|copy| copy.management_account.clone())
                .or_else(|| parse(management)),
            ..KnownAccounts::default()
        }));
        self.hold_for_accounts();
    }

    /// Asks AWS for our own account, until it has answered once.
    pub(super) async fn run_accounts(&self) {
        let mut failures = 0_u32;
        while !self.stop.is_cancelled() {
            self.learn_own_account().await;
            let is_known = self.accounts.known.load().is_own_confirmed;
            if is_known || failures + 1 >= FIRST_QUESTIONS {
                self.accounts.is_asked.send_replace(true);
            }
            if is_known {
                return self.stop.cancelled().await;
            }
            let pause = Duration::from_secs(1 << failures.min(4));
            failures += 1;
            tokio::select! {
                biased;
                () = tokio::time::sleep(pause) => {}
                () = self.stop.cancelled() => {}
            }
        }
    }

    async fn learn_own_account(&self) {
        let answer = self.own.account().await;
        match answer {
            Ok(account) => {
                self.accounts.known.rcu(|known| KnownAccounts {
                    own: Some(account.clone()),
                    is_own_confirmed: true,
                    ..KnownAccounts::clone(known)
                });
                self.hold_for_accounts();
                let known = self.accounts.known();
                let saved = self
                    .store
                    .write(WriteLane::Background, move |tx| Ok::<_, Refused>(known.save(tx)?));
                if let Err(error) = saved.await {
                    tracing::warn!(%error, "our own account is not kept; it is asked for again after a restart");
                }
            }
            Err(error) => {
                tracing::warn!(%error, "AWS does not say which account is our own");
                self.accounts.known.rcu(|known| KnownAccounts {
                    last_error: Some(error.to_string()),
                    ..KnownAccounts::clone(known)
                });
                self.hold_for_accounts();
            }
        }
    }

    /// Waits until AWS was asked a few times for our own account, unless it is known from before.
    pub(super) async fn accounts_ready(&self) {
        if self.accounts.known.load().missing().is_some() {
            let mut asked = self.accounts.is_asked.subscribe();
            let _ = tokio::time::timeout(FIRST_ANSWER, asked.wait_for(|is_asked| *is_asked)).await;
        }
    }

    #[cfg(test)]
    pub(super) fn set_own_account(&self, account: AccountId) {
        self.accounts.known.rcu(|known| KnownAccounts {
            own: Some(account.clone()),
            management: Some(known.management.clone().unwrap_or_else(|| account.clone())),
            is_own_confirmed: true,
            last_error: None,
        });
        self.hold_for_accounts();
    }

    /// Takes the management account over from a directory load.
    pub(super) fn learn_management_account(&self, directory: &Directory) {
        if directory.management_account.is_some() {
            self.accounts.known.rcu(|known| KnownAccounts {
                management: directory.management_account.clone(),
                ..KnownAccounts::clone(known)
            });
        }
        self.hold_for_accounts();
    }

    /// Our own account.
    pub(super) fn own_account(&self) -> Option<AccountId> {
        self.accounts.known.load().own.clone()
    }

    /// Accounts that only protected rules match, and, where others may be protected too, those that certainly are.
    pub(super) fn protected(
        &self,
        directory: Option<&Directory>,
    ) -> (BTreeSet<AccountId>, Option<BTreeSet<AccountId>>) {
        let known = self.accounts.known.load();
        let mut protected = self.settings().protected.clone();
        protected.extend(known.own.iter().chain(&known.management).cloned());
        if known.missing().is_none() {
            return (protected, None);
        }
        let mut all = protected.clone();
        all.extend(
            directory
                .iter()
                .flat_map(|directory| directory.accounts.keys().cloned()),
        );
        (all, Some(protected))
    }

    fn hold_for_accounts(&self) {
        match self.accounts.known.load().missing() {
            Some(why) => {
                if self.gate.hold(Hold::OwnAccount, self.clock.now(), &why) {
                    tracing::warn!("{why}; nothing is granted until it is known");
                }
            }
            None => {
                if self.gate.release(Hold::OwnAccount) {
                    tracing::info!("our own account and the management account are known");
                    self.deadlines_wake.notify_one();
                }
            }
        }
    }
}
