//! Limits what one user may occupy at a time, so that nobody's requests crowd out anybody else's.
//!
//! Each route has a [`Class`], given where the route is registered (`endpoints` in the parent). A permit is held until
//! the response body has been sent or dropped, because a finished answer still occupies memory. Removal verbs and health
//! checks have permits of their own and never wait for reads of the same user. Event streams hold a slot instead; each
//! read that a stream does takes a permit.

use super::Api;
use super::caller::{DEMO_AS, PeerInfo};
use super::error::ApiError;
use super::heavy::HeavyPool;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hyper::body::{Frame, SizeHint};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use team_shared::problem::Code;
use teamd_engine::Refused;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Ordinary requests of one user that are answered at a time.
const ORDINARY: usize = 4;
/// Urgent requests of one user that are answered at a time.
const URGENT: usize = 4;
/// Heavy computations of one user that run or are queued at a time.
const HEAVY: usize = 1;
/// Event streams of one user.
const STREAMS: usize = 64;
/// How long a request waits for the user's other requests.
const MAX_WAIT: Duration = Duration::from_secs(10);
/// Users that are remembered at a time. Idle ones are forgotten.
const MAX_USERS: usize = 4096;

/// What a request costs, and which of its user's permits it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Removes access, stops grants or reports health: has its own permits.
    Urgent,
    /// Reads or writes a few rows.
    Ordinary,
    /// Computes for long: one at a time, on the heavy pool.
    Heavy,
    /// Stays open: holds a stream slot, not a permit.
    Stream,
}

/// The permits of all users who have requests under way.
#[derive(Debug, Default)]
pub(super) struct Budgets(Mutex<HashMap<u32, Arc<Allowances>>>);

/// The permits of one user.
#[derive(Debug)]
struct Allowances {
    uid: u32,
    ordinary: Arc<Semaphore>,
    urgent: Arc<Semaphore>,
    heavy: Arc<Semaphore>,
    streams: Arc<Semaphore>,
}

/// A permit; given back when dropped.
#[derive(Debug)]
pub(super) struct Permit {
    _permit: OwnedSemaphorePermit,
    // Keeps the user's entry in the map while the permit is held.
    _allowances: Arc<Allowances>,
}

/// The budget of the user whose request this is. Handlers take it as an extractor.
#[derive(Debug, Clone)]
pub(super) struct UserBudget {
    allowances: Arc<Allowances>,
    heavy: Option<Arc<Permit>>,
}

impl Allowances {
    fn new(uid: u32) -> Self {
        let permits = |count| Arc::new(Semaphore::new(count));
        Self {
            uid,
            ordinary: permits(ORDINARY),
            urgent: permits(URGENT),
            heavy: permits(HEAVY),
            streams: permits(STREAMS),
        }
    }

    fn permit(self: &Arc<Self>, permit: OwnedSemaphorePermit) -> Permit {
        Permit {
            _permit: permit,
            _allowances: Arc::clone(self),
        }
    }

    /// Waits for a permit, at most [`MAX_WAIT`].
    async fn wait(self: &Arc<Self>, permits: &Arc<Semaphore>, what: &str) -> Result<Permit, Refused> {
        let permit = tokio::time::timeout(MAX_WAIT, Arc::clone(permits).acquire_owned()).await;
        match permit {
            Ok(Ok(permit)) => Ok(self.permit(permit)),
            Ok(Err(_)) | Err(_) => Err(Refused::new(
                Code::LimitReached,
                format!("you have {what} under way, which is the limit; this one waited 10 s"),
            )
            .help("wait for the others to finish, or send fewer at a time")),
        }
    }
}

impl Budgets {
    /// The permits of a user.
    ///
    /// # Errors
    /// Too many users have requests under way.
    fn of(&self, uid: u32) -> Result<Arc<Allowances>, Refused> {
        let mut users = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = users.get(&uid) {
            return Ok(Arc::clone(known));
        }
        users.retain(|_, user| Arc::strong_count(user) > 1);
        if users.len() >= MAX_USERS {
            return Err(Refused::new(
                Code::LimitReached,
                format!("{MAX_USERS} users have requests under way, which is the limit"),
            )
            .help("try again in a moment"));
        }
        let user = Arc::new(Allowances::new(uid));
        users.insert(uid, Arc::clone(&user));
        Ok(user)
    }

