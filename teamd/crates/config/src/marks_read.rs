//! `[[activity.mark]]` and `[activity] marks_off` from the tree: what about a call is worth a look.

use super::section::Section;
use std::collections::BTreeSet;
use teamd_domain::activity::{MarkRule, Only};

/// Marks that the records themselves show, and those that only more than one record shows: rules cannot have their names.
const BUILT_IN: [&str; 9] = [
    "write",
    "error",
    "role-chaining",
    "left-our-view",
    "left-behind",
    "new-address",
    "new-agent",
    "new-action",
    "denied-burst",
];

/// The rules of teamd, each replaced by the one of the same name where there is one, without those that are off.
pub(super) fn marks(section: &mut Section<'_>) -> Vec<MarkRule> {
    let (marks_at, off_at) = (section.origin("mark"), section.origin("marks_off"));
    let own = section.parts("mark", mark);
    let off = section
        .list("marks_off", |name| Ok(name.to_owned()))
        .unwrap_or_default();
    let mut names = BTreeSet::new();
    for rule in &own {
        if let (false, Some(at)) = (names.insert(rule.name.clone()), &marks_at) {
            section.wrong("mark", at, format!("two are called {:?}", rule.name));
        }
    }
    let mut rules = MarkRule::defaults();
    rules.retain(|rule| !names.contains(&rule.name));
    rules.extend(own);
    for name in &off {
        if let (false, Some(at)) = (rules.iter().any(|rule| rule.name == *name), &off_at) {
            let known: Vec<&str> = rules.iter().map(|rule| rule.name.as_str()).collect();
            section.wrong(
                "marks_off",
                at,
                format!("there is no rule {name:?}; there are: {}", known.join(", ")),
            );
        }
    }
    rules.retain(|rule| !off.contains(&rule.name));
    rules
}

fn mark(section: &mut Section<'_>) -> Option<MarkRule> {
    let calls_at = section.origin("calls");
    let name = section.text("name", name);
    let calls = section.list("calls", calls);
    let only = section.text("only", |text| match text {
        "all" => Ok(Only::All),
        "writes" => Ok(Only::Writes),
        "reads" => Ok(Only::Reads),
        _ => Err(format!("{text:?} is not one of \"all\", \"writes\", \"reads\"")),
    });
    let tells = section.flag("tell").unwrap_or(true);
    if let (Some([]), Some(at)) = (calls.as_deref(), &calls_at) {
        section.wrong("calls", at, "names no call");
    }
    match (name, calls) {
        (Some(name), Some(calls)) => Some(MarkRule {
            name,
            calls,
            only: only.unwrap_or_default(),
            tells,
        }),
        (_, None) if calls_at.is_none() => {
            section.wrong_itself("needs calls = [\"iam:*\", …]");
            None
        }
        _ => {
            section.wrong_itself("needs name = \"…\"");
            None
        }
    }
}

fn name(text: &str) -> Result<String, String> {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if text.is_empty() || text.len() > 40 || !text.chars().all(is_word) {
        return Err(format!("{text:?} is not a mark: small letters, digits and -"));
    }
    if BUILT_IN.contains(&text) {
        return Err(format!("{text:?} is a mark that teamd gives by itself"));
    }
    Ok(text.to_owned())
}

fn calls(text: &str) -> Result<String, String> {
    let part = |part: &str| {
        let start = part.strip_suffix('*').unwrap_or(part);
        !part.is_empty() && start.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    match text.split_once(':') {
        Some((service, call)) if part(service) && part(call) => Ok(text.to_owned()),
        _ => Err(format!(
            "{text:?} must be service:Call, with * only at the end of either"
        )),
    }
}

#[cfg(test)]
mod tests {
    use crate::Config;

    fn read(text: &str) -> Result<Vec<(String, usize)>, String> {
        Config::parse(std::path::Path::new("teamd.toml"), text, std::iter::empty())
            .map(|config| {
                let marks = config.activity.marks.into_iter();
                marks.map(|rule| (rule.name, rule.calls.len())).collect()
            })
            .map_err(|errors| errors.to_string())
    }

    #[test]
    fn own_rules_replace_those_of_their_name_and_any_can_be_off() {
        let names =
            |text: &str| -> Vec<String> { read(text).unwrap().into_iter().map(|(name, _)| name).collect() };
        let usual = names("");
        assert!(usual.contains(&"iam-change".to_owned()));
        let text = "[activity]\nmarks_off = [\"key-change\"]\n[[activity.mark]]\nname = \"secret-read\"\n\
                    calls = [\"vault:Get*\"]\nonly = \"reads\"\ntell = false\n";
        let own = names(text);
        assert_eq!(own.len(), usual.len() - 1, "{own:?}");
        assert!(!own.contains(&"key-change".to_owned()));
        assert_eq!(read(text).unwrap().last(), Some(&("secret-read".to_owned(), 1)));
    }

    #[test]
    fn what_cannot_be_a_rule_is_named() {
        let wrong = [
            ("[[activity.mark]]\ncalls = [\"iam:*\"]", "needs name"),
            ("[[activity.mark]]\nname = \"x\"", "needs calls"),
            (
                "[[activity.mark]]\nname = \"write\"\ncalls = [\"iam:*\"]",
                "by itself",
            ),
            (
                "[[activity.mark]]\nname = \"x\"\ncalls = [\"iam\"]",
                "service:Call",
            ),
            (
                "[[activity.mark]]\nname = \"x\"\ncalls = [\"i*m:Get\"]",
                "service:Call",
            ),
            ("[[activity.mark]]\nname = \"x\"\ncalls = []", "names no call"),
            ("[activity]\nmarks_off = [\"iam\"]", "there is no rule"),
        ];
        for (text, expected) in wrong {
            let error = read(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
