//! Short ids and names become what the API wants. The daemon stays the judge: a name that we cannot resolve is an
//! error only if nothing could be meant by it.

use super::{Context, Failure};
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher};
use team_shared::ids::{AccountId, RequestId};
use team_shared::problem::Code;
use team_shared::request::{RequestQuery, RequestView};

/// The request behind a full id or its last six characters.
pub(super) async fn request(cx: &Context, text: &str) -> Result<RequestView, Failure> {
    let wanted = text.trim();
    if let Ok(id) = wanted.parse::<RequestId>() {
        return Ok(cx.client.request_by_id(&id).await?);
    }
    if wanted.len() != 6 || !wanted.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(Failure::usage(
            format!("{wanted:?} is not a request id"),
            "give the whole id or its last 6 characters, as team-tui ls shows them",
        ));
    }
    let short = wanted.to_ascii_uppercase();
    let query = RequestQuery {
        scope: Some("all".to_owned()),
        q: Some(short.clone()),
        ..RequestQuery::default()
    };
    let found = cx.client.requests(&query, usize::MAX).await?;
    let mut matching: Vec<RequestView> = found
        .items
        .into_iter()
        .filter(|view| view.id.short() == short)
        .collect();
    if matching.len() > 1 {
        let candidates: Vec<String> = matching
            .iter()
            .map(|r| {
                format!(
                    "{} ({}, {}, {})",
                    r.id, r.requester.user_name, r.account.name, r.state
                )
            })
            .collect();
        return Err(Failure::not_found(
            format!("{short} is ambiguous: {}", candidates.join("; ")),
            "give the whole id",
        ));
    }
    matching.pop().ok_or_else(|| {
        Failure::not_found(
            format!("no request {short} that you may see"),
            "team-tui ls --all lists those that you may see; root sees none",
        )
    })
}

/// The id of a batch: as it was given, or that of the request that was given, which may be its short form.
pub(super) async fn batch(cx: &Context, text: &str) -> Result<String, Failure> {
    match request(cx, text).await {
        Ok(view) => view.batch_id.ok_or_else(|| {
            Failure::not_found(
                format!("{} is in no batch", view.id.short()),
                "several accounts in one request make a batch; team-tui ls --csv shows each one's",
            )
        }),
        Err(_) => Ok(text.to_owned()),
    }
}

/// Account ids for ids or names. A name that is not on the list of visible accounts is left as it is: the daemon says
/// what is wrong with it.
pub(super) async fn accounts(cx: &Context, texts: &[String]) -> Result<Vec<String>, Failure> {
    if texts.iter().all(|text| text.parse::<AccountId>().is_ok()) {
        return Ok(texts.to_vec());
    }
    let known = cx.client.accounts().await?.items;
    texts
        .iter()
        .map(|text| {
            if text.parse::<AccountId>().is_ok() {
                return Ok(text.clone());
            }
            let mut named = known.iter().filter(|account| account.name == *text);
            match (named.next(), named.next()) {
                (Some(account), None) => Ok(account.id.to_string()),
                (Some(one), Some(other)) => Err(Failure::not_found(
                    format!("{text:?} is the name of {} and of {}", one.id, other.id),
                    "give the account's id",
                )),
                // The daemon may know it, and why it is not for this person.
                (None, _) => Ok(text.clone()),
            }
        })
        .collect()
}

/// The same failure, with near names where the daemon knows no such account.
pub(super) async fn with_near_accounts(cx: &Context, failure: Failure, text: &str) -> Failure {
    match failure {
        Failure::Problem(problem) if problem.code == Code::NotFound && problem.detail.contains(text) => {
            let known = cx
                .client
                .accounts()
                .await
                .map(|page| page.items)
                .unwrap_or_default();
            let help = nearest(text, known.iter().map(|account| account.name.as_str()));
            let is_near = help.starts_with("did you mean");
            Failure::Problem(if is_near {
                Box::new(problem.help(help))
            } else {
                problem
            })
        }
        other => other,
    }
}

/// `did you mean …?` with the best three, or where to look.
fn nearest<'a>(text: &str, names: impl Iterator<Item = &'a str>) -> String {
    let mut matcher = Matcher::new(Config::DEFAULT);
    let names: Vec<&str> = names.collect();
    let found =
        Pattern::parse(text, CaseMatching::Ignore, Normalization::Smart).match_list(&names, &mut matcher);
    let mut best: Vec<&str> = found.into_iter().map(|(name, _)| *name).take(3).collect();
    if best.is_empty() {
        // No subsequence matches: a letter was swapped or is wrong. Shared beginnings are the next best guess.
        let shared = |name: &str| name.chars().zip(text.chars()).take_while(|(a, b)| a == b).count();
        let mut ranked = names.clone();
        ranked.sort_by_key(|name| std::cmp::Reverse(shared(name)));
        best = ranked
            .into_iter()
            .filter(|name| shared(name) >= 2)
            .take(3)
            .collect();
    }
    if best.is_empty() {
        "team-tui accounts lists them".to_owned()
    } else {
        format!("did you mean {}? team-tui accounts lists them", best.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn near_names_are_offered() {
        let names = ["pay-prod", "pay-stage", "web-prod"];
        assert!(nearest("payprod", names.into_iter()).contains("pay-prod"));
        assert!(nearest("pay-prdo", names.into_iter()).contains("pay-prod"));
        assert!(nearest("zzz", names.into_iter()).starts_with("team-tui accounts"));
    }
}
