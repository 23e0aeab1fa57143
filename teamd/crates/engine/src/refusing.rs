//! While AWS refuses our credentials at Identity Center nothing is granted: what is created then could not be taken back.
//! Removals go on trying. The first answer to any call of Identity Center lets go; where nobody calls, it is asked.

use super::refused::Refused;
use super::{Engine, Hold};
use std::time::Duration;
use team_shared::state::RequestState;
use teamd_aws::health::{Service, State as AwsState};
use teamd_aws::port::Lane;
use teamd_domain::request::Key;
use teamd_store::port::RequestFilter;

/// Between two looks; also how long creates wait for the question that lets them go.
const EVERY: Duration = Duration::from_secs(5);

/// The longest that the question may take.
const QUESTION: Duration = Duration::from_secs(30);

impl Engine {
    /// Holds the gate while Identity Center refuses us, and lets go when it has answered. Called before anything that
    /// grants, so that the refusal just heard counts.
    pub(super) fn heed_refusals(&self) {
        let heard = self.health.service(Service::SsoAdmin);
        match heard.state {
            AwsState::Refusing => {
                let why = format!(
                    "AWS refuses our credentials: {}",
                    heard.last_error.as_deref().unwrap_or("it does not say why")
                );
                if self.gate.hold(Hold::AwsRefuses, self.clock.now(), why) {
                    tracing::error!(
                        error = heard.last_error.as_deref().map(team_shared::text::inert),
                        "AWS refuses our credentials; nothing is granted until it answers"
                    );
                }
            }
            AwsState::Ok => {
                if self.gate.release(Hold::AwsRefuses) {
                    tracing::info!("AWS takes our credentials again; access is granted as before");
                }
            }
            // Neither says anything about the credentials.
            AwsState::Unknown | AwsState::Throttling | AwsState::Unreachable => {}
        }
    }

    /// Watches, and asks while the gate is held and somebody waits.
    pub(super) async fn run_refusals(&self) {
        while !self.stop.is_cancelled() {
            self.heed_refusals();
            if self.gate.is_held(Hold::AwsRefuses) {
                match self.key_to_ask_about().await {
                    Ok(Some(key)) => {
                        // The answer is for the health book; what it says about the key is nobody's question.
                        let question = self.lookups.list(&key, Lane::Grant);
                        let _ = tokio::time::timeout(QUESTION, question).await;
                        self.heed_refusals();
                    }
                    Ok(None) => {}
                    Err(error) => tracing::warn!(%error, "no key to ask AWS about"),
                }
                if !self.gate.is_held(Hold::AwsRefuses) {
                    self.deadlines_wake.notify_one();
                }
            }
            tokio::select! {
                biased;
                () = tokio::time::sleep(self.nap(EVERY)) => {}
                () = self.stop.cancelled() => {}
            }
        }
    }

    /// A key that somebody waits for, or will. Without any, the next load of the directory asks soon enough.
    async fn key_to_ask_about(&self) -> Result<Option<Key>, Refused> {
        let filter = RequestFilter {
            states: vec![
                RequestState::Activating,
                RequestState::Scheduled,
                RequestState::Pending,
                RequestState::Active,
            ],
            limit: 1,
            ..RequestFilter::default()
        };
        self.store
            .read(move |read| Ok::<_, Refused>(read.requests(&filter)?.pop().map(|request| request.key)))
            .await
    }
}
