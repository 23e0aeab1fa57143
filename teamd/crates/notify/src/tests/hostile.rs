//! Whatever people, AWS and the directory write stays text: in HTML, in Slack, in headers, on terminals.

use super::{Event, active, actor, at, directory, id, request};
use crate::channels::sns::notification;
use crate::render::{mail, payload, short, slack};
use crate::{Address, Notice, Outgoing, Part};
use proptest::prelude::*;
use serde_json::{Value, json};
use team_shared::event::EventType;
use team_shared::text::is_hidden;
use teamd_domain::directory::Directory;

const EVIL: &str = "</td><script>alert(1)</script>\"'><img src=x onerror=a>\r\nBcc: all@example.com\r\n\r\n<!channel> \
                    <https://evil.example|click> <@U123> @here `code` *bold* {{ 7*7 }} {% raw %} \x1b]52;c;aGk=\x07 \
                    \u{9b}2J \u{202e}txt.exe \u{200b} &amp; &lt;";

fn evil_directory(text: &str) -> Directory {
    let mut directory = directory();
    for person in directory.people.values_mut() {
        person.display_name = text.to_owned();
    }
    for account in directory.accounts.values_mut() {
        account.name = text.to_owned();
    }
    for set in directory.permission_sets.values_mut() {
        set.name = text.to_owned();
    }
    for unit in directory.organizational_units.values_mut() {
        unit.path = text.to_owned();
    }
    directory
}

fn evil_notices(text: &str) -> Vec<Notice> {
    let directory = evil_directory(text);
    let mut hers = active(request());
    hers.terms.justification = text.to_owned();
    hers.terms.ticket = Some(text.to_owned());
    hers.also_held_through = vec![text.to_owned()];
    let data = json!({
        "reason": text, "comment": text, "last_error": text, "why": text, "kind": text, "channel": text,
        "change": text, "rules": [text], "marks": [text], "sha256": text, "until": text, "end_at": text,
        "residual_until": at(9), "late_by_seconds": 99, text: text,
    });
    let mut by = actor("bob");
    by.user_name = Some(text.to_owned());
    let mut notices = Vec::new();
    for kind in EventType::ALL {
        for request in [Some(hers.clone()), None] {
            let event = Event::of(*kind, by.clone(), request, data.clone());
            notices.push(event.notice(&directory, Some(Part::Requester)));
            notices.push(event.notice(&directory, None));
        }
    }
    notices
}

