//! `teamd.toml` and the environment.
//!
//! The file is read whole or not at all, unknown keys are errors, and all errors come at once, each with its line and
//! column or the variable's name. Every key can also be set as `TEAMD_SECTION__KEY`, which goes before the file; lists
//! are separated by commas there, tables cannot be set. Knows nothing of AWS's crates: who opens a connection turns
//! [`Aws`] into settings.

mod error;
mod file;
mod marks_read;
mod model;
mod notify;
mod notify_read;
mod read;
mod section;
mod source;
#[cfg(test)]
mod tests;
mod values;

pub use error::{ConfigError, ConfigErrors, Origin};
pub use model::{
    Activity, ActivitySource, Aws, Backstop, Config, Drift, DriftAction, Identity, Limits, Match, OnCall,
    Protected, Server, Store,
};

pub use notify::{Notify, Route, Ses, Slack, SlackAccess, Smtp, SmtpTls, Sns, Webhook};

use std::path::Path;

/// Where the file is when nobody says otherwise. It may be missing there.
pub const DEFAULT_PATH: &str = "/etc/teamd/teamd.toml";

impl Config {
    /// Reads the file and lays the variables over it. Without a path: [`DEFAULT_PATH`], or only defaults and
    /// variables if that is missing.
    ///
    /// # Errors
    /// All that is wrong: a named file that is missing, a file that others can write or that belongs to another than
    /// root or us, text that is not TOML, unknown keys, values that make no sense.
    pub fn load(
        path: Option<&Path>,
        env: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigErrors> {
        let file = path.unwrap_or_else(|| Path::new(DEFAULT_PATH));
        let text = file::read(file, path.is_some())?;
        Self::parse(file, text.as_deref().unwrap_or_default(), env)
    }

    /// The same for a text at hand; `path` is for the messages.
    ///
    /// # Errors
    /// As [`Config::load`], but for the file itself.
    pub fn parse(
        path: &Path,
        text: &str,
        env: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigErrors> {
        let mut errors = error::Errors::default();
        let mut tree = source::parse(path, text, &mut errors);
        source::overlay(&mut tree, env);
        let mut reader = section::Reader::new(tree, errors);
        let config = read::config(&mut reader);
        reader.finish().or(config)
    }
}

/// The variables that [`Config::load`] may look at. One that is not UTF-8 comes with replacement characters, so that
/// it is refused or named rather than ignored.
pub fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .map(|(name, value)| {
            (
                name.to_string_lossy().into_owned(),
                value.to_string_lossy().into_owned(),
            )
        })
        .filter(|(name, _)| name.starts_with(source::PREFIX))
}
