//! From `[activity]` to the source of what people do with their access, and the database that keeps it.

use crate::aws::port::ActivitySource as ActivityPort;
use crate::aws::sdk::{Aws, EventDataStore, EventHistory, LogGroup};
use crate::config::{ActivitySource, Config};
use crate::engine::ActivityPorts;
use crate::store::activity::ActivityStore;
use std::path::Path;
use std::sync::Arc;

/// The source with its database, where a source is configured and the database can be opened.
pub(super) fn ports(config: &Config, aws: &Arc<Aws>) -> Option<ActivityPorts> {
    let source = source(&config.activity.source, aws)?;
    let store = open_store(&config.store.activity_path)?;
    Some(ActivityPorts { source, store })
}

/// The source. Nothing is asked of AWS.
pub(crate) fn source(configured: &ActivitySource, aws: &Arc<Aws>) -> Option<Arc<dyn ActivityPort>> {
    let aws = Arc::clone(aws);
    Some(match configured {
        ActivitySource::None => return None,
        ActivitySource::CloudtrailLookup => Arc::new(EventHistory(aws)),
        ActivitySource::CloudwatchLogs(group) => Arc::new(LogGroup::new(aws, group)),
        ActivitySource::CloudtrailLake(store) => Arc::new(EventDataStore::new(aws, store)),
    })
}

/// Regions whose event history is read: the one of `[aws]` where none are named; and always the one where IAM and other
/// global services of its partition record their events.
pub(super) fn regions(config: &Config) -> Vec<String> {
    let mut regions = config.activity.regions.clone();
    if regions.is_empty() {
        regions.extend(config.aws.region.clone());
    }
    let global = match regions.first() {
        Some(region) if region.starts_with("us-gov-") => "us-gov-west-1",
        Some(region) if region.starts_with("cn-") => "cn-north-1",
        _ => "us-east-1",
    };
    if !regions.iter().any(|region| region == global) {
        regions.push(global.to_owned());
    }
    regions
}

/// Without it sessions are not followed; access is granted and taken back all the same.
fn open_store(path: &Path) -> Option<ActivityStore> {
    super::make_private_parent(path);
    match ActivityStore::open(path) {
        Ok((store, aside)) => {
            if let Some(aside) = aside {
                tracing::error!(kept = %aside.display(), "the database of activity was damaged: begun anew");
            }
            Some(store)
        }
        Err(error) => {
            tracing::error!(path = %path.display(), %error, "sessions are not followed: no database of activity");
            None
        }
    }
}
