//! `{ ($.a.b = "x*") && (($.c = "y") || ($.d = "z")) }`: CloudWatch Logs' patterns for JSON, of equalities.

use super::Condition;
use super::tokens::{Quotes, Reader, Token, cut};

/// Parentheses deeper than this are refused.
const DEPTH: usize = 20;

/// The condition that the pattern means; none for an empty one, which everything matches.
pub(crate) fn parse(text: &str) -> Result<Condition, String> {
    if text.trim().is_empty() {
        return Ok(Condition::All(Vec::new()));
    }
    let mut reader = Reader::new(cut(text, Quotes::Double)?);
    if !reader.takes("{") {
        return Err("only patterns for JSON, in braces, are understood".into());
    }
    let condition = either(&mut reader, 0)?;
    if reader.takes("}") && reader.is_done() {
        return Ok(condition);
    }
    Err("the pattern does not end where it should".into())
}

fn either(reader: &mut Reader, depth: usize) -> Result<Condition, String> {
    let mut parts = vec![both(reader, depth)?];
    while reader.takes("||") {
        parts.push(both(reader, depth)?);
    }
    Ok(Condition::Any(parts))
}

fn both(reader: &mut Reader, depth: usize) -> Result<Condition, String> {
    let mut parts = vec![one(reader, depth)?];
    while reader.takes("&&") {
        parts.push(one(reader, depth)?);
    }
    Ok(Condition::All(parts))
}

fn one(reader: &mut Reader, depth: usize) -> Result<Condition, String> {
    if depth > DEPTH {
        return Err("too many parentheses".into());
    }
    if reader.takes("(") {
        let inner = either(reader, depth + 1)?;
        return if reader.takes(")") {
            Ok(inner)
        } else {
            Err("a parenthesis is not closed".into())
        };
    }
    let Some(Token::Word(selector)) = reader.next() else {
        return Err("a selector such as $.eventName is missing".into());
    };
    let path = selector
        .strip_prefix("$.")
        .ok_or_else(|| format!("{selector} is not a selector"))?;
    let path: Vec<String> = path.split('.').map(str::to_owned).collect();
    match (reader.takes("="), reader.next()) {
        (true, Some(Token::Text(text) | Token::Word(text))) => Ok(Condition::Is {
            path,
            text,
            wild: true,
        }),
        _ => Err(format!("only = and a text may follow {selector}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_matches_and_what_is_refused() {
        let record = json!({ "a": { "b": "xyz" }, "c": "n", "d": "q\"\\z" });
        for (pattern, matches) in [
            ("", true),
            (r#"{ $.a.b = "xyz" }"#, true),
            (r#"{ $.a.b = "x*" }"#, true),
            (r#"{ $.a.b = "*z" }"#, true),
            (r#"{ $.a.b = "*y*" }"#, true),
            (r#"{ $.a.b = "y*" }"#, false),
            (r#"{ $.a.b = "xy" }"#, false),
            (r#"{ $.d = "q\"\\z" }"#, true),
            (r#"{ ($.a.b = "x*") && (($.c = "y") || ($.d = "q*")) }"#, true),
            (r#"{ ($.a.b = "x*") && (($.c = "y") || ($.d = "z")) }"#, false),
            (r#"{ $.nothing = "*" }"#, false),
            (r#"{ $.c = n || $.c = "m" && $.c = "o" }"#, true),
        ] {
            assert_eq!(parse(pattern).unwrap().holds(&record), matches, "{pattern}");
        }
        for wrong in [
            "ERROR",
            "{ }",
            "{ a = \"x\" }",
            "{ $.a > 1 }",
            "{ $.a = \"x }",
            "{ ($.a = \"x\" }",
            "{ $.a = \"x\" } x",
            "{ $.a = \"x\" && }",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        assert!(parse(&format!("{{ {} }}", "(".repeat(10_000))).is_err());
    }
}
