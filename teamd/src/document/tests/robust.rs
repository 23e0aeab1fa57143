//! Any text is answered, never with a panic.

use super::WHOLE;
use crate::document::parse;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn no_text_is_too_strange(text in any::<String>()) {
        let _ = parse(&text);
    }

    #[test]
    fn no_piece_of_toml_is_too_strange(text in "([\\[\\]{}=.,\"'#\\-+_:*/\\\\a-z0-9é\u{202e} \n]|who|id|\\[\\[eligibility\\]\\]\n|version = 1\n){0,60}") {
        let _ = parse(&text);
    }

    #[test]
    fn a_cut_or_mangled_document_is_answered_with_places_in_it(
        from in 0..WHOLE.len(), length in 0_usize..40, instead in "[\\[\\]{}=.,\"'#a-z0-9\u{00e9}🚑\n]{0,6}",
    ) {
        let mut text = WHOLE.to_owned();
        text.replace_range(from..(from + length).min(WHOLE.len()), &instead);
        if let Err(faults) = parse(&text) {
            let lines: Vec<&str> = text.split('\n').collect();
            prop_assert!(!faults.is_empty());
            for fault in faults {
                prop_assert!((1..=lines.len()).contains(&fault.line), "{fault}");
                prop_assert!((1..=lines[fault.line - 1].chars().count() + 1).contains(&fault.column), "{fault}");
                prop_assert!(!fault.message.chars().any(team_shared::text::is_hidden), "{fault}");
            }
        }
    }
}
