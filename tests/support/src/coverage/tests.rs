//! The check on this workspace, and on small ones in which something is wrong.

use super::sources::{Function, Numbers, functions, of_workspace};
use super::{DEFECTS, FEATURES, faults};
use std::path::Path;

/// The file, and what it says of this workspace: TEAM has no tests at all.
#[test]
fn everything_is_accounted_for_d46() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = std::fs::read_to_string(top.join("tests/coverage.toml")).expect("the file");
    let functions = of_workspace(&top);
    assert!(functions.iter().filter(|function| function.is_test).count() > 500);
    let faults = faults(&text, &functions);
    assert!(faults.is_empty(), "tests/coverage.toml:\n{}", faults.join("\n"));
}

/// Each defect whose tests are named has a guard that can be taken out, or a reason why there is none; and so has each of
/// these tests.
#[test]
fn every_defect_has_a_guard_or_a_reason() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read = |name: &str| std::fs::read_to_string(top.join("tests").join(name)).expect("the file");
    let guards = team_guards::entry::Guards::read(&read("guards.toml"))
        .unwrap_or_else(|wrong| panic!("tests/guards.toml:\n{}", wrong.join("\n")));
    let coverage: toml::Table = read("coverage.toml").parse().expect("TOML");
    let mut wrong = Vec::new();
    let has_guard = |test: &str| {
        let mut of_guards = guards.entries.iter().flat_map(|entry| &entry.tests);
        of_guards.any(|one| one == test) || guards.none.contains_key(test)
    };
    for number in DEFECTS {
        let key = format!("D{number}");
        let tests = coverage["defects"][&key].get("test");
        if guards.guard(number) {
            let named = match tests {
                Some(toml::Value::Array(several)) => several.clone(),
                one => one.cloned().into_iter().collect(),
            };
            let without = named.iter().filter_map(toml::Value::as_str);
            wrong.extend(without.filter(|test| !has_guard(test)).map(|test| {
                format!("{key}: {test} is about no guard; add it to one, or say under [none] why not")
            }));
        }
        let (guarded, excused) = (guards.guard(number), guards.none.contains_key(&key));
        if guarded && excused {
            wrong.push(format!("{key} has a guard and a reason why it has none"));
        } else if tests.is_some() && !guarded && !excused {
            wrong.push(format!(
                "{key} has tests and no guard; add it, or say under [none] why not"
            ));
        }
    }
    let functions = of_workspace(&top);
    for entry in &guards.entries {
        for test in &entry.tests {
            if !functions
                .iter()
                .any(|function| function.is_test && function.name == *test)
            {
                wrong.push(format!("{}: no test is called {test}", entry.key));
            }
        }
    }
    assert!(wrong.is_empty(), "tests/guards.toml:\n{}", wrong.join("\n"));
}

/// A row for everything, with these instead of theirs.
fn file(instead: &[(&str, &str)]) -> String {
    let features = FEATURES.map(|number| number.to_string());
    let defects = DEFECTS.map(|number| format!("D{number}"));
    let row = |key: String| {
        let other = instead.iter().find(|(name, _)| *name == key);
        match other {
            Some((_, "")) => String::new(),
            Some((_, row)) => format!("{key} = {row}\n"),
            None => format!("{key} = {{ what = 'it', open = 'later' }}\n"),
        }
    };
    let features: String = features.map(row).collect();
    let defects: String = defects.map(row).collect();
    format!("[features]\n{features}[defects]\n{defects}")
}

fn tests(names: &[&str]) -> Vec<Function> {
    let source: String = names
        .iter()
        .map(|name| format!("#[test]\nfn {name}() {{}}\n"))
        .collect();
    functions("some.rs", &source)
}

/// The only fault, which has all of these in it.
#[track_caller]
fn only(found: Vec<String>, parts: &[&str]) {
    let [fault] = &found[..] else {
        panic!("{found:#?}");
    };
    for part in parts {
        assert!(fault.contains(part), "{part}: {fault}");
    }
}

#[test]
fn a_file_with_a_row_for_everything_passes() {
    let rows = [
        ("1", "{ what = 'it', test = ['one', 'other'] }"),
        ("2", "{ what = 'it', not_applicable = 'no browser' }"),
        ("D3", "{ what = 'it', test = 'both_d3_d17' }"),
        ("D17", "{ what = 'it', test = 'both_d3_d17' }"),
    ];
    let found = faults(&file(&rows), &tests(&["one", "other", "both_d3_d17"]));
    assert_eq!(found, [""; 0]);
}

#[test]
fn a_test_that_is_not_there_is_found() {
    let text = file(&[("12", "{ what = 'it', test = ['here', 'gone'] }")]);
    only(
        faults(&text, &tests(&["here", "gone_too"])),
        &["features.12", "gone;", "open"],
    );
}

