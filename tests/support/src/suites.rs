//! Every suite of `tests/` belongs to a package, and a plain `cargo test -p` of that package builds it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn manifests(top: &Path) -> Vec<PathBuf> {
    let crates = std::fs::read_dir(top.join("teamd/crates")).expect("the crates of teamd");
    let mut found: Vec<PathBuf> = crates.map(|entry| entry.expect("an entry").path()).collect();
    found.extend([top.join("teamd"), top.join("team-tui")]);
    found
}

#[test]
fn every_suite_is_built_without_features() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut built = BTreeSet::new();
    for folder in manifests(&top) {
        let text = std::fs::read_to_string(folder.join("Cargo.toml")).expect("a manifest");
        let manifest: toml::Table = text.parse().expect("TOML");
        for suite in manifest
            .get("test")
            .and_then(toml::Value::as_array)
            .into_iter()
            .flatten()
        {
            let path = folder.join(suite["path"].as_str().expect("a path"));
            let path = path.canonicalize().expect("the suite's main file");
            assert!(
                suite.get("required-features").is_none(),
                "{} is skipped where a feature is off",
                path.display()
            );
            built.insert(path.parent().expect("its folder").to_owned());
        }
    }
    let suites = std::fs::read_dir(top.join("tests")).expect("the suites");
    let suites: BTreeSet<PathBuf> = suites
        .map(|entry| entry.expect("an entry").path())
        .filter(|folder| folder.join("main.rs").exists())
        .map(|folder| folder.canonicalize().expect("a suite"))
        .collect();
    assert!(suites.len() >= 6, "{suites:?}");
    assert_eq!(built, suites);
}
