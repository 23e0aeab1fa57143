//! The documented semantics, case by case, from `tests/policy/cases`: what a policy says, and what comes of it.

use super::organisation;
use crate::document::reader::{Faults, Section};
use crate::document::{expectations, parse};
use crate::expectation::check;
use std::collections::BTreeSet;
use toml::de::DeTable;

#[test]
fn every_case_comes_out_as_it_says() {
    let (directory, now) = organisation::read();
    let mut files: Vec<_> = std::fs::read_dir(organisation::folder().join("cases"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let (mut cases, mut wrong) = (0, Vec::new());
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        let root = DeTable::parse(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
        let mut faults = Faults::new(&text);
        let root = Section::root(root.get_ref());
        root.refuse_unknown(&["about", "case"], &mut faults);
        root.require("about", &mut faults);
        for case in root.tables("case", &mut faults) {
            cases += 1;
            case.refuse_unknown(&["says", "policy", "expect"], &mut faults);
            let says = case
                .text("says", &mut faults)
                .unwrap_or_else(|| panic!("{file}: a case says nothing"));
            // Every document begins with its version, which no case is about.
            let document = case
                .parsed("policy", &mut faults, |text| Ok(format!("version = 1\n{text}")))
                .unwrap();
            let policy = parse(&document).unwrap_or_else(|faults| panic!("{file}, {says}: {faults:?}"));
            let expected = expectations::each(&case, &mut faults);
            assert!(!expected.is_empty(), "{file}, {says}: expects nothing");
            for one in check(&expected, &policy, &directory, &BTreeSet::new(), now) {
                if !one.holds() {
                    wrong.push(format!(
                        "{file}:{} {says}\n  {}: {}",
                        one.line,
                        one.expected,
                        one.came.join(" | ")
                    ));
                }
            }
        }
        let faults = faults.in_order();
        assert!(faults.is_empty(), "{file}: {faults:?}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(cases >= 60, "{cases} cases");
}
