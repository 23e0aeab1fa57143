//! Refusals in the audit trail: at most six a minute for each person and code, then one counted row a minute, so that
//! nobody can fill the trail by trying.

use super::{Engine, Refused, commit};
use chrono::TimeDelta;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use team_shared::event::EventType;
use team_shared::ids::{RequestId, UserId};
use team_shared::problem::Code;
use teamd_domain::Time;
use teamd_domain::event::{Actor, Datum, EventDraft};
use teamd_domain::identity::Caller;
use teamd_store::WriteLane;

/// Rows a minute before counting begins.
const FULL_ROWS: u32 = 6;

const MINUTE: TimeDelta = TimeDelta::seconds(60);

/// What was refused lately, by who and code.
#[derive(Debug, Default)]
pub(super) struct RefusalLog(Mutex<HashMap<(Whose, Code), Window>>);

/// Whom refusals are counted for: a person with two logins is one person, everybody else is a uid.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Whose {
    Person(UserId),
    Uid(u32),
}

impl Whose {
    fn of(caller: &Caller) -> Self {
        match caller.person() {
            Some(person) => Self::Person(person.clone()),
            None => Self::Uid(caller.peer.uid),
        }
    }
}

#[derive(Debug)]
struct Window {
    since: Time,
    rows: u32,
    counted: u32,
    caller: Caller,
}

/// What to write about one more refusal.
enum Row {
    Full,
    Nothing,
}

impl RefusalLog {
    fn count(&self, caller: &Caller, code: Code, now: Time) -> Row {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let window = windows
            .entry((Whose::of(caller), code))
            .or_insert_with(|| Window {
                since: now,
                rows: 0,
                counted: 0,
                caller: caller.clone(),
            });
        if window.rows < FULL_ROWS {
            window.rows += 1;
            Row::Full
        } else {
            window.counted += 1;
            Row::Nothing
        }
    }

    /// Windows that are over at `now`, with what was counted in them.
    fn take_over(&self, now: Time) -> Vec<(Caller, Code, u32)> {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut over = Vec::new();
        windows.retain(|(_, code), window| {
            let is_over = now - window.since >= MINUTE;
            if is_over && window.counted > 0 {
                over.push((window.caller.clone(), *code, window.counted));
            }
            !is_over
        });
        over
    }
}

impl Engine {
    /// Writes a refusal of a changing verb to the audit trail.
    pub async fn note_refusal(
        &self,
        caller: &Caller,
        verb: &str,
        request: Option<RequestId>,
        refused: &Refused,
    ) {
        let now = self.clock.now();
        if let Row::Nothing = self.refusals.count(caller, refused.code, now) {
            return;
        }
        let mut event = EventDraft::new(EventType::Refused)
            .by(&caller.actor())
            .text("verb", verb)
            .text("code", refused.code.as_str())
            .text("detail", refused.detail.chars().take(500).collect::<String>());
        if let Some(id) = request {
            event = event.of(id);
        }
        self.append_quietly(event, now).await;
    }

    /// Writes one row about refused connections: how many in all, and the uids that were refused most often.
    pub async fn record_refused_connections(&self, count: u64, by_uid: &[(u32, u64)]) {
        let Some((top, _)) = by_uid.first() else { return };
        let actor = Actor {
            user_id: None,
            user_name: None,
            uid: Some(*top),
            login_uid: None,
        };
        let uids = by_uid.iter().map(|(uid, count)| format!("uid {uid}: {count}"));
        let event = EventDraft::new(EventType::Refused)
            .by(&actor)
            .text("code", Code::TooManyConnections.as_str())
            .with("count", Datum::Number(i64::try_from(count).unwrap_or(i64::MAX)))
            .with("uids", Datum::List(uids.collect()));
        self.append_quietly(event, self.clock.now()).await;
    }

    /// Writes the counted rows of minutes that are over.
    pub(super) async fn flush_refusals(&self) {
        self.write_counted(self.clock.now()).await;
    }

    /// Writes the counted rows of all minutes, also of those that are not over: nothing counts on after a stop.
    pub(super) async fn flush_all_refusals(&self) {
        self.write_counted(self.clock.now() + MINUTE).await;
    }

    async fn write_counted(&self, over_at: Time) {
        let now = self.clock.now();
        for (caller, code, count) in self.refusals.take_over(over_at) {
            let event = EventDraft::new(EventType::Refused)
                .by(&caller.actor())
                .text("code", code.as_str())
                .with("count", Datum::Number(i64::from(count)));
            self.append_quietly(event, now).await;
        }
    }

    async fn append_quietly(&self, event: EventDraft, now: Time) {
        let written = self
            .store
            .write(WriteLane::Background, move |tx| {
                Ok::<_, Refused>(commit::tell(tx, &event, now)?)
            })
            .await;
        if let Err(error) = written {
            tracing::error!(%error, "a refusal could not be written to the audit trail");
        }
    }
}
