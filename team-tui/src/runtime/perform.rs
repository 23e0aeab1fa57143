//! Performs effects: each in a task of its own, answered by a message.

use super::Tagged;
use super::link::Link;
use super::policy;
use crate::access::{AccessKind, AccessRows};
use crate::client::{Client, ClientError};
use crate::demo::Chaos;
use crate::effect::Effect;
use crate::message::{Message, Snapshot};
use crate::modals::decide::AsRead;
use crate::tasks::Tasks;
use crate::ways::Ways;
use crossterm::clipboard::CopyToClipboard;
use futures::StreamExt;
use std::collections::BTreeSet;
use std::future::Future;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use team_shared::freeze::{Freeze, Unfreeze};
use team_shared::ids::RequestId;
use team_shared::list::Page;
use team_shared::problem::Code;
use team_shared::report::ReportQuery;
use team_shared::request::{Act, Approve, RequestQuery, RequestView, SubmitBatch};
use tokio::sync::{Notify, mpsc};

/// The most open requests that are read: far past what anybody decides.
const MOST: usize = 2000;
/// Rows of the first page: what is seen at once.
const FIRST: usize = 200;
/// The generation of messages that outlive a change of identity.
const NOBODY: u64 = u64::MAX;

/// Does what `update` asks for.
pub(super) struct Performer {
    client: Client,
    sender: mpsc::Sender<Tagged>,
    chaos: Option<Chaos>,
    tasks: Tasks,
    /// Chaos outlives a change of identity; the rest does not.
    lasting: Tasks,
    generation: u64,
    now: Arc<Notify>,
    /// Where drafts are kept between runs.
    pub(super) kept: Option<PathBuf>,
}

impl Performer {
    pub(super) fn new(client: Client, sender: mpsc::Sender<Tagged>, chaos: Option<Chaos>) -> Self {
        Self {
            client,
            sender,
            chaos,
            tasks: Tasks::default(),
            lasting: Tasks::default(),
            generation: 0,
            now: Arc::new(Notify::new()),
            kept: None,
        }
    }

    /// Whether a message belongs to whom we act as now. The chaos belongs to nobody.
    pub(super) fn is_current(&self, generation: u64) -> bool {
        generation == self.generation || generation == NOBODY
    }

    /// Starts the link.
    pub(super) fn connect(&mut self) {
        let link = Link {
            client: self.client.clone(),
            sender: self.sender.clone(),
            generation: self.generation,
            now: Arc::clone(&self.now),
        };
        self.tasks.start(link.clone().follow_events());
        self.tasks.start(link.follow_activity());
    }

    pub(super) async fn stop(&mut self) {
        self.tasks.stop().await;
        self.lasting.stop().await;
    }

