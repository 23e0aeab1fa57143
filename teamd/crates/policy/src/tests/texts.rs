//! Reasons, tickets and comments.

use super::*;

fn faults(rules: &TextRules, reason: &str, ticket: Option<&str>, break_glass: bool) -> Vec<String> {
    check_texts(rules, reason, ticket, break_glass)
        .into_iter()
        .map(|fault| format!("{}: {}", fault.field, fault.message))
        .collect()
}

#[test]
fn a_reason_of_ten_characters_is_the_default() {
    let rules = TextRules::default();
    assert_eq!(faults(&rules, "ten chars!", None, false), [""; 0]);
    assert_eq!(
        faults(&rules, "  short   ", None, false),
        ["justification: has 5 characters; at least 10 are needed"]
    );
    assert_eq!(
        faults(&rules, "", None, false),
        ["justification: a reason of at least 10 characters is needed"]
    );
    assert_eq!(
        faults(&rules, "éééééééééé", None, false),
        [""; 0],
        "characters, not bytes"
    );
}

#[test]
fn no_reason_is_needed_where_policy_says_so_but_one_given_is_checked() {
    let rules = TextRules {
        require_justification: false,
        ..TextRules::default()
    };
    assert_eq!(faults(&rules, "", None, false), [""; 0]);
    assert_eq!(faults(&rules, "ok", None, false), [""; 0]);
    assert_eq!(faults(&rules, "   ", None, false), ["justification: is blank"]);
    assert_eq!(faults(&rules, "a\u{202e}b", None, false).len(), 1);
}

#[test]
fn break_glass_needs_thirty_whatever_else_is_written() {
    for require_justification in [true, false] {
        let rules = TextRules {
            require_justification,
            ..TextRules::default()
        };
        assert_eq!(
            faults(&rules, "ledger is down", None, true),
            ["justification: has 14 characters; at least 30 are needed for break-glass"]
        );
        assert_eq!(faults(&rules, "", None, true).len(), 1);
        assert_eq!(
            faults(&rules, "ledger is down, customers cannot pay", None, true),
            [""; 0]
        );
    }
    let strict = TextRules {
        justification_min: 50,
        ..TextRules::default()
    };
    assert_eq!(strict.least_justification(true), 50);
}

#[test]
fn reasons_that_say_nothing_are_rejected_in_any_case() {
    let rules = TextRules {
        justification_min: 1,
        rejected_justifications: vec!["As discussed".to_owned()],
        ..TextRules::default()
    };
    assert_eq!(faults(&rules, " as   DISCUSSED ", None, false).len(), 1);
    assert_eq!(
        faults(&rules, "as discussed with bob in INC-1", None, false),
        [""; 0]
    );
}

#[test]
fn tickets_fit_as_a_whole_d45() {
    let rules = TextRules {
        require_ticket: true,
        ticket_pattern: Some(TicketPattern::new("INC-[0-9]+|CHG-[0-9]+").unwrap()),
        ..TextRules::default()
    };
    let reason = "a good reason";
    for good in ["INC-1", "CHG-22"] {
        assert_eq!(faults(&rules, reason, Some(good), false), [""; 0]);
    }
    for bad in ["see INC-1", "INC-1 ", "INC-", "inc-1", "INC-1\n", "", " "] {
        assert_eq!(faults(&rules, reason, Some(bad), false).len(), 1, "{bad:?}");
    }
    assert_eq!(
        faults(&rules, reason, None, false),
        ["ticket: a ticket is needed, of the form INC-[0-9]+|CHG-[0-9]+"]
    );
}

#[test]
fn a_ticket_need_not_be_given_but_one_given_must_fit_d45() {
    let rules = TextRules {
        ticket_pattern: Some(TicketPattern::new("INC-[0-9]+").unwrap()),
        ..TextRules::default()
    };
    assert_eq!(faults(&rules, "a good reason", None, false), [""; 0]);
    assert_eq!(
        faults(&rules, "a good reason", Some("x"), false),
        ["ticket: is not of the form INC-[0-9]+"]
    );
}

