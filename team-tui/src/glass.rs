//! Break-glass: access that was taken without approval. It has one badge wherever requests are shown, in red, and in a
//! sign and a word of its own for those who see no red.

use team_shared::request::RequestView;

/// The badge of a row. A letter: no other sign of ours is one, and every terminal and screen reader has it.
pub(crate) const SIGN: &str = "B";

/// The same for a row that is marked.
pub(crate) const MARKED: &str = "▣";

/// The badge where there is room for words.
pub(crate) const WORD: &str = "BREAK-GLASS";

/// Whether a row still carries the badge: until the access is over and somebody has looked at what was done with it.
pub(crate) fn is_open(view: &RequestView) -> bool {
    let is_reviewed = view.review.by.is_some() || !view.review.needed;
    view.break_glass && !(view.state.is_terminal() && is_reviewed)
}

/// ` BREAK-GLASS`, behind the state of one that is; nothing for any other.
pub(crate) fn behind(view: &RequestView) -> String {
    if view.break_glass {
        format!(" {WORD}")
    } else {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use chrono::DateTime;
    use team_shared::state::RequestState;

    #[test]
    fn the_badge_stays_until_somebody_has_looked() {
        let now = DateTime::from_timestamp(1_795_000_000, 0).expect("a moment");
        let mut view = fixtures::request(now, "7FQHX2", "bob", 4);
        view.state = RequestState::Active;
        assert!(!is_open(&view) && behind(&view).is_empty());
        view.break_glass = true;
        assert!(is_open(&view));
        view.state = RequestState::Ended;
        view.review.needed = true;
        assert!(is_open(&view), "over, and its review is open");
        view.review.by = Some(fixtures::person("gita"));
        assert!(!is_open(&view), "somebody has looked");
        assert_eq!(behind(&view), " BREAK-GLASS", "what is told of it stays true");
    }
}
