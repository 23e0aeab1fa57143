//! Activity: how many events a second are read, matched and kept; how fast a session's page and digest are behind many
//! kept events; what that takes of memory.

use crate::stats::{Sample, millis_since, print_disk};
use anyhow::Context;
use serde_json::json;
use std::time::Instant;
use team_shared::ids::RequestId;
use teamd_aws::port::RawEvent;
use teamd_aws::record;
use teamd_domain::Time;
use teamd_domain::activity::{MarkRule, Recorded, Watched, marks, via};
use teamd_store::activity::{ActivityStore, Line, Owner, PageOf};

/// Events of a page, as CloudTrail gives them.
const TOGETHER: usize = 50;

/// Events of a session where many are kept.
const OF_A_SESSION: usize = 5_000;

/// Actions of an invented person; every tenth event is refused.
const ACTIONS: [(&str, &str, bool); 6] = [
    ("ec2", "DescribeInstances", true),
    ("ec2", "RunInstances", false),
    ("iam", "ListRoles", true),
    ("s3", "ListBuckets", true),
    ("ssm", "GetParameters", true),
    ("ecs", "UpdateService", false),
];

/// A record of the size that CloudTrail's have, about 1.5 KiB.
fn event(session: u64, number: usize, start: Time) -> RawEvent {
    let (service, name, read_only) = ACTIONS[number % ACTIONS.len()];
    let at = start + chrono::TimeDelta::milliseconds(i64::try_from(number).unwrap_or(0) * 700);
    let role = "AWSReservedSSO_AdministratorAccess_7243976e43c75fc5";
    let mut record = json!({
        "eventVersion": "1.11", "eventID": format!("{session}-{number}"), "eventTime": at.to_rfc3339(),
        "eventSource": format!("{service}.amazonaws.com"), "eventName": name, "awsRegion": "eu-west-1",
        "sourceIPAddress": format!("198.51.100.{}", session % 250), "readOnly": read_only,
        "userAgent": "aws-cli/2.31.0 md/awscrt#0.27.6 ua/2.1 os/linux#6.8 lang/python#3.13 cfg/retry-mode#standard",
        "recipientAccountId": "111122223333", "eventType": "AwsApiCall", "managementEvent": true,
        "requestParameters": { "filterSet": {}, "maxResults": 100, "instancesSet": { "items": [{ "instanceId": "i-0123456789abcdef0" }] } },
        "responseElements": null, "requestID": format!("{session:032x}"), "eventCategory": "Management",
        "resources": [{ "ARN": "arn:aws:ec2:eu-west-1:111122223333:instance/i-0123456789abcdef0", "accountId": "111122223333" }],
        "tlsDetails": { "tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256", "clientProvidedHostHeader": "ec2.eu-west-1.amazonaws.com" },
        "userIdentity": {
            "type": "AssumedRole", "principalId": format!("AROAEXAMPLE:user{session}"), "accountId": "111122223333",
            "arn": format!("arn:aws:sts::111122223333:assumed-role/{role}/user{session}"),
            "accessKeyId": format!("ASIA{session:016}"),
            "sessionContext": {
                "sessionIssuer": { "type": "Role", "userName": role, "accountId": "111122223333",
                    "arn": format!("arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-west-1/{role}") },
                "attributes": { "creationDate": "2026-07-01T00:08:20Z", "mfaAuthenticated": "false" },
            },
            "onBehalfOf": { "userId": format!("976710cc5d-{session:012}") },
        },
    });
    if number % 10 == 9 {
        record["errorCode"] = json!("AccessDenied");
    }
    RawEvent {
        event_id: format!("{session}-{number}"),
        at,
        record: record.to_string(),
    }
}

fn watched(session: u64, start: Time) -> anyhow::Result<(Watched, Owner)> {
    let request = RequestId::from_parts(1_795_000_000_000 + session, u128::from(session));
    let user: team_shared::ids::UserId = format!("976710cc5d-{session:012}").parse().context("a user id")?;
    let owner = Owner {
        request,
        user: user.clone(),
        permission_set: "arn:aws:sso:::permissionSet/ssoins-1111222233334444/ps-1111222233334444"
            .parse()
            .context("an ARN")?,
    };
    let watched = Watched {
        request,
        user,
        user_name: format!("user{session}"),
        case_matters: false,
        account: "111122223333".parse().context("an account")?,
        permission_set: "AdministratorAccess".to_owned(),
        from: start,
        until: start + chrono::TimeDelta::days(30),
        keys: Vec::new(),
    };
    Ok((watched, owner))
}