    /// Admits a request of a user: waits for a permit of its class.
    ///
    /// # Errors
    /// None became free in time, or the user has too many streams.
    async fn admit(&self, uid: u32, class: Class) -> Result<(UserBudget, Option<Permit>), Refused> {
        let user = self.of(uid)?;
        let mut heavy = None;
        let permit = match class {
            Class::Urgent => Some(user.wait(&user.urgent, "4 removals or status requests").await?),
            // The operator's requests never wait for each other.
            Class::Ordinary if uid == 0 => None,
            Class::Ordinary => Some(user.wait(&user.ordinary, "4 requests").await?),
            Class::Heavy => {
                heavy = Some(Arc::new(user.wait(&user.heavy, "a large computation").await?));
                None
            }
            Class::Stream => {
                let slot = Arc::clone(&user.streams).try_acquire_owned();
                let slot = slot.map_err(|_| {
                    Refused::new(
                        Code::LimitReached,
                        format!("you have {STREAMS} event streams open, which is the limit"),
                    )
                    .help("close some: each open dashboard has one or two")
                })?;
                Some(user.permit(slot))
            }
        };
        let budget = UserBudget {
            allowances: user,
            heavy,
        };
        Ok((budget, permit))
    }
}

impl UserBudget {
    /// Waits for a permit for one read of a stream, however long that takes.
    pub(super) async fn read(&self) -> Option<Permit> {
        if self.allowances.uid == 0 {
            return None;
        }
        let permit = Arc::clone(&self.allowances.ordinary).acquire_owned().await;
        permit.ok().map(|permit| self.allowances.permit(permit))
    }

    /// Runs a heavy computation of this user on the pool. The user's one permit is held until it has run, also where the
    /// caller hangs up meanwhile.
    ///
    /// # Errors
    /// The user's other computation, or those of others, took too long; the computation broke off.
    pub(super) async fn compute<T: Send + 'static>(
        &self,
        pool: &HeavyPool,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refused> {
        let user = &self.allowances;
        let permit = match &self.heavy {
            Some(permit) => Arc::clone(permit),
            None => Arc::new(user.wait(&user.heavy, "a large computation").await?),
        };
        pool.run(move || {
            let done = work();
            drop(permit);
            done
        })
        .await
    }

    /// The same for a future, which is driven by a thread of the pool: it is not dropped when the caller hangs up.
    ///
    /// # Errors
    /// As there.
    pub(super) async fn compute_async<T: Send + 'static>(
        &self,
        pool: &HeavyPool,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Refused> {
        let runtime = tokio::runtime::Handle::current();
        self.compute(pool, move || runtime.block_on(work)).await
    }
}

impl FromRequestParts<Api> for UserBudget {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        let budget = parts.extensions.get::<Self>().cloned();
        budget.ok_or_else(|| Refused::new(Code::Internal, "this route has no class").into())
    }
}

/// Whose permits a request takes: the uid at the other end of the socket. In the demo, that of the person acted for.
fn uid_of(api: &Api, request: &Request) -> u32 {
    if api.demo_as
        && let Some(name) = request.headers().get(DEMO_AS)
    {
        let mut hasher = DefaultHasher::new();
        name.as_bytes().hash(&mut hasher);
        // Above every uid of the machine.
        return u32::try_from(hasher.finish() >> 33).unwrap_or(u32::MAX) | (1 << 31);
    }
    let info = request.extensions().get::<ConnectInfo<PeerInfo>>();
    info.and_then(|info| info.0.0).map_or(u32::MAX, |peer| peer.uid)
}

/// Admits a request by the class of its route, and holds its permit until the body is sent or dropped.
pub(super) async fn admit(
    State((api, class)): State<(Api, Class)>,
    mut request: Request,
    next: Next,
) -> Response {
    let uid = uid_of(&api, &request);
    let (budget, permit) = match api.budgets.admit(uid, class).await {
        Ok(admitted) => admitted,
        Err(refused) => return ApiError::from(refused).into_response(),
    };
    let heavy = budget.heavy.clone();
    request.extensions_mut().insert(budget);
    let response = next.run(request).await;
    response.map(|inner| {
        Body::new(Held {
            inner,
            _permit: permit,
            _heavy: heavy,
        })
    })
}

/// A body that holds a permit.
struct Held {
    inner: Body,
    _permit: Option<Permit>,
    _heavy: Option<Arc<Permit>>,
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.inner).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests;
