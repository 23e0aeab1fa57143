//! The caller of a handler, from the kernel's word to a person.

use super::Api;
use super::error::ApiError;
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use team_shared::problem::{Code, Problem};
use team_shared::routes;
use teamd_domain::identity::{Caller, LoginUid, Peer};

/// What the kernel said when the connection was made; nothing where it said nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct PeerInfo(pub(super) Option<Peer>);

/// The caller.
pub(super) struct Calling(pub(super) Caller);

/// The caller, for what is not for those who map to nobody: they are told why before anything else is looked at. A
/// handler with a body takes [`Calling`] and looks at identity itself, because size goes before it.
pub(super) struct Known(pub(super) Caller);

/// What says how the daemon is, and therefore waits for nothing.
const ANSWER_AT_ONCE: [&str; 2] = [routes::ME, routes::STATUS];

/// The header of the demo's `:as`.
pub(super) const DEMO_AS: &str = "x-team-demo-as";

impl FromRequestParts<Api> for Calling {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let peer = parts
            .extensions
            .get::<ConnectInfo<PeerInfo>>()
            .and_then(|info| info.0.0)
            .ok_or_else(|| refused("the kernel does not say who is calling"))?;
        // nobody, and "no uid": everybody whom a user namespace does not map looks like this.
        if peer.uid == 65534 || peer.uid == u32::MAX {
            return Err(refused("this uid stands for nobody in particular"));
        }
        // Who a login is, the directory says: whoever needs to know waits for its first load. The rest answers at once.
        if peer.uid != 0 && !ANSWER_AT_ONCE.contains(&parts.uri.path()) {
            api.engine.directory_ready().await?;
        }
        if api.demo_as
            && let Some(name) = parts.headers.get(DEMO_AS).and_then(|value| value.to_str().ok())
        {
            // A uid of the demo's own, so that the operator's uid does not stand for a person.
            let peer = Peer {
                uid: 60_000,
                login_uid: LoginUid::Unset,
                ..peer
            };
            return Ok(Self(api.engine.identify(peer, Some(name.to_owned()))));
        }
        let login = api.logins.name(peer.uid).await?;
        let caller = api.engine.identify(peer, login);
        let facts = api.engine.facts();
        api.admission.responders().note(&caller, &facts.access(&caller));
        Ok(Self(caller))
    }
}

impl FromRequestParts<Api> for Known {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let Calling(caller) = Calling::from_request_parts(parts, api).await?;
        api.engine.facts().access(&caller).refuse_nobody()?;
        Ok(Self(caller))
    }
}

fn refused(why: &str) -> ApiError {
    Problem::new(Code::UnknownIdentity, why)
        .help("`team-tui whoami` says how your login is mapped")
        .into()
}
