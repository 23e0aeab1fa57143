//! Whether the store belongs to the Identity Center instance in use. Access of one instance does not show in a listing of
//! another, so after a change of instance "not found" proves nothing.
//!
//! While the store has open requests or grants of another instance, it is held: nothing is granted, the directory copy of
//! the store's own instance stays, and removals go on at that instance.

use super::{Engine, Hold, Refused};
use crate::guards;
use crate::guards::Guard;
use team_shared::ids::PermissionSetArn;
use team_shared::state::RequestState;
use teamd_aws::port::AwsError;
use teamd_domain::directory::Directory;
use teamd_domain::grant::Reply;
use teamd_domain::request::Key;
use teamd_store::port::RequestFilter;

/// Requests that are not over.
const OPEN: [RequestState; 5] = [
    RequestState::Pending,
    RequestState::Scheduled,
    RequestState::Activating,
    RequestState::Active,
    RequestState::Ending,
];

/// An instance and its identity store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Instance<'a> {
    arn: &'a str,
    identity_store: &'a str,
}

impl<'a> Instance<'a> {
    pub(super) fn of(directory: &'a Directory) -> Self {
        Self {
            arn: &directory.instance_arn,
            identity_store: &directory.identity_store_id,
        }
    }

    /// Permission sets whose ARN does not name an instance are an emulator's.
    fn has(self, set: &PermissionSetArn) -> bool {
        set.instance_arn().is_none_or(|arn| arn == self.arn)
    }
}

impl Engine {
    /// Holds the store where the configuration names another instance than the directory copy.
    pub(super) async fn check_configured_instance(&self) {
        let (settings, copy) = (self.settings(), self.directory());
        let Some(copy) = copy else { return };
        let known = Instance::of(&copy);
        let configured = Instance {
            arn: settings.instance_arn.as_deref().unwrap_or(known.arn),
            identity_store: settings
                .identity_store_id
                .as_deref()
                .unwrap_or(known.identity_store),
        };
        // A reason that cannot be read is told by the directory load.
        let _ = self.hold_for_instance(configured).await;
    }

    /// Refuses a directory of another instance than that of the store's open requests and grants.
    ///
    /// # Errors
    /// It is of another one, or the store cannot say.
    pub(super) async fn refuse_other_instance(&self, directory: &Directory) -> Result<(), AwsError> {
        self.hold_for_instance(Instance::of(directory))
            .await
            .map_err(AwsError::Refused)
    }

    /// Whether a reply that an assignment is not there is about the instance that the key belongs to. Before the first
    /// directory load of this process, the instance that AWS answers as is unknown: the copy is from before the start.
    pub(super) fn proves_absence(&self, key: &Key, reply: &Reply) -> bool {
        if !guards::is_on(Guard::OwnInstance) {
            return true;
        }
        let is_known = *self.directory_loads.borrow() > 0 && !self.gate.is_held(Hold::OtherInstance);
        match reply {
            // The adapter lists the instance that the ARN names.
            Reply::Listed { .. } => is_known || key.permission_set.instance_arn().is_some(),
            _ => {
                is_known
                    && self
                        .directory()
                        .is_none_or(|copy| Instance::of(&copy).has(&key.permission_set))
            }
        }
    }

    /// Holds the store, or lets go of it.
    async fn hold_for_instance(&self, used: Instance<'_>) -> Result<(), String> {
        match self.of_another(used).await {
            Ok(None) => {
                if self.gate.release(Hold::OtherInstance) {
                    tracing::info!("AWS answers as the instance that the store belongs to");
                    self.deadlines_wake.notify_one();
                }
                Ok(())
            }
            Ok(Some(why)) => {
                if self.gate.hold(Hold::OtherInstance, self.clock.now(), &why) {
                    tracing::error!("{why}; nothing is granted, and \"not found\" ends no access");
                }
                Err(why)
            }
            Err(error) => Err(format!(
                "which instance the store belongs to cannot be read: {error}"
            )),
        }
    }

    /// What in the store is of another instance, for people.
    async fn of_another(&self, used: Instance<'_>) -> Result<Option<String>, Refused> {
        let mut keys: Vec<Key> = self
            .store
            .read_urgently(|read| {
                let grants = read.grants()?;
                Ok::<_, Refused>(grants.into_iter().map(|grant| grant.key).collect())
            })
            .await?;
        let mut before = None;
        loop {
            let filter = RequestFilter {
                states: OPEN.to_vec(),
                before,
                limit: 200,
                ..RequestFilter::default()
            };
            let page = self
                .store
                .read(move |read| Ok::<_, Refused>(read.requests(&filter)?))
                .await?;
            let Some(last) = page.last() else { break };
            before = Some(last.id);
            keys.extend(page.into_iter().map(|request| request.key));
        }
        let copy = self.directory();
        let other = copy
            .as_deref()
            .map(Instance::of)
            .filter(|known| !keys.is_empty() && *known != used);
        let foreign = keys.iter().find(|key| !used.has(&key.permission_set));
        let store_has = match (other, foreign) {
            (Some(known), _) => format!("{} (identity store {})", known.arn, known.identity_store),
            (None, Some(key)) => key.permission_set.instance_arn().unwrap_or_default(),
            (None, None) => return Ok(None),
        };
        Ok(Some(format!(
            "the store has open requests or access of {store_has}, but teamd is to use {} (identity store {}): correct \
             instance_arn and identity_store_id under [aws], or end that access with the old settings first",
            used.arn, used.identity_store
        )))
    }
}