/// Everything that the daemon does with a page of events but asking for it.
async fn take(
    store: &ActivityStore,
    events: Vec<RawEvent>,
    watched: &Watched,
    owner: &Owner,
) -> anyhow::Result<usize> {
    let rules = MarkRule::defaults();
    let own: Vec<Recorded> = events
        .into_iter()
        .filter_map(|event| {
            let call = record::call(&event);
            let via = via(&call, watched)?;
            Some(Recorded {
                marks: marks(&call, via, &rules),
                call,
                via,
                record: event.record,
            })
        })
        .collect();
    Ok(store.keep(owner.clone(), own).await?.new.len())
}

/// Four sessions at a time, as the daemon reads four accounts.
pub(crate) async fn ingestion(count: usize) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    print_disk(folder.path())?;
    let (store, _) = ActivityStore::open(&folder.path().join("activity.db"))?;
    let start = Time::from_timestamp_millis(1_795_000_000_000).context("a moment")?;
    let sessions = 20_u64;
    let each = count.div_ceil(20).div_ceil(TOGETHER) * TOGETHER;
    let pages: Vec<(u64, Vec<Vec<RawEvent>>)> = (0..sessions)
        .map(|session| {
            let events: Vec<RawEvent> = (0..each).map(|number| event(session, number, start)).collect();
            (
                session,
                events.chunks(TOGETHER).map(<[RawEvent]>::to_vec).collect(),
            )
        })
        .collect();
    let bytes: usize = pages
        .iter()
        .flat_map(|(_, pages)| pages.iter().flatten())
        .map(|e| e.record.len())
        .sum();
    let began = Instant::now();
    let work = pages.into_iter().map(|(session, pages)| {
        let store = store.clone();
        async move {
            let (watched, owner) = watched(session, start)?;
            let mut kept = 0;
            for page in pages {
                kept += take(&store, page, &watched, &owner).await?;
            }
            anyhow::Ok(kept)
        }
    });
    let results: Vec<anyhow::Result<usize>> = futures::StreamExt::collect(
        futures::StreamExt::buffer_unordered(futures::stream::iter(work), 4),
    )
    .await;
    let mut kept = 0;
    for result in results {
        kept += result?;
    }
    let seconds = began.elapsed().as_secs_f64();
    let rate = kept as f64 / seconds;
    let verdict = if rate >= 5_000.0 { "within" } else { "UNDER" };
    println!(
        "{kept} events of {} bytes read, matched and kept in {seconds:.1} s: {rate:.0} a second, {verdict} 5,000 ({:.2} of it)",
        bytes / kept.max(1),
        rate / 5_000.0
    );
    Ok(())
}

/// Pages and digests of single sessions behind `count` events.
pub(crate) async fn pages(count: usize) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("activity.db");
    let (store, _) = ActivityStore::open(&path)?;
    let start = Time::from_timestamp_millis(1_795_000_000_000).context("a moment")?;
    let sessions = u64::try_from(count.div_ceil(OF_A_SESSION))?;
    let began = Instant::now();
    for session in 0..sessions {
        let (watched, owner) = watched(session, start)?;
        let events: Vec<RawEvent> = (0..OF_A_SESSION)
            .map(|number| event(session, number, start))
            .collect();
        for page in events.chunks(500) {
            take(&store, page.to_vec(), &watched, &owner).await?;
        }
    }
    let size = std::fs::metadata(&path)?.len() / (1024 * 1024);
    println!(
        "{} events in {sessions} sessions kept in {:.0} s, {size} MiB",
        sessions * OF_A_SESSION as u64,
        began.elapsed().as_secs_f64()
    );
    let (mut first, mut last, mut digests) = (Vec::new(), Vec::new(), Vec::new());
    for turn in 0..200_u64 {
        let (_, owner) = watched(turn * 7919 % sessions, start)?;
        let at = Instant::now();
        let page = store.page(owner.request, PageOf::After(None), 500).await?.lines;
        anyhow::ensure!(page.len() == 500, "a page of {}", page.len());
        read(page);
        first.push(millis_since(at));
        let at = Instant::now();
        read(store.page(owner.request, PageOf::Newest, 500).await?.lines);
        last.push(millis_since(at));
        let at = Instant::now();
        store.digest(owner.request).await?;
        digests.push(millis_since(at));
    }
    Sample::new(first).print_against("a session's first page, 500 rows", 20.0);
    Sample::new(last).print_against("a session's newest page, 500 rows", 20.0);
    Sample::new(digests).print("a session's digest, 5,000 events");
    let status = std::fs::read_to_string("/proc/self/status")?;
    for line in status
        .lines()
        .filter(|line| line.starts_with("VmRSS") || line.starts_with("VmHWM"))
    {
        println!("{line}");
    }
    Ok(())
}

/// What the API does with a row.
fn read(lines: Vec<Line>) {
    for line in lines {
        let raw = RawEvent {
            event_id: line.event_id,
            at: line.at,
            record: line.record,
        };
        std::hint::black_box(record::call(&raw));
    }
}
