//! What a document would change: the pure plan, and the requests it would touch.

use super::{InForce, diff, read, refuse_stale_base, sha256};
use crate::directory::lost_basis;
use crate::refused::Refused;
use crate::{Engine, Facts};
use std::sync::Arc;
use team_shared::policy::{PolicyPlan, TouchedRequest};
use team_shared::state::RequestState;
use teamd_domain::directory::Directory;
use teamd_domain::identity::Caller;
use teamd_domain::request::Request;
use teamd_policy::OnLostEligibility;
use teamd_policy::plan::{Change, dead_ends, plan};
use teamd_store::port::{PolicyRow, RequestFilter};

/// Requests read in one store job.
const READ_AHEAD: usize = 250;

impl Engine {
    /// What applying a document would change.
    ///
    /// # Errors
    /// The base is stale, the document has faults, or the directory has never been loaded.
    pub async fn plan_policy(
        &self,
        caller: &Caller,
        document: &str,
        base: Option<u64>,
    ) -> Result<PolicyPlan, Refused> {
        let current = self.policy_version_in_force().await?;
        refuse_stale_base(base, current)?;
        let policy = read(document)?;
        let facts = self.facts();
        let directory = facts.directory.clone().ok_or_else(|| {
            Refused::new(
                team_shared::problem::Code::DirectoryUnavailable,
                "the directory has never been loaded from AWS: nobody can say whom the document is about",
            )
            .help("`team-tui status` says what AWS answers")
        })?;
        let before = facts.policy.clone();
        let now = self.clock.now();
        let made = plan(&Change {
            before: before.as_deref().map(|in_force| &in_force.policy),
            after: &policy,
            directory: &directory,
            protected: &facts.protected,
            author: caller.person(),
            now,
        });
        let mut findings = made.findings;
        findings.extend(dead_ends(&policy, |target| self.lacks(target)));
        let keeps = policy.settings.on_lost_eligibility == OnLostEligibility::Keep;
        let would_be = Facts {
            policy: Some(Arc::new(InForce {
                version: current,
                policy,
                row: PolicyRow {
                    version: current,
                    document: String::new(),
                    sha256: String::new(),
                    applied_by: String::new(),
                    applied_at: now,
                },
            })),
            ..facts.clone()
        };
        let (mut withdrawn, mut ending) = (Vec::new(), Vec::new());
        for request in self.open_requests().await? {
            // What has no basis now is not this document's doing.
            if lost_basis(&facts, &request, now).is_some() {
                continue;
            }
            let Some(reason) = lost_basis(&would_be, &request, now) else {
                continue;
            };
            let touched = touched(&directory, &request, reason);
            match request.state.is_live() {
                true if keeps => {}
                true => ending.push(touched),
                false => withdrawn.push(touched),
            }
        }
        let text = before.as_deref().map_or("", |in_force| &in_force.row.document);
        let name = format!("version {current}");
        Ok(PolicyPlan {
            base_version: current,
            sha256: sha256(document),
            diff: diff(text, document, (&name, "planned")),
            withdrawn,
            ending,
            findings,
            ..made
        })
    }

    /// Requests that are neither over nor ending.
    async fn open_requests(&self) -> Result<Vec<Request>, Refused> {
        let (mut all, mut before) = (Vec::new(), None);
        loop {
            let filter = RequestFilter {
                states: vec![
                    RequestState::Pending,
                    RequestState::Scheduled,
                    RequestState::Activating,
                    RequestState::Active,
                ],
                before,
                limit: READ_AHEAD,
                ..RequestFilter::default()
            };
            let page = self
                .store
                .read(move |read| Ok::<_, Refused>(read.requests(&filter)?))
                .await?;
            before = page.last().map(|last| last.id);
            let has_more = page.len() == READ_AHEAD;
            all.extend(page);
            if !has_more {
                return Ok(all);
            }
        }
    }
}

fn touched(directory: &Directory, request: &Request, reason: String) -> TouchedRequest {
    let key = &request.key;
    let name = |known: Option<&String>, id: &str| known.map_or_else(|| id.to_owned(), ToOwned::to_owned);
    TouchedRequest {
        id: request.id,
        state: request.state.word().to_string(),
        user_name: name(
            directory.people.get(&key.user).map(|one| &one.user_name),
            key.user.as_str(),
        ),
        account: name(
            directory.accounts.get(&key.account).map(|one| &one.name),
            key.account.as_str(),
        ),
        permission_set: name(
            directory
                .permission_sets
                .get(&key.permission_set)
                .map(|one| &one.name),
            key.permission_set.as_str(),
        ),
        reason,
    }
}
