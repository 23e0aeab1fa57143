//! The columns of a list of requests: which there are, which a screen has, and which the reader has chosen instead.

use crate::app::{App, Screen};
use crate::widgets::table::{self, fixed, growing};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

/// Something of a request that has a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    Id,
    Filed,
    Who,
    Account,
    Number,
    Set,
    For,
    Age,
    Expires,
    Votes,
    Looks,
    State,
    When,
    Left,
    Bar,
    LastHour,
    End,
    Used,
    Ticket,
    Rule,
    Reason,
}

/// Their names for the reader, with heading and width.
const ALL: [(Column, &str, table::Column); 21] = [
    (Column::Id, "id", fixed("ID", 6)),
    (Column::Filed, "filed", fixed("FILED", 12)),
    (Column::Who, "who", growing("WHO", 8)),
    (Column::Account, "account", growing("ACCOUNT", 10)),
    (Column::Number, "number", fixed("NUMBER", 12)),
    (Column::Set, "set", growing("PERMISSION SET", 19)),
    (Column::For, "for", fixed("FOR", 5)),
    (Column::Age, "age", fixed("AGE", 6)),
    (Column::Expires, "expires", fixed("EXPIRES", 7)),
    (Column::Votes, "ok", fixed("OK", 4)),
    (Column::Looks, "looks", fixed("LOOKS", 6)),
    (Column::State, "state", fixed("STATE", 10)),
    (Column::When, "when", fixed("WHEN", 17)),
    (Column::Left, "left", fixed("LEFT", 10)),
    (Column::Bar, "bar", fixed("", 12)),
    (Column::LastHour, "hour", fixed("LAST HOUR", 12)),
    (Column::End, "end", fixed("END", 12)),
    (Column::Used, "used", growing("USED", 10)),
    (Column::Ticket, "ticket", fixed("TICKET", 10)),
    (Column::Rule, "rule", growing("RULE", 10)),
    (Column::Reason, "reason", growing("REASON", 16)),
];

impl Column {
    /// What the reader calls it.
    pub(crate) fn name(self) -> &'static str {
        self.row().1
    }

    /// Its heading and width.
    pub(crate) fn drawn(self) -> table::Column {
        self.row().2
    }

    fn row(self) -> &'static (Self, &'static str, table::Column) {
        const { assert!(ALL.len() == Self::Reason as usize + 1) };
        &ALL[self as usize]
    }

    /// What a name means.
    ///
    /// # Errors
    /// Nothing: says which names there are.
    fn named(name: &str) -> Result<Self, String> {
        let found = ALL.iter().find(|(_, known, _)| *known == name);
        found.map(|(column, ..)| *column).ok_or_else(|| {
            let names: Vec<&str> = names().collect();
            format!("no column {name:?}; there are: {}", names.join(" "))
        })
    }
}

/// The names of all of them.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|(_, name, _)| *name)
}

/// Columns instead of a screen's own, by the screen's name in small letters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Columns(BTreeMap<&'static str, Vec<Column>>);

/// The screens with requests in them.
const SCREENS: [Screen; 4] = [Screen::Queue, Screen::Mine, Screen::Sessions, Screen::History];

fn name_of(screen: Screen) -> &'static str {
    match screen {
        Screen::Queue => "queue",
        Screen::Mine => "mine",
        Screen::Sessions => "sessions",
        Screen::History => "history",
        Screen::Status => "status",
        Screen::Policy => "policy",
        Screen::Activity => "activity",
    }
}

impl Columns {
    /// Those that the reader has chosen for a screen.
    pub(crate) fn chosen(&self, screen: Screen) -> Option<&[Column]> {
        self.0.get(name_of(screen)).map(Vec::as_slice)
    }

    /// What was chosen here before what was chosen there.
    pub(crate) fn before(mut self, other: &Self) -> Self {
        for (screen, columns) in &other.0 {
            self.0.entry(screen).or_insert_with(|| columns.clone());
        }
        self
    }

