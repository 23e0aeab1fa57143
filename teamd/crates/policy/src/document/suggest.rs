//! "Did you mean".

/// The candidate that was probably meant, if one is near enough to be.
pub(super) fn nearest<'a>(written: &str, candidates: &[&'a str]) -> Option<&'a str> {
    // A key of a few hundred characters is no slip of the fingers.
    if written.chars().count() > 64 {
        return None;
    }
    let folded = written.to_lowercase().replace('-', "_");
    candidates
        .iter()
        .map(|candidate| {
            (
                distance(&folded, &candidate.to_lowercase().replace('-', "_")),
                *candidate,
            )
        })
        .filter(|(distance, candidate)| *distance <= (candidate.chars().count() / 3).clamp(1, 3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many insertions, deletions, replacements and swaps of neighbours lead from one to the other.
fn distance(one: &str, other: &str) -> usize {
    let one: Vec<char> = one.chars().collect();
    let other: Vec<char> = other.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut previous: Vec<usize> = (0..=other.len()).collect();
    for row in 1..=one.len() {
        let mut current = vec![row; other.len() + 1];
        for column in 1..=other.len() {
            let replaced = previous[column - 1] + usize::from(one[row - 1] != other[column - 1]);
            let mut least = replaced.min(previous[column] + 1).min(current[column - 1] + 1);
            if row > 1 && column > 1 && one[row - 1] == other[column - 2] && one[row - 2] == other[column - 1]
            {
                least = least.min(before[column - 2] + 1);
            }
            current[column] = least;
        }
        before = std::mem::replace(&mut previous, current);
    }
    previous[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_keys_are_found_and_far_ones_are_not() {
        let keys = [
            "max_duration",
            "min_duration",
            "who",
            "accounts",
            "approvers",
            "deny",
        ];
        for (written, meant) in [
            ("max_durations", Some("max_duration")),
            ("maxduration", Some("max_duration")),
            ("max-duration", Some("max_duration")),
            ("Accounts", Some("accounts")),
            ("acounts", Some("accounts")),
            ("approvres", Some("approvers")),
            ("whom", Some("who")),
            ("zebra", None),
            ("", None),
        ] {
            assert_eq!(nearest(written, &keys), meant, "{written}");
        }
    }
}