    /// Runs `work` and sends what it answers.
    fn answer<F>(&self, work: impl FnOnce(Client) -> F + Send + 'static)
    where
        F: Future<Output = Message> + Send + 'static,
    {
        let (client, sender, generation) = (self.client.clone(), self.sender.clone(), self.generation);
        self.tasks.start(async move {
            let message = work(client).await;
            // A closed channel means that the dashboard is leaving.
            let _ = sender.send((generation, message)).await;
        });
    }

    pub(super) fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Load => self.answer(|client| async move {
                match load(&client).await {
                    Ok(snapshot) => Message::Loaded(Box::new(snapshot)),
                    Err(error) => Message::LoadFailed(error),
                }
            }),
            Effect::LoadOlder(cursor) => {
                self.answer(|client| async move { Message::OlderRead(client.requests_page(&cursor).await) })
            }
            Effect::Refresh(ids) => self.answer(|client| refresh(client, ids)),
            Effect::LoadHealth => {
                self.answer(
                    |client| async move { Message::Health(client.health().await.ok().map(Box::new)) },
                );
            }
            Effect::LoadActivity(id) => self.answer(move |client| async move {
                Message::ActivityRead(id, client.newest_activity(&id).await.map(Box::new))
            }),
            Effect::LoadCoverage(id) => self.answer(move |client| async move {
                Message::CoverageRead(id, client.activity_coverage(&id).await.map(Box::new))
            }),
            Effect::LoadDigest(id) => self.answer(move |client| async move {
                Message::DigestRead(id, client.activity_digest(&id).await.map(Box::new))
            }),
            Effect::LoadRecord(id, event) => self.answer(move |client| async move {
                Message::RecordRead(client.activity_record(&id, &event).await.map(Box::new))
            }),
            Effect::LoadUse(id) => self.answer(move |client| async move {
                let ways = |access| Box::new(Ways::of(access, crate::profile::over_ssh()));
                Message::UseRead(id, client.use_of(&id).await.map(ways))
            }),
            Effect::LoadTimeline(id) => self.answer(move |client| async move {
                Message::TimelineRead(
                    id,
                    client
                        .timeline(&id)
                        .await
                        .map_or_else(|_| Vec::new(), |page| page.items),
                )
            }),
            Effect::LoadAudit => self.answer(|client| async move {
                let rows = client.audit(500).await;
                Message::AuditRead(rows.map(|page| page.items.into_iter().map(|row| row.event).collect()))
            }),
            Effect::LoadReport(by) => self.answer(move |client| async move {
                let query = ReportQuery {
                    by,
                    ..ReportQuery::default()
                };
                Message::ReportRead(client.report(&query).await.map(Box::new))
            }),
            Effect::LoadAccess(kind) => self.answer(move |client| async move {
                Message::AccessRead(load_access(&client, kind).await.map(Box::new))
            }),
            Effect::LoadPolicy => {
                self.answer(|client| async move { Message::PolicyRead(policy::load(&client).await) })
            }
            Effect::LoadRule(kind, id) => self.answer(move |client| async move {
                Message::PolicyRead(policy::rule(&client, &kind, &id).await)
            }),
            Effect::Explain(query) => self.answer(move |client| async move {
                Message::PolicyRead(policy::explain(&client, &query).await)
            }),
            Effect::EditPolicy { line, draft } => {
                self.answer(move |client| async move { policy::ready(&client, line, draft).await });
            }
            Effect::PlanPolicy(draft) => {
                self.answer(move |client| async move { policy::plan(&client, draft).await });
            }
            Effect::ApplyPolicy(draft) => {
                self.answer(move |client| async move { policy::apply(&client, draft).await });
            }
            Effect::Submit(body) => self.answer(|client| async move {
                let result = client.submit(&body, &key()).await.map(Box::new);
                Message::Answered {
                    verb: "submit",
                    result,
                }
            }),
            Effect::SubmitBatch(requests) => self.answer(|client| async move {
                let filed = client.submit_batch(&SubmitBatch { requests }, &key()).await;
                Message::Filed(filed.map(|page| page.items))
            }),
            Effect::Approve(id, body) => self.answer(move |client| async move {
                let result = client.approve(&id, &body, &key()).await.map(Box::new);
                Message::Answered {
                    verb: "approve",
                    result,
                }
            }),
            Effect::Extend(id, body) => self.answer(move |client| async move {
                let result = client.extend(&id, &body, &key()).await.map(Box::new);
                Message::Answered {
                    verb: "extend",
                    result,
                }
            }),
            Effect::Review(id, body) => self.answer(move |client| async move {
                let result = client.review(&id, &body, &key()).await.map(Box::new);
                Message::Answered {
                    verb: "review",
                    result,
                }
            }),
            Effect::Act(id, verb, body) => self.answer(move |client| async move {
                let result = client.act(&id, verb, &body, &key()).await.map(Box::new);
                Message::Answered { verb, result }
            }),
            Effect::ActOnAll(verb, all, comment) => self.answer(move |client| async move {
                let mut results = Vec::new();
                // One after the other: each is a decision of its own, and the daemon judges each.
                for read in all {
                    let result = act_on(&client, verb, &read, comment.clone()).await;
                    results.push((read.id, result.map(Box::new)));
                }
                Message::AllAnswered { verb, results }
            }),
            Effect::Freeze(reason, revoke) => self.answer(move |client| async move {
                Message::Frozen(client.freeze(&Freeze { reason, revoke }).await)
            }),
            Effect::Unfreeze(reason) => self.answer(move |client| async move {
                Message::Frozen(client.unfreeze(&Unfreeze { reason }).await)
            }),
            Effect::Reconnect => self.now.notify_one(),
            Effect::ActAs(name) => {
                self.generation += 1;
                self.client = self.client.clone().acting_as(Some(name));
                std::mem::take(&mut self.tasks).cancel();
                self.connect();
            }
            Effect::Chaos => self.unleash(),
            Effect::Copy(text) => {
                // Terminals that do not know the sequence ignore it.
                let _ = crossterm::execute!(std::io::stdout(), CopyToClipboard::to_clipboard_from(text));
            }
            Effect::Alert(text) => {
                let sequences = crate::alert::sequences(&text, std::env::var_os("TMUX").is_some());
                let mut stdout = std::io::stdout();
                let _ = stdout
                    .write_all(sequences.as_bytes())
                    .and_then(|()| stdout.flush());
            }
            // The loop does this itself: it owns the terminal.
            Effect::KeepDraft(draft) => {
                if let Some(folder) = &self.kept {
                    crate::kept::keep_draft(folder, draft.as_deref());
                }
            }
            Effect::Welcomed => self
                .kept
                .iter()
                .for_each(|folder| crate::kept::note_welcome(folder)),
            Effect::KeepColumns(columns) => self
                .kept
                .iter()
                .for_each(|folder| crate::kept::keep_columns(folder, &columns)),
            Effect::Suspend | Effect::Mouse(_) | Effect::OpenEditor(..) | Effect::WriteText(_) => {}
        }
    }

    fn unleash(&self) {
        let Some(chaos) = &self.chaos else { return };
        let mut lines = chaos();
        let sender = self.sender.clone();
        self.lasting.start(async move {
            while let Some(line) = lines.next().await {
                let line = team_shared::text::inert(&line);
                if sender.send((NOBODY, Message::Chaos(line))).await.is_err() {
                    return;
                }
            }
        });
    }
}

