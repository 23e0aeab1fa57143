//! Rules of the source tree that the compiler does not hold. The crates hold the layers (docs/ARCHITECTURE.md).

use regex::Regex;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The top of the repository.
pub(crate) fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A source file: its path below the top, and its text without comments.
struct Source {
    path: String,
    text: String,
    code: String,
}

impl Source {
    fn is_test(&self) -> bool {
        self.path.contains("/tests/")
            || self.path.ends_with("/tests.rs")
            || self.path.contains("/conformance/")
    }

    fn code_without_unit_tests(&self) -> &str {
        self.code
            .split("#[cfg(test)]\nmod tests {")
            .next()
            .unwrap_or_default()
    }
}

fn sources(below: &str) -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![top().join(below)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of the repository") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source file");
                let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
                let code = code.collect::<Vec<_>>().join("\n");
                let path = path
                    .strip_prefix(top())
                    .expect("below the top")
                    .to_string_lossy()
                    .into_owned();
                found.push(Source { path, text, code });
            }
        }
    }
    assert!(found.len() > 3, "{below}: {}", found.len());
    found
}

/// What is named at the beginning of paths: `crate::{engine, store::port}` names `engine` and `store`.
fn named(code: &str, root: &str) -> BTreeSet<String> {
    let start = Regex::new(&format!(r"\b{root}::")).expect("a pattern");
    let word = Regex::new(r"^\s*([a-z_][a-z0-9_]*)").expect("a pattern");
    let mut names = BTreeSet::new();
    for found in start.find_iter(code) {
        let rest = &code[found.end()..];
        if !rest.starts_with('{') {
            names.extend(word.captures(rest).map(|first| first[1].to_owned()));
            continue;
        }
        let (mut depth, mut at_start) = (0, false);
        for (at, c) in rest.char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if at_start && depth == 1 {
                names.extend(word.captures(&rest[at..]).map(|first| first[1].to_owned()));
            }
            at_start = depth == 1 && matches!(c, '{' | ',') || at_start && c.is_whitespace();
            if depth == 0 {
                break;
            }
        }
    }
    names
}

#[test]
fn imports_are_read_right() {
    let code =
        "use crate::{engine::Refused, store::{port::Tx, Store},\n    clock};\nfn x() { crate::aws::f() }";
    let names: Vec<_> = named(code, "crate").into_iter().collect();
    assert_eq!(names, ["aws", "clock", "engine", "store"]);
}

#[test]
fn wire_types_stop_at_the_api() {
    let wire = [
        "request",
        "me",
        "directory",
        "policy",
        "grant",
        "activity",
        "audit",
        "status",
        "notification",
        "list",
        "routes",
    ];
    let parts = Regex::new(r"team_shared::problem::(\{[^}]*\}|\w+)").expect("a pattern");
    for source in sources("teamd") {
        // What the API exports, the offline commands read; examples and benches are clients.
        let reads_wire = [
            "teamd/crates/api/",
            "teamd/src/offline/",
            "teamd/examples/",
            "teamd/benches/",
        ];
        if reads_wire.iter().any(|place| source.path.starts_with(place)) {
            continue;
        }
        // A plan, a trace and what came of expectations are sentences for people, which both binaries print: they have no
        // other form. Nothing is read from them, but for the exported directory, which is the wire's.
        let is_said = |name: &str| {
            let said = [
                "teamd/crates/policy/src/plan/",
                "teamd/crates/policy/src/trace.rs",
                "teamd/crates/engine/src/policy/",
            ];
            let of_policy = name == "policy" && said.iter().any(|place| source.path.starts_with(place));
            of_policy || name == "directory" && source.path == "teamd/crates/policy/src/exported.rs"
        };
        for name in named(&source.code, "team_shared") {
            assert!(
                !wire.contains(&name.as_str()) || is_said(&name),
                "{} names team_shared::{name}",
                source.path
            );
        }
        if source.code.contains("team_shared::problem::") {
            for part in parts.captures_iter(&source.code) {
                let names = part[1].trim_matches(['{', '}']).split(',').map(str::trim);
                for name in names.filter(|name| !name.is_empty()) {
                    assert!(
                        ["Code", "FieldError"].contains(&name),
                        "{} names problem::{name}",
                        source.path
                    );
                }
            }
        }
    }
}

#[test]
fn the_domain_is_pure() {
    let manifest = top().join("teamd/crates/domain/Cargo.toml");
    let text = std::fs::read_to_string(&manifest).expect("the manifest of the domain");
    let manifest: toml::Table = text.parse().expect("TOML");
    let dependencies: Vec<&str> = manifest["dependencies"]
        .as_table()
        .expect("dependencies")
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(dependencies, ["chrono", "team-shared", "thiserror"]);
    for below in ["teamd/crates/domain/src", "teamd/crates/policy/src"] {
        for source in sources(below).iter().filter(|source| !source.is_test()) {
            let code = source.code_without_unit_tests();
            for word in [
                "async ",
                ".await",
                "std::fs",
                "std::net",
                "std::env",
                "std::time",
                "std::thread",
                "println!",
            ] {
                assert!(!code.contains(word), "{} contains {word}", source.path);
            }
        }
    }
}

#[test]
fn files_can_be_read_in_one_go() {
    for below in ["shared/src", "teamd", "team-tui/src", "tests"] {
        for source in sources(below) {
            let lines = source.text.lines().count();
            assert!(lines <= 400, "{} has {lines} lines", source.path);
        }
    }
}

#[test]
fn an_ignored_test_says_why() {
    for below in ["shared/src", "teamd", "team-tui/src", "tests"] {
        // Written so that this file does not find itself.
        let bare = ["#[", "ignore]"].concat();
        for source in sources(below) {
            assert!(
                !source.text.contains(&bare),
                "{} ignores a test without a reason",
                source.path
            );
        }
    }
}
