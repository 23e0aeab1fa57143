//! What must be written with a request: reason, ticket, comment.

use super::model::Overrides;
use regex_automata::meta::Regex;
use regex_automata::util::syntax;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use team_shared::text;

/// What must be written. The default is the document's.
#[derive(Debug, Clone, PartialEq)]
pub struct TextRules {
    /// Whether a reason must be given.
    pub require_justification: bool,
    /// Its least length in characters, blanks at both ends not counted.
    pub justification_min: usize,
    /// The same for break-glass, where a reason is needed whatever `require_justification` says; 0: not so.
    pub break_glass_justification_min: usize,
    /// Reasons that say nothing: compared as a whole, without regard to case and runs of blanks.
    pub rejected_justifications: Vec<String>,
    /// Whether a ticket must be named.
    pub require_ticket: bool,
    /// What a ticket looks like.
    pub ticket_pattern: Option<TicketPattern>,
    /// Where tickets are read; empty: nowhere.
    pub ticket_url: String,
    /// Whether a decision needs a comment.
    pub require_comment: bool,
}

impl Default for TextRules {
    fn default() -> Self {
        Self {
            require_justification: true,
            justification_min: 10,
            break_glass_justification_min: 30,
            rejected_justifications: Vec::new(),
            require_ticket: false,
            ticket_pattern: None,
            ticket_url: String::new(),
            require_comment: false,
        }
    }
}

impl TextRules {
    /// The same with what a rule has of its own.
    #[must_use]
    pub fn with(&self, own: &Overrides) -> Self {
        Self {
            require_justification: own.require_justification.unwrap_or(self.require_justification),
            justification_min: own.justification_min.unwrap_or(self.justification_min),
            break_glass_justification_min: own
                .break_glass_justification_min
                .unwrap_or(self.break_glass_justification_min),
            rejected_justifications: own
                .rejected_justifications
                .clone()
                .unwrap_or_else(|| self.rejected_justifications.clone()),
            require_ticket: own.require_ticket.unwrap_or(self.require_ticket),
            ticket_pattern: own
                .ticket_pattern
                .clone()
                .unwrap_or_else(|| self.ticket_pattern.clone()),
            ticket_url: own.ticket_url.clone().unwrap_or_else(|| self.ticket_url.clone()),
            require_comment: self.require_comment,
        }
    }

    /// What satisfies both.
    #[must_use]
    pub fn strictest(mut self, other: Self) -> Self {
        self.require_justification |= other.require_justification;
        self.justification_min = self.justification_min.max(other.justification_min);
        self.break_glass_justification_min = self
            .break_glass_justification_min
            .max(other.break_glass_justification_min);
        for rejected in other.rejected_justifications {
            if !self.rejected_justifications.contains(&rejected) {
                self.rejected_justifications.push(rejected);
            }
        }
        self.require_ticket |= other.require_ticket;
        self.ticket_pattern = match (self.ticket_pattern, other.ticket_pattern) {
            (Some(mine), Some(theirs)) => Some(mine.and(theirs)),
            (mine, theirs) => mine.or(theirs),
        };
        if self.ticket_url.is_empty() {
            self.ticket_url = other.ticket_url;
        }
        self.require_comment |= other.require_comment;
        self
    }

    /// The least length of a reason; 0: none is needed.
    #[must_use]
    pub fn least_justification(&self, break_glass: bool) -> usize {
        let ordinary = if self.require_justification {
            self.justification_min.max(1)
        } else {
            0
        };
        if break_glass {
            // The stricter of the two: a policy that asks for fifty characters means break-glass too.
            ordinary.max(self.break_glass_justification_min)
        } else {
            ordinary
        }
    }
}

/// What a ticket looks like: a regular expression (of the Rust `regex` crate) for the whole ticket, so `INC-[0-9]+`
/// does not fit `see INC-1`. Several, where several rules count: all must fit.
#[derive(Debug, Clone)]
pub struct TicketPattern {
    patterns: Vec<(Arc<str>, Arc<Regex>)>,
}

