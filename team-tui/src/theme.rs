//! All colours. The terminal's own 16, so that they follow the palette that the reader has chosen; none at all under
//! `NO_COLOR`. Nothing is said by colour alone.

use ratatui::style::{Color, Modifier, Style};
use team_shared::state::RequestState;

/// Styles by what they mean.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Theme {
    colours: bool,
}

impl Theme {
    /// Colours unless `NO_COLOR` is set to something.
    pub(crate) fn from_environment() -> Self {
        Self {
            colours: std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        }
    }

    /// Without colours, for tests that only look at text.
    #[cfg(test)]
    pub(crate) fn plain() -> Self {
        Self { colours: false }
    }

    fn coloured(self, colour: Color) -> Style {
        if self.colours {
            Style::new().fg(colour)
        } else {
            Style::new()
        }
    }

    pub(crate) fn text(self) -> Style {
        Style::new()
    }

    pub(crate) fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    pub(crate) fn dim(self) -> Style {
        if self.colours {
            Style::new().fg(Color::DarkGray)
        } else {
            Style::new().add_modifier(Modifier::DIM)
        }
    }

    pub(crate) fn selected(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    pub(crate) fn good(self) -> Style {
        self.coloured(Color::Green)
    }

    pub(crate) fn care(self) -> Style {
        self.coloured(Color::Yellow)
    }

    pub(crate) fn bad(self) -> Style {
        self.coloured(Color::Red).add_modifier(Modifier::BOLD)
    }

    pub(crate) fn accent(self) -> Style {
        self.coloured(Color::Cyan)
    }

    pub(crate) fn state(self, state: RequestState) -> Style {
        match state {
            RequestState::Active => self.good(),
            RequestState::Pending | RequestState::Activating | RequestState::Ending => self.care(),
            RequestState::Scheduled => self.accent(),
            RequestState::Failed | RequestState::Lost => self.bad(),
            _ => self.dim(),
        }
    }
}
