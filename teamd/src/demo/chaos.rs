//! What `:chaos` needs of the world: short access, and the truth about it.

use super::World;
use super::people::person;
use anyhow::Context;
use aws_simulator::organisation::AssignmentKey;
use std::sync::PoisonError;
use std::time::Duration;
use team_shared::ids::RequestId;
use teamd_domain::Time;
use teamd_domain::request::State;
use teamd_engine::{Refused, Submission};

impl World {
    /// Gives carol access that ends soon, and waits until it is active.
    ///
    /// # Errors
    /// No daemon runs, it refuses, or AWS does not confirm within half a minute.
    pub async fn short_access(&self, seconds: i64) -> anyhow::Result<(RequestId, Time)> {
        let engine = self.engine().await.context("no daemon runs")?;
        let submission = Submission {
            account: "400000000031".to_owned(),
            permission_set: "ReadOnlyAccess".to_owned(),
            duration_seconds: Some(seconds),
            end_at: None,
            start_at: None,
            justification: "Chaos: access over whose end the daemon dies".to_owned(),
            ticket: None,
            break_glass: false,
            batch_id: None,
        };
        let id = engine
            .submit(&person(&engine, "carol"), submission, false)
            .await?
            .request
            .id;
        for _ in 0..300 {
            if let Some(State::Active { session }) = self.state(&id).await? {
                return Ok((id, session.end_at));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        anyhow::bail!("AWS did not confirm it in time")
    }

    /// Waits until a request is over, and says how many seconds late it was.
    ///
    /// # Errors
    /// It is not over within a minute.
    pub async fn wait_for_end(&self, id: &RequestId) -> anyhow::Result<i64> {
        for _ in 0..600 {
            if let Some(State::Ended(finish)) = self.state(id).await? {
                return Ok(finish.late_by_seconds);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        anyhow::bail!("it is not over within a minute")
    }

    /// `present` or `absent`, as AWS itself has it.
    pub async fn assignment_word(&self, id: &RequestId) -> &'static str {
        let _ = id;
        let model = self.simulator.model();
        let model = model.lock().unwrap_or_else(PoisonError::into_inner);
        let key: Option<AssignmentKey> = model
            .user_key("carol", "prod-payments", "ReadOnlyAccess")
            .into_iter()
            .next();
        if key.is_some_and(|key| model.is_assigned(&key)) {
            "present"
        } else {
            "absent"
        }
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Time {
        use teamd_host::clock::Clock;
        teamd_host::clock::SystemClock.now()
    }

    async fn state(&self, id: &RequestId) -> anyhow::Result<Option<State>> {
        let engine = self.engine().await.context("no daemon runs")?;
        let id = *id;
        let request = engine
            .store()
            .read(move |read| Ok::<_, Refused>(read.request(&id)?))
            .await?;
        Ok(request.map(|request| request.state))
    }
}
