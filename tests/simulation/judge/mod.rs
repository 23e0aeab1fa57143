//! The judge: reads what AWS received and changed, what people did and what they were told, and says what must not be.
//!
//! It shares no code with the engine and never asks it: a promise is judged by those to whom it was made. The names are
//! those of the project's list of invariants. To add one: a function in `access.rs`, `calls.rs` or `words.rs` and a
//! line in [`INVARIANTS`].

mod access;
mod calls;
mod case;
mod spans;
mod words;

pub(crate) use case::Case;

/// What must not be, and when it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) invariant: &'static str,
    pub(crate) at: i64,
    pub(crate) what: String,
}

/// Finds what must not be.
type Invariant = fn(&Case<'_>) -> Vec<(i64, String)>;

/// Every invariant, by name.
pub(crate) const INVARIANTS: &[(&str, Invariant)] = &[
    ("no_orphan", access::no_orphan),
    ("standing_untouched", access::standing_untouched),
    ("not_cut_short", access::not_cut_short),
    ("converges", access::converges),
    ("approved_first", calls::approved_first),
    ("no_self_approval", calls::no_self_approval),
    ("intent_first", calls::intent_first),
    ("one_daemon_writes", calls::one_daemon_writes),
    ("removals_first", calls::removals_first),
    ("tries_are_remembered", calls::tries_are_remembered),
    ("held_gate", calls::held_gate),
    ("commands_hold", calls::commands_hold),
    ("trusted_clock", calls::trusted_clock),
    ("no_early_terminal", words::no_early_terminal),
    ("fold", words::fold),
    ("audited", words::audited),
];

/// Everything that a record violates, in the order of time.
pub(crate) fn judge(record: &super::record::Record) -> Vec<Violation> {
    let case = Case::new(record);
    let mut found: Vec<_> = INVARIANTS
        .iter()
        .flat_map(|(invariant, look)| {
            look(&case)
                .into_iter()
                .map(|(at, what)| Violation { invariant, at, what })
        })
        .collect();
    found.sort_by_key(|violation| violation.at);
    found
}

/// The longest that access was there outside of its windows, in milliseconds that count.
pub(crate) fn overstay(case: &Case<'_>) -> i64 {
    let all = access::overstays(case).into_iter();
    all.map(|(_, _, overstay)| overstay).max().unwrap_or(0)
}
