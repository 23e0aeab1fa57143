//! The check on this workspace, and what it says of files that do not fit.

use super::read::read;
use super::*;
use std::path::Path;

/// Defects that tests show, by their names in this file, with their tests.
fn defects(coverage: &str) -> BTreeMap<String, Vec<String>> {
    let file: toml::Table = coverage.parse().expect("TOML");
    let rows = file["defects"].as_table().expect("defects");
    let text = |value: &toml::Value| value.as_str().expect("a name").to_owned();
    let shown = rows.iter().filter_map(|(key, row)| {
        let tests = match row.get("test")? {
            toml::Value::Array(tests) => tests.iter().map(text).collect(),
            one => vec![text(one)],
        };
        Some((key.to_lowercase(), tests))
    });
    shown.collect()
}

#[test]
fn every_guard_is_where_the_file_says() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = |path: &str| std::fs::read_to_string(top.join(path)).ok();
    let guards = read(&text("tests/guards.toml").expect("the file")).expect("its form");
    assert!(guards.guards.len() >= 30, "{}", guards.guards.len());
    let defects = defects(&text("tests/coverage.toml").expect("the file"));
    let faults = guards.faults(&defects, text);
    assert!(faults.is_empty(), "tests/guards.toml:\n{}", faults.join("\n"));
}

const FILE: &str = "
[guard.d7_one]
what = 'it'
file = 'a.rs'
find = 'is_ours(key)'
without = 'true'
tests = ['one_d7']
[structural]
d8 = 'because'
";

fn shown() -> BTreeMap<String, Vec<String>> {
    ["d7", "d8"]
        .map(|defect| (defect.to_owned(), vec![format!("one_{defect}")]))
        .into()
}

#[test]
fn expressions_and_statements_become_choices() {
    let guards = read(FILE).expect("its form");
    let opened = guards
        .opened(|_| Some("if is_ours(key) {}".to_owned()))
        .expect("there");
    let choice = "(if std::env::var_os(\"TEAM_WITHOUT_GUARD\").is_some_and(|out| out == \"d7_one\") { true } else { is_ours(key) })";
    assert_eq!(opened["a.rs"], format!("if {choice} {{}}"));
    let statement = FILE.replace("is_ours(key)", "refuse()?;").replace("'true'", "''");
    let opened = read(&statement)
        .expect("its form")
        .opened(|_| Some("{ refuse()?; }".to_owned()));
    assert!(opened.expect("there")["a.rs"].ends_with("{  } else { refuse()?; } }"));
}

#[test]
fn what_does_not_fit_is_said() {
    let source = |_: &str| Some("is_ours(key)".to_owned());
    let fits = read(FILE).expect("its form");
    assert_eq!(fits.faults(&shown(), source), [""; 0]);
    for (from, to, says) in [
        ("is_ours", "is_mine", "a.rs has no"),
        ("d8 =", "d7 =", "d8 has neither"),
        ("d8 =", "d9 =", "structural.d9 is too much"),
        ("one_d7", "other_d7", "does not name other_d7 for D7"),
    ] {
        let faults = read(&FILE.replace(from, to))
            .expect("its form")
            .faults(&shown(), source);
        assert!(
            faults.iter().any(|fault| fault.contains(says)),
            "{says}: {faults:?}"
        );
    }
    let twice = fits.faults(&shown(), |_| Some("is_ours(key) is_ours(key)".to_owned()));
    assert!(twice[0].contains("2 times"), "{twice:?}");
    assert!(fits.faults(&shown(), |_| None)[0].contains("there is no a.rs"));
    for (from, to, says) in [
        ("what = 'it'\n", "", "no text `what`"),
        ("['one_d7']", "[]", "names no `tests`"),
        ("'because'", "''", "does not say why"),
        ("[structural]", "[other]", "only [guard"),
    ] {
        let faults = read(&FILE.replace(from, to)).expect_err(says);
        assert!(faults[0].contains(says), "{says}: {faults:?}");
    }
}
