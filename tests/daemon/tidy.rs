//! The floors of the source tree (docs/ARCHITECTURE.md), read from the sources.

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
    /// The first folder or file below `teamd/src`: `engine`, `run`, …
    fn module(&self) -> &str {
        let below = self.path.strip_prefix("teamd/src/").unwrap_or(&self.path);
        below.split('/').next().unwrap_or(below).trim_end_matches(".rs")
    }

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

/// The first word of every path that does not begin at this crate: `std`, `chrono`, `regex`, …
fn crates_used(code: &str) -> BTreeSet<String> {
    let imports = Regex::new(r"(?m)^\s*(?:pub(?:\([a-z]+\))? )?use ([a-z_][a-z0-9_]*)").expect("a pattern");
    imports
        .captures_iter(code)
        .map(|import| import[1].to_owned())
        .collect()
}

#[test]
fn imports_are_read_right() {
    let code =
        "use crate::{engine::Refused, store::{port::Tx, Store},\n    clock};\nfn x() { crate::aws::f() }";
    let names: Vec<_> = named(code, "crate").into_iter().collect();
    assert_eq!(names, ["aws", "clock", "engine", "store"]);
    assert_eq!(crates_used("pub(crate) use regex::Regex;\nuse std::fs;").len(), 2);
}

#[test]
fn foreign_types_stop_where_they_belong() {
    for source in sources("teamd/src").iter().filter(|source| !source.is_test()) {
        for (what, home) in [
            ("rusqlite", "teamd/src/store/"),
            ("aws_sdk_", "teamd/src/aws/sdk/"),
            ("aws_smithy_", "teamd/src/aws/sdk/"),
            ("aws_config::", "teamd/src/aws/sdk/"),
            ("axum", "teamd/src/api/"),
            ("tower", "teamd/src/api/"),
        ] {
            let names = Regex::new(&format!(r"\b{what}"))
                .expect("a pattern")
                .is_match(&source.code);
            assert!(
                !names || source.path.starts_with(home),
                "{} names {what}, which stops at {home}",
                source.path
            );
        }
    }
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
    for source in sources("teamd/src") {
        // What the API exports, the offline commands read.
        if ["api", "offline"].contains(&source.module()) {
            continue;
        }
        // A plan, a trace and what came of expectations are sentences for people, which both binaries print: they have no
        // other form. Nothing is read from them, but for the exported directory, which is the wire's.
        let is_said = |name: &str| {
            let said = [
                "teamd/src/domain/plan/",
                "teamd/src/domain/policy/trace.rs",
                "teamd/src/engine/policy/",
                "teamd/src/offline/",
            ];
            let of_policy = name == "policy" && said.iter().any(|place| source.path.starts_with(place));
            of_policy || name == "directory" && source.path == "teamd/src/offline/directory.rs"
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
fn no_arrow_points_upwards() {
    // Each with what it may name; what stands on top of all (run, commands, demo, main, lib) may name anything.
    let floors: [(&str, &[&str]); 19] = [
        ("failpoint", &[]),
        ("descriptors", &[]),
        ("files", &[]),
        ("priority", &[]),
        ("procfs", &[]),
        ("domain", &[]),
        ("document", &["domain"]),
        ("config", &["domain", "document"]),
        ("clock", &["domain"]),
        ("lifecycle", &[]),
        ("telemetry", &[]),
        ("store", &["domain", "priority"]),
        ("leases", &["domain", "files"]),
        ("aws", &["domain", "clock"]),
        ("notify", &["domain", "config", "aws", "files"]),
        ("offline", &["domain", "document", "clock"]),
        // Beside the engine: what an operator asks before the daemon runs, or while it does not.
        (
            "check",
            &[
                "domain",
                "config",
                "clock",
                "aws",
                "notify",
                "files",
                "descriptors",
                "procfs",
            ],
        ),
        ("sweep", &["domain", "clock", "aws", "leases"]),
        (
            "engine",
            &[
                "domain",
                "document",
                "config",
                "clock",
                "files",
                "lifecycle",
                "store",
                "aws",
                "leases",
                "notify",
            ],
        ),
    ];
    let api: (&str, &[&str]) = (
        "api",
        &[
            "engine", "store", "document", "domain", "notify", "priority", "procfs",
        ],
    );
    let above = ["run", "commands", "cli", "demo", "main", "lib"];
    for source in sources("teamd/src") {
        // The subcommand itself stands on top; what it is made of does not.
        let module = match source.path.as_str() {
            "teamd/src/check/run.rs" | "teamd/src/sweep/run.rs" => "commands",
            _ => source.module(),
        };
        let Some((_, below)) = floors.iter().chain([&api]).find(|(name, _)| *name == module) else {
            assert!(
                above.contains(&module),
                "{} stands on no floor: say where it belongs",
                source.path
            );
            continue;
        };
        for name in named(source.code_without_unit_tests(), "crate") {
            // Points at which tests make it fail may be anywhere but where nothing can.
            let is_point = name == "failpoint" && module != "domain";
            let fine = is_point || name == module || below.contains(&name.as_str());
            assert!(
                fine || source.is_test(),
                "{} names {name}, which is not below {module}",
                source.path
            );
        }
    }
}

#[test]
fn the_domain_is_pure() {
    for source in sources("teamd/src/domain")
        .iter()
        .filter(|source| !source.is_test())
    {
        let code = source.code_without_unit_tests();
        for name in crates_used(code) {
            let anywhere = [
                "std",
                "chrono",
                "team_shared",
                "crate",
                "super",
                "self",
                "thiserror",
            ];
            // A ticket's form is a regular expression; it is compiled where it is compared.
            let fine = anywhere.contains(&name.as_str())
                || name == "regex_automata" && source.path.contains("/policy/");
            let local = code.contains(&format!("mod {name};"));
            assert!(fine || local, "{} uses {name}", source.path);
        }
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
            assert!(!code.contains(word), "{} holds {word}", source.path);
        }
        for macros in ["tracing::", "tokio::", "serde::"] {
            assert!(!code.contains(macros), "{} holds {macros}", source.path);
        }
    }
}

#[test]
fn files_can_be_read_in_one_go() {
    for below in ["shared/src", "teamd/src", "team-tui/src", "tests"] {
        for source in sources(below) {
            let lines = source.text.lines().count();
            assert!(lines <= 400, "{} has {lines} lines", source.path);
        }
    }
}

#[test]
fn an_ignored_test_says_why() {
    for below in ["shared/src", "teamd/src", "team-tui/src", "tests"] {
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
