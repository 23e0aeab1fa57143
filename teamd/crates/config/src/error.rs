//! What is wrong with a configuration, and where.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use team_shared::text::inert;

/// Where a value was set.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The file as a whole: it cannot be read, or must not be.
    WholeFile(PathBuf),
    /// A place in the file.
    File {
        /// Which file.
        path: Arc<Path>,
        /// From 1.
        line: usize,
        /// In characters, from 1.
        column: usize,
    },
    /// An environment variable of that name.
    Env(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WholeFile(path) => f.write_str(&inert(&path.to_string_lossy())),
            Self::File { path, line, column } => {
                write!(f, "{}:{line}:{column}", inert(&path.to_string_lossy()))
            }
            Self::Env(name) => write!(f, "environment variable {}", inert(name)),
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{origin}: {message}")]
pub struct ConfigError {
    /// Where.
    pub origin: Origin,
    /// What, and what would be right. Holds no control characters.
    pub message: String,
}

/// Everything that is wrong, in the order of the file, then of the environment. Prints one a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors(Vec<ConfigError>);

impl ConfigErrors {
    /// The errors; at least one.
    #[must_use]
    pub fn as_slice(&self) -> &[ConfigError] {
        &self.0
    }
}

impl From<ConfigError> for ConfigErrors {
    fn from(error: ConfigError) -> Self {
        Self(vec![error])
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

/// Gathers errors while reading goes on.
#[derive(Debug, Default)]
pub(super) struct Errors(Vec<ConfigError>);

impl Errors {
    /// Notes one.
    pub(super) fn push(&mut self, origin: &Origin, message: impl AsRef<str>) {
        self.0.push(ConfigError {
            origin: origin.clone(),
            message: inert(message.as_ref()),
        });
    }

    /// The value if nothing was noted, else all that was.
    pub(super) fn or(mut self, config: super::Config) -> Result<super::Config, ConfigErrors> {
        if self.0.is_empty() {
            return Ok(config);
        }
        self.0.sort();
        self.0.dedup();
        Err(ConfigErrors(self.0))
    }
}
