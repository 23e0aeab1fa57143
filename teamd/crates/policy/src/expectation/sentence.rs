//! Expectations and what came, in words.

use super::model::{Expectation, Outcome};
use crate::{AccountPattern, Judgement, Subject};
use team_shared::ids::UserId;

/// What is expected, as a sentence: `alice may AdministratorAccess in prod-ledger for 2h`.
pub(super) fn expected(expectation: &Expectation) -> String {
    let who = match &expectation.who {
        Subject::User(name) => name.clone(),
        Subject::Group(name) => format!("everybody in {name}"),
        Subject::OnCall(name) => format!("oncall:{name}"),
    };
    let place = match &expectation.account {
        AccountPattern::Name(name) => name.clone(),
        AccountPattern::All => "every account".to_owned(),
        other => other.to_string(),
    };
    let verb = match expectation.outcome {
        Outcome::Allowed(_) => "may",
        Outcome::Refused(_) => "may not",
    };
    let mut sentence = format!("{who} {verb} {} in {place}", expectation.permission_set);
    if let Some(duration) = expectation.duration {
        sentence += &format!(" for {duration}");
    }
    if expectation.break_glass {
        sentence += " as break-glass";
    }
    if let Some(at) = expectation.at {
        sentence += &format!(" at {at}");
    }
    sentence
}

/// What an ask that should have been refused got.
pub(super) fn allowed(judgement: &Judgement, name: impl Fn(&UserId) -> String) -> String {
    let rules = list(&judgement.basis.rules);
    let demands: Vec<String> = judgement
        .basis
        .demands
        .iter()
        .map(|demand| {
            let approvers: Vec<String> = demand.approvers.iter().map(&name).collect();
            format!("{} of {}", demand.quorum, list(&approvers))
        })
        .collect();
    if demands.is_empty() {
        format!("allowed by {rules} without approval")
    } else {
        format!(
            "allowed by {rules} with the approval of {}",
            demands.join(" and ")
        )
    }
}

/// A list of names for a sentence.
pub(super) fn list<'a>(items: impl IntoIterator<Item = &'a String>) -> String {
    const SHOWN: usize = 20;
    let items: Vec<&str> = items.into_iter().map(String::as_str).collect();
    match items.len() {
        0 => "nobody".to_owned(),
        count if count > SHOWN => format!("{} and {} more", items[..SHOWN].join(", "), count - SHOWN),
        _ => items.join(", "),
    }
}
