//! Spans of time: ordered, apart from one another, from and up to.

use crate::script::Span;

/// Ordered, and those that touch made one.
pub(crate) fn tidy(mut spans: Vec<Span>) -> Vec<Span> {
    spans.retain(|(from, to)| from < to);
    spans.sort_unstable();
    let mut out: Vec<Span> = Vec::new();
    for (from, to) in spans {
        match out.last_mut() {
            Some(last) if last.1 >= from => last.1 = last.1.max(to),
            _ => out.push((from, to)),
        }
    }
    out
}

/// What of `span` is in none of `holes`, which are tidy.
pub(crate) fn without(span: Span, holes: &[Span]) -> Vec<Span> {
    let (begin, to) = span;
    let (mut from, mut out) = (begin, Vec::new());
    for hole in holes.iter().filter(|hole| hole.1 > begin && hole.0 < to) {
        if hole.0 > from {
            out.push((from, hole.0));
        }
        from = hole.1;
    }
    if from < to {
        out.push((from, to));
    }
    out
}

/// How long `span` is in `within`, which are tidy.
pub(crate) fn measure(span: Span, within: &[Span]) -> i64 {
    let shared = within
        .iter()
        .map(|(from, to)| (to.min(&span.1) - from.max(&span.0)).max(0));
    shared.sum()
}

#[test]
fn spans_are_cut_and_measured() {
    assert_eq!(tidy(vec![(5, 9), (1, 3), (3, 4), (7, 7)]), [(1, 4), (5, 9)]);
    assert_eq!(without((0, 10), &[(1, 4), (5, 12)]), [(0, 1), (4, 5)]);
    assert_eq!(without((2, 3), &[(1, 4)]), []);
    assert_eq!(measure((2, 7), &[(1, 4), (5, 12)]), 4);
}
