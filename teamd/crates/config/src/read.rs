//! From the tree to the model, section by section. To add a key: a field with its default in `model`, a line here.

use super::model::{
    Activity, ActivitySource, Aws, Backstop, Config, Drift, DriftAction, Identity, Limits, Match, OnCall,
    Protected, Server, Store,
};
use super::section::{Reader, Section};
use super::values::SourceName;
use super::{marks_read, notify_read, values};
use std::collections::BTreeMap;

/// Everything that the tree says; what it says wrongly is noted in the reader.
pub(super) fn config(reader: &mut Reader) -> Config {
    Config {
        server: reader.section("server", server),
        store: reader.section("store", store),
        aws: reader.section("aws", aws),
        activity: reader.section("activity", activity),
        identity: reader.section("identity", identity),
        protected: reader.section("protected", protected),
        drift: reader.section("drift", drift),
        limits: reader.section("limits", limits),
        backstop: reader.section("backstop", backstop),
        on_call: reader.section("oncall", on_call),
        notify: reader.section("notify", notify_read::notify),
    }
}

fn on_call(section: &mut Section<'_>) -> BTreeMap<String, OnCall> {
    let sources = section.sections(|source| {
        let (file, command) = (source.origin("file"), source.origin("command"));
        let path = source.text("file", values::path);
        let words = source.list("command", |word| Ok(word.to_owned()));
        match (file, command) {
            (Some(_), None) => path.map(OnCall::File),
            (None, Some(origin)) => {
                let words = words?;
                if words.first().is_some_and(|program| program.starts_with('/')) {
                    return Some(OnCall::Command(words));
                }
                source.wrong("command", &origin, "begins with the absolute path of a program");
                None
            }
            (Some(origin), Some(_)) => {
                source.wrong("file", &origin, "either a file or a command, not both");
                None
            }
            (None, None) => {
                source.wrong_itself("needs file = \"…\" or command = [\"…\"]");
                None
            }
        }
    });
    sources
        .into_iter()
        .filter_map(|(name, source)| Some((name, source?)))
        .collect()
}

fn server(section: &mut Section<'_>) -> Server {
    let default = Server::default();
    Server {
        socket: section.text("socket", values::socket).unwrap_or(default.socket),
        socket_mode: section
            .text("socket_mode", values::mode)
            .unwrap_or(default.socket_mode),
        socket_group: section.text("socket_group", values::any),
    }
}

fn store(section: &mut Section<'_>) -> Store {
    let default = Store::default();
    let path = section.text("path", values::path).unwrap_or(default.path);
    Store {
        activity_path: section
            .text("activity_path", values::path)
            .unwrap_or(default.activity_path),
        leases_path: section
            .text("leases_path", values::path)
            // Beside the database, wherever that is: who may write the one may write the other.
            .unwrap_or_else(|| path.with_file_name("leases.json")),
        path,
    }
}

fn aws(section: &mut Section<'_>) -> Aws {
    let default = Aws::default();
    Aws {
        region: section.text("region", values::region),
        portal_url: section.text("portal_url", values::url),
        endpoint_url: section.text("endpoint_url", values::url),
        instance_arn: section.text("instance_arn", values::opaque),
        identity_store_id: section.text("identity_store_id", values::opaque),
        profile: section.text("profile", values::any),
        assume_role: section.text("assume_role", values::role_arn),
        directory_refresh: section
            .text("directory_refresh", values::duration)
            .unwrap_or(default.directory_refresh),
        requests_per_second: section
            .rate("requests_per_second")
            .unwrap_or(default.requests_per_second),
        removal_requests_per_second: section
            .rate("removal_requests_per_second")
            .unwrap_or(default.removal_requests_per_second),
        max_in_flight: section
            .count("max_in_flight", 1..=Aws::MOST_IN_FLIGHT)
            .unwrap_or(default.max_in_flight),
    }
}

fn activity(section: &mut Section<'_>) -> Activity {
    let default = Activity::default();
    Activity {
        source: activity_source(section).unwrap_or(default.source),
        regions: section.list("regions", values::region).unwrap_or(default.regions),
        role_name: section.text("role_name", values::role_name),
        poll: section.text("poll", values::duration).unwrap_or(default.poll),
        retention: section
            .text("retention", values::duration)
            .unwrap_or(default.retention),
        marks: marks_read::marks(section),
    }
}

