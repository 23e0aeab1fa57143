//! From `[activity]` to the source of what people do with their access, and the database that keeps it.

use std::path::Path;
use std::sync::Arc;
use teamd_aws::port::ActivitySource as ActivityPort;
use teamd_aws_sdk::{Aws, EventDataStore, EventHistory, LogGroup};
use teamd_config::{ActivitySource, Config};
use teamd_engine::ActivityPorts;
use teamd_store::activity::ActivityStore;

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