#[test]
fn a_function_that_no_longer_is_a_test_is_found() {
    let text = file(&[("12", "{ what = 'it', test = 'helper' }")]);
    let found = faults(&text, &functions("some.rs", "fn helper() {}"));
    only(found, &["features.12", "helper (some.rs)", "#[test]"]);
}

#[test]
fn a_row_that_is_not_there_is_found() {
    only(
        faults(&file(&[("92", "")]), &[]),
        &["features.92 is not there", "add it"],
    );
    only(
        faults(&file(&[("D1", "")]), &[]),
        &["defects.D1 is not there", "add it"],
    );
}

#[test]
fn a_row_too_much_is_found() {
    let defect = format!("{}D47 = {{ what = 'it', open = 'later' }}\n", file(&[]));
    only(faults(&defect, &[]), &["defects.D47 is too much", "D1 to D46"]);
    let odd = file(&[]).replace("[defects]", "012 = { what = 'it', open = 'later' }\n[defects]");
    only(faults(&odd, &[]), &["features.012 is too much", "1 to 92"]);
    let table = format!("{}[wishes]\n", file(&[]));
    only(faults(&table, &[]), &["[wishes]", "take it away"]);
}

#[test]
fn a_row_has_one_form_with_text() {
    for (row, says) in [
        ("{ what = 'it' }", "has none of"),
        ("{ what = 'it', open = 'later', test = 'here' }", "has both"),
        ("{ what = 'it', open = ' ' }", "open gives no reason"),
        (
            "{ what = 'it', not_applicable = 3 }",
            "not_applicable gives no reason",
        ),
        ("{ what = 'it', test = '' }", "the name of a test"),
        ("{ what = 'it', test = [] }", "name a test"),
        ("{ what = 'it', test = ['here', ''] }", "name a test"),
        ("{ what = '', test = 'here' }", "`what`"),
        ("{ test = 'here' }", "`what`"),
        ("{ what = 'it', test = 'here', todo = 'more' }", "a key todo"),
        ("'here'", "is no table"),
    ] {
        only(
            faults(&file(&[("7", row)]), &tests(&["here"])),
            &["features.7", says],
        );
    }
    only(faults("[features", &[]), &["no TOML"]);
}

#[test]
fn a_test_of_a_defect_carries_its_number() {
    let text = file(&[("D1", "{ what = 'it', test = 'guarded' }")]);
    only(faults(&text, &tests(&["guarded"])), &["defects.D1", "guarded_d1"]);
    // And not that of another that begins with it.
    let text = file(&[
        ("D1", "{ what = 'it', test = 'guarded_d17' }"),
        ("D17", "{ what = 'it', test = 'guarded_d17' }"),
    ]);
    only(faults(&text, &tests(&["guarded_d17"])), &["defects.D1:", "_d1;"]);
}

#[test]
fn a_number_in_a_name_is_named_by_its_defect() {
    let text = file(&[("D3", "{ what = 'it', test = 'one_d3' }")]);
    let found = faults(&text, &tests(&["one_d3", "another_d3"]));
    only(found, &["defects.D3", "another_d3 (some.rs)", "name it there"]);
    only(
        faults(&file(&[]), &tests(&["one_d99"])),
        &["defects.D99", "one_d99"],
    );
}

#[test]
fn numbers_are_whole_words() {
    for (name, numbers) in [
        ("held_d1_d3", &[1, 3][..]),
        ("held_d17", &[17]),
        ("held_d1_by_all", &[1]),
        ("d1_held", &[]),
        ("held_d", &[]),
        ("held_d1x", &[]),
        ("and1", &[]),
    ] {
        assert_eq!(Numbers::of(name).iter().collect::<Vec<_>>(), numbers, "{name}");
    }
}

#[test]
fn functions_and_tests_are_told_apart() {
    let source = "
        @[test]
        fn plain() {}
        @[tokio::test(flavor = \"multi_thread\")]
        /// With words, and another attribute.
        @[cfg(unix)]
        async fn waits(a: u8) {}
        pub(crate) async fn helper<T>() {}
        // fn commented() {}
        let f = |g: fn (u8)| g;
        proptest! {
            @![proptest_config(ProptestConfig::with_cases(9))]

            @[test]
            fn any_text(text in any::<String>()) {}
        }";
    // Written so that this file does not have these tests itself.
    let found = functions("some.rs", &source.replace('@', "#"));
    let told: Vec<_> = found
        .iter()
        .map(|function| (function.name.as_str(), function.is_test))
        .collect();
    assert_eq!(
        told,
        [
            ("plain", true),
            ("waits", true),
            ("helper", false),
            ("any_text", true)
        ]
    );
}
