//! Sentences in which somebody asks, and those about what was asked for: the times, the votes, the lengths.

use super::split;
use super::stage::Stage;
use crate::support::*;
use serde_json::{Value, json};
use team_shared::duration::Seconds;

/// Somebody asks: whom, how, and what becomes of it.
pub(super) struct Asked {
    pub(super) who: String,
    pub(super) account: String,
    pub(super) set: String,
    pub(super) id: Option<String>,
}

fn seconds(length: &str) -> Option<i64> {
    length.parse::<Seconds>().ok().map(Seconds::get)
}

/// `for LENGTH`, `beginning in LENGTH`, `beginning tomorrow at HH:MM`, `ending in LENGTH`, and several of them: the
/// fields of a body that say so.
fn times(world: &Stage, words: &str) -> Option<Value> {
    let words: Vec<&str> = words.split_whitespace().collect();
    let mut rest = words.as_slice();
    let mut fields = json!({});
    while !rest.is_empty() {
        rest = match rest {
            ["for", length, rest @ ..] => {
                fields["duration_seconds"] = json!(seconds(length)?);
                rest
            }
            ["beginning", "in", length, rest @ ..] => {
                fields["start_at"] = json!(world.moment_in(seconds(length)?));
                rest
            }
            ["beginning", "tomorrow", "at", hour, rest @ ..] => {
                fields["start_at"] = json!(world.tomorrow_at(hour));
                rest
            }
            ["ending", "in", length, rest @ ..] => {
                fields["end_at"] = json!(world.moment_in(seconds(length)?));
                rest
            }
            ["and", rest @ ..] => rest,
            _ => return None,
        };
    }
    Some(fields)
}

/// `SET on ACCOUNT TIMES because "WHY"[: CODE]`.
pub(super) async fn ask_for(world: &Stage, who: &str, rest: &str, break_glass: bool) -> Option<Asked> {
    let (set, rest) = split(rest, " on ")?;
    let (target, rest) = split(rest, " because \"")?;
    let (why, code) = split(rest, "\"")?;
    let begins = [" for ", " beginning ", " ending "];
    let at = begins.iter().filter_map(|word| target.find(word)).min()?;
    let (account, times_of) = target.split_at(at);
    let fields = times(world, times_of)?;
    let body = |account: &str| {
        let reason = json!({"duration_seconds": null, "justification": why, "break_glass": break_glass});
        with(with(ask(account, set, 0), reason), fields.clone())
    };
    let accounts: Vec<&str> = account.split(" and ").collect();
    let account = accounts.last()?;
    let answer = match accounts.len() {
        1 => world.as_(who).post("/v1/requests", body(account)).await,
        _ => {
            let requests: Vec<_> = accounts.iter().map(|account| body(account)).collect();
            let batch = json!({ "requests": requests });
            world.as_(who).post("/v1/batches", batch).await
        }
    };
    let id = match code.strip_prefix(": ") {
        Some(code) => {
            assert_eq!(answer.word(), code, "{answer:?}");
            None
        }
        None => {
            let filed = answer.is(201);
            Some(if accounts.len() == 1 {
                id_of(&filed)
            } else {
                id_of(items(&filed).last()?)
            })
        }
    };
    Some(Asked {
        who: who.to_owned(),
        account: (*account).to_owned(),
        set: set.to_owned(),
        id,
    })
}

pub(super) async fn extend(world: &World, id: &str, who: &str, rest: &str) -> Option<String> {
    let (length, why) = split(rest, " because \"")?;
    let body = json!({"duration_seconds": seconds(length)?, "reason": why.strip_suffix('"')?});
    let answer = world
        .as_(who)
        .post(&format!("/v1/requests/{id}/extend"), body)
        .await;
    Some(id_of(&answer.is(201)))
}

/// `NAME approves it TIMES`: on other terms than were asked for.
pub(super) async fn approve_otherwise(world: &Stage, id: &str, who: &str, rest: &str) -> Option<Answer> {
    let path = format!("/v1/requests/{id}/approve");
    Some(world.as_(who).post(&path, times(world, rest)?).await)
}

/// `it has no votes`, `it has the vote of NAME`, `it has the votes of NAME and NAME`; `it lasts LENGTH`; `it says "…"`
/// at its end.
pub(super) async fn is_so(world: &World, id: &str, line: &str) -> Option<()> {
    let shown = world.show(id).await;
    if let Some(length) = line.strip_prefix("it lasts ") {
        assert_eq!(shown["duration_seconds"], seconds(length)?, "{shown:#}");
        if shown["state"] == "active" {
            let long = moment(&shown["end_at"]) - moment(&shown["start_at"]);
            assert_eq!(long.num_seconds(), seconds(length)?, "{shown:#}");
        }
        return Some(());
    }
    if let Some(words) = line.strip_prefix("it says \"") {
        let reason = shown["ended"]["reason"].as_str().unwrap_or_default();
        assert!(reason.contains(words.strip_suffix('"')?), "{shown:#}");
        return Some(());
    }
    let names = line.strip_prefix("it has ")?;
    let expected: Vec<&str> = match names
        .strip_prefix("the votes of ")
        .or(names.strip_prefix("the vote of "))
    {
        Some(names) => names.split(" and ").collect(),
        None if names == "no votes" => Vec::new(),
        None => return None,
    };
    let votes = shown["approval"]["demands"][0]["votes"].as_array();
    let voted = votes
        .into_iter()
        .flatten()
        .filter_map(|vote| vote["by"]["user_name"].as_str());
    assert_eq!(voted.collect::<Vec<_>>(), expected, "{shown:#}");
    Some(())
}
