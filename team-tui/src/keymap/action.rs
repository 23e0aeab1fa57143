//! What keys can mean.

use crate::app::Screen;

/// What a key means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    Go(Screen),
    NextScreen,
    PreviousScreen,
    Up,
    Down,
    Top,
    Bottom,
    PageUp,
    PageDown,
    Open,
    Back,
    Filter,
    Sort,
    SortBack,
    Mark,
    Command,
    Help,
    LocalTime,
    Copy,
    Resync,
    Approve,
    Reject,
    Revoke,
    Cancel,
    Done,
    New,
    Repeat,
    Claim,
    Extend,
    Use,
    Lost,
    Review,
    Freeze,
    Audit,
    Bars,
    Pause,
    FollowOne,
    Zoom,
    Columns,
    Mouse,
    CopyMore,
    Write,
    Access,
    NextPart,
    Edit,
    Apply,
    Quit,
    ForceQuit,
    Suspend,
    Submit,
    NextField,
    PreviousField,
    Accept,
    Complete,
}

impl Action {
    /// Its name in `[keys]` of the settings.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Go(screen) => match screen {
                Screen::Queue => "go_queue",
                Screen::Mine => "go_mine",
                Screen::Sessions => "go_sessions",
                Screen::History => "go_history",
                Screen::Status => "go_status",
                Screen::Policy => "go_policy",
                Screen::Activity => "go_activity",
            },
            Self::NextScreen => "next_screen",
            Self::PreviousScreen => "previous_screen",
            Self::Up => "up",
            Self::Down => "down",
            Self::Top => "top",
            Self::Bottom => "bottom",
            Self::PageUp => "page_up",
            Self::PageDown => "page_down",
            Self::Open => "open",
            Self::Back => "back",
            Self::Filter => "filter",
            Self::Sort => "sort",
            Self::SortBack => "sort_back",
            Self::Mark => "mark",
            Self::Command => "command",
            Self::Help => "help",
            Self::LocalTime => "local_time",
            Self::Copy => "copy",
            Self::Resync => "resync",
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Revoke => "revoke",
            Self::Cancel => "cancel",
            Self::Done => "done",
            Self::New => "new",
            Self::Repeat => "repeat",
            Self::Claim => "claim",
            Self::Extend => "extend",
            Self::Use => "use",
            Self::Lost => "lost",
            Self::Review => "review",
            Self::Freeze => "freeze",
            Self::Audit => "audit",
            Self::Bars => "bars",
            Self::Zoom => "zoom",
            Self::Columns => "columns",
            Self::Mouse => "mouse",
            Self::CopyMore => "copy_more",
            Self::Write => "write",
            Self::Pause => "pause",
            Self::FollowOne => "follow_one",
            Self::Access => "access",
            Self::NextPart => "policy_part",
            Self::Edit => "edit",
            Self::Apply => "apply",
            Self::Quit => "quit",
            Self::ForceQuit => "force_quit",
            Self::Suspend => "suspend",
            Self::Submit => "submit",
            Self::NextField => "next_field",
            Self::PreviousField => "previous_field",
            Self::Accept => "accept",
            Self::Complete => "complete",
        }
    }

    /// Whether it is worth finding by its words: what only moves is not.
    pub(crate) fn is_of_the_palette(self) -> bool {
        !matches!(
            self,
            Self::Up
                | Self::Down
                | Self::Top
                | Self::Bottom
                | Self::PageUp
                | Self::PageDown
                | Self::Back
                | Self::Command
                | Self::Suspend
                | Self::ForceQuit
                | Self::Submit
                | Self::NextField
                | Self::PreviousField
                | Self::Accept
                | Self::Write
                | Self::Complete
        )
    }

    /// Whether the daemon is asked to change something.
    pub(crate) fn changes(self) -> bool {
        matches!(
            self,
            Self::Approve
                | Self::Reject
                | Self::Revoke
                | Self::Cancel
                | Self::Done
                | Self::New
                | Self::Repeat
                | Self::Claim
                | Self::Extend
                | Self::Lost
                | Self::Review
                | Self::Freeze
                | Self::Edit
                | Self::Apply
        )
    }
}
