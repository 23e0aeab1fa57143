//! Stories: a file for each feature, in sentences that an administrator can read, played on a daemon of its own. A
//! sentence that nobody understands fails its story.
//!
//! `it` and `the request` are the last one asked for. `NAME asks for SET on ACCOUNT for LENGTH because "WHY"`, with
//! `: CODE` behind it where it is refused; `NAME may not VERB it: CODE`; `N minutes pass`. Several accounts, with `and`
//! between them, are asked for as a batch, of which `it` is the last. Other times than a length, and what is said of
//! them: [`asking`]; sentences about the policy, the directory and AWS: [`around`]; what a story may begin with:
//! [`stage`]. To add a kind of sentence: an arm in [`play`], or in [`around`] where it is not about what somebody does.

mod around;
mod asking;
mod stage;

use crate::support::*;
use asking::{Asked, approve_otherwise, ask_for, extend};
use chrono::TimeDelta;
use serde_json::json;
use stage::Stage;
use std::path::Path;

/// The words before and after `between`.
fn split<'a>(line: &'a str, between: &str) -> Option<(&'a str, &'a str)> {
    line.split_once(between)
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
    if around::play(world, line, last.as_ref()).await.is_some() {
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
    if let Some(rest) = line.strip_prefix("its end is ") {
        return stage::is_told(world, &id()?, "reminder.before_end", rest).await;
    }
    if line.starts_with("it ") {
        return asking::is_so(world, &id()?, line).await;
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
    if let Some(rest) = rest.strip_prefix("may not approve it ") {
        let (times, code) = split(rest, ": ")?;
        let answer = approve_otherwise(world, &id()?, who, times).await?;
        assert_eq!(answer.word(), code, "{line}");
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
    if let Some(times) = rest.strip_prefix("approves it ") {
        approve_otherwise(world, &id()?, who, times).await?.is(200);
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
    let world = Stage::new(&text).await;
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
    a_start_waits_for_its_time => "start",
    a_start_that_no_longer_fits_is_withdrawn => "start-withdrawn",
    a_due_start_waits_while_all_is_frozen => "freeze-start",
    a_fixed_end_does_not_move => "fixed-end",
    an_approver_says_when => "later-start",
    an_approver_changes_the_terms => "changed-terms",
    two_have_to_agree => "quorum",
    nobody_decides_in_time => "expiry",
    a_request_is_taken_back => "cancel",
    what_waits_is_limited => "limits",
    a_day_has_its_measure => "daily",
    a_claim_times_out => "claim",
    the_end_is_told_before => "end-reminders",
    who_leaves_loses_it => "leaver-ends",
    who_leaves_keeps_it_to_its_end => "leaver-keeps",
    somebody_is_disabled => "disabled",
    what_one_has_already_is_refused => "standing",
    what_appears_meanwhile_is_left_alone => "standing-meanwhile",
    access_was_not_used => "unused",
}