    /// Reads a table of screens with the names of their columns.
    ///
    /// # Errors
    /// A screen or a column that does not exist.
    pub(crate) fn read(named: &BTreeMap<String, Vec<String>>) -> Result<Self, String> {
        let mut columns = Self::default();
        for (screen, names) in named {
            let screen = SCREENS
                .into_iter()
                .map(name_of)
                .find(|known| known == screen)
                .ok_or_else(|| {
                    format!(
                        "no list {screen:?}; there are: {}",
                        SCREENS.map(name_of).join(" ")
                    )
                })?;
            let read: Result<Vec<Column>, String> = names.iter().map(|name| Column::named(name)).collect();
            columns.0.insert(screen, read?);
        }
        Ok(columns)
    }

    /// The other way round.
    pub(crate) fn written(&self) -> BTreeMap<&'static str, Vec<&'static str>> {
        let names = |columns: &Vec<Column>| columns.iter().map(|column| column.name()).collect();
        self.0
            .iter()
            .map(|(screen, columns)| (*screen, names(columns)))
            .collect()
    }

    /// Takes what the reader says of a screen that has `now`: `usual`; names; or `+name` and `-name` to what there is.
    ///
    /// # Errors
    /// A column that does not exist, or none is left.
    pub(crate) fn choose(&mut self, screen: Screen, now: &[Column], text: &str) -> Result<(), String> {
        let words: Vec<&str> = text.split([' ', ',']).filter(|word| !word.is_empty()).collect();
        if words == ["usual"] {
            self.0.remove(name_of(screen));
            return Ok(());
        }
        let is_change = |word: &&str| word.starts_with(['+', '-']);
        let mut columns = if words.iter().all(is_change) {
            now.to_vec()
        } else {
            Vec::new()
        };
        for word in words {
            let column = Column::named(word.trim_start_matches(['+', '-']))?;
            columns.retain(|other| *other != column);
            if !word.starts_with('-') {
                columns.push(column);
            }
        }
        if columns.is_empty() {
            return Err(
                "a list without columns says nothing; `usual` gives those it has by itself".to_owned(),
            );
        }
        self.0.insert(name_of(screen), columns);
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Columns {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let named = BTreeMap::<String, Vec<String>>::deserialize(deserializer)?;
        Self::read(&named).map_err(serde::de::Error::custom)
    }
}

impl App {
    /// The columns of a screen at a width; none where it has no requests in rows.
    pub(crate) fn columns_of(&self, screen: Screen, width: u16) -> Option<Vec<Column>> {
        if let Some(chosen) = self.columns.chosen(screen) {
            return Some(chosen.to_vec());
        }
        use Column as C;
        let mut columns = match screen {
            Screen::Queue => vec![
                C::Id,
                C::Who,
                C::Account,
                C::Set,
                C::For,
                C::Age,
                C::Expires,
                C::Votes,
            ],
            Screen::Mine => vec![C::Id, C::State, C::Account, C::Set, C::For, C::When],
            Screen::Sessions => vec![C::Id, C::Who, C::Account, C::Set, C::State, C::Left],
            Screen::History => vec![C::Id, C::Filed, C::Who, C::Account, C::Set, C::For, C::State],
            Screen::Status | Screen::Policy | Screen::Activity => return None,
        };
        if screen == Screen::Sessions && width >= 100 {
            columns.insert(3, C::Number);
            columns.extend([C::Bar, C::LastHour]);
        }
        // Names need the room where nobody looks at anything.
        let is_looked_at = self
            .rows(screen)
            .claimed_until
            .is_some_and(|until| until > self.now);
        if screen == Screen::Queue && is_looked_at {
            columns.push(C::Looks);
        }
        Some(columns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_stands_in_its_row_and_has_a_name_of_its_own() {
        for (column, name, _) in &ALL {
            assert_eq!((column.name(), Column::named(name)), (*name, Ok(*column)));
        }
    }

    #[test]
    fn columns_are_chosen_by_name_added_taken_away_and_given_back() {
        let (mut columns, usual) = (Columns::default(), [Column::Id, Column::Who]);
        let mut choose = |text: &str| {
            columns
                .choose(Screen::Queue, &usual, text)
                .map(|()| columns.written().get("queue").cloned())
        };
        assert_eq!(choose("+reason -who"), Ok(Some(vec!["id", "reason"])));
        assert_eq!(choose("who, ticket,id"), Ok(Some(vec!["who", "ticket", "id"])));
        assert!(choose("colour").is_err_and(|why| why.contains("there are: id filed who")));
        assert!(choose("-id -who").is_err_and(|why| why.contains("usual")));
        assert_eq!(choose("usual"), Ok(None));
    }
}
