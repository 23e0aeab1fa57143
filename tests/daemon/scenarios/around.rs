//! Sentences about what is around requests: the policy, the directory, AWS, CloudTrail, people's mail.

use super::asking::Asked;
use super::split;
use super::stage::{OPENINGS, Stage};
use crate::activity;
use crate::support::*;
use chrono::TimeDelta;
use std::time::Instant;

/// One of them; none: it is another kind.
///
/// * `policy says KEY = VALUE`, from now on
/// * `NAME leaves GROUP` · `NAME is disabled` · `NAME is enabled again`: where the directory is read every second, the
///   story goes on once the copy knows; else only AWS does
/// * `somebody gives NAME SET on ACCOUNT by hand` · `AWS has SET on ACCOUNT for NAME`
/// * `NAME calls SERVICE:CALL`, in the ledger's account
/// * `NAME was told of it`, that it was asked for · `NAME was told nothing of it`
pub(super) async fn play(world: &Stage, line: &str, last: Option<&Asked>) -> Option<()> {
    if OPENINGS.contains(&line) {
        return Some(());
    }
    if let Some(setting) = line.strip_prefix("policy says ") {
        world.says(setting).await;
        return Some(());
    }
    if let Some(rest) = line.strip_prefix("somebody gives ") {
        let (who, rest) = split(rest.strip_suffix(" by hand")?, " ")?;
        let (set, account) = split(rest, " on ")?;
        world.aws(|aws, now| {
            let key = aws.user_key(who, account, set).expect("names");
            aws.put_assignment(&key, now);
        });
        return Some(());
    }
    if let Some(rest) = line.strip_prefix("AWS has ") {
        let (set, rest) = split(rest, " on ")?;
        let (account, who) = split(rest, " for ")?;
        assert!(world.is_assigned(who, account, set), "{line}");
        return Some(());
    }
    let (who, rest) = split(line, " ")?;
    match rest {
        "is disabled" | "is enabled again" => {
            let enabled = rest == "is enabled again";
            let user = world.user_id(who);
            assert!(world.aws(|aws, _| aws.set_user_enabled(&user, enabled)));
            world
                .knows(|copy| {
                    copy.person_named(who)
                        .is_some_and(|person| person.enabled == enabled)
                })
                .await;
        }
        "was told of it" | "was told nothing of it" => {
            was_told(world, last?.id.as_ref()?, who, rest == "was told of it").await;
        }
        _ => {
            if let Some(group) = rest.strip_prefix("leaves ") {
                let user = world.user_id(who);
                assert!(world.aws(|aws, _| aws.remove_member(group, &user)), "{line}");
                let left = |copy: &teamd_domain::directory::Directory| {
                    let person = copy.person_named(who);
                    person.is_some_and(|one| copy.groups_of(&one.id).iter().all(|of| of.name != group))
                };
                world.knows(left).await;
            } else {
                let action = rest.strip_prefix("calls ")?;
                activity::happen(world, "eu-west-1", who, TimeDelta::zero(), |aws| {
                    activity::call(aws, who, action, action)
                });
            }
        }
    }
    Some(())
}

/// Whether that person got a message that the request was filed. All messages of an event are made at once: who has
/// none when somebody else has theirs gets none.
async fn was_told(world: &World, id: &str, who: &str, expected: bool) {
    let deadline = Instant::now() + SOON;
    loop {
        let path = format!("/v1/notifications?limit=500&request={id}");
        let page = world.as_("gita").get(&path).await.is(200);
        let of = items(&page).iter();
        let of = of.filter(|one| one["type"] == "request.submitted" && one["state"] == "sent");
        let told: Vec<_> = of.filter_map(|one| one["recipient"].as_str()).collect();
        let is_known = told.contains(&who) || !expected && !told.is_empty();
        if is_known {
            assert_eq!(told.contains(&who), expected, "{page:#}");
            return;
        }
        assert!(Instant::now() < deadline, "{who} is not told: {page:#}");
        pause().await;
    }
}

/// `it is listed as unused`, `it is used and not listed as unused`: to whoever may close its review, once all of
/// CloudTrail has been read. `it is not listed as unused`, as things stand.
pub(super) async fn unused(world: &World, id: &str, expected: bool, waits: bool) {
    if waits {
        let complete = |page: &serde_json::Value| {
            let coverage = page["coverage"].as_str();
            coverage.is_some_and(|text| text.ends_with("complete"))
        };
        activity::page_when(world, id, "complete", complete).await;
    }
    let path = "/v1/requests?scope=review&unused=true";
    let page = world.as_("hugo").get(path).await.is(200);
    let is_listed = items(&page).iter().any(|one| id_of(one) == id);
    assert_eq!(is_listed, expected, "{page:#}");
}
