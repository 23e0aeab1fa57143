//! The report on History: who asked for how much.

use team_shared::report::{Report, ReportBy, ReportRow};

/// What History shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Part {
    /// Requests of all states.
    #[default]
    Requests,
    /// The audit rows behind them.
    Audit,
    /// Requests of a period, counted.
    Report,
}

impl Part {
    /// The next one; after the last the first.
    pub(crate) fn next(self) -> Self {
        match self {
            Self::Requests => Self::Audit,
            Self::Audit => Self::Report,
            Self::Report => Self::Requests,
        }
    }
}

/// The report that is shown.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    pub(crate) by: ReportBy,
    /// None: it is being read.
    pub(crate) report: Option<Report>,
    pub(crate) index: usize,
    pub(crate) is_reading: bool,
    /// Something has happened since it began to be read.
    pub(crate) is_old: bool,
}

impl Shown {
    /// The rows by something else.
    pub(crate) fn turn(&mut self, steps: usize) {
        let at = ReportBy::ALL.iter().position(|by| *by == self.by).unwrap_or(0);
        self.by = ReportBy::ALL[(at + steps) % ReportBy::ALL.len()];
        self.report = None;
        self.index = 0;
    }

    /// Takes what was read, unless something else has been asked for since.
    pub(crate) fn take(&mut self, report: Report) {
        if report.by == self.by {
            self.index = self.index.min(report.items.len().saturating_sub(1));
            self.report = Some(report);
        }
    }

    /// The row under the cursor.
    pub(crate) fn row(&self) -> Option<&ReportRow> {
        self.report.as_ref()?.items.get(self.index)
    }

    /// The filter that shows a row's requests; of those who decided there is none.
    pub(crate) fn filter(&self) -> Option<String> {
        let column = match self.by {
            ReportBy::Person => "who",
            ReportBy::Account => "account",
            ReportBy::Set => "set",
            ReportBy::Rule => "rule",
            ReportBy::Approver => return None,
        };
        let name = &self.row()?.name;
        // A filter ends its terms at blanks.
        Some(match name.split_whitespace().next() {
            Some(first) => format!("{column}:{first}"),
            None => String::new(),
        })
    }
}
