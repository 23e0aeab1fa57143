//! Which Identity Center: configured, else the one that AWS lists.

use super::failure::{Failure, Kind};
use super::{Aws, pages};
use aws_sdk_ssoadmin::types::{InstanceMetadata, InstanceStatus};
use std::sync::Arc;
use team_shared::ids::PermissionSetArn;
use teamd_aws::health::Service;
use teamd_aws::port::Lane;

/// An Identity Center instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Instance {
    pub(super) arn: String,
    pub(super) identity_store_id: String,
}

impl Aws {
    /// Tells the adapters which instance it was before a restart, so that the first removal need not ask. Settings go
    /// before it, and the next directory load asks AWS anyway.
    pub fn remember_instance(&self, arn: &str, identity_store_id: &str) {
        self.instance.store(Some(Arc::new(Instance {
            arn: arn.to_owned(),
            identity_store_id: identity_store_id.to_owned(),
        })));
    }

    /// The instance as known, else asked for.
    pub(super) async fn instance(&self, lane: Lane) -> Result<Arc<Instance>, Failure> {
        if let Some(instance) = self.configured() {
            return Ok(Arc::new(instance));
        }
        let fits = |known: &Instance| {
            self.settings
                .instance_arn
                .as_ref()
                .is_none_or(|arn| *arn == known.arn)
        };
        match self.instance.load_full() {
            Some(known) if fits(&known) => Ok(known),
            _ => self.discover_instance(lane).await,
        }
    }

    /// The ARN of the instance that a permission set belongs to. A listing of any other instance shows nothing of it. Where
    /// the set's ARN does not name its instance, which only emulators do, it is the instance in use.
    pub(super) async fn instance_of(&self, set: &PermissionSetArn, lane: Lane) -> Result<String, Failure> {
        match set.instance_arn() {
            Some(arn) => Ok(arn),
            None => Ok(self.instance(lane).await?.arn.clone()),
        }
    }

    /// Asks AWS, whatever is known.
    pub(super) async fn discover_instance(&self, lane: Lane) -> Result<Arc<Instance>, Failure> {
        if let Some(instance) = self.configured() {
            return Ok(Arc::new(instance));
        }
        let listed = pages(|token| async move {
            let request = self
                .clients
                .sso_admin_once
                .list_instances()
                .set_next_token(token)
                .send();
            let call = (Service::SsoAdmin, "ListInstances");
            let output = self.call(call, (&self.pace.sso_admin, lane), request).await?;
            Ok((output.instances.unwrap_or_default(), output.next_token))
        })
        .await?;
        let settings = &self.settings;
        let found = choose(
            &listed,
            settings.instance_arn.as_deref(),
            settings.identity_store_id.as_deref(),
        )?;
        let found = Arc::new(found);
        self.instance.store(Some(Arc::clone(&found)));
        Ok(found)
    }

    fn configured(&self) -> Option<Instance> {
        Some(Instance {
            arn: self.settings.instance_arn.clone()?,
            identity_store_id: self.settings.identity_store_id.clone()?,
        })
    }
}

fn choose(listed: &[InstanceMetadata], arn: Option<&str>, store: Option<&str>) -> Result<Instance, Failure> {
    let usable: Vec<Instance> = listed
        .iter()
        // Emulators leave the status out.
        .filter(|instance| matches!(instance.status, None | Some(InstanceStatus::Active)))
        .filter_map(|instance| {
            Some(Instance {
                arn: instance.instance_arn.clone()?,
                identity_store_id: instance.identity_store_id.clone()?,
            })
        })
        .filter(|instance| arn.is_none_or(|arn| instance.arn == arn))
        .filter(|instance| store.is_none_or(|store| instance.identity_store_id == store))
        .collect();
    match usable.as_slice() {
        [one] => Ok(one.clone()),
        [] if listed.is_empty() => Err(Failure::new(
            Kind::Odd,
            "ListInstances: no Identity Center instance in this region",
        )),
        [] => Err(Failure::new(
            Kind::Odd,
            "ListInstances: no active Identity Center instance that fits `instance_arn` and `identity_store_id`",
        )),
        several => {
            let arns: Vec<&str> = several.iter().map(|instance| instance.arn.as_str()).collect();
            Err(Failure::new(
                Kind::Odd,
                format!(
                    "ListInstances: {} instances, set `instance_arn` under [aws] to one of {}",
                    several.len(),
                    arns.join(", ")
                ),
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(number: u8, status: Option<InstanceStatus>) -> InstanceMetadata {
        InstanceMetadata::builder()
            .instance_arn(format!("arn:aws:sso:::instance/ssoins-{number}"))
            .identity_store_id(format!("d-{number}"))
            .set_status(status)
            .build()
    }

    #[test]
    fn the_one_active_instance_is_taken() {
        let instances = [
            listed(1, Some(InstanceStatus::CreateFailed)),
            listed(2, Some(InstanceStatus::Active)),
        ];
        assert_eq!(choose(&instances, None, None).unwrap().identity_store_id, "d-2");
        assert_eq!(
            choose(&[listed(3, None)], None, None).unwrap().identity_store_id,
            "d-3"
        );
    }

    #[test]
    fn of_several_the_settings_choose_and_nothing_is_guessed() {
        let instances = [
            listed(1, Some(InstanceStatus::Active)),
            listed(2, Some(InstanceStatus::Active)),
        ];
        let error = choose(&instances, None, None).unwrap_err();
        assert!(error.message.contains("set `instance_arn`"), "{}", error.message);
        let chosen = choose(&instances, Some("arn:aws:sso:::instance/ssoins-2"), None);
        assert_eq!(chosen.unwrap().identity_store_id, "d-2");
        assert!(choose(&instances, None, Some("d-9")).is_err());
        assert!(choose(&[], None, None).is_err());
    }
}
