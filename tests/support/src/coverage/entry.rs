//! One line of the file: what it is about, and exactly one of `test`, `open` and `not_applicable`.

use super::sources::Function;
use toml::Value;

/// A row that is well formed.
#[derive(Debug)]
pub(super) struct Entry {
    /// `features.12`, as errors name it.
    pub(super) place: String,
    pub(super) claim: Claim,
}

/// What a row says.
#[derive(Debug)]
pub(super) enum Claim {
    /// These tests show it; at least one.
    Tests(Vec<String>),
    /// It is not built, or nothing shows it yet: the reason is there.
    Open,
    /// It means nothing here: the reason is there.
    NotApplicable,
}

/// The forms, of which a row has one.
const FORMS: [&str; 3] = ["test", "open", "not_applicable"];

impl Entry {
    /// Reads a row, or says everything that is wrong with it.
    pub(super) fn read(place: &str, row: &Value) -> Result<Self, Vec<String>> {
        let Some(row) = row.as_table() else {
            return Err(vec![format!(
                "{place} is no table; write {{ what = \"…\", test = \"…\" }}"
            )]);
        };
        let mut wrong = Vec::new();
        if !row.get("what").is_some_and(is_text) {
            wrong.push(format!(
                "{place} does not say `what` it is about; add a few words"
            ));
        }
        let is_known = |key: &str| key == "what" || FORMS.contains(&key);
        for key in row.keys().filter(|key| !is_known(key)) {
            wrong.push(format!(
                "{place} has a key {key}; there are what, {}",
                FORMS.join(", ")
            ));
        }
        let mut forms = row.iter().filter(|(key, _)| FORMS.contains(&key.as_str()));
        let claim = match (forms.next(), forms.next()) {
            (Some((form, value)), None) => claim(place, form, value),
            (None, _) => Err(format!("{place} has none of {}; it takes one", FORMS.join(", "))),
            (Some((one, _)), Some((other, _))) => Err(format!(
                "{place} has both {one} and {other}; keep the one that is true"
            )),
        };
        match claim {
            Ok(claim) if wrong.is_empty() => Ok(Self {
                place: place.to_owned(),
                claim,
            }),
            Ok(_) => Err(wrong),
            Err(fault) => {
                wrong.push(fault);
                Err(wrong)
            }
        }
    }

    /// Tests that it names and that are not there.
    pub(super) fn missing_tests(&self, functions: &[Function]) -> Vec<String> {
        let Claim::Tests(tests) = &self.claim else {
            return Vec::new();
        };
        let missing = |name: &String| {
            let place = &self.place;
            let same: Vec<_> = functions
                .iter()
                .filter(|function| function.name == *name)
                .collect();
            let first = same.first().map(|function| function.file.as_str());
            match first {
                None => Some(format!(
                    "{place}: no test is called {name}; name the one that shows it now, or say that it is open"
                )),
                Some(file) if !same.iter().any(|function| function.is_test) => Some(format!(
                    "{place}: {name} ({file}) is a function but no test; give it #[test], or name another"
                )),
                Some(_) => None,
            }
        };
        tests.iter().filter_map(missing).collect()
    }
}

fn is_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.trim().is_empty())
}

fn claim(place: &str, form: &str, value: &Value) -> Result<Claim, String> {
    let texts = |values: &[Value]| -> Vec<String> {
        let texts = values
            .iter()
            .filter(|value| is_text(value))
            .filter_map(Value::as_str);
        texts.map(ToOwned::to_owned).collect()
    };
    match (form, value) {
        ("test", Value::Array(values)) => {
            let tests = texts(values);
            match !tests.is_empty() && tests.len() == values.len() {
                true => Ok(Claim::Tests(tests)),
                false => Err(format!(
                    "{place}.test is a list of names, none of them empty; name a test"
                )),
            }
        }
        ("test", value) if is_text(value) => Ok(Claim::Tests(texts(std::slice::from_ref(value)))),
        ("test", _) => Err(format!("{place}.test is the name of a test, or a list of names")),
        ("open", value) if is_text(value) => Ok(Claim::Open),
        (_, value) if is_text(value) => Ok(Claim::NotApplicable),
        _ => Err(format!("{place}.{form} gives no reason; a sentence is enough")),
    }
}
