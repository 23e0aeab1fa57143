//! `[notify]` from the tree to the model.

use super::error::Origin;
use super::notify::{Notify, Route, Ses, Slack, SlackAccess, Smtp, SmtpTls, Sns, Webhook};
use super::section::Section;
use super::values;
use chrono::NaiveTime;
use std::collections::BTreeSet;
use teamd_domain::weekly::Schedule;
use teamd_policy as policy;
use teamd_policy::document::{patterns, targets};

/// Channels that reach people.
const PEOPLE_BY: [&str; 3] = ["slack", "smtp", "ses"];

pub(super) fn notify(section: &mut Section<'_>) -> Notify {
    let default = Notify::default();
    let webhook_at = section.origin("webhook");
    let routes_at = section.origin("routes");
    let notify = Notify {
        command: section.text("command", values::any).unwrap_or(default.command),
        zone: section.text("zone", zone),
        digest: section.text("digest", digest),
        ses: section.part("ses", ses),
        sns: section.part("sns", sns),
        slack: section.part("slack", slack),
        smtp: section.part("smtp", smtp),
        webhooks: section.parts("webhook", webhook),
        routes: section
            .part("routes", |routes| Some(routes.sections(route)))
            .unwrap_or_default()
            .into_iter()
            .filter_map(|(id, route)| {
                let mut route = route?;
                route.route.id = id;
                Some(route)
            })
            .collect(),
    };
    let mut names = BTreeSet::new();
    for webhook in &notify.webhooks {
        if let (false, Some(at)) = (names.insert(webhook.name.as_str()), &webhook_at) {
            section.wrong("webhook", at, format!("two are called {:?}", webhook.name));
        }
    }
    for route in &notify.routes {
        for message in dangling(route, &notify) {
            if let Some(at) = &routes_at {
                section.wrong(&format!("routes.{}", route.route.id), at, message);
            }
        }
    }
    notify
}

/// Where a route leads to what is not configured.
fn dangling(route: &Route, notify: &Notify) -> Vec<String> {
    let to = route.route.to.iter();
    let mut wrong: Vec<String> = to.filter_map(|target| notify.lacks(target)).collect();
    for name in &route.people_by {
        let is_there = match name.as_str() {
            "slack" => notify.is_bot(),
            "smtp" => notify.smtp.is_some(),
            _ => notify.ses.is_some(),
        };
        if !is_there {
            wrong.push(format!(
                "people_by names {name:?}, which is not configured, or reaches no people"
            ));
        }
    }
    wrong
}

fn ses(section: &mut Section<'_>) -> Option<Ses> {
    let (source_arn, region) = (
        section.text("source_arn", values::opaque),
        section.text("region", values::region),
    );
    let from = needed(section, "from", targets::address)?;
    Some(Ses {
        from,
        source_arn,
        region,
    })
}

fn sns(section: &mut Section<'_>) -> Option<Sns> {
    let topic_arn = needed(section, "topic_arn", |text| {
        let parts = text.split(':').count();
        if text.starts_with("arn:") && parts == 6 && text.contains(":sns:") {
            values::opaque(text)
        } else {
            Err(format!(
                "{text:?} is not the ARN of a topic: write it like \"arn:aws:sns:eu-west-1:111122223333:access\""
            ))
        }
    })?;
    Some(Sns { topic_arn })
}

fn slack(section: &mut Section<'_>) -> Option<Slack> {
    let webhook_at = section.origin("webhook_url_file");
    let audit_at = section.origin("audit_channel");
    let token = section.text("token_file", values::path);
    let webhook = section.text("webhook_url_file", values::path);
    let audit_channel = section.text("audit_channel", targets::room);
    let api_url = section.text("api_url", values::url);
    let access = match (token, webhook) {
        (Some(token), None) => SlackAccess::Bot(token),
        (None, Some(webhook)) => SlackAccess::Webhook(webhook),
        (Some(_), Some(_)) => {
            if let Some(at) = webhook_at {
                section.wrong("webhook_url_file", &at, "either this or token_file, not both");
            }
            return None;
        }
        (None, None) => {
            section.wrong_itself("needs token_file = \"…\" (a bot), or webhook_url_file = \"…\" (one room)");
            return None;
        }
    };
    if let (SlackAccess::Webhook(_), Some(at)) = (&access, audit_at) {
        section.wrong(
            "audit_channel",
            &at,
            "an incoming webhook has its room; only a bot can choose one",
        );
        return None;
    }
    Some(Slack {
        access,
        audit_channel,
        api_url: api_url.unwrap_or_else(|| "https://slack.com/api".to_owned()),
    })
}