/// Why a ticket pattern is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPattern {
    /// Not well-formed.
    #[error("is not a regular expression: {reason}")]
    Syntax {
        /// What the parser says, in one line.
        reason: String,
    },
    /// One that takes too much memory.
    #[error("is too large: one pattern may take {} KiB compiled", MAX_PATTERN / 1024)]
    TooLarge,
    /// All of a document take too much memory.
    #[error(
        "is one too many: all ticket patterns of a document may take {} MiB compiled, and {MAX_PATTERNS} may differ",
        MAX_ALL_PATTERNS / 1024 / 1024
    )]
    OverBudget,
}

/// Memory of one compiled pattern, in bytes.
const MAX_PATTERN: usize = 1024 * 1024;
/// Memory of all compiled patterns of a document, in bytes.
const MAX_ALL_PATTERNS: usize = 8 * 1024 * 1024;
/// Different patterns of a document.
const MAX_PATTERNS: usize = 1_000;

/// The ticket patterns of one document: each is compiled once, and all together have a memory budget.
#[derive(Debug, Default)]
pub struct PatternBook {
    known: HashMap<String, Result<TicketPattern, InvalidPattern>>,
    bytes: usize,
}

impl PatternBook {
    /// The memory of what is compiled, in bytes.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// A pattern, compiled where it has not been before.
    ///
    /// # Errors
    /// Not a regular expression, or one for which the budget has no room.
    pub fn pattern(&mut self, pattern: &str) -> Result<TicketPattern, InvalidPattern> {
        if let Some(known) = self.known.get(pattern) {
            return known.clone();
        }
        // What is over the budget is not compiled any more: refusing must cost less than accepting.
        if self.bytes >= MAX_ALL_PATTERNS || self.known.len() >= MAX_PATTERNS {
            return Err(InvalidPattern::OverBudget);
        }
        let compiled = compile(pattern);
        self.bytes += match &compiled {
            Ok(regex) => regex.memory_usage(),
            Err(InvalidPattern::TooLarge) => MAX_PATTERN,
            Err(_) => 0,
        };
        let compiled = match compiled {
            Ok(_) if self.bytes > MAX_ALL_PATTERNS => Err(InvalidPattern::OverBudget),
            Ok(regex) => Ok(TicketPattern {
                patterns: vec![(pattern.into(), Arc::new(regex))],
            }),
            Err(error) => Err(error),
        };
        self.known.insert(pattern.to_owned(), compiled.clone());
        compiled
    }
}

impl TicketPattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// Not a regular expression, or one too large to keep.
    pub fn new(pattern: &str) -> Result<Self, InvalidPattern> {
        PatternBook::default().pattern(pattern)
    }

    /// Whether the whole ticket fits.
    #[must_use]
    pub fn fits(&self, ticket: &str) -> bool {
        self.patterns.iter().all(|(_, regex)| regex.is_match(ticket))
    }

    fn and(mut self, other: Self) -> Self {
        for (text, regex) in other.patterns {
            if self.patterns.iter().all(|(mine, _)| *mine != text) {
                self.patterns.push((text, regex));
            }
        }
        self
    }
}

/// Without automata that are built while matching: these would add megabytes to each pattern and thread, and tickets are
/// short. What is left takes as much memory to match as is counted when it is compiled, and time linear in the ticket.
fn compile(pattern: &str) -> Result<Regex, InvalidPattern> {
    // Alone first: `a)|(b` is only well-formed inside the parentheses that anchor it.
    syntax::parse(pattern).map_err(|error| InvalidPattern::Syntax {
        // The parser draws a picture over several lines; its last one says what is wrong.
        reason: error
            .to_string()
            .lines()
            .last()
            .unwrap_or_default()
            .trim_start_matches("error: ")
            .to_owned(),
    })?;
    let config = Regex::config()
        .nfa_size_limit(Some(MAX_PATTERN))
        .hybrid(false)
        .dfa(false)
        .onepass(false);
    let anchored = format!(r"\A(?:{pattern})\z");
    Regex::builder()
        .configure(config)
        .build(&anchored)
        .map_err(|error| match error.syntax_error() {
            Some(error) => InvalidPattern::Syntax {
                reason: error.to_string().lines().last().unwrap_or_default().to_owned(),
            },
            None => InvalidPattern::TooLarge,
        })
}

