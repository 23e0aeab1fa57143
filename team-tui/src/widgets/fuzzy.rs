//! Fuzzy matching, as in fzf: case and accents do not matter unless typed.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

/// Whether `needle` is found in `haystack`.
pub(crate) fn matches(needle: &str, haystack: &str) -> bool {
    score(needle, haystack).is_some()
}

fn score(needle: &str, haystack: &str) -> Option<u32> {
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut buffer = Vec::new();
    Pattern::parse(needle, CaseMatching::Smart, Normalization::Smart)
        .score(Utf32Str::new(haystack, &mut buffer), &mut matcher)
}

/// The matching candidates, best first; all of them, in order, for an empty needle.
pub(crate) fn rank<'a, T>(needle: &str, candidates: &'a [T], text: impl Fn(&T) -> String) -> Vec<&'a T> {
    if needle.trim().is_empty() {
        return candidates.iter().collect();
    }
    let mut matcher = Matcher::new(Config::DEFAULT);
    let pattern = Pattern::parse(needle, CaseMatching::Smart, Normalization::Smart);
    let mut buffer = Vec::new();
    let mut ranked: Vec<(u32, &T)> = candidates
        .iter()
        .filter_map(|candidate| {
            let haystack = text(candidate);
            let score = pattern.score(Utf32Str::new(&haystack, &mut buffer), &mut matcher)?;
            Some((score, candidate))
        })
        .collect();
    ranked.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    ranked.into_iter().map(|(_, candidate)| candidate).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_by_pieces_and_without_accents() {
        assert!(matches("pprod", "pay-prod"));
        assert!(matches("muller", "Müller"));
        assert!(!matches("zz", "pay-prod"));
        let names = ["web-prod", "pay-prod", "pay-stage"];
        assert_eq!(rank("payp", &names, |n| (*n).to_owned())[0], &"pay-prod");
        assert_eq!(rank("", &names, |n| (*n).to_owned()).len(), 3);
    }
}
