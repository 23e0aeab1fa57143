//! What stands beside a request in the store: its grant, what people do around it, who keeps its grant.

use super::{Api, views};
use std::sync::Arc;
use team_shared::request::RequestView;
use teamd_domain::Time;
use teamd_domain::activity::Summary;
use teamd_domain::attention::Attention;
use teamd_domain::grant::Grant;
use teamd_domain::request::{Request, State};
use teamd_engine::{Access, Engine, Facts, Refused};
use teamd_store::port::{Read, StoreResult};

/// What stands beside a request in the store.
#[derive(Debug, Clone, Default)]
pub(super) struct Beside {
    pub(super) grant: Option<Grant>,
    pub(super) attention: Attention,
    /// The request that keeps its grant, where it is over.
    pub(super) holder: Option<Request>,
    /// How it was used.
    pub(super) activity: Option<Summary>,
    /// Until when credentials can live, by the last sign-in.
    pub(super) residual: Option<Time>,
}

impl Beside {
    /// Reads it.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(super) fn of(read: &mut dyn Read, request: &Request, engine: &Engine) -> StoreResult<Self> {
        Ok(Self {
            grant: read.grant(&request.key)?,
            attention: read.attention(&request.id)?,
            holder: holder_of(read, request)?,
            activity: engine.activity_summary(&request.id),
            residual: engine.residual_by_sign_in(request),
        })
    }
}

/// A request as the caller may see it, with what stands beside it now.
///
/// # Errors
/// The store cannot be read.
pub(super) async fn read_beside(
    api: &Api,
    request: &Request,
    facts: &Facts,
    access: &Access<'_>,
) -> Result<RequestView, Refused> {
    let (about, engine) = (request.clone(), Arc::clone(&api.engine));
    let beside = api
        .engine
        .store()
        .read_ahead(move |read| Ok::<_, Refused>(Beside::of(read, &about, &engine)?))
        .await?;
    Ok(views::request(request, &beside, facts, access))
}

/// The request that keeps the grant of one that is over.
///
/// # Errors
/// The store cannot be read.
fn holder_of(read: &mut dyn Read, request: &Request) -> StoreResult<Option<Request>> {
    match &request.state {
        State::Ended(finish) | State::Revoked(finish) | State::Failed(finish) => {
            match &finish.still_held_by {
                Some(id) => read.request(id),
                None => Ok(None),
            }
        }
        State::Pending
        | State::Scheduled { .. }
        | State::Activating { .. }
        | State::Active { .. }
        | State::Ending { .. }
        | State::Rejected { .. }
        | State::Cancelled { .. }
        | State::Expired { .. }
        | State::Withdrawn { .. }
        | State::Lost { .. } => Ok(None),
    }
}
