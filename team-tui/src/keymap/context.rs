//! Where keys have their meaning.

use crate::app::Screen;

/// Where a key has its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Context {
    Queue,
    Mine,
    Sessions,
    History,
    Status,
    Policy,
    Activity,
    Detail,
    Use,
    Dialog,
    Form,
    Command,
    Filter,
    Help,
}

impl Context {
    pub(crate) const ALL: [Self; 14] = [
        Self::Queue,
        Self::Mine,
        Self::Sessions,
        Self::History,
        Self::Status,
        Self::Policy,
        Self::Activity,
        Self::Detail,
        Self::Use,
        Self::Dialog,
        Self::Form,
        Self::Command,
        Self::Filter,
        Self::Help,
    ];

    /// Its heading in the help.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Queue => "Queue",
            Self::Mine => "Mine",
            Self::Sessions => "Sessions",
            Self::History => "History",
            Self::Status => "Status",
            Self::Policy => "Policy",
            Self::Activity => "Activity",
            Self::Detail => "request sheet",
            Self::Use => "use sheet",
            Self::Dialog => "dialog",
            Self::Form => "request form",
            Self::Command => "command line",
            Self::Filter => "filter",
            Self::Help => "help",
        }
    }

    pub(crate) fn of(screen: Screen) -> Self {
        match screen {
            Screen::Queue => Self::Queue,
            Screen::Mine => Self::Mine,
            Screen::Sessions => Self::Sessions,
            Screen::History => Self::History,
            Screen::Status => Self::Status,
            Screen::Policy => Self::Policy,
            Screen::Activity => Self::Activity,
        }
    }

    /// Whether letters are text here.
    pub(crate) fn is_typing(self) -> bool {
        matches!(self, Self::Dialog | Self::Form | Self::Command | Self::Filter)
    }
}
