//! What a world begins with.

use super::now;
use aws_simulator::{FaultKind, FaultRule, Faults, Simulator, SimulatorConfig};
use std::path::Path;
use std::sync::Arc;
use teamd_aws::config::AwsSettings;
use teamd_aws::health::AwsHealth;
use teamd_aws::port::DirectorySource;
use teamd_aws_sdk::Aws;
use teamd_domain::directory::Directory;
use teamd_engine::Refused;
use teamd_host::clock::SystemClock;
use teamd_store::{Store, WriteLane};
use tokio::sync::OnceCell;

/// AWS does what it is asked almost at once.
pub(crate) fn quick() -> Faults {
    Faults {
        assignment_latency_ms: 50,
        ..Faults::none()
    }
}

/// AWS does not come to answering what the directory is loaded from: most of what a daemon does when it starts, and
/// most tests have no use for it. About one person it answers: that is asked where the copy is old.
pub(crate) fn without_loads(faults: Faults) -> Faults {
    let slow = |operation: &str| FaultRule::new(operation, FaultKind::Latency).delay_ms(600_000);
    let operations = ["organizations:*", "ListUsers", "ListGroups", "ListPermissionSets"];
    operations
        .into_iter()
        .fold(faults, |faults, operation| faults.with(slow(operation)))
}

/// The standard organisation as the daemon loads it, once for all tests: our own pace makes it take seconds.
pub(crate) async fn copy() -> &'static Directory {
    static COPY: OnceCell<Directory> = OnceCell::const_new();
    let load = || async {
        let simulator = Simulator::start(SimulatorConfig::default())
            .await
            .expect("the simulator");
        let settings = AwsSettings {
            region: Some("eu-west-1".to_owned()),
            endpoint_url: Some(simulator.url()),
            ..AwsSettings::default()
        };
        let health = Arc::new(AwsHealth::new());
        let aws = Aws::connect(settings, Arc::new(SystemClock), health)
            .await
            .expect("AWS settings");
        aws.load(now()).await.expect("the directory")
    };
    COPY.get_or_init(load).await
}

/// A store that has been used before.
pub(super) async fn begin_with(path: &Path, directory: Directory) {
    let store = Store::open(path).expect("a store");
    let saved = store.write(WriteLane::Normal, move |tx| {
        Ok::<_, Refused>(tx.save_directory(&directory)?)
    });
    saved.await.expect("the copy of the directory");
    store.close();
}
