//! The configuration as its readers meet it: whole texts in, whole lists of errors out.

mod robust;
mod routes;

use super::*;
use std::collections::BTreeMap;

fn parse(text: &str) -> Result<Config, ConfigErrors> {
    with_env(text, &[])
}

fn with_env(text: &str, env: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
    let env = env
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::parse(Path::new("teamd.toml"), text, env)
}

/// `line:column message` of each error.
fn errors(text: &str) -> Vec<String> {
    let all = parse(text).unwrap_err().to_string();
    all.lines()
        .map(|line| line.trim_start_matches("teamd.toml:").to_owned())
        .collect()
}

#[test]
fn nothing_set_is_the_defaults() {
    assert_eq!(parse("").unwrap(), Config::default());
    assert_eq!(
        parse("# only a comment\n[server]\n[identity.map]\n").unwrap(),
        Config::default()
    );
}

const EVERYTHING: &str = r#"
[server]
socket = "/tmp/s"
socket_mode = "0666"
socket_group = "people"
[store]
path = "/d/t.db"
activity_path = "/d/a.db"
leases_path = "/d/l.json"
[aws]
region = "eu-west-1"
portal_url = "https://example.awsapps.com/start"
endpoint_url = "http://127.0.0.1:4566"
instance_arn = "arn:aws:sso:::instance/ssoins-1"
identity_store_id = "d-1"
profile = "team"
assume_role = "arn:aws:iam::111122223333:role/teamd"
directory_refresh = "1m"
requests_per_second = 2
removal_requests_per_second = 2.5
max_in_flight = 15
[activity]
source = "cloudtrail-lookup"
regions = ["us-east-1", "eu-west-1"]
role_name = "teamd-trail-reader"
poll = "5s"
retention = "30d"
[identity]
match = "template"
template = "{login}@example.com"
allow_sudo = true
[identity.map]
deploy = "ci-bot"
[protected]
accounts = ["444455556666"]
[drift]
action = "end"
[backstop]
enabled = true
role_arn = "arn:aws:iam::111122223333:role/backstop"
[limits]
pending_per_user = 1
submits_per_minute_per_user = 2
refusals_per_minute_per_user = 3
connections_per_user = 4
connections = 5
"#;

#[test]
fn every_key_is_read() {
    let config = parse(EVERYTHING).unwrap();
    assert_eq!(config.server.socket_mode, 0o666);
    assert_eq!(config.server.socket_group.as_deref(), Some("people"));
    assert_eq!(config.store.leases_path, Path::new("/d/l.json"));
    assert_eq!(config.aws.requests_per_second, 2.0);
    assert_eq!(config.aws.removal_requests_per_second, 2.5);
    assert_eq!(config.aws.max_in_flight, 15);
    assert_eq!(config.aws.directory_refresh.get(), 60);
    assert_eq!(config.activity.source, ActivitySource::CloudtrailLookup);
    assert_eq!(config.activity.regions, ["us-east-1", "eu-west-1"]);
    assert_eq!(
        config.identity.matching,
        Match::Template("{login}@example.com".into())
    );
    assert_eq!(
        config.identity.map,
        BTreeMap::from([("deploy".into(), "ci-bot".into())])
    );
    assert!(config.identity.allow_sudo);
    assert_eq!(config.protected.accounts.len(), 1);
    assert_eq!(config.drift.action, DriftAction::End);
    let limits = config.limits;
    assert_eq!((limits.connections_per_user, limits.connections), (4, 5));
    assert_eq!(
        config.backstop.unwrap().role_arn,
        "arn:aws:iam::111122223333:role/backstop"
    );
}

#[test]
fn the_dead_mans_switch_is_on_only_where_it_is_said_with_its_role() {
    let role = "role_arn = \"arn:aws:iam::111122223333:role/x\"";
    for text in ["", "[backstop]\n", "[backstop]\nenabled = false\n"] {
        assert_eq!(parse(text).unwrap().backstop, None);
    }
    assert_eq!(parse(&format!("[backstop]\n{role}\n")).unwrap().backstop, None);
    assert!(
        parse(&format!("[backstop]\nenabled = true\n{role}\n"))
            .unwrap()
            .backstop
            .is_some()
    );
    assert!(errors("[backstop]\nenabled = true\n")[0].contains("needs role_arn"));
    assert!(errors("[backstop]\nenabled = true\nrole_arn = \"x\"\n")[0].contains("not the ARN of a role"));
}

