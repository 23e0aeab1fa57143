//! The file of this workspace, and the parts on small sources.

use crate::entry::{Entry, Guards};
use crate::run::{Outcome, outcome};
use crate::tree::rewritten;
use std::path::Path;

/// Whatever moves or changes a guard brings the file up to date.
#[test]
fn every_guard_stands_where_the_file_says() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = std::fs::read_to_string(top.join("tests/guards.toml")).expect("the file");
    let guards = Guards::read(&text).unwrap_or_else(|wrong| panic!("{}", wrong.join("\n")));
    let misplaced = guards.misplaced(&top);
    assert!(
        misplaced.is_empty(),
        "tests/guards.toml:\n{}",
        misplaced.join("\n")
    );
}

fn guard(key: &str, find: &str, without: &str) -> Entry {
    let file = format!(
        "[guards.{key}]\nwhat = 'it'\nfile = 'a'\nfind = '{find}'\nwithout = '{without}'\ntests = ['t']\n"
    );
    let mut guards = Guards::read(&file).expect("an entry");
    guards.entries.remove(0)
}

#[test]
fn expressions_and_statements_become_choices() {
    let (one, other) = (guard("d1", "a < b", "true"), guard("d2", "a < b", "false"));
    assert_eq!(
        rewritten("f(a < b)", &[&one, &other]),
        "f((if crate::guard_without::is(\"d1\") { true } else \
         if crate::guard_without::is(\"d2\") { false } else { a < b }))"
    );
    let statement = guard("d3", "x.clear();", "");
    assert_eq!(
        rewritten("x.clear();", &[&statement]),
        "if crate::guard_without::is(\"d3\") {  } else { x.clear(); }"
    );
}

#[test]
fn a_key_names_its_defects() {
    assert_eq!(guard("d2-d8-later", "a", "b").defects(), [2, 8]);
}

#[test]
fn what_lacks_something_is_refused() {
    let wrong = Guards::read("[guards.d1]\nwhat = 'it'\n[none]\nD2 = ''\n").unwrap_err();
    assert_eq!(wrong.len(), 2, "{wrong:?}");
}

#[test]
fn no_test_is_no_failure() {
    let said = |counts: &str| format!("\ntest result: ok. {counts}; 0 ignored; 0 measured; 9 filtered out\n");
    assert_eq!(outcome(&said("1 passed; 0 failed")), Outcome::Passed);
    assert_eq!(outcome(&said("0 passed; 1 failed")), Outcome::Failed);
    assert_eq!(outcome(&said("0 passed; 0 failed")), Outcome::NotRun);
    assert_eq!(outcome(""), Outcome::NotRun);
}
