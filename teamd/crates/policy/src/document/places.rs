//! Where in the text a rule stands, for whoever wants to read or edit it there.

use toml::de::DeTable;

/// A rule's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulePlace {
    /// `eligibility`, `approver`, `deny` or `route`.
    pub kind: &'static str,
    /// Id.
    pub id: String,
    /// Line at which its table begins, from 1.
    pub line: usize,
    /// Its text, with the comments above it.
    pub text: String,
}

/// The rules of a document, in its order. What cannot be read has none.
#[must_use]
pub fn rule_places(text: &str) -> Vec<RulePlace> {
    let (root, _) = DeTable::parse_recoverable(text);
    let lines: Vec<&str> = text.lines().collect();
    let mut places = Vec::new();
    for kind in ["eligibility", "approver", "deny", "route"] {
        let Some(items) = root
            .get_ref()
            .get(kind)
            .and_then(|value| value.get_ref().as_array())
        else {
            continue;
        };
        for item in items.iter() {
            let id = item.get_ref().as_table().and_then(|table| table.get("id"));
            let Some(id) = id.and_then(|id| id.get_ref().as_str()) else {
                continue;
            };
            let before = text.get(..item.span().start).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            places.push(RulePlace {
                kind,
                id: id.to_owned(),
                line,
                text: around(&lines, line - 1),
            });
        }
    }
    places.sort_by_key(|place| place.line);
    places
}

/// The table that begins at this line, with the comments right above it, up to those of the next.
fn around(lines: &[&str], header: usize) -> String {
    let is_comment = |at: usize| {
        lines
            .get(at)
            .is_some_and(|line| line.trim_start().starts_with('#'))
    };
    let mut first = header;
    while first > 0 && is_comment(first - 1) {
        first -= 1;
    }
    let next = (header + 1..lines.len())
        .find(|at| lines[*at].trim_start().starts_with('['))
        .unwrap_or(lines.len());
    let mut last = next;
    // The comments right above the next table are its own.
    while last > header + 1 && next < lines.len() && is_comment(last - 1) {
        last -= 1;
    }
    while last > header + 1 && lines[last - 1].trim().is_empty() {
        last -= 1;
    }
    lines[first..last].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_its_table_with_the_comments_above_it() {
        let text = "version = 1\n# all\n\n# first\n# of two\n[[deny]]\nid = \"d\" # id\nwho = []\n\n# second\n[[eligibility]]\nid = \"e\"\n";
        let places = rule_places(text);
        let short: Vec<_> = places
            .iter()
            .map(|place| (place.kind, place.id.as_str(), place.line))
            .collect();
        assert_eq!(short, [("deny", "d", 6), ("eligibility", "e", 11)]);
        assert_eq!(
            places[0].text,
            "# first\n# of two\n[[deny]]\nid = \"d\" # id\nwho = []"
        );
        assert_eq!(places[1].text, "# second\n[[eligibility]]\nid = \"e\"");
    }

    #[test]
    fn nothing_is_found_in_what_is_no_document() {
        assert_eq!(rule_places("[[deny]]\nid = 3\n[[approver]]\n= ="), []);
        assert_eq!(rule_places(""), []);
    }
}
