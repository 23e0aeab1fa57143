//! Stories: a file for each feature, in sentences that an administrator can read, played on a daemon of its own. A
//! sentence that nobody understands fails its story.
//!
//! `it` and `the request` are the last one asked for. `NAME asks for SET on ACCOUNT for LENGTH because "WHY"`, with
//! `: CODE` behind it where it is refused; `NAME may not VERB it: CODE`; `N minutes pass`. Several accounts, with `and`
//! between them, are asked for as a batch, of which `it` is the last. To add a kind of sentence: an arm in [`play`], or
//! in [`stage`] where it is not about what somebody does.

mod stage;

use crate::support::*;
use chrono::TimeDelta;
use serde_json::json;
use stage::Stage;
use std::path::Path;
use team_shared::duration::Seconds;

/// Somebody asks: whom, how, and what becomes of it.
struct Asked {
    who: String,
    account: String,
    set: String,
    id: Option<String>,
}

/// The words before and after `between`.
fn split<'a>(line: &'a str, between: &str) -> Option<(&'a str, &'a str)> {
    line.split_once(between)
}

/// `VERB SET on ACCOUNT for LENGTH because "WHY"[: CODE]`.
async fn ask_for(world: &World, who: &str, rest: &str, break_glass: bool) -> Option<Asked> {
    let (set, rest) = split(rest, " on ")?;
    let (account, rest) = split(rest, " for ")?;
    let (length, rest) = split(rest, " because \"")?;
    let (why, code) = split(rest, "\"")?;
    let seconds = length.parse::<Seconds>().ok()?.get();
    let body = |account: &str| {
        with(
            ask(account, set, seconds),
            json!({"justification": why, "break_glass": break_glass}),
        )
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

async fn extend(world: &World, id: &str, who: &str, rest: &str) -> Option<String> {
    let (length, why) = split(rest, " because \"")?;
    let body = json!({
        "duration_seconds": length.parse::<Seconds>().ok()?.get(),
        "reason": why.strip_suffix('"')?,
    });
    let answer = world
        .as_(who)
        .post(&format!("/v1/requests/{id}/extend"), body)
        .await;
    Some(id_of(&answer.is(201)))
}

async fn everything(world: &World, who: &str, verb: &str, revoke: bool) -> Answer {
    let body = match verb {
        "freeze" => json!({"reason": "an investigation", "revoke": revoke}),
        _ => json!({}),
    };
    world.as_(who).post(&format!("/v1/{verb}"), body).await
}

/// The verb of a sentence: `approves` says `approve`.
fn verb(word: &str) -> Option<&'static str> {
    let verbs = [
        "approve", "reject", "claim", "unclaim", "review", "revoke", "cancel",
    ];
    verbs
        .into_iter()
        .find(|verb| word.strip_suffix('s') == Some(*verb))
}

/// One sentence; none: nobody understands it.
async fn play(world: &Stage, line: &str, last: &mut Option<Asked>) -> Option<()> {
    let id = || last.as_ref().and_then(|asked| asked.id.clone());
    if let Some(minutes) = line.strip_suffix(" minutes pass") {
        world.clock.shift(TimeDelta::minutes(minutes.parse().ok()?));
        world.engine().remind().await.expect("reminders");
        return Some(());
    }
    if let Some(state) = line.strip_prefix("the request becomes ") {
        world.reach(&id()?, state).await;
        return Some(());
    }
    if let Some(state) = line.strip_prefix("the request is ") {
        assert_eq!(world.show(&id()?).await["state"], state);
        return Some(());
    }
    if let Some(rest) = line.strip_prefix("AWS has it") {
        let asked = last.as_ref()?;
        let has = world.is_assigned(&asked.who, &asked.account, &asked.set);
        assert_eq!(has, rest.is_empty(), "{line}");
        return Some(());
    }
    if line == "it needs a review" {
        assert_eq!(world.show(&id()?).await["review"]["needed"], true);
        return Some(());
    }
    if let Some(name) = line.strip_suffix(" is on call for payments") {
        world.on_call(name).await;
        return Some(());
    }
    if let Some(rest) = line.strip_prefix("it is ") {
        return stage::stands(world, &id()?, rest).await;
    }
    let (who, rest) = split(line, " ")?;
    if rest == "uses it" || rest.starts_with("may not use it: ") {
        return stage::uses(world, &id()?, who, rest).await;
    }
    if let Some(rest) = rest.strip_prefix("asks for ") {
        let asked = ask_for(world, who, rest, false).await?;
        // What was refused is not what the next sentence is about.
        if asked.id.is_some() {
            *last = Some(asked);
        }
        return Some(());
    }
    if let Some(rest) = rest.strip_prefix("breaks glass for ") {
        *last = Some(ask_for(world, who, rest, true).await?);
        return Some(());
    }
    if let Some(rest) = rest.strip_prefix("extends it by ") {
        let extension = extend(world, &id()?, who, rest).await?;
        last.as_mut()?.id = Some(extension);
        return Some(());
    }
    if rest == "may not see it" {
        let answer = world.as_(who).get(&format!("/v1/requests/{}", id()?)).await;
        answer.refused(404, "not_found");
        return Some(());
    }
    if let Some(rest) = rest.strip_prefix("may not ") {
        let (verb, code) = match split(rest, " it: ") {
            Some((verb, code)) => (world.act(who, &id()?, verb).await, code),
            None => {
                let (verb, code) = split(rest, " everything: ")?;
                (everything(world, who, verb, false).await, code)
            }
        };
        assert_eq!(verb.word(), code, "{line}");
        return Some(());
    }
    let answer = match rest {
        "freezes everything" => everything(world, who, "freeze", false).await,
        "freezes everything and ends what is live" => everything(world, who, "freeze", true).await,
        "unfreezes everything" => everything(world, who, "unfreeze", false).await,
        "is done with it" => world.act(who, &id()?, "done").await,
        other => world.act(who, &id()?, verb(other.strip_suffix(" it")?)?).await,
    };
    answer.is(200);
    Some(())
}

async fn tell(story: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../tests/daemon/scenarios/{story}.story"));
    let text = std::fs::read_to_string(&path).expect("the story");
    let world = Stage::new().await;
    let mut last = None;
    let mut told = 0;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        eprintln!("{story}, line {number}: {line}");
        let understood = play(&world, line, &mut last).await;
        assert!(understood.is_some(), "{story}, line {number}: what is {line:?}?");
        told += 1;
    }
    assert!(told > 3, "{story} tells nothing");
}

macro_rules! stories {
    ($($name:ident => $file:literal),+ $(,)?) => {
        $(#[tokio::test] async fn $name() { tell($file).await; })+

        #[test]
        fn every_story_is_told() {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/daemon/scenarios");
            let mut found: Vec<String> = std::fs::read_dir(folder)
                .expect("the stories")
                .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
                .filter(|name| name.ends_with(".story"))
                .collect();
            found.sort();
            let mut told = vec![$(format!("{}.story", $file)),+];
            told.sort();
            assert_eq!(found, told);
        }
    };
}

stories! {
    production_is_fixed => "break-fix",
    a_contractor_works => "contractor",
    security_investigates => "investigation",
    finance_closes_the_quarter => "quarterly-close",
    a_request_is_rejected => "rejection",
    access_is_extended => "extension",
    glass_is_broken => "break-glass",
    several_accounts_are_one_batch => "batch",
    the_shift_changes => "on-call",
    nobody_decides_and_others_are_asked => "escalation",
    access_is_used => "use",
    access_is_looked_at_afterwards => "review",
}