impl PartialEq for TicketPattern {
    fn eq(&self, other: &Self) -> bool {
        self.patterns
            .iter()
            .map(|(text, _)| text)
            .eq(other.patterns.iter().map(|(text, _)| text))
    }
}

impl Eq for TicketPattern {}

impl fmt::Display for TicketPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (text, _)) in self.patterns.iter().enumerate() {
            if n > 0 {
                f.write_str(" and ")?;
            }
            f.write_str(text)?;
        }
        Ok(())
    }
}

/// A wrong field of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextFault {
    /// The field's name in the body.
    pub field: &'static str,
    /// What is wrong with it, and what would be right.
    pub message: String,
}

fn fault(field: &'static str, message: impl Into<String>) -> TextFault {
    TextFault {
        field,
        message: message.into(),
    }
}

/// Checks reason and ticket; all faults at once. An empty reason is none.
#[must_use]
pub fn check_texts(
    rules: &TextRules,
    justification: &str,
    ticket: Option<&str>,
    break_glass: bool,
) -> Vec<TextFault> {
    let mut faults = Vec::new();
    faults.extend(check_justification(rules, justification, break_glass));
    faults.extend(check_ticket(rules, ticket));
    faults
}

/// Checks the comment of a decision.
#[must_use]
pub fn check_comment(rules: &TextRules, comment: Option<&str>) -> Option<TextFault> {
    match comment {
        None if rules.require_comment => Some(fault("comment", "a comment is needed")),
        None => None,
        Some(comment) => text::check(comment)
            .err()
            .map(|e| fault("comment", e.to_string())),
    }
}

fn check_justification(rules: &TextRules, justification: &str, break_glass: bool) -> Option<TextFault> {
    const FIELD: &str = "justification";
    let least = rules.least_justification(break_glass);
    if justification.is_empty() {
        return (least > 0).then(|| {
            fault(
                FIELD,
                format!("a reason of at least {least} characters is needed"),
            )
        });
    }
    if let Err(error) = text::check(justification) {
        return Some(fault(FIELD, error.to_string()));
    }
    let length = justification.trim().chars().count();
    if length < least {
        let why = if break_glass { " for break-glass" } else { "" };
        return Some(fault(
            FIELD,
            format!("has {length} characters; at least {least} are needed{why}"),
        ));
    }
    let given = squeezed(justification);
    rules
        .rejected_justifications
        .iter()
        .any(|rejected| squeezed(rejected) == given)
        .then(|| fault(FIELD, "says nothing about why: policy does not take this reason"))
}

fn check_ticket(rules: &TextRules, ticket: Option<&str>) -> Option<TextFault> {
    const FIELD: &str = "ticket";
    let Some(ticket) = ticket else {
        return rules.require_ticket.then(|| match &rules.ticket_pattern {
            Some(pattern) => fault(FIELD, format!("a ticket is needed, of the form {pattern}")),
            None => fault(FIELD, "a ticket is needed"),
        });
    };
    if let Err(error) = text::check(ticket) {
        return Some(fault(FIELD, error.to_string()));
    }
    rules
        .ticket_pattern
        .as_ref()
        .filter(|pattern| !pattern.fits(ticket))
        .map(|pattern| fault(FIELD, format!("is not of the form {pattern}")))
}

fn squeezed(text: &str) -> String {
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .to_lowercase()
}
