//! Stories: a file for each feature, in sentences that an administrator can read, played on a daemon of its own. A
//! sentence that nobody understands fails its story.
//!
//! `it` and `the request` are the last one asked for. `NAME asks for SET on ACCOUNT for LENGTH because "WHY"`, with
//! `: CODE` behind it where it is refused; several accounts, with ` and ` between them, are a batch: `all of it`.
//! `NAME may not VERB it: CODE`; `N minutes pass`; `NAME is on call`; `the trail has TYPE`. To add a kind of sentence: an
//! arm in [`play`].

use crate::support::*;
use chrono::TimeDelta;
use serde_json::json;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use team_shared::duration::Seconds;
use teamd::config::OnCall;

/// Somebody asks: whom, how, and what becomes of it.
struct Asked {
    who: String,
    account: String,
    set: String,
    /// The first of a batch; none: it was refused.
    id: Option<String>,
    /// All of a batch.
    all: Vec<String>,
}

/// A daemon, and what the story has come to.
struct Stage {
    world: World,
    /// Who is on call, a name a line.
    rota: PathBuf,
    last: Option<Asked>,
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
    let accounts: Vec<&str> = account.split(" and ").collect();
    let one = |account: &&str| {
        with(
            ask(account, set, seconds),
            json!({"justification": why, "break_glass": break_glass}),
        )
    };
    let answer = match &accounts[..] {
        [account] => world.as_(who).post("/v1/requests", one(account)).await,
        _ => {
            let requests: Vec<_> = accounts.iter().map(one).collect();
            world
                .as_(who)
                .post("/v1/batches", json!({"requests": requests}))
                .await
        }
    };
    let all = match code.strip_prefix(": ") {
        Some(code) => {
            assert_eq!(answer.word(), code, "{answer:?}");
            Vec::new()
        }
        None if accounts.len() == 1 => vec![id_of(&answer.is(201))],
        None => items(&answer.is(201)).iter().map(id_of).collect(),
    };
    Some(Asked {
        who: who.to_owned(),
        account: accounts.first()?.to_string(),
        set: set.to_owned(),
        id: all.first().cloned(),
        all,
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

/// Whether the timeline of a request has an event of a type.
async fn was_told(world: &World, id: &str, kind: &str) -> bool {
    let path = format!("/v1/requests/{id}/timeline");
    let page = world.as_("hugo").get(&path).await.is(200);
    items(&page).iter().any(|row| row["type"] == kind)
}

/// What is asked of the daemon about a request: `use` is a reading, everything else a verb.
async fn on(world: &World, who: &str, id: &str, verb: &str) -> Answer {
    match verb {
        "use" => world.as_(who).get(&format!("/v1/requests/{id}/use")).await,
        verb => world.act(who, id, verb).await,
    }
}

/// Time, and who is on call.
async fn happens(stage: &Stage, line: &str) -> Option<()> {
    let engine = stage.world.engine();
    if let Some(minutes) = line.strip_suffix(" minutes pass") {
        stage.world.clock.shift(TimeDelta::minutes(minutes.parse().ok()?));
        engine.remind().await.expect("reminders");
        return Some(());
    }
    let name = line.strip_suffix(" is on call")?;
    write_rota(&stage.rota, name);
    engine.look_who_is_on_call().await.expect("a look");
    Some(())
}

/// What is so of the last request, or of all of a batch.
async fn holds(stage: &Stage, line: &str) -> Option<()> {
    let (world, asked) = (&stage.world, stage.last.as_ref()?);
    let id = asked.id.as_deref()?;
    if let Some(state) = line.strip_prefix("the request becomes ") {
        world.reach(id, state).await;
    } else if let Some(state) = line.strip_prefix("all of it becomes ") {
        for id in &asked.all {
            world.reach(id, state).await;
        }
    } else if let Some(state) = line.strip_prefix("the request is ") {
        assert_eq!(world.show(id).await["state"], state);
    } else if let Some(rest) = line.strip_prefix("AWS has it") {
        let has = world.is_assigned(&asked.who, &asked.account, &asked.set);
        assert_eq!(has, rest.is_empty(), "{line}");
    } else if let Some(kind) = line.strip_prefix("the trail has no ") {
        assert!(!was_told(world, id, kind).await, "{line}");
    } else if let Some(kind) = line.strip_prefix("the trail has ") {
        assert!(was_told(world, id, kind).await, "{line}");
    } else if line == "it needs a review" {
        assert_eq!(world.show(id).await["review"]["needed"], true);
    } else {
        return None;
    }
    Some(())
}

/// One sentence; none: nobody understands it.
async fn play(stage: &mut Stage, line: &str) -> Option<()> {
    if happens(stage, line).await.is_some() || holds(stage, line).await.is_some() {
        return Some(());
    }
    let Stage { world, last, .. } = stage;
    let id = || last.as_ref().and_then(|asked| asked.id.clone());
    let (who, rest) = split(line, " ")?;
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
            Some((verb, code)) => (on(world, who, &id()?, verb).await, code),
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
        "uses it" => on(world, who, &id()?, "use").await,
        "approves all of it" => {
            for id in &last.as_ref()?.all {
                world.act(who, id, "approve").await.is(200);
            }
            return Some(());
        }
        other => world.act(who, &id()?, verb(other.strip_suffix(" it")?)?).await,
    };
    answer.is(200);
    Some(())
}

async fn tell(story: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../tests/daemon/scenarios/{story}.story"));
    let text = std::fs::read_to_string(&path).expect("the story");
    let policy = format!("{POLICY}\n{FOR_STORIES}")
        .replace("max_duration = \"8h\"", "max_duration = \"3d\"")
        .replace("[settings]\n", "[settings]\nescalate_after = \"1h\"\n")
        .replace(
            "who = [\"group:prod-leads\"]",
            "who = [\"group:prod-leads\"]\nescalate_to = [\"user:liam\"]",
        );
    let folder = tempfile::tempdir().expect("a folder");
    let rota = folder.path().join("payments");
    write_rota(&rota, "nobody-yet");
    let source = OnCall::File(rota.clone());
    let setup = Setup::new().policy(policy);
    let world = setup
        .config(|config| drop(config.on_call.insert("payments".to_owned(), source)))
        .start()
        .await;
    let mut stage = Stage {
        world,
        rota,
        last: None,
    };
    let mut told = 0;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        eprintln!("{story}, line {number}: {line}");
        let understood = play(&mut stage, line).await;
        assert!(understood.is_some(), "{story}, line {number}: what is {line:?}?");
        told += 1;
    }
    assert!(told > 3, "{story} tells nothing");
}

/// A source counts only if nobody else can write it.
fn write_rota(path: &Path, name: &str) {
    std::fs::write(path, format!("{name}\n")).expect("the file of the story");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).expect("its mode");
}

/// What the stories need beside the policy of the other tests.
const FOR_STORIES: &str = r#"
[[eligibility]]
id = "glass"
who = ["group:oncall"]
accounts = ["ou:Workloads/Prod"]
permission_sets = ["AdministratorAccess"]
approval = "break-glass"

[[eligibility]]
id = "payments"
who = ["oncall:payments"]
accounts = ["ou:Workloads/Prod"]
permission_sets = ["ReadOnlyAccess"]
approval = "required"
"#;

macro_rules! stories {
    ($($name:ident => $file:literal),+ $(,)?) => {
        $(#[tokio::test] async fn $name() { tell($file).await; })+

        #[test]
        fn every_story_is_told() {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/daemon/scenarios");
            let mut found: Vec<String> = std::fs::read_dir(folder)
                .expect("the stories")
                .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
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
    several_accounts_are_one_ask => "batch",
    the_rota_says_who_may_ask => "on-call",
    nobody_decides_and_others_may => "escalation",
    access_is_used_and_reviewed => "use-and-review",
}
