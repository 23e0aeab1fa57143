//! Who asks, what for, and the settings.

use super::sky::{ACCOUNT, user};
use std::collections::BTreeSet;
use std::time::Duration;
use team_shared::duration::Seconds;
use teamd_domain::identity::{Caller, LoginUid, Peer, Who};
use teamd_engine::{EngineSettings, Submission};

/// How long access lasts, in seconds.
const WINDOW: i64 = 120;

pub(crate) fn person(name: &str) -> Caller {
    let who = Who::Person {
        id: user(name),
        user_name: name.to_owned(),
    };
    caller(1_000, who)
}

pub(crate) fn caller(uid: u32, who: Who) -> Caller {
    let peer = Peer {
        uid,
        pid: None,
        login_uid: LoginUid::Unset,
    };
    Caller {
        peer,
        login: None,
        who,
        behind: None,
    }
}

pub(crate) fn submission() -> Submission {
    Submission {
        account: ACCOUNT.to_owned(),
        permission_set: "Admin".to_owned(),
        duration_seconds: Some(WINDOW),
        end_at: None,
        start_at: None,
        justification: "because the test says so".to_owned(),
        ticket: None,
        break_glass: false,
        batch_id: None,
    }
}

pub(crate) fn settings() -> EngineSettings {
    EngineSettings {
        on_call: Default::default(),
        identity: teamd_config::Identity::default(),
        instance_arn: None,
        identity_store_id: None,
        protected: BTreeSet::new(),
        drift_action: teamd_config::DriftAction::Report,
        directory_refresh: Seconds::new(3_600).expect("an hour"),
        // Few places, so that keys wait for each other.
        max_in_flight: 3,
        pending_per_user: 50,
        submits_per_minute: 50,
        refusals_per_minute: 50,
        connections_per_user: 32,
        connections: 1024,
        activity_regions: Vec::new(),
        activity_role: false,
        activity_poll: Duration::from_secs(3_600),
        activity_retention: chrono::TimeDelta::days(90),
        activity_marks: Default::default(),
        region: String::new(),
        endpoint: None,
    }
}
