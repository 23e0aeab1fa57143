//! Every event in every medium, to be read.

use super::{directory, every};
use crate::channels::sns::notification;
use crate::notice::{Reader, sample};
use crate::render::{mail, payload, short, slack};
use crate::{Address, Notice, Outgoing, Part};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use team_shared::event::EventType;

const ID: &str = "ntf_0123456789abcdef0123456789abcdef";

/// All of them, one after the other, in one form.
fn all(form: impl Fn(&Notice) -> String) -> String {
    let directory = directory();
    let mut text = String::new();
    for (event, part) in every() {
        let notice = event.notice(&directory, part);
        let to = part.map_or("a place", Part::as_str);
        writeln!(text, "##### {} to {to}\n{}\n", event.kind, form(&notice)).unwrap();
    }
    text
}

#[test]
fn in_plain_text() {
    let form = |notice: &Notice| {
        let mail = mail::mail(notice, ID);
        format!("Subject: {}\n\n{}", mail.subject, mail.text)
    };
    insta::assert_snapshot!(all(form));
}

#[test]
fn in_html() {
    insta::assert_snapshot!(all(|notice| mail::mail(notice, ID).html));
}

#[test]
fn in_slack() {
    insta::assert_snapshot!(all(|notice| {
        serde_json::to_string_pretty(&slack::message(notice, ID)).unwrap()
    }));
}

#[test]
fn in_json() {
    insta::assert_snapshot!(all(|notice| {
        let value: serde_json::Value = serde_json::from_str(&payload::payload(notice, ID)).unwrap();
        serde_json::to_string_pretty(&value).unwrap()
    }));
}

#[test]
fn in_a_topic() {
    insta::assert_snapshot!(all(|notice| {
        let outgoing = Outgoing {
            id: ID.into(),
            now: notice.at,
            to: Address::Place,
            notice: notice.clone(),
        };
        let sent = notification(&outgoing, "arn:aws:sns:eu-west-1:111122223333:access");
        let messages: serde_json::Value = serde_json::from_str(&sent.messages).unwrap();
        let sms = messages["sms"].as_str().unwrap();
        format!("{}\n{sms}\n{:?}", sent.subject, sent.attributes)
    }));
}

#[test]
fn in_one_line() {
    insta::assert_snapshot!(all(short));
}

#[test]
fn no_event_is_without_words_of_its_own() {
    let directory = directory();
    let seen: BTreeSet<&str> = every().iter().map(|(event, _)| event.kind.as_str()).collect();
    for kind in EventType::ALL.iter().filter(|kind| crate::is_news(**kind)) {
        assert!(
            seen.contains(kind.as_str()),
            "{kind} is told of and not in this list"
        );
    }
    for (event, part) in every() {
        let notice = event.notice(&directory, part);
        assert!(
            !notice.lead.contains("An event of the audit trail"),
            "{}",
            event.kind
        );
        for text in [&notice.subject, &notice.lead] {
            assert!(
                !text.is_empty() && !text.contains("none") && !text.contains("  "),
                "{}: {text}",
                event.kind
            );
        }
    }
}

#[test]
fn times_are_the_readers() {
    let directory = directory();
    let events = every();
    let (event, part) = events
        .iter()
        .find(|(event, _)| event.kind == EventType::RequestScheduled)
        .unwrap();
    assert!(
        event
            .notice(&directory, *part)
            .lead
            .contains("Mon 2026-11-23 20:00 CET")
    );
    assert!(
        event
            .notice(&directory, None)
            .lead
            .contains("Mon 2026-11-23 19:00 UTC")
    );
}

#[test]
fn a_sample_says_that_it_is_one() {
    let reader = Reader {
        part: None,
        zone: None,
        command: "team-tui".into(),
    };
    let notice = sample("ada", "smtp", super::at(0), &reader);
    assert_eq!(notice.subject, "Test of smtp by ada");
    assert!(payload::payload(&notice, ID).contains("\"type\":\"notify.test\""));
}
