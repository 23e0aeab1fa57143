//! How granted access is used: where its requester signs in, and as what. No credentials: those are AWS's to give.

use super::Api;
use super::body::Id;
use super::caller::Known;
use super::error::ApiError;
use super::views::Names;
use axum::Json;
use axum::extract::State as Shared;
use team_shared::portal::{Use, profile_name};
use team_shared::problem::Code;
use teamd_domain::request::{State, TransitionError};
use teamd_engine::Refused;

/// What people sign in through, as configured. Nothing of it is guessed: a link that leads to somebody else's portal
/// would be a gift to phishers.
#[derive(Debug, Default)]
pub(super) struct Portal {
    url: Option<String>,
    region: Option<String>,
}

impl Portal {
    pub(super) fn new(url: Option<&str>, region: Option<&str>) -> Self {
        Self {
            url: url.map(str::to_owned),
            region: region.map(str::to_owned),
        }
    }
}

/// `GET /v1/requests/{id}/use`: for the requester, while the access is live.
pub(super) async fn use_of(
    Shared(api): Shared<Api>,
    Known(caller): Known,
    id: Id,
) -> Result<Json<Use>, ApiError> {
    let id = id.get()?;
    let facts = api.engine.facts();
    let access = facts.access(&caller);
    let person = access.acting_person()?;
    let found = api
        .engine
        .store()
        .read(move |read| read.request(&id).map_err(Refused::from))
        .await?;
    let request = found
        .filter(|request| access.can_see(request))
        .ok_or_else(|| Refused::not_found(format!("request {id}")))?;
    if request.key.user != *person {
        return Err(Refused::new(
            Code::NotAllowed,
            "only its requester may use what a request has given",
        )
        .help("ask for access of your own with `request`")
        .into());
    }
    let until = match &request.state {
        State::Active { session } if session.end_at > api.engine.now() => session.end_at,
        state => {
            let refused = Refused::from(TransitionError::NotNow {
                state: state.word(),
                command: "use",
            });
            let help = if state.word().is_terminal() || state.session().is_some() {
                "it is over: ask anew with `request`".to_owned()
            } else {
                format!("it has not begun: `team-tui wait {} --for active`", id.short())
            };
            return Err(refused.help(help).into());
        }
    };
    let names = Names(facts.directory.as_deref());
    let account = names.account(&request.key.account);
    let role_name = names.permission_set(&request.key.permission_set).name;
    Ok(Json(Use {
        request_id: id,
        portal_url: api.portal.url.clone(),
        sso_region: api.portal.region.clone(),
        region: api.portal.region.clone(),
        profile: profile_name(&account.name, &account.id, &role_name),
        account_id: account.id,
        account_name: account.name,
        role_name,
        until,
    }))
}
