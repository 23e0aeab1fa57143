//! What people do, and what CloudTrail shows of it.

use serde_json::Value;

use super::*;

/// Lets people act every second for a while.
fn live(w: &mut World, from: i64, until: i64) {
    for at in (from..until).step_by(1000) {
        w.org.let_people_act(START + at);
    }
}

fn names_of(w: &World, account: &str, user: &str) -> Vec<Value> {
    let events = [w.org.region(), "us-east-1"].map(|region| w.org.history(account, region));
    let theirs = events
        .into_iter()
        .flatten()
        .filter(|event| event.username == user);
    theirs
        .map(|event| serde_json::from_str(&event.record).unwrap())
        .collect()
}

#[test]
fn people_use_access_while_they_have_it() {
    let mut w = world(Faults::default());
    let key = w.key("alice");
    live(&mut w, 0, 60_000);
    assert!(names_of(&w, &key.account, "alice").is_empty());
    w.org.put_assignment(&key, START + 60_000);
    live(&mut w, 60_000, 64_000);
    assert!(!names_of(&w, &key.account, "alice").is_empty(), "within seconds");
    live(&mut w, 64_000, 660_000);
    let records = names_of(&w, &key.account, "alice");
    assert!((15..60).contains(&records.len()), "{}", records.len());
    let identity = &records[0]["userIdentity"];
    let issuer = &identity["sessionContext"]["sessionIssuer"];
    assert_eq!(identity["onBehalfOf"]["userId"], key.principal.id());
    assert_eq!(
        issuer["userName"],
        w.org.role_name(&key.account, &key.permission_set)
    );
    assert!(
        issuer["arn"]
            .as_str()
            .unwrap()
            .contains("aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_")
    );
    let portal = w.org.history(w.org.management_account(), "eu-west-1");
    let opened = portal.iter().filter(|event| event.name == "GetRoleCredentials");
    let opened = opened.map(|event| serde_json::from_str::<Value>(&event.record).unwrap());
    let into = |record: &Value| record["serviceEventDetails"]["account_id"] == key.account;
    assert!(
        opened.into_iter().any(|record| into(&record)),
        "the management account knows"
    );

    let role = w.org.role_name(&key.account, &key.permission_set);
    w.org.remove_assignment(&key, START + 660_000);
    live(&mut w, 660_000, 900_000);
    assert_eq!(
        names_of(&w, &key.account, "alice").len(),
        records.len(),
        "gone is gone"
    );
    assert_ne!(
        w.org.role_name(&key.account, &key.permission_set),
        role,
        "the next role has another name"
    );
}

#[test]
fn sessions_may_linger() {
    let mut w = world(Faults {
        lingering_sessions: true,
        ..Faults::default()
    });
    let key = w.key("alice");
    w.org.put_assignment(&key, START);
    live(&mut w, 0, 60_000);
    let before = names_of(&w, &key.account, "alice").len();
    w.org.remove_assignment(&key, START + 60_000);
    live(&mut w, 60_000, 1_800_000);
    let records = names_of(&w, &key.account, "alice");
    assert!(records.len() > before + 10);
    let issuer =
        |record: &Value| record["userIdentity"]["sessionContext"]["sessionIssuer"]["userName"].clone();
    assert!(
        records.iter().all(|record| issuer(record) == issuer(&records[0])),
        "a session keeps its role"
    );
    live(&mut w, 1_800_000, 3_700_000);
    let at_the_end = names_of(&w, &key.account, "alice").len();
    live(&mut w, 3_700_000, 4_000_000);
    assert_eq!(
        names_of(&w, &key.account, "alice").len(),
        at_the_end,
        "credentials end after an hour"
    );
}

#[test]
fn a_week_of_history_in_every_account() {
    let mut w = world(Faults::default());
    w.org.write_history(7, START);
    let mut total = 0;
    for account in w
        .org
        .accounts()
        .filter(|account| account.state == AccountState::Active)
    {
        let events = w.org.history(&account.id, "eu-west-1");
        assert!(events.len() >= 15, "{}: {}", account.name, events.len());
        assert!(events.windows(2).all(|pair| pair[0].time_ms <= pair[1].time_ms));
        assert!(
            events
                .iter()
                .all(|event| (START - 7 * 86_400_000..=START).contains(&event.time_ms))
        );
        total += events.len();
    }
    assert!(total < 5000, "{total}");
}

#[test]
fn lookup_pages_are_stable_while_events_arrive() {
    let mut w = world(Faults {
        rate_limits: false,
        trail_lag_ms: 0,
        ..Faults::default()
    });
    w.org.write_history(7, START);
    let account = w.org.account_named("prod-web").unwrap().id.clone();
    let by = Caller {
        account: account.clone(),
        region: "eu-west-1".into(),
    };
    let expected: Vec<_> = w
        .org
        .history(&account, "eu-west-1")
        .iter()
        .rev()
        .map(|e| e.id.clone())
        .collect();
    let key = w
        .org
        .user_key("alice", "prod-web", "AdministratorAccess")
        .unwrap();
    w.org.put_assignment(&key, START);
    let (mut seen, mut cursor) = (Vec::new(), None);
    for round in 0.. {
        let query = LookupQuery {
            cursor,
            limit: 7,
            ..LookupQuery::default()
        };
        let page = w.org.lookup_events(&by, &query, START + round).unwrap();
        seen.extend(page.events.into_iter().map(|event| event.id));
        live(&mut w, 1000 * round, 1000 * round + 20_000);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, expected);
    assert!(w.org.history(&account, "eu-west-1").len() > expected.len());
}

#[test]
fn cloudtrail_may_lag() {
    let mut w = world(Faults {
        trail_lag_ms: 300_000,
        ..Faults::default()
    });
    let key = w.key("alice");
    w.create(&key, 0).unwrap();
    let by = w.by.clone();
    let query = LookupQuery {
        attribute: Some(("EventName".into(), "CreateAccountAssignment".into())),
        limit: 50,
        ..LookupQuery::default()
    };
    let mut count = |at: i64| w.org.lookup_events(&by, &query, START + at).unwrap().events.len();
    assert_eq!((count(299_999), count(300_000)), (0, 1));
}
