//! Every `*.expect.toml` of the documentation and of the cases holds; and an expectation that does not hold says so.

use super::{Expectation, load, parse, run};
use crate::document;
use std::path::{Path, PathBuf};
use team_shared::policy::PolicyTest;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = root().join(folder);
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(".expect.toml"))
        .collect();
    files.sort();
    files
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn tested(expect: &Path) -> PolicyTest {
    let exported = load(&read(&root().join("docs/policy/directory.json"))).unwrap();
    let name = expect.to_string_lossy().replace(".expect.toml", ".toml");
    let policy =
        document::parse(&read(Path::new(&name))).unwrap_or_else(|faults| panic!("{name}: {faults:?}"));
    let expectations: Vec<(usize, Expectation)> =
        parse(&read(expect)).unwrap_or_else(|fault| panic!("{}: {fault:?}", expect.display()));
    run(&policy, &exported, &expectations, exported.directory.loaded_at)
}

fn report(expect: &Path, test: &PolicyTest) -> Vec<String> {
    let failed = test.results.iter().filter(|one| !one.passed);
    failed
        .map(|one| {
            format!(
                "{}:{}: {}: {:?}",
                expect.display(),
                one.line,
                one.says,
                one.faults
            )
        })
        .collect()
}

#[test]
fn the_sample_policy_is_what_its_expectations_say() {
    let files = files("docs/policy");
    assert_eq!(files.len(), 1);
    let test = tested(&files[0]);
    assert_eq!(report(&files[0], &test), Vec::<String>::new());
    assert!(test.total >= 20);
}

#[test]
fn the_documented_semantics_hold_case_by_case() {
    let mut total = 0;
    let mut failed = Vec::new();
    for file in files("tests/policy") {
        let test = tested(&file);
        total += test.total;
        failed.extend(report(&file, &test));
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert!(total >= 60, "{total} cases are not the table");
}

#[test]
fn an_expectation_that_does_not_hold_says_what_is_otherwise() {
    let exported = load(&read(&root().join("docs/policy/directory.json"))).unwrap();
    let policy = document::parse(&read(&root().join("docs/policy/sample.toml"))).unwrap();
    let fault = |lines: &str| {
        let text = format!(
            "[[expect]]\nwho = \"alice\"\naccount = \"prod-ledger\"\npermission_set = \"AdministratorAccess\"\nfor = \"1h\"\n{lines}"
        );
        let expectations = parse(&text).unwrap();
        let result = run(&policy, &exported, &expectations, exported.directory.loaded_at);
        assert_eq!((result.total, result.failed), (1, 1));
        result.results[0].faults.join("; ")
    };
    assert_eq!(fault("allowed = false"), "it is allowed, by oncall-repair");
    assert_eq!(
        fault("allowed = true\napprovers = [\"bob\"]"),
        "approvers are [bob, carol], not [bob]"
    );
    assert_eq!(fault("allowed = true\nquorum = 2"), "quorum is 1, not 2");
    assert_eq!(
        fault("allowed = true\napproval = \"none\""),
        "approval is \"required\", not \"none\""
    );
    assert_eq!(
        fault("allowed = true\nbreak_glass = true\nrule = \"x\""),
        "rule is Some(\"break-glass\"), not Some(\"x\")"
    );
}

#[test]
fn a_file_of_expectations_that_says_nothing_sensible_is_refused_with_its_line() {
    let fault = |text: &str| {
        let fault = parse(text).unwrap_err();
        format!("{}: {}", fault.field, fault.message)
    };
    let whole = "[[expect]]\nwho = \"a\"\naccount = \"b\"\npermission_set = \"c\"\nallowed = ";
    assert!(fault("[[expect]]\nwhom = \"a\"").starts_with("expectations, line 2: unknown field `whom`"));
    assert_eq!(
        fault(&format!("\n{whole}false\nquorum = 1")),
        "expectations, line 2: quorum: nobody approves what is refused"
    );
    assert!(fault(&format!("{whole}false\ncode = \"no_such\"")).contains("there is no code \"no_such\""));
    assert!(fault(&format!("{whole}true\ncode = \"denied\"")).contains("is not refused with a code"));
    assert!(fault(&format!("{whole}true\nfor = \"long\"")).contains("for: "));
    assert!(fault(&format!("{whole}true\nat = \"noon\"")).contains("is not a moment"));
    assert!(fault(&format!("{whole}true\napproval = \"some\"")).contains("write \"required\" or \"none\""));
}