fn key() -> String {
    ulid::Ulid::generate().to_string()
}

async fn load_access(client: &Client, kind: AccessKind) -> Result<AccessRows, ClientError> {
    Ok(match kind {
        AccessKind::Managed => AccessRows::Managed(client.grants().await?.items),
        AccessKind::Standing => AccessRows::Standing(client.standing().await?.items),
        AccessKind::Drift => AccessRows::Drift(client.drift().await?.items),
    })
}

async fn load(client: &Client) -> Result<Snapshot, ClientError> {
    let recent = RequestQuery {
        scope: Some("all".to_owned()),
        ..RequestQuery::default()
    };
    // What is open may be older than the history that is shown.
    let open = RequestQuery {
        scope: Some("all".to_owned()),
        state: Some("pending,scheduled,activating,active,ending".to_owned()),
        ..RequestQuery::default()
    };
    let me = client.me().await?;
    if me.person.is_none() && me.uid != 0 {
        // Not known to Identity Center: sees who it is and why, nothing else.
        return Ok(Snapshot {
            me,
            newest: Page::whole(Vec::new()),
            open: Vec::new(),
            entitlements: Vec::new(),
            health: client
                .short_status()
                .await
                .ok()
                .map(crate::client::api::Health::Short),
        });
    }
    let (recent, open, entitlements, health) = tokio::join!(
        client.requests(&recent, FIRST),
        client.requests(&open, MOST),
        client.entitlements(),
        client.health()
    );
    Ok(Snapshot {
        me,
        newest: recent?,
        open: open?.items,
        // The operator has none and may be refused; that is no reason to show nothing.
        entitlements: match entitlements {
            Ok(page) => page.items,
            Err(ClientError::Problem(_)) => Vec::new(),
            Err(error) => return Err(error),
        },
        health: health.ok(),
    })
}

/// Reads requests one after the other, over one connection: hundreds may change at once.
async fn refresh(client: Client, ids: BTreeSet<RequestId>) -> Message {
    let mut views = Vec::new();
    for id in &ids {
        match client.request_by_id(id).await {
            Ok(view) => views.push((*id, Some(view))),
            Err(ClientError::Problem(problem)) if problem.code == Code::NotFound => views.push((*id, None)),
            Err(_) => return Message::RefreshFailed(ids.into_iter().collect()),
        }
    }
    Message::Refreshed(views)
}

/// A verb on one of several, as it was read.
async fn act_on(
    client: &Client,
    verb: &'static str,
    read: &AsRead,
    comment: Option<String>,
) -> Result<RequestView, ClientError> {
    let (version, terms_digest) = (Some(read.version), Some(read.digest.clone()));
    if verb == "approve" {
        let body = Approve {
            comment,
            duration_seconds: None,
            start_at: None,
            version,
            terms_digest,
        };
        return client.approve(&read.id, &body, &key()).await;
    }
    let body = match verb {
        // Whoever looks at it looks at it as it is.
        "claim" | "unclaim" => Act::default(),
        _ => Act {
            comment,
            version,
            terms_digest,
        },
    };
    client.act(&read.id, verb, &body, &key()).await
}
