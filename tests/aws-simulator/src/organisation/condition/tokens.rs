//! Cutting either language into words.

/// A word of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A name, a keyword, an id.
    Word(String),
    /// What was between quotes, without escapes.
    Text(String),
    /// An operator, a parenthesis, a comma.
    Sign(&'static str),
}

/// How texts are quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quotes {
    /// `"…"`, in which a backslash takes the next character as it is.
    Double,
    /// `'…'`, in which two quotes are one.
    Single,
}

const SIGNS: &[&str] = &["&&", "||", ">=", "<=", "(", ")", "{", "}", "="];

/// The words, or what is wrong.
pub(super) fn cut(text: &str, quotes: Quotes) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let quote = match quotes {
            Quotes::Double => '"',
            Quotes::Single => '\'',
        };
        if first == quote {
            let (inside, after) = quoted(&rest[1..], quotes).ok_or("a text without an end")?;
            tokens.push(Token::Text(inside));
            rest = after;
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            tokens.push(Token::Sign(sign));
            rest = &rest[sign.len()..];
        } else {
            let in_word = |c: char| c.is_ascii_alphanumeric() || "$._-".contains(c);
            let end = rest.find(|c| !in_word(c)).unwrap_or(rest.len());
            if end == 0 {
                return Err(format!("{first:?} is not understood"));
            }
            tokens.push(Token::Word(rest[..end].to_owned()));
            rest = &rest[end..];
        }
        rest = rest.trim_start();
    }
    Ok(tokens)
}

/// The text up to its closing quote, and what follows that.
fn quoted(text: &str, quotes: Quotes) -> Option<(String, &str)> {
    let mut inside = String::new();
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match (quotes, character) {
            (Quotes::Double, '\\') => inside.push(characters.next()?.1),
            (Quotes::Double, '"') => return Some((inside, &text[at + 1..])),
            (Quotes::Single, '\'') => match characters.next_if(|(_, next)| *next == '\'') {
                Some(_) => inside.push('\''),
                None => return Some((inside, &text[at + 1..])),
            },
            _ => inside.push(character),
        }
    }
    None
}

/// The words that are left to read.
pub(super) struct Reader {
    tokens: std::vec::IntoIter<Token>,
}

impl Reader {
    pub(super) fn new(tokens: Vec<Token>) -> Self {
        Self {
            tokens: tokens.into_iter(),
        }
    }

    pub(super) fn next(&mut self) -> Option<Token> {
        self.tokens.next()
    }

    /// Takes the sign if it is next.
    pub(super) fn takes(&mut self, sign: &str) -> bool {
        let there = matches!(self.tokens.as_slice().first(), Some(Token::Sign(next)) if *next == sign);
        if there {
            self.tokens.next();
        }
        there
    }

    /// Takes the keyword, in either case, if it is next.
    pub(super) fn takes_word(&mut self, word: &str) -> bool {
        let next = self.tokens.as_slice().first();
        let there = matches!(next, Some(Token::Word(next)) if next.eq_ignore_ascii_case(word));
        if there {
            self.tokens.next();
        }
        there
    }

    pub(super) fn is_done(&self) -> bool {
        self.tokens.as_slice().is_empty()
    }
}