#[test]
fn patterns_of_two_rules_must_both_fit() {
    let with = |pattern| TextRules {
        ticket_pattern: Some(TicketPattern::new(pattern).unwrap()),
        ..TextRules::default()
    };
    let both = with("INC-.*")
        .strictest(with(".*-[0-9]{3}"))
        .strictest(with("INC-.*"));
    assert_eq!(
        both.ticket_pattern.as_ref().unwrap().to_string(),
        "INC-.* and .*-[0-9]{3}"
    );
    assert_eq!(faults(&both, "a good reason", Some("INC-123"), false), [""; 0]);
    for bad in ["INC-1", "CHG-123"] {
        assert_eq!(faults(&both, "a good reason", Some(bad), false).len(), 1);
    }
}

#[test]
fn patterns_that_are_none_are_refused_in_one_line() {
    for bad in ["(", "a)|(b", "[", "x{99999}{99999}", "(?x) a # b"] {
        let error = TicketPattern::new(bad).unwrap_err().to_string();
        assert!(
            !error.contains('\n')
                && (error.starts_with("is not a regular expression: ")
                    || error.starts_with("is too large: ")),
            "{error}"
        );
    }
}

#[test]
fn same_pattern_is_compiled_once() {
    let mut book = PatternBook::default();
    let first = book.pattern("INC-[0-9]+").unwrap();
    let bytes = book.bytes();
    for _ in 0..10_000 {
        assert_eq!(book.pattern("INC-[0-9]+").unwrap(), first);
    }
    assert!(bytes > 0 && book.bytes() == bytes);
}

#[test]
fn patterns_over_the_budget_are_refused() {
    // By size: each takes several hundred kilobytes.
    let mut book = PatternBook::default();
    let refused = (0..100).find_map(|n| book.pattern(&format!(r"\pL{{{}}}", n + 20)).err());
    assert_eq!(refused, Some(InvalidPattern::OverBudget));
    assert!(book.bytes() < 16 * 1024 * 1024, "{}", book.bytes());
    // By size, where each alone is too large to compile.
    let mut book = PatternBook::default();
    let refused: Vec<_> = (0..20)
        .map(|n| book.pattern(&format!(r"\pL{{{}}}", n + 9_000)).unwrap_err())
        .collect();
    assert_eq!(refused[0], InvalidPattern::TooLarge);
    assert_eq!(refused[19], InvalidPattern::OverBudget);
    // By number.
    let mut book = PatternBook::default();
    let refused = (0..3_000).find(|n| book.pattern(&format!("INC-{n}")).is_err());
    assert_eq!(refused, Some(1_000));
}

#[test]
fn all_faults_come_at_once() {
    let rules = TextRules {
        require_ticket: true,
        ..TextRules::default()
    };
    assert_eq!(faults(&rules, "", None, false).len(), 2);
}

#[test]
fn comments_are_needed_where_policy_says_so_and_checked_anyway() {
    let needed = TextRules {
        require_comment: true,
        ..TextRules::default()
    };
    assert!(check_comment(&needed, None).is_some());
    assert!(check_comment(&needed, Some("fine")).is_none());
    assert!(check_comment(&TextRules::default(), None).is_none());
    assert!(check_comment(&TextRules::default(), Some(" ")).is_some());
}

#[test]
fn a_rule_overrides_one_setting_and_keeps_the_rest() {
    let mut own = Overrides {
        require_ticket: Some(true),
        ticket_pattern: Some(None),
        ..Overrides::default()
    };
    own.rejected_justifications = Some(vec!["test".to_owned()]);
    let settings = TextRules {
        justification_min: 20,
        ticket_pattern: Some(TicketPattern::new("A").unwrap()),
        ..TextRules::default()
    };
    let rules = settings.with(&own);
    assert!(rules.require_ticket && rules.ticket_pattern.is_none());
    assert_eq!(rules.justification_min, 20);
    assert_eq!(rules.rejected_justifications, ["test"]);
}