/// A source with what it needs; what belongs to another one is wrong, because it would seem to count.
fn activity_source(section: &mut Section<'_>) -> Option<ActivitySource> {
    let source_at = section.origin("source");
    let (group_at, store_at) = (section.origin("log_group"), section.origin("event_data_store"));
    let named = section.text("source", values::activity_source);
    let group = section.text("log_group", values::log_group);
    let store = section.text("event_data_store", values::event_data_store);
    if named.is_none() && source_at.is_some() {
        return None;
    }
    let named = named.unwrap_or(SourceName::None);
    for (key, at, owner, word) in [
        ("log_group", &group_at, SourceName::Logs, "cloudwatch-logs"),
        ("event_data_store", &store_at, SourceName::Lake, "cloudtrail-lake"),
    ] {
        match (at, &source_at) {
            (Some(at), _) if named != owner => {
                section.wrong(key, at, format!("goes with source = {word:?} alone"));
            }
            (None, Some(source_at)) if named == owner => {
                section.wrong(
                    "source",
                    source_at,
                    format!("{word:?} needs {key} = \"…\" beside it"),
                );
            }
            _ => {}
        }
    }
    match named {
        SourceName::None => Some(ActivitySource::None),
        SourceName::Lookup => Some(ActivitySource::CloudtrailLookup),
        SourceName::Logs => group.map(ActivitySource::CloudwatchLogs),
        SourceName::Lake => store.map(ActivitySource::CloudtrailLake),
    }
}

fn identity(section: &mut Section<'_>) -> Identity {
    let (match_at, template_at) = (section.origin("match"), section.origin("template"));
    let by_template = section.text("match", |text| match text {
        "same" => Ok(false),
        "template" => Ok(true),
        _ => Err(format!("{text:?} must be \"same\" or \"template\"")),
    });
    let template = section.text("template", values::template);
    match (by_template, &match_at, &template_at) {
        (Some(true), Some(origin), None) => {
            section.wrong("match", origin, "needs template = \"…{login}…\" beside it");
        }
        // A wrong match is reported already; an absent one means "same".
        (Some(false), _, Some(origin)) | (None, None, Some(origin)) => {
            section.wrong("template", origin, "has no effect without match = \"template\"");
        }
        _ => {}
    }
    Identity {
        matching: match (by_template, template) {
            (Some(true), Some(template)) => Match::Template(template),
            _ => Match::Same,
        },
        map: section.map("map").unwrap_or_default(),
        allow_sudo: section.flag("allow_sudo").unwrap_or_default(),
    }
}

fn protected(section: &mut Section<'_>) -> Protected {
    let accounts = section.list("accounts", values::account).unwrap_or_default();
    Protected {
        accounts: accounts.into_iter().collect(),
    }
}

fn limits(section: &mut Section<'_>) -> Limits {
    let default = Limits::default();
    let mut limit = |key, default| section.count(key, 1..=1_000_000).unwrap_or(default);
    Limits {
        pending_per_user: limit("pending_per_user", default.pending_per_user),
        submits_per_minute_per_user: limit(
            "submits_per_minute_per_user",
            default.submits_per_minute_per_user,
        ),
        refusals_per_minute_per_user: limit(
            "refusals_per_minute_per_user",
            default.refusals_per_minute_per_user,
        ),
        connections_per_user: limit("connections_per_user", default.connections_per_user),
        connections: limit("connections", default.connections),
    }
}

fn drift(section: &mut Section<'_>) -> Drift {
    let action = section.text("action", |text| match text {
        "report" => Ok(DriftAction::Report),
        "end" => Ok(DriftAction::End),
        _ => Err(format!("{text:?} is not an action: \"report\" or \"end\"")),
    });
    Drift {
        action: action.unwrap_or_default(),
    }
}

fn backstop(section: &mut Section<'_>) -> Option<Backstop> {
    let (enabled_at, role_at) = (section.origin("enabled"), section.origin("role_arn"));
    let enabled = section.flag("enabled").unwrap_or_default();
    let role_arn = section.text("role_arn", values::role_arn);
    if let (true, Some(origin), None) = (enabled, enabled_at, role_at) {
        section.wrong(
            "enabled",
            &origin,
            "needs role_arn = \"arn:aws:iam::…:role/…\" beside it",
        );
    }
    role_arn.filter(|_| enabled).map(|role_arn| Backstop { role_arn })
}