#[test]
fn every_key_can_be_a_variable() {
    // Each line of the file becomes its variable; tables cannot.
    let mut section = String::new();
    let mut env = Vec::new();
    for line in EVERYTHING.lines().filter(|line| !line.is_empty()) {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']').to_uppercase();
        } else if section != "IDENTITY.MAP" {
            let (key, value) = line.split_once(" = ").unwrap();
            let value: String = value.chars().filter(|c| !"\"[]".contains(*c)).collect();
            env.push((format!("TEAMD_{section}__{}", key.to_uppercase()), value));
        }
    }
    let by_env = Config::parse(Path::new("x"), "", env.into_iter()).unwrap();
    let mut by_file = parse(EVERYTHING).unwrap();
    by_file.identity.map.clear();
    assert_eq!(by_env, by_file);
}

#[test]
fn variables_go_before_the_file() {
    let text = "[aws]\nregion = \"eu-west-1\"\nmax_in_flight = 99\n";
    let env = [
        ("TEAMD_AWS__REGION", "us-east-1"),
        ("TEAMD_AWS__MAX_IN_FLIGHT", "3"),
        ("TEAMD_SERVER__SOCKET", "/tmp/x"),
        ("TEAMD_PROTECTED__ACCOUNTS", "111122223333, 444455556666,"),
        ("TEAMD_LOG", "debug"),
        ("AWS_REGION", "nowhere"),
    ];
    let config = with_env(text, &env).unwrap();
    assert_eq!(config.aws.region.as_deref(), Some("us-east-1"));
    assert_eq!(config.aws.max_in_flight, 3);
    assert_eq!(config.server.socket, Path::new("/tmp/x"));
    assert_eq!(config.protected.accounts.len(), 2);
}

