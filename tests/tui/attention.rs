//! Claims, reviews and the freeze from the command line.

use crate::cli::team;
use crate::fake;

#[tokio::test(flavor = "multi_thread")]
async fn a_freeze_says_what_it_has_ended_and_how_it_is_lifted() {
    let running = fake::start().await;
    let (code, out, err) = team(&running, &["freeze", "--reason", "a key is out"]).await;
    assert_eq!(code, 0, "{err}");
    assert!(
        out.contains("frozen by ann") && out.contains("a key is out"),
        "{out}"
    );
    assert!(err.contains("--revoke"), "{err}");
    let (_, out, _) = team(&running, &["freeze", "--reason", "a key is out", "--revoke"]).await;
    assert!(out.contains("3 requests are being ended"), "{out}");
    let (code, out, _) = team(&running, &["unfreeze"]).await;
    assert_eq!((code, out.contains("not frozen any more")), (0, true), "{out}");
    let (code, _, _) = team(&running, &["freeze"]).await;
    assert_eq!(code, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn claims_and_reviews_are_verbs() {
    let running = fake::start().await;
    let id = running.fake.world().requests[0].id.short();
    let (code, _, err) = team(&running, &["claim", &id]).await;
    assert_eq!(code, 0, "{err}");
    let (code, _, err) = team(&running, &["review", &id, "--comment", "as it said"]).await;
    assert_eq!(code, 0, "{err}");
    let seen = running.fake.world().seen.clone();
    assert_eq!((seen[0].0.as_str(), seen[1].0.as_str()), ("claim", "review"));
    assert_eq!(seen[1].2["comment"], "as it said");
    let (code, _, _) = team(&running, &["review", &id]).await;
    assert_eq!(code, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_are_approved_by_one_command_and_one_refusal_keeps_none_of_the_others() {
    let running = fake::start().await;
    let ids: Vec<String> = {
        let world = running.fake.world();
        let pending = world
            .requests
            .iter()
            .filter(|view| view.state.as_str() == "pending");
        pending.map(|view| view.id.short()).collect()
    };
    let mut args = vec!["approve"];
    args.extend(ids.iter().map(String::as_str));
    let (code, out, err) = team(&running, &args).await;
    // One of them is ann's own.
    assert_eq!(code, 3, "{err}");
    let seen = running.fake.world().seen.clone();
    assert_eq!(seen.iter().filter(|call| call.0 == "approve").count(), ids.len());
    assert_eq!(out.lines().count(), ids.len() - 1, "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_is_told_of_for_as_long_as_it_holds() {
    let running = fake::start().await;
    let minutes = chrono::Duration::minutes;
    for (until, is_said) in [(minutes(5), true), (minutes(-5), false)] {
        {
            let mut world = running.fake.world();
            let view = &mut world.requests[0];
            view.claimed_by = Some(crate::fixtures::person("gita"));
            view.claimed_until = Some(fake::now() + until);
        }
        let id = running.fake.world().requests[0].id.short();
        let (_, out, _) = team(&running, &["show", &id]).await;
        assert_eq!(out.contains("gita until"), is_said, "{out}");
        let (_, out, _) = team(&running, &["claim", &id]).await;
        assert_eq!(out.contains("looked at by gita"), is_said, "{out}");
    }
}
