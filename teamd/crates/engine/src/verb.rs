//! What every verb on a request begins with: is it there for this caller, may they, is it still what they read.

use super::Facts;
use super::access::Verb;
use super::refused::Refused;
use team_shared::ids::RequestId;
use team_shared::problem::Code;
use teamd_domain::identity::Caller;
use teamd_domain::request::Request;
use teamd_store::port::Tx;

/// What comes with a verb.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Act {
    /// Why.
    pub comment: Option<String>,
    /// The version that was read.
    pub version: Option<u64>,
    /// The digest that was read.
    pub terms_digest: Option<String>,
    /// For reviews: what was left behind and may stay or is gone.
    pub acknowledged: Vec<String>,
}

/// The request, where the caller may see it and may use the verb on it. What they read is not compared yet: some verbs
/// have something to say about its state first.
///
/// # Errors
/// It is not there for the caller, or the verb is not theirs.
pub(super) fn opened(
    tx: &mut dyn Tx,
    facts: &Facts,
    caller: &Caller,
    id: &RequestId,
    verb: Verb,
) -> Result<Request, Refused> {
    let hidden = || Refused::not_found(format!("request {id}"));
    let request = tx.request(id)?.ok_or_else(hidden)?;
    let access = facts.access(caller);
    access.acting_person()?;
    if !access.can_see(&request) {
        return Err(hidden());
    }
    access.may(verb, &request)?;
    Ok(request)
}

/// As [`opened`], and still what the caller read.
///
/// # Errors
/// Those of [`opened`]; it has changed since.
pub(super) fn opened_as_read(
    tx: &mut dyn Tx,
    facts: &Facts,
    caller: &Caller,
    id: &RequestId,
    verb: Verb,
    act: &Act,
) -> Result<Request, Refused> {
    let request = opened(tx, facts, caller, id, verb)?;
    refuse_stale(&request, act.version, act.terms_digest.as_deref())?;
    Ok(request)
}

/// Refuses a verb that was given on an older reading.
pub(super) fn refuse_stale(
    request: &Request,
    version: Option<u64>,
    digest: Option<&str>,
) -> Result<(), Refused> {
    let stale = |what: String| {
        Err(Refused::new(Code::Stale, what).help("read it again; what changed is in its timeline"))
    };
    if let Some(version) = version.filter(|version| *version != request.version) {
        return stale(format!(
            "you read version {version}, it is at version {} now",
            request.version
        ));
    }
    if let Some(digest) = digest
        && !digest.eq_ignore_ascii_case(&request.digest())
    {
        return stale("its terms are not those that you read".to_owned());
    }
    Ok(())
}

/// A comment that may be shown.
pub(super) fn checked_comment(comment: Option<&str>, required: bool) -> Result<Option<String>, Refused> {
    match comment.filter(|comment| !comment.is_empty()) {
        None if required => Err(Refused::field("comment", "say why")),
        None => Ok(None),
        Some(comment) => match team_shared::text::check(comment) {
            Ok(()) => Ok(Some(comment.to_owned())),
            Err(error) => Err(Refused::field("comment", error.to_string())),
        },
    }
}