#[test]
fn errors_of_variables_name_them() {
    let env = [
        ("TEAMD_AWS__REGIN", "x"),
        ("TEAMD_AWS__MAX_IN_FLIGHT", "many"),
        ("TEAMD_IDENTITY__MAP", "a=b"),
        ("TEAMD_SERVR__SOCKET", "/x"),
        ("TEAMD_SERVER__SOCKET_MODE", ""),
        ("TEAMD_NOTIFY__SNS", "x"),
        ("TEAMD_ACTIVITY__REGIONS", "eu-west-1,NO"),
    ];
    let all = with_env("", &env).unwrap_err().to_string();
    insta::assert_snapshot!(all, @r#"
    environment variable TEAMD_ACTIVITY__REGIONS: [activity] regions: "NO" is not a region: write it like "eu-west-1"
    environment variable TEAMD_AWS__MAX_IN_FLIGHT: [aws] max_in_flight: must be a whole number from 1 to 15
    environment variable TEAMD_AWS__REGIN: [aws] has no key "regin"; did you mean region?
    environment variable TEAMD_IDENTITY__MAP: [identity] map: is a table, which only the file can hold, not a variable
    environment variable TEAMD_NOTIFY__SNS: [notify] sns: must be a table, [notify.sns], not a text
    environment variable TEAMD_SERVER__SOCKET_MODE: [server] socket_mode: must not be empty; leave the key out for its default
    environment variable TEAMD_SERVR__SOCKET: there is no section [servr]; did you mean [server]?
    "#);
}

#[test]
fn all_errors_come_at_once_with_their_lines() {
    let text = r#"socket = "/x"
[server]
socket_mod = "0660"
socket_mode = 660
region = "eu-west-1"
[aws]
endpoint_url = "http://example.com"
requests_per_second = 0
removal_requests_per_second = nan
max_in_flight = 16
directory_refresh = "5 parsecs"
[activity]
source = "cloudtrail-lake"
log_group = "x"
regions = [
  "eu-west-1",
  "Ost",
]
[identity]
match = "template"
[identity.map]
ops = 7
[protected]
accounts = ["12345"]
[drift]
action = "remove"
[backstop]
enabled = true
[limits]
pending_per_user = 0
[notify.ses]
from = "x"
[[notify.webhook]]
name = "x"
[oncall]
payments = { command = ["who"] }
[quarantin]
"#;
    insta::assert_snapshot!(errors(text).join("\n"), @r#"
    1:1: there is no key "socket" outside of sections; it belongs in [server]
    3:1: [server] has no key "socket_mod"; did you mean socket_mode?
    4:15: [server] socket_mode: must be a text in quotes, not an integer
    5:1: [server] has no key "region"; it belongs in [aws]
    7:16: [aws] endpoint_url: "http://example.com" must start with https://, or be http:// on loopback (127.0.0.1, [::1], localhost)
    8:23: [aws] requests_per_second: must be a number above 0 (at least 0.001, at most 1000)
    9:31: [aws] removal_requests_per_second: must be a number above 0 (at least 0.001, at most 1000)
    10:17: [aws] max_in_flight: must be a whole number from 1 to 15
    11:21: [aws] directory_refresh: "5 parsecs" is not a duration: write it like 90s, 45m, 2h30m or 3d, from one second to ten years
    13:10: [activity] source: "cloudtrail-lake" needs event_data_store = "…" beside it
    14:13: [activity] log_group: goes with source = "cloudwatch-logs" alone
    17:3: [activity] regions: "Ost" is not a region: write it like "eu-west-1"
    20:9: [identity] match: needs template = "…{login}…" beside it
    22:7: [identity] map.ops: must be a text in quotes, not an integer
    24:13: [protected] accounts: "12345" is not an account id of 12 digits
    26:10: [drift] action: "remove" is not an action: "report" or "end"
    28:11: [backstop] enabled: needs role_arn = "arn:aws:iam::…:role/…" beside it
    30:20: [limits] pending_per_user: must be a whole number from 1 to 1000000
    32:8: [notify.ses] from: "x" is not a mail address
    33:1: [notify.webhook]: needs secret_file = "…"
    33:1: [notify.webhook]: needs url = "…"
    36:24: [oncall.payments] command: begins with the absolute path of a program
    37:2: there is no section [quarantin]
    "#);
}

#[test]
fn a_digest_has_a_day_and_a_time() {
    let read = |text: &str| parse(&format!("[notify]\ndigest = \"{text}\"\n"));
    let digest = read("monday 08:00").unwrap().notify.digest.unwrap();
    assert_eq!(digest.day, chrono::Weekday::Mon);
    assert_eq!(digest.time.to_string(), "08:00:00");
    assert!(read("fri 17:30").unwrap().notify.digest.is_some());
    for wrong in ["monday", "Monday 08:00", "monday 24:00", "monday  08:00"] {
        let errors = read(wrong).unwrap_err().to_string();
        assert!(errors.contains("write it like \"monday 08:00\""), "{errors}");
    }
}

#[test]
fn a_source_of_activity_has_what_it_needs_and_nothing_of_another() {
    let source = |lines: &str| parse(&format!("[activity]\n{lines}\n")).map(|config| config.activity.source);
    let group = "arn:aws:logs:eu-west-1:111122223333:log-group:trail:*";
    assert_eq!(
        source(&format!("source = \"cloudwatch-logs\"\nlog_group = \"{group}\"")).unwrap(),
        ActivitySource::CloudwatchLogs(group.to_owned())
    );
    assert_eq!(
        source("source = \"cloudtrail-lake\"\nevent_data_store = \"0e45-1\"").unwrap(),
        ActivitySource::CloudtrailLake("0e45-1".to_owned())
    );
    let wrong = [
        "source = \"cloudwatch-logs\"",
        "source = \"cloudwatch-logs\"\nlog_group = \"a b\"",
        "source = \"cloudwatch-logs\"\nlog_group = \"x\"\nevent_data_store = \"x\"",
        "source = \"cloudtrail-lookup\"\nlog_group = \"x\"",
        "event_data_store = \"x\"",
        "source = \"athena\"\nlog_group = \"x\"",
    ];
    let wrong = wrong.map(|lines| errors(&format!("[activity]\n{lines}\n")).join("\n"));
    insta::assert_snapshot!(wrong.join("\n"), @r#"
    2:10: [activity] source: "cloudwatch-logs" needs log_group = "…" beside it
    3:13: [activity] log_group: "a b" is not a log group: write its name, or its ARN like "arn:aws:logs:eu-west-1:111122223333:log-group:name"
    4:20: [activity] event_data_store: goes with source = "cloudtrail-lake" alone
    3:13: [activity] log_group: goes with source = "cloudwatch-logs" alone
    2:20: [activity] event_data_store: goes with source = "cloudtrail-lake" alone
    2:10: [activity] source: "athena" is not a source: write "cloudtrail-lookup", "cloudwatch-logs", "cloudtrail-lake" or "none"
    "#);
}

#[test]
fn on_call_sources_are_files_or_programs() {
    let text =
        "[oncall]\nfile = { file = \"/etc/oncall\" }\nprogram = { command = [\"/bin/who\", \"now\"] }\n";
    let config = parse(text).unwrap();
    assert_eq!(
        config.on_call.into_iter().collect::<Vec<_>>(),
        [
            ("file".to_owned(), OnCall::File("/etc/oncall".into())),
            (
                "program".to_owned(),
                OnCall::Command(vec!["/bin/who".to_owned(), "now".to_owned()])
            ),
        ]
    );
    for wrong in [
        "[oncall]\nx = { file = \"/a\", command = [\"/b\"] }\n",
        "[oncall]\nx = {}\n",
        "[oncall]\nx = { fil = \"/a\" }\n",
        "[oncall]\nx = \"/a\"\n",
        "[oncall]\n\"a b\" = { file = \"/a\" }\n",
    ] {
        assert!(!errors(wrong).is_empty(), "{wrong}");
    }
}

#[test]
fn a_template_and_its_match_belong_together() {
    assert_eq!(errors("[identity]\ntemplate = \"{login}\"\n").len(), 1);
    assert_eq!(
        errors("[identity]\nmatch = \"same\"\ntemplate = \"{login}\"\n").len(),
        1
    );
    assert_eq!(
        errors("[identity]\nmatch = \"template\"\ntemplate = \"x\"\n").len(),
        1
    );
    assert_eq!(errors("[identity]\nmatch = \"fuzzy\"\n").len(), 1);
}

#[test]
fn text_that_is_no_toml_is_reported_everywhere() {
    let found = errors("[server]\nsocket = \n[aws]\nregion = 'x\n");
    assert!(found.iter().any(|error| error.starts_with("2:")), "{found:#?}");
    assert!(found.iter().any(|error| error.starts_with("4:")), "{found:#?}");
}

#[test]
fn columns_count_characters() {
    let found = errors("[identity]\nmap = { \"äöü\" = \"ü\", x = 1 }\n");
    assert!(found[0].starts_with("2:26: [identity] map.x"), "{found:#?}");
}

#[test]
fn messages_hold_nothing_that_moves_a_cursor() {
    let found = parse("[server]\n\"so\\u001B[2Jcket\" = 1\nsocket = \"\\u202E\"\n")
        .unwrap_err()
        .to_string();
    assert!(
        !found
            .chars()
            .any(|c| c != '\n' && team_shared::text::is_hidden(c)),
        "{found:?}"
    );
    assert_eq!(found.lines().count(), 2, "{found}");
}

#[test]
fn a_named_file_is_loaded_and_a_missing_one_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("teamd.toml");
    assert!(Config::load(Some(&path), std::iter::empty()).is_err());
    std::fs::write(&path, "[aws]\nregion = \"eu-west-1\"\n").unwrap();
    let config = Config::load(Some(&path), std::iter::empty()).unwrap();
    assert_eq!(config.aws.region.as_deref(), Some("eu-west-1"));
}
