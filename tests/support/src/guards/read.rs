//! The file as it is read.

use super::{Edit, Guard, Guards};
use toml::{Table, Value};

/// Reads the file.
///
/// # Errors
/// A line for everything that is wrong with its form.
pub fn read(text: &str) -> Result<Guards, Vec<String>> {
    let file: Table = text.parse().map_err(|error| vec![format!("no TOML: {error}")])?;
    let (mut guards, mut faults) = (Guards::default(), Vec::new());
    for (name, value) in &file {
        match (name.as_str(), value) {
            ("guard", Value::Table(rows)) => {
                for (name, row) in rows {
                    match guard(name, row) {
                        Ok(guard) => guards.guards.push(guard),
                        Err(fault) => faults.push(fault),
                    }
                }
            }
            ("structural", Value::Table(rows)) => {
                for (defect, why) in rows {
                    match why.as_str().filter(|why| !why.trim().is_empty()) {
                        Some(why) => drop(guards.structural.insert(defect.clone(), why.to_owned())),
                        None => faults.push(format!("structural.{defect} does not say why")),
                    }
                }
            }
            _ => faults.push(format!("{name}: only [guard.…] and [structural] are known")),
        }
    }
    if faults.is_empty() {
        Ok(guards)
    } else {
        Err(faults)
    }
}

fn guard(name: &str, row: &Value) -> Result<Guard, String> {
    let tests: Option<Vec<String>> = row.get("tests").and_then(Value::as_array).map(|tests| {
        tests
            .iter()
            .filter_map(|test| test.as_str().map(ToOwned::to_owned))
            .collect()
    });
    let edits = match row.get("edits").and_then(Value::as_array) {
        Some(edits) => edits
            .iter()
            .map(|row| edit(name, row))
            .collect::<Result<_, _>>()?,
        None => vec![edit(name, row)?],
    };
    Ok(Guard {
        name: name.to_owned(),
        what: text(name, row, "what")?,
        edits,
        tests: tests
            .filter(|tests| !tests.is_empty())
            .ok_or_else(|| format!("guard.{name} names no `tests` that fail without it"))?,
    })
}

fn edit(name: &str, row: &Value) -> Result<Edit, String> {
    let find = text(name, row, "find")?;
    Ok(Edit {
        file: text(name, row, "file")?,
        within: text(name, row, "within").unwrap_or_else(|_| find.clone()),
        find,
        without: text(name, row, "without")?,
    })
}

fn text(name: &str, row: &Value, key: &str) -> Result<String, String> {
    let value = row.get(key).and_then(Value::as_str);
    value
        .map(ToOwned::to_owned)
        .ok_or_else(|| format!("guard.{name} has no text `{key}`"))
}
