//! Free text: what may be written, and how text from outside is made inert before a terminal sees it.

/// The longest free text in characters.
pub const MAX_TEXT: usize = 1024;

/// Why a free text is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidText {
    /// Nothing but white space.
    #[error("is blank")]
    Blank,
    /// More than [`MAX_TEXT`] characters.
    #[error("has {0} characters, more than 1024")]
    TooLong(usize),
    /// Characters that a reader cannot see or that change what is seen.
    #[error("holds characters that cannot be shown safely: {0}")]
    Hidden(String),
}

/// Checks a reason, comment or ticket.
///
/// # Errors
/// Blank, longer than [`MAX_TEXT`] characters, or with control, bidi or format characters, which are named.
pub fn check(text: &str) -> Result<(), InvalidText> {
    if text.trim().is_empty() {
        return Err(InvalidText::Blank);
    }
    let length = text.chars().count();
    if length > MAX_TEXT {
        return Err(InvalidText::TooLong(length));
    }
    let mut hidden: Vec<String> = text
        .chars()
        .filter(|c| is_hidden(*c))
        .map(|c| format!("U+{:04X}", c as u32))
        .collect();
    hidden.dedup();
    if hidden.is_empty() {
        Ok(())
    } else {
        Err(InvalidText::Hidden(hidden.join(", ")))
    }
}

/// Text from outside in a form that a terminal, a log line and a reader can take: hidden characters stand as
/// `\u{…}`, line breaks and tabs as blanks.
#[must_use]
pub fn inert(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => safe.push(' '),
            c if is_hidden(c) => safe.extend(c.escape_unicode()),
            c => safe.push(c),
        }
    }
    safe
}

/// Control characters, bidi controls, zero-width and other format characters, tags, private use and non-characters.
#[must_use]
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00AD}' | '\u{034F}' | '\u{0600}'..='\u{0605}' | '\u{061C}' | '\u{06DD}' | '\u{070F}'
            | '\u{0890}'..='\u{0891}' | '\u{08E2}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}'
            | '\u{FDD0}'..='\u{FDEF}' | '\u{110BD}' | '\u{110CD}' | '\u{13430}'..='\u{1343F}'
            | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E000}'..='\u{F8FF}'
            | '\u{E0000}'..='\u{E0FFF}' | '\u{F0000}'..='\u{10FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_text_passes_in_any_language() {
        for text in ["INC-4711", "Grüße, 東京 – naïve café", "a", "שלום", "emoji 🚑"] {
            assert_eq!(check(text), Ok(()), "{text}");
            assert_eq!(inert(text), text);
        }
    }

    #[test]
    fn hidden_characters_are_named() {
        assert_eq!(check("a\u{202e}b"), Err(InvalidText::Hidden("U+202E".into())));
        assert_eq!(check("a\x1b[2J"), Err(InvalidText::Hidden("U+001B".into())));
        assert_eq!(check(" \u{3000} "), Err(InvalidText::Blank));
        assert_eq!(check(&"x".repeat(1025)), Err(InvalidText::TooLong(1025)));
        assert!(check(&"é".repeat(1024)).is_ok());
    }

    #[test]
    fn inert_text_holds_no_control_character() {
        let evil = "x\x1b]52;c;aGk=\x07\u{9b}2J\u{202e}y\nz\u{e0041}";
        let safe = inert(evil);
        assert!(!safe.chars().any(is_hidden), "{safe}");
        assert_eq!(inert(&safe), safe);
        assert!(safe.contains("\\u{202e}"));
    }
}
