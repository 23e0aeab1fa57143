//! The numbers of a week as facts. What did not happen is left out, but for what waits: that nothing does is worth a line.

use super::Fact;
use super::facts::Particulars;

/// What is said of a digest.
pub(super) fn facts(data: &Particulars<'_>) -> Vec<Fact> {
    let counted = |all: &[(&str, &str)]| -> Option<String> {
        let parts: Vec<String> = all
            .iter()
            .filter_map(|(name, word)| {
                let count = data.number(name).filter(|count| *count != 0)?;
                Some(format!("{count} {word}"))
            })
            .collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    };
    let or_nothing = |counted: Option<String>| Some(counted.unwrap_or_else(|| "nothing".to_owned()));
    let period = data.moment("since").zip(data.moment("until"));
    let granted = data
        .length("granted_seconds")
        .filter(|_| data.number("sessions") != Some(0));
    let all = [
        (
            "Period",
            period.map(|(since, until)| format!("{since} to {until}")),
        ),
        (
            "Requests",
            or_nothing(counted(&[
                ("submitted", "filed"),
                ("break_glass", "of them by break-glass"),
            ])),
        ),
        (
            "Decisions",
            counted(&[
                ("approved", "approved"),
                ("rejected", "rejected"),
                ("expired", "expired"),
                ("withdrawn", "withdrawn or cancelled"),
                ("automatic", "needed none"),
            ]),
        ),
        (
            "Access",
            counted(&[("sessions", "times"), ("revoked", "revoked")]),
        ),
        ("Granted", granted),
        (
            "Unused",
            counted(&[("unused", "sessions in which nothing was done")]),
        ),
        (
            "Failures",
            counted(&[
                ("failed", "not granted"),
                ("stuck", "alarms about removals"),
                ("reappeared", "there again after removal"),
            ]),
        ),
        (
            "Drift",
            counted(&[("drift", "found"), ("differing", "there now")]),
        ),
        (
            "Waiting",
            or_nothing(counted(&[
                ("pending", "for a decision"),
                ("unreviewed", "for a review"),
            ])),
        ),
    ];
    all.into_iter()
        .filter_map(|(label, value)| Some(Fact { label, value: value? }))
        .collect()
}