fn smtp(section: &mut Section<'_>) -> Option<Smtp> {
    let (tls_at, username_at) = (section.origin("tls"), section.origin("username"));
    let tls = section.text("tls", |text| match text {
        "starttls" => Ok(SmtpTls::StartTls),
        "tls" => Ok(SmtpTls::Tls),
        "none" => Ok(SmtpTls::None),
        _ => Err(format!("{text:?} is not one of \"starttls\", \"tls\", \"none\"")),
    });
    let tls = tls.unwrap_or_default();
    let port = section.count("port", 1..=65_535);
    let (username, password_file) = (
        section.text("username", values::any),
        section.text("password_file", values::path),
    );
    let ca_file = section.text("ca_file", values::path);
    let (host, from) = (
        needed(section, "host", host),
        needed(section, "from", targets::address),
    );
    if username.is_some() != password_file.is_some() {
        match &username_at {
            Some(at) => section.wrong("username", at, "needs password_file = \"…\" beside it"),
            None => section.wrong_itself("password_file needs username = \"…\" beside it"),
        }
    }
    let host = host?;
    if let (SmtpTls::None, Some(at)) = (tls, &tls_at)
        && !values::is_loopback(&host)
    {
        section.wrong(
            "tls",
            at,
            "\"none\" is for a server on this machine (127.0.0.1, ::1, localhost): reasons and names would \
             cross the network in the clear",
        );
    }
    let usual = match tls {
        SmtpTls::StartTls => 587,
        SmtpTls::Tls => 465,
        SmtpTls::None => 25,
    };
    Some(Smtp {
        host,
        port: u16::try_from(port.unwrap_or(usual)).unwrap_or(25),
        tls,
        username,
        password_file,
        from: from?,
        ca_file,
    })
}

fn webhook(section: &mut Section<'_>) -> Option<Webhook> {
    let events = section.list("events", targets::event).unwrap_or_default();
    let (name, url, secret_file) = (
        needed(section, "name", targets::name),
        needed(section, "url", values::url),
        needed(section, "secret_file", values::path),
    );
    Some(Webhook {
        name: name?,
        url: url?,
        secret_file: secret_file?,
        events,
    })
}

fn route(section: &mut Section<'_>) -> Option<Route> {
    let route = Route {
        route: policy::Route {
            id: String::new(),
            events: section.list("events", targets::event).unwrap_or_default(),
            accounts: section.list("accounts", patterns::account).unwrap_or_default(),
            permission_sets: section.list("permission_sets", patterns::set).unwrap_or_default(),
            severity: section.text("severity", targets::severity).unwrap_or_default(),
            to: section.list("to", targets::target).unwrap_or_default(),
        },
        people_by: section.list("people_by", people_by).unwrap_or_default(),
    };
    if route.route.to.is_empty() && route.people_by.is_empty() {
        section.wrong_itself("leads nowhere: write to = [\"slack:#room\", …], or people_by = [\"smtp\"]");
        return None;
    }
    Some(route)
}

/// A key that must be there.
fn needed<T>(
    section: &mut Section<'_>,
    key: &'static str,
    parse: fn(&str) -> Result<T, String>,
) -> Option<T> {
    let at: Option<Origin> = section.origin(key);
    let found = section.text(key, parse);
    if at.is_none() {
        section.wrong_itself(&format!("needs {key} = \"…\""));
    }
    found
}

fn people_by(text: &str) -> Result<String, String> {
    if PEOPLE_BY.contains(&text) {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "{text:?} reaches no people: \"slack\", \"smtp\" or \"ses\""
        ))
    }
}

/// The name of a zone, as the IANA has it.
fn zone(text: &str) -> Result<String, String> {
    match text.parse::<chrono_tz::Tz>() {
        Ok(zone) => Ok(zone.name().to_owned()),
        Err(_) => Err(format!("{text:?} is not a zone: write it like \"Europe/Berlin\"")),
    }
}

/// A day of the week and a time of the day: `monday 08:00`.
fn digest(text: &str) -> Result<Schedule, String> {
    let read = |(day, time): (&str, &str)| {
        let plain = day.chars().all(|c| c.is_ascii_lowercase()) && time.len() <= 5 && !time.starts_with(' ');
        let day = plain.then_some(day)?;
        Some(Schedule {
            day: day.parse().ok()?,
            time: NaiveTime::parse_from_str(time, "%H:%M").ok()?,
        })
    };
    text.split_once(' ')
        .and_then(read)
        .ok_or_else(|| format!("{text:?} is not a day and a time: write it like \"monday 08:00\""))
}

fn host(text: &str) -> Result<String, String> {
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b".-:_".contains(&b));
    if plain && text.len() <= 253 {
        Ok(text.to_owned())
    } else {
        Err(format!("{text:?} is not the name or the address of a host"))
    }
}
