//! The card for who is here for the first time.

use super::window;
use crate::app::App;
use crate::keymap::Action;
use crate::theme::Theme;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

pub(crate) fn draw(frame: &mut Frame, area: Rect, app: &App, theme: Theme) {
    if !app.welcome {
        return;
    }
    let key = |action| app.key(action);
    let lines = [
        "Access to AWS accounts, for a limited time and with a reason.".to_owned(),
        String::new(),
        format!(
            "{:>5}  asks for access, {} for the same again",
            key(Action::New),
            key(Action::Repeat)
        ),
        format!(
            "{:>5}  approves, {} rejects: always in a dialog",
            key(Action::Approve),
            key(Action::Reject)
        ),
        format!("{:>5}  opens what the cursor is on", key(Action::Open)),
        format!(
            "{:>5}  has every key of the screen, {} finds anything",
            key(Action::Help),
            key(Action::Command)
        ),
        format!("{:>5}  leaves", key(Action::Quit)),
        String::new(),
        "Nothing changes access on one key. Any key begins.".to_owned(),
    ];
    let height = u16::try_from(lines.len()).unwrap_or(0) + 2;
    // At the foot: what matters most stands at the head of a list.
    let area = Rect {
        y: area.bottom().saturating_sub(height).max(area.y),
        height: height.min(area.height),
        ..area
    };
    let inside = window(frame, area, theme, "Welcome", 66, height);
    for (y, text) in (inside.y..inside.bottom()).zip(lines) {
        frame.render_widget(
            Line::styled(text, theme.text()),
            Rect {
                y,
                height: 1,
                ..inside
            },
        );
    }
}
