//! What goes to stdout: a table, CSV or JSON.

use super::Failure;
use crate::cli::ListArgs;
use crate::format::{Zone, inert, json_inert};
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;
use std::io::{self, Write};
use team_shared::list::Page;

/// A column of a list: its heading and how a row fills it.
///
/// People read times in their own zone; what programs read is in UTC.
pub(super) type Column<T> = (&'static str, fn(&T, Zone) -> String);

/// How to print.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    json: bool,
    zone: Zone,
}

impl Output {
    /// `zone`: that of whoever reads it.
    pub(super) fn new(json: bool, zone: Zone) -> Self {
        Self { json, zone }
    }

    /// The zone in which times are said.
    pub(super) fn zone(self) -> Zone {
        self.zone
    }

    pub(super) fn is_json(self) -> bool {
        self.json
    }

    /// A line of text, made inert.
    pub(super) fn line(self, text: &str) -> Result<(), Failure> {
        writeln!(io::stdout().lock(), "{}", inert(text))?;
        Ok(())
    }

    /// A line of talk, on stderr.
    pub(super) fn note(self, text: &str) {
        if !self.json {
            // Talk is not worth failing for.
            let _ = writeln!(io::stderr().lock(), "{}", inert(text));
        }
    }

    /// What whoever reads the data must know, on stderr, to programs as well: something of it is missing.
    pub(super) fn warn(self, text: &str) {
        let line = if self.json {
            json_inert(&serde_json::json!({ "warning": text }).to_string())
        } else {
            format!("warning: {}", inert(text))
        };
        // A closed stderr is no reason to stop either.
        let _ = writeln!(io::stderr().lock(), "{line}");
    }

    /// A JSON document, indented.
    pub(super) fn document(self, value: &impl Serialize) -> Result<(), Failure> {
        let json = serde_json::to_string_pretty(value).map_err(|error| Failure::failed(error.to_string()))?;
        writeln!(io::stdout().lock(), "{}", json_inert(&json))?;
        Ok(())
    }

    /// A JSON document on one line, flushed: streams are read as they come.
    pub(super) fn json_line(self, value: &impl Serialize) -> Result<(), Failure> {
        let json = serde_json::to_string(value).map_err(|error| Failure::failed(error.to_string()))?;
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "{}", json_inert(&json))?;
        stdout.flush()?;
        Ok(())
    }

    /// A list in the form that was asked for. An empty table says `empty` on stderr.
    pub(super) fn list<T: Serialize>(
        self,
        page: &Page<T>,
        args: &ListArgs,
        columns: &[Column<T>],
        empty: &str,
    ) -> Result<(), Failure> {
        if self.json {
            return self.document(page);
        }
        if args.csv {
            return csv(&page.items, columns);
        }
        if page.items.is_empty() {
            self.note(empty);
            return Ok(());
        }
        let mut table = Table::new();
        table
            .load_style(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Disabled)
            .set_header(columns.iter().map(|(heading, _)| heading.to_uppercase()));
        for row in &page.items {
            table.add_row(columns.iter().map(|(_, cell)| inert(&cell(row, self.zone))));
        }
        let mut stdout = io::stdout().lock();
        for line in table.lines() {
            writeln!(stdout, "{}", line.trim())?;
        }
        if page.next_cursor.is_some() {
            self.note("more: raise --limit");
        }
        Ok(())
    }
}

fn csv<T>(rows: &[T], columns: &[Column<T>]) -> Result<(), Failure> {
    let failed = |error: csv::Error| match error.into_kind() {
        csv::ErrorKind::Io(error) => Failure::from(error),
        other => Failure::failed(format!("{other:?}")),
    };
    let mut writer = csv::Writer::from_writer(io::stdout().lock());
    writer
        .write_record(columns.iter().map(|(heading, _)| heading.replace(' ', "_")))
        .map_err(failed)?;
    for row in rows {
        writer
            .write_record(columns.iter().map(|(_, cell)| csv_cell(&cell(row, Zone::Utc))))
            .map_err(failed)?;
    }
    writer.flush()?;
    Ok(())
}

/// A cell that no spreadsheet takes for a formula. The first character is looked at before line breaks and tabs turn
/// into blanks, since those are dangerous too.
fn csv_cell(text: &str) -> String {
    let risky = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let text = inert(text);
    // The full-width twins are folded to the plain ones by some spreadsheets.
    if risky
        || text
            .trim_start()
            .starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
    {
        format!("'{text}")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::csv_cell;

    #[test]
    fn no_cell_is_a_formula() {
        for (text, cell) in [
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@x", "'@x"),
            ("\t=1", "' =1"),
            ("\rx", "' x"),
            ("a=1", "a=1"),
            ("", ""),
            (" =1", "' =1"),
        ] {
            assert_eq!(csv_cell(text), cell);
        }
        assert!(!csv_cell("x\u{1b}[2J").contains('\u{1b}'));
    }
}
