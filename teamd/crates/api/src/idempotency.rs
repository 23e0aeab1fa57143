//! `Idempotency-Key`: a POST that is sent again is answered again, not done again. For 24 hours, for each caller.

use super::Api;
use super::error::ApiError;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use team_shared::ids::RequestId;
use team_shared::problem::{Code, Problem};
use teamd_domain::identity::{Caller, Who};
use teamd_engine::{FILED, Mark, Refused};
use teamd_store::WriteLane;
use teamd_store::port::Remembered;

/// Keys under way: the second of two calls at once waits for the first.
#[derive(Debug, Default)]
pub(super) struct Keys(Mutex<HashMap<String, Weak<tokio::sync::Mutex<()>>>>);

impl Keys {
    fn lock(&self, name: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.retain(|_, lock| lock.strong_count() > 0);
        if let Some(lock) = keys.get(name).and_then(Weak::upgrade) {
            return lock;
        }
        let lock = Arc::new(tokio::sync::Mutex::new(()));
        keys.insert(name.to_owned(), Arc::downgrade(&lock));
        lock
    }
}

/// What `work` is given: what to keep beside what it does, and the requests that an earlier call filed whose answer
/// a crash has cut off.
#[derive(Debug, Default)]
pub(super) struct Turn {
    pub(super) mark: Option<Mark>,
    pub(super) filed: Vec<RequestId>,
}

/// Does `work` once for a key; without a key, just does it.
///
/// # Errors
/// Those of `work`, and a key that was used for something else.
pub(super) async fn once<T: Serialize>(
    api: &Api,
    caller: &Caller,
    headers: &HeaderMap,
    what: &str,
    body: &[u8],
    work: impl AsyncFnOnce(Turn) -> Result<(StatusCode, T), ApiError>,
) -> Result<Response, ApiError> {
    let Some(key) = headers.get("idempotency-key") else {
        let (status, answer) = work(Turn::default()).await?;
        return Ok((status, axum::Json(answer)).into_response());
    };
    let key = key
        .to_str()
        .ok()
        .filter(|key| (1..=200).contains(&key.len()))
        .ok_or_else(|| {
            ApiError::from(Problem::new(
                Code::Invalid,
                "Idempotency-Key: 1 to 200 visible characters",
            ))
        })?
        .to_owned();
    let who = match &caller.who {
        Who::Person { id, .. } => id.to_string(),
        Who::Operator | Who::Nobody { .. } => format!("uid:{}", caller.peer.uid),
    };
    let lock = api.idempotency.lock(&format!("{who}\0{key}"));
    let _turn = lock.lock().await;
    let fingerprint: [u8; 32] = Sha256::new()
        .chain_update(what)
        .chain_update([0])
        .chain_update(body)
        .finalize()
        .into();
    let now = api.engine.now();
    let (asked_who, asked_key) = (who.clone(), key.clone());
    let known = api
        .engine
        .store()
        .read_ahead(move |read| Ok::<_, Refused>(read.remembered(&asked_who, &asked_key, now)?))
        .await;
    let known = match known {
        // Only what takes access back is done now, and doing that twice is harmless.
        Err(_) if api.engine.degraded().is_some() => None,
        known => known?,
    };
    let mut filed = Vec::new();
    if let Some(known) = known {
        if known.fingerprint != fingerprint {
            return Err(
                Problem::new(Code::Duplicate, "this Idempotency-Key was used for another call")
                    .help("use a new key for a new call")
                    .into(),
            );
        }
        let ids = known.body.strip_prefix(FILED).unwrap_or_default();
        filed = ids.split(' ').filter_map(|id| id.parse().ok()).collect();
        if filed.is_empty() {
            let status = StatusCode::from_u16(known.status).unwrap_or(StatusCode::OK);
            return Ok((status, [(header::CONTENT_TYPE, "application/json")], known.body).into_response());
        }
    }
    let turn = Turn {
        mark: Some(Mark {
            caller: who.clone(),
            key: key.clone(),
            fingerprint,
        }),
        filed,
    };
    let (status, answer) = work(turn).await?;
    let body = serde_json::to_string(&answer)
        .map_err(|_| ApiError::from(Problem::new(Code::Internal, "the answer could not be written")))?;
    let remembered = Remembered {
        fingerprint,
        status: status.as_u16(),
        body: body.clone(),
        at: now,
    };
    let written = api
        .engine
        .store()
        .write(WriteLane::Normal, move |tx| {
            Ok::<_, Refused>(tx.remember(&who, &key, &remembered)?)
        })
        .await;
    if api.engine.degraded().is_none() {
        written?;
    }
    Ok((status, [(header::CONTENT_TYPE, "application/json")], body).into_response())
}
