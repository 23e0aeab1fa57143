//! People: they ask, decide and change their minds as the script says, and ask again where no answer comes.

use super::clock::SimClock;
use super::record::Deed;
use super::script::{APPROVERS, Back, Shape};
use super::world::World;
use std::sync::Arc;
use std::time::Duration;
use team_shared::ids::RequestId;
use team_shared::problem::Code;
use teamd_domain::identity::Caller;
use teamd_domain::request::Request;
use teamd_engine::{Act, Approval, Engine, Refused, Submission};

/// What somebody asks of the daemon.
#[derive(Debug, Clone)]
enum Ask {
    Submit(Submission),
    Approve(RequestId),
    Done(RequestId),
    Cancel(RequestId),
    Revoke(RequestId),
}

/// What they hear.
enum Heard {
    Yes(Box<Request>),
    No(Code),
    /// Nothing, or that the store did not take it: it may have happened.
    Nothing,
}

impl World {
    /// One request, from the asking to the end.
    pub(crate) async fn plead(self: Arc<Self>, number: usize) {
        let plea = self.script.pleas[number].clone();
        self.clock.until(plea.at).await;
        let user = self.caller(plea.place.user());
        self.daemon_up().await;
        let asked_at = self.now();
        let id = match self.ask(&user, Ask::Submit(submission(&plea, asked_at))).await {
            Heard::Yes(request) => request.id,
            Heard::No(_) => return,
            Heard::Nothing => {
                let deed = Deed::Filed {
                    plea: number,
                    id: None,
                };
                return self.note_at(asked_at, deed);
            }
        };
        let deed = Deed::Filed {
            plea: number,
            id: Some(id),
        };
        self.note_at(asked_at, deed);
        if plea.place.needs_approval() {
            if plea.tries_alone && matches!(self.ask(&user, Ask::Approve(id)).await, Heard::Yes(_)) {
                let by = plea.place.user();
                self.note(Deed::Voted { plea: number, by });
            }
            pause(plea.approval_after).await;
            if !self.approve(number, id).await {
                return;
            }
        }
        if let Some((after, back)) = plea.back {
            pause(after).await;
            self.take_back(number, &user, id, back).await;
        }
    }

    async fn approve(&self, plea: usize, id: RequestId) -> bool {
        let by = APPROVERS[plea % APPROVERS.len()];
        let approver = self.caller(by);
        for _ in 0..30 {
            self.daemon_up().await;
            let at = self.now();
            match self.ask(&approver, Ask::Approve(id)).await {
                Heard::Yes(_) => {
                    self.note_at(at, Deed::Voted { plea, by });
                    return true;
                }
                Heard::No(Code::AlreadyVoted | Code::AlreadyDecided) => return true,
                Heard::No(_) => return false,
                Heard::Nothing => self.note_at(at, Deed::Voted { plea, by }),
            }
            pause(3_000).await;
        }
        false
    }

    async fn take_back(&self, plea: usize, user: &Caller, id: RequestId, back: Back) {
        let approver = self.caller(APPROVERS[0]);
        for _ in 0..30 {
            self.daemon_up().await;
            let heard = match back {
                Back::Revoke => self.ask(&approver, Ask::Revoke(id)).await,
                Back::Done => match self.ask(user, Ask::Done(id)).await {
                    Heard::No(_) => self.ask(user, Ask::Cancel(id)).await,
                    heard => heard,
                },
            };
            match heard {
                Heard::Yes(_) => return self.note(Deed::TookBack { plea }),
                Heard::No(_) => return,
                Heard::Nothing => pause(3_000).await,
            }
        }
    }

    async fn daemon_up(&self) {
        while self.engine().is_none() {
            pause(5_000).await;
        }
    }

    async fn ask(&self, who: &Caller, ask: Ask) -> Heard {
        let Some((engine, dies)) = self.connection() else {
            return Heard::Nothing;
        };
        let answer = tokio::select! {
            biased;
            () = dies.cancelled() => return Heard::Nothing,
            answer = perform(&engine, who, ask) => answer,
        };
        match answer {
            Ok(request) => Heard::Yes(Box::new(request)),
            Err(refused) if refused.code == Code::StoreUnavailable => Heard::Nothing,
            Err(refused) => Heard::No(refused.code),
        }
    }
}

async fn perform(engine: &Engine, who: &Caller, ask: Ask) -> Result<Request, Refused> {
    match ask {
        Ask::Submit(submission) => engine
            .submit(who, submission, false)
            .await
            .map(|filed| filed.request),
        Ask::Approve(id) => engine.approve(who, &id, Approval::default()).await,
        Ask::Done(id) => engine.done(who, &id, Act::default()).await,
        Ask::Cancel(id) => engine.cancel(who, &id, Act::default()).await,
        Ask::Revoke(id) => {
            let why = Act {
                comment: Some("changed my mind".to_owned()),
                ..Act::default()
            };
            engine.revoke(who, &id, why).await
        }
    }
}

fn submission(plea: &super::script::Plea, now: i64) -> Submission {
    let (duration_seconds, start_at, end_at) = match plea.shape {
        Shape::For(seconds) => (Some(seconds), None, None),
        // Whoever is late asks for what is left of the minute.
        Shape::At(start, seconds) => (Some(seconds), Some(SimClock::time(start.max(now))), None),
        Shape::Until(end) => (None, None, Some(SimClock::time(end))),
    };
    Submission {
        account: plea.place.account().to_owned(),
        permission_set: plea.place.set().to_owned(),
        duration_seconds,
        end_at,
        start_at,
        justification: "because the script says so".to_owned(),
        ticket: None,
        break_glass: false,
        batch_id: None,
    }
}

async fn pause(millis: i64) {
    tokio::time::sleep(Duration::from_millis(millis.max(0).unsigned_abs())).await;
}