/// All texts of a document.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(all) => all.iter().for_each(|one| texts(one, found)),
        Value::Object(map) => {
            for (name, one) in map {
                found.push(name.clone());
                texts(one, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn check(notice: &Notice) {
    let mail = mail::mail(notice, "ntf_1");
    assert!(!mail.subject.chars().any(is_hidden), "{:?}", mail.subject);
    assert!(mail.subject.chars().count() <= 150);
    let hidden = |text: &str| text.chars().any(|c| is_hidden(c) && c != '\n');
    assert!(!hidden(&mail.text) && !hidden(&mail.html));
    html_is_inert(&mail.html);
    slack_is_inert(&slack::message(notice, "ntf_1"));
    let sent = payload::payload(notice, "ntf_1");
    assert!(sent.len() <= payload::MOST_BYTES, "{}", sent.len());
    let mut all = Vec::new();
    texts(&serde_json::from_str(&sent).unwrap(), &mut all);
    assert!(!all.iter().any(|text| hidden(text)));
    assert!(!short(notice).chars().any(is_hidden));
    let outgoing = Outgoing {
        id: "ntf_1".into(),
        now: notice.at,
        to: Address::Place,
        notice: notice.clone(),
    };
    let topic = notification(&outgoing, "arn:aws:sns:eu-west-1:1:t");
    assert!(topic.subject.len() < 100 && topic.subject.bytes().all(|b| b.is_ascii_graphic() || b == b' '));
    assert!(
        topic
            .attributes
            .iter()
            .all(|(_, value)| !value.is_empty() && !hidden(value))
    );
}

/// No tag and no attribute but those of the layout.
fn html_is_inert(html: &str) {
    let tags = regex::Regex::new(r"<(/?[a-zA-Z!][^\s>]*)").unwrap();
    let known = [
        "!doctype", "html", "head", "meta", "title", "/title", "/head", "body", "h1", "/h1", "p", "/p",
        "table", "tr", "th", "/th", "td", "/td", "/tr", "/table", "pre", "/pre", "/body", "/html",
    ];
    for found in tags.captures_iter(html) {
        assert!(known.contains(&&found[1]), "{:?} in {html}", &found[1]);
    }
    assert!(!html.contains("{{") || html.contains("{{ 7*7 }}"), "{html}");
    assert!(!html.contains(">49<"));
}

/// Texts from outside stand in `plain_text` only, or escaped.
fn slack_is_inert(message: &Value) {
    for name in ["link_names", "unfurl_links", "unfurl_media", "mrkdwn"] {
        assert_eq!(message[name], false);
    }
    assert_eq!(message["parse"], "none");
    let fallback = message["text"].as_str().unwrap();
    assert!(!fallback.contains(['<', '>']), "{fallback}");
    for block in message["blocks"].as_array().unwrap() {
        let objects = block["elements"]
            .as_array()
            .cloned()
            .unwrap_or_else(|| vec![block["text"].clone()]);
        for object in objects {
            let text = object["text"].as_str().unwrap();
            let most = if block["type"] == "header" { 150 } else { 3000 };
            assert!(!text.is_empty() && text.chars().count() <= most);
            match object["type"].as_str() {
                Some("plain_text") => assert_eq!(object["emoji"], false),
                Some("mrkdwn") => {
                    assert_eq!(object["verbatim"], true);
                    assert!(
                        !text.contains(['<', '>']) && text.matches('`').count() == 2,
                        "{text}"
                    );
                    assert!(!text.contains("evil"), "{text}");
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn texts_stay_texts_in_every_medium() {
    let notices = evil_notices(EVIL);
    assert!(notices.len() > 150);
    notices.iter().for_each(check);
}

#[test]
fn what_is_long_is_cut() {
    let long = "<!channel>é".repeat(4000);
    evil_notices(&long).iter().for_each(check);
}

#[test]
fn a_mail_has_the_headers_that_we_gave_it_and_no_others() {
    for notice in evil_notices(EVIL) {
        let mail = mail::mail(&notice, "ntf_1");
        let message = lettre::Message::builder()
            .from("teamd@example.com".parse().unwrap())
            .to("ann@example.com".parse().unwrap())
            .subject(mail.subject.clone())
            .multipart(lettre::message::MultiPart::alternative_plain_html(
                mail.text, mail.html,
            ))
            .unwrap()
            .formatted();
        let parsed = mailparse::parse_mail(&message).unwrap();
        let names: Vec<String> = parsed.headers.iter().map(|header| header.get_key()).collect();
        assert!(
            !names.iter().any(|name| name.eq_ignore_ascii_case("bcc")),
            "{names:?}"
        );
        let subject = parsed.headers.iter().find(|header| header.get_key() == "Subject");
        // Folding may change how many blanks there are, and nothing else.
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(words(&subject.unwrap().get_value()), words(&mail.subject));
    }
}

#[test]
fn names_are_the_directorys() {
    let directory = directory();
    let mut by = actor("bob");
    by.user_name = Some("ada".to_owned());
    let event = Event::of(EventType::RequestRejected, by, Some(request()), json!({}));
    let notice = event.notice(&directory, Some(Part::Requester));
    assert!(
        notice.lead.starts_with("Bob Example (bob) rejected"),
        "{}",
        notice.lead
    );
    assert_eq!(id("bob").as_str(), "u-bob");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]
    #[test]
    fn no_text_gets_out(text in any::<String>()) {
        evil_notices(&text).iter().for_each(check);
    }
}
