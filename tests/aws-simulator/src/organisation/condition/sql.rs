//! `SELECT eventJson FROM <id> WHERE … AND (… OR …)`: CloudTrail Lake's SQL, of equalities, likenesses and
//! times.

use chrono::NaiveDateTime;

use super::Condition;
use super::tokens::{Quotes, Reader, Token, cut};

/// Parentheses deeper than this are refused.
const DEPTH: usize = 20;

/// Columns of AWS's schema that may be compared, and the members of the record that they are.
const COLUMNS: &[(&str, &[&str])] = &[
    ("recipientaccountid", &["recipientAccountId"]),
    ("eventname", &["eventName"]),
    ("eventsource", &["eventSource"]),
    ("eventid", &["eventID"]),
    ("awsregion", &["awsRegion"]),
    ("useridentity.principalid", &["userIdentity", "principalId"]),
    ("useridentity.username", &["userIdentity", "userName"]),
    ("useridentity.arn", &["userIdentity", "arn"]),
    ("useridentity.accesskeyid", &["userIdentity", "accessKeyId"]),
    (
        "useridentity.onbehalfof.userid",
        &["userIdentity", "onBehalfOf", "userId"],
    ),
    (
        "useridentity.sessioncontext.sessionissuer.username",
        &["userIdentity", "sessionContext", "sessionIssuer", "userName"],
    ),
];

/// A query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Statement {
    /// The id of an event data store.
    pub(crate) from: String,
    pub(crate) condition: Condition,
}

/// The query that the text means.
pub(crate) fn parse(text: &str) -> Result<Statement, String> {
    let mut reader = Reader::new(cut(text, Quotes::Single)?);
    if !(reader.takes_word("select") && reader.takes_word("eventjson") && reader.takes_word("from")) {
        return Err("only SELECT eventJson FROM is understood".into());
    }
    let Some(Token::Word(from)) = reader.next() else {
        return Err("the id of an event data store is missing".into());
    };
    let condition = if reader.takes_word("where") {
        either(&mut reader, 0)?
    } else {
        Condition::All(Vec::new())
    };
    if reader.is_done() {
        return Ok(Statement { from, condition });
    }
    Err("the query does not end where it should".into())
}

fn either(reader: &mut Reader, depth: usize) -> Result<Condition, String> {
    let mut parts = vec![both(reader, depth)?];
    while reader.takes_word("or") {
        parts.push(both(reader, depth)?);
    }
    Ok(Condition::Any(parts))
}

fn both(reader: &mut Reader, depth: usize) -> Result<Condition, String> {
    let mut parts = vec![one(reader, depth)?];
    while reader.takes_word("and") {
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
    let Some(Token::Word(column)) = reader.next() else {
        return Err("a column is missing".into());
    };
    let column = column.to_ascii_lowercase();
    let sign = match reader.takes_word("like") {
        true => "like",
        false => match reader.next() {
            Some(Token::Sign(sign)) => sign,
            _ => return Err(format!("a comparison must follow {column}")),
        },
    };
    let Some(Token::Text(text)) = reader.next() else {
        return Err(format!("a text must follow {column} {sign}"));
    };
    if column == "eventtime" {
        return time(sign, &text);
    }
    let path = COLUMNS.iter().find(|(name, _)| *name == column);
    let path = path.map(|(_, path)| path.iter().map(|name| (*name).to_owned()).collect());
    match (path, sign) {
        (Some(path), "=") => Ok(Condition::Is {
            path,
            text,
            wild: false,
        }),
        (Some(path), "like") => Ok(Condition::Like { path, text }),
        (Some(_), _) => Err(format!("{column} {sign} is not understood")),
        (None, _) => Err(format!("Column '{column}' cannot be resolved")),
    }
}

fn time(sign: &str, text: &str) -> Result<Condition, String> {
    let at = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S")
        .map_err(|_| format!("'{text}' is not a timestamp"))?;
    let at = at.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    match sign {
        ">=" => Ok(Condition::Since(at)),
        "<=" => Ok(Condition::Until(at)),
        _ => Err(format!("eventtime {sign} is not understood")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_matches_and_what_is_refused() {
        let record = json!({
            "recipientAccountId": "111122223333", "eventTime": "2026-11-22T21:00:00Z", "eventName": "O'Neill*",
            "userIdentity": { "accessKeyId": "ASIA1" },
        });
        let ask = |rest: &str| {
            parse(&format!(
                "SELECT eventJson FROM 0e45-1 WHERE recipientAccountId = '111122223333' {rest}"
            ))
        };
        for (rest, matches) in [
            ("", true),
            ("AND eventTime >= '2026-11-22 21:00:00'", true),
            ("AND eventTime >= '2026-11-22 21:00:01'", false),
            ("AND eventTime <= '2026-11-22 21:00:00'", true),
            (
                "and (eventname = 'x' or useridentity.accesskeyid = 'ASIA1')",
                true,
            ),
            ("AND eventName = 'O''Neill*'", true),
            ("AND eventName = 'O*'", false),
            ("AND eventName LIKE 'O''%'", true),
            ("AND eventName like '%Neill_'", true),
            ("AND eventName LIKE '%e%l%*'", true),
            ("AND eventName LIKE 'Neill%'", false),
            ("AND eventName LIKE '%Neill'", false),
            ("AND eventName LIKE '_____'", false),
            ("AND userIdentity.userName LIKE '%'", false),
        ] {
            let statement = ask(rest).unwrap();
            assert_eq!(statement.from, "0e45-1");
            assert_eq!(statement.condition.holds(&record), matches, "{rest}");
        }
        for wrong in [
            "AND username = 'x'",
            "AND eventName LIKE x",
            "AND eventName LIKE",
            "AND eventName = 'O'Neill'",
            "AND eventTime >= 'yesterday'",
            "AND (eventName = 'x'",
            "; DROP",
        ] {
            assert!(ask(wrong).is_err(), "{wrong}");
        }
        assert!(parse("SELECT * FROM x").is_err());
    }
}
