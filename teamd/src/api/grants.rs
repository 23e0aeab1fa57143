//! Grants: what we hold in AWS.

use super::Api;
use super::caller::Known;
use super::error::ApiError;
use super::views::{Names, grant_of};
use crate::engine::Refused;
use axum::Json;
use axum::extract::State;
use team_shared::grant::GrantView;
use team_shared::list::Page;
use team_shared::problem::Code;

/// `GET /v1/grants`.
pub(super) async fn list(
    State(api): State<Api>,
    Known(caller): Known,
) -> Result<Json<Page<GrantView>>, ApiError> {
    let facts = api.engine.facts();
    if !facts.access(&caller).sees_operations() {
        return Err(Refused::new(
            Code::NotAllowed,
            "the list of grants takes security, auditor, administrator or operator",
        )
        .help("`team-tui ls --active` lists what you may see")
        .into());
    }
    let grants = api
        .engine
        .store()
        .read(|read| {
            let mut rows = Vec::new();
            for grant in read.grants()? {
                let leases = read
                    .open_requests_on(&grant.key)?
                    .into_iter()
                    .filter(|request| request.holds_lease())
                    .map(|request| request.id)
                    .collect::<Vec<_>>();
                rows.push((grant, leases));
            }
            Ok::<_, Refused>(rows)
        })
        .await?;
    let names = Names(facts.directory.as_deref());
    let items = grants
        .into_iter()
        .map(|(grant, leases)| GrantView {
            person: names.person(&grant.key.user),
            account: names.account(&grant.key.account),
            permission_set: names.permission_set(&grant.key.permission_set),
            leases,
            grant: grant_of(&grant),
        })
        .collect();
    Ok(Json(Page::whole(items)))
}
