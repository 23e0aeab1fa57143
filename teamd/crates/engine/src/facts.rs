//! Everything that a decision is made on, held still.

use super::access::Access;
use super::gate::{Held, Hold};
use super::policy::InForce;
use super::refused::Refused;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use team_shared::ids::{AccountId, UserId};
use teamd_domain::Time;
use teamd_domain::directory::Directory;
use teamd_domain::identity::Caller;

/// What decisions are made on, at one moment.
#[derive(Clone)]
pub struct Facts {
    /// The policy.
    pub policy: Option<Arc<InForce>>,
    /// The directory copy.
    pub directory: Option<Arc<Directory>>,
    /// Accounts that only protected rules match: all, as long as it is not known which are protected.
    pub protected: BTreeSet<AccountId>,
    /// The accounts that are certainly protected, where others may be too.
    pub certainly_protected: Option<BTreeSet<AccountId>>,
    /// `[identity] allow_sudo`.
    pub allow_sudo: bool,
    /// The moment.
    pub now: Time,
    /// Why no create is sent; empty: creates are sent.
    pub holds: BTreeMap<Hold, Held>,
    /// Sources of who is on call that a rule names and of which nobody can say whom they name.
    pub unknown_on_call: BTreeSet<String>,
}

impl Facts {
    /// Whether policy and directory are the same as others': what they let a caller see is the same then.
    #[must_use]
    pub fn is_same(&self, others: &Self) -> bool {
        fn same<T>(one: Option<&Arc<T>>, other: Option<&Arc<T>>) -> bool {
            match (one, other) {
                (Some(one), Some(other)) => Arc::ptr_eq(one, other),
                (None, None) => true,
                _ => false,
            }
        }
        same(self.policy.as_ref(), others.policy.as_ref())
            && same(self.directory.as_ref(), others.directory.as_ref())
    }

    /// What a caller may do by these facts.
    #[must_use]
    pub fn access<'a>(&'a self, caller: &'a Caller) -> Access<'a> {
        Access {
            caller,
            policy: self.policy.as_deref().map(|in_force| &in_force.policy),
            directory: self.directory.as_deref(),
            protected: &self.protected,
            allow_sudo: self.allow_sudo,
            now: self.now,
        }
    }

    /// What people call somebody; the id where the directory does not know them.
    #[must_use]
    pub fn name_of(&self, id: &UserId) -> String {
        let known = self
            .directory
            .as_ref()
            .and_then(|directory| directory.people.get(id));
        known.map_or_else(|| id.to_string(), |person| person.user_name.clone())
    }

    /// The directory.
    ///
    /// # Errors
    /// There is none yet.
    pub fn known_directory(&self) -> Result<&Directory, Refused> {
        use team_shared::problem::Code;
        self.directory.as_deref().ok_or_else(|| {
            Refused::new(
                Code::DirectoryUnavailable,
                "the directory has never been loaded from AWS",
            )
            .help("`team-tui status` says what AWS answers")
        })
    }

    /// Refuses a decision that grants while a hold refuses them.
    ///
    /// # Errors
    /// `held`, with the reason.
    pub(super) fn refuse_held(&self) -> Result<(), Refused> {
        let held = self.holds.iter().find(|(hold, _)| hold.refuses_decisions());
        held.map_or(Ok(()), |(_, held)| {
            Err(Refused::new(
                team_shared::problem::Code::Held,
                format!("no access is granted: {}", held.line()),
            )
            .help("access is still taken back; an operator corrects it: docs/OPERATIONS.md, Holds"))
        })
    }

    /// The error for a caller whose right depends on an unknown source of who is on call.
    pub(super) fn on_call_unknown(&self) -> Refused {
        let sources: Vec<&str> = self.unknown_on_call.iter().map(String::as_str).collect();
        Refused::new(
            team_shared::problem::Code::DirectoryUnavailable,
            format!(
                "refused: it depends on who is on call for {}, and that is not known: \
                 the source fails or has not been read yet",
                sources.join(", ")
            ),
        )
        .help("try again in half a minute; `team-tui status` says what is wrong with a source and since when")
    }

    /// The policy and the directory.
    ///
    /// # Errors
    /// There is none yet.
    pub fn both(&self) -> Result<(&InForce, &Directory), Refused> {
        use team_shared::problem::Code;
        let directory = self.known_directory()?;
        let policy = self.policy.as_deref().ok_or_else(|| {
            Refused::new(
                Code::NotEligible,
                "no policy; as root: team-tui policy apply FILE",
            )
        })?;
        Ok((policy, directory))
    }
}
