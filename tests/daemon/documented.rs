//! The pages say what the code says, and the sample files are read.

use crate::tidy::top;
use regex::Regex;
use std::collections::BTreeSet;
use std::path::Path;
use team_shared::event::EventType;
use team_shared::problem::Code;
use teamd_config::Config;

fn read(path: &str) -> String {
    std::fs::read_to_string(top().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn the_sample_policy_is_a_policy() {
    for path in [
        "docs/policy.sample.toml",
        "docs/sample-policy/policy.toml",
        "teamd/src/demo/policy.toml",
        "tests/daemon/policy.toml",
    ] {
        let faults = teamd_policy::document::parse(&read(path))
            .err()
            .unwrap_or_default();
        assert!(faults.is_empty(), "{path}: {faults:#?}");
    }
}

#[test]
fn the_sample_configuration_is_a_configuration() {
    let path = "systemd/teamd.toml";
    let text = read(path);
    let parse = |text: &str| Config::parse(Path::new(path), text, std::iter::empty());
    assert_eq!(parse(&text).expect("the sample as it is"), Config::default());

    let key = Regex::new(r"(?m)^#([a-z_]+ = )").expect("a pattern");
    let keys = key.find_iter(&text).count();
    assert!(keys > 20, "{keys} keys");
    let on = key.replace_all(&text, "$1");
    // Two of its keys exclude each other, and it says so: a template goes with another match.
    let on = on.replace("match = \"same\"", "match = \"template\"");
    let all = parse(&on).unwrap_or_else(|errors| panic!("every key switched on: {errors}"));
    assert_ne!(all, Config::default());
    // Each by itself too: what is shown as a default is one.
    for found in key.find_iter(&text) {
        let line = text[found.start()..].lines().next().unwrap_or_default();
        let one = text.replacen(line, &line[1..], 1);
        let one = if line.starts_with("#template") {
            one.replace("#match = \"same\"", "match = \"template\"")
        } else {
            one
        };
        let parsed = parse(&one).unwrap_or_else(|errors| panic!("{line}: {errors}"));
        let start = text[..found.start()].trim_end().rfind("\n\n").unwrap_or_default();
        let before = &text[start..found.start()];
        if !before.contains("(example") {
            assert_eq!(parsed, Config::default(), "{line} is shown as a default");
        }
    }
}

/// Between two lines of a page.
fn between<'a>(page: &'a str, from: &str, to: &str) -> &'a str {
    let from = page.find(from).unwrap_or_else(|| panic!("{from:?} is not there"));
    let page = &page[from..];
    let to = page.find(to).unwrap_or_else(|| panic!("{to:?} is not there"));
    &page[..to]
}

#[test]
fn the_page_of_the_api_names_every_event() {
    let page = read("docs/API.md");
    let quoted = Regex::new("`([a-z_]+\\.?)`").expect("a pattern");
    let mut named = BTreeSet::new();
    // A family, and what happens in it.
    for part in between(&page, "Types:\n", "\n## Errors")
        .replace("\n- ", ";")
        .split(';')
    {
        let mut family = "";
        for (_, [word]) in quoted.captures_iter(part).map(|found| found.extract()) {
            if word.ends_with('.') {
                family = word;
            } else {
                named.insert(format!("{family}{word}"));
            }
        }
    }
    let known: BTreeSet<String> = EventType::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(named, known);
}

#[test]
fn the_page_of_the_api_names_every_code() {
    let page = read("docs/API.md");
    let row = Regex::new(r"(?m)^\| `([a-z_]+)` \| (\d+) \| .* \| (\d+) \|$").expect("a pattern");
    let named: BTreeSet<String> = row
        .captures_iter(&page)
        .map(|found| format!("{} {} {}", &found[1], &found[2], &found[3]))
        .collect();
    let known: BTreeSet<String> = Code::ALL
        .iter()
        .map(|code| format!("{code} {} {}", code.http_status(), code.exit_code()))
        .collect();
    assert_eq!(named, known);
}

#[test]
fn the_page_of_the_api_names_every_path() {
    let page = read("docs/API.md");
    let path = Regex::new("\"(/[a-z0-9/{}-]+)\"").expect("a pattern");
    let verb = Regex::new("of_request\\(\"([a-z]+)\"\\)").expect("a pattern");
    let (routes, router) = (read("shared/src/routes.rs"), read("teamd/crates/api/src/lib.rs"));
    let paths: BTreeSet<&str> = path
        .captures_iter(&routes)
        .map(|found| found.extract::<1>().1[0])
        .collect();
    let verbs: BTreeSet<&str> = verb
        .captures_iter(&router)
        .map(|found| found.extract::<1>().1[0])
        .collect();
    assert!(
        paths.len() > 30 && verbs.len() > 10,
        "{} {}",
        paths.len(),
        verbs.len()
    );
    for path in paths {
        assert!(page.contains(path), "{path}");
    }
    for verb in verbs {
        let is_there =
            page.contains(&format!("/v1/requests/{{id}}/{verb}`")) || page.contains(&format!("` `/{verb}`"));
        assert!(is_there, "{verb}");
    }
}
