//! What the access left behind, as a list of its own in the dialog that closes a review. Closing it acknowledges each, so
//! each has been in sight first: what is not seen yet is known from what was drawn.

use super::Decide;
use crate::app::{App, Tail};
use crate::digest;
use crate::format::{fit, wrap};
use crate::keymap::Action;
use crate::theme::Theme;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use team_shared::request::RequestView;

/// As wide as the dialog wants to be, and what is beside the list: its frame, the subject, the fields, the notes.
pub(super) const WIDTH: u16 = 76;
const BESIDE: usize = 16;

/// The height of a dialog that shows all of it.
pub(super) fn window_height(view: &RequestView, dialog: &Decide, app: &App, area: Rect) -> u16 {
    let width = usize::from(WIDTH.min(area.width)).saturating_sub(4);
    let all = BESIDE + digest(view, app, true).len() + height(dialog, width);
    u16::try_from(all).unwrap_or(u16::MAX)
}

/// What was done with it, as lines; what was left behind has a list of its own, where there is one.
pub(super) fn digest(view: &RequestView, app: &App, has_list: bool) -> Vec<String> {
    match app.tails.get(&view.id) {
        Some(Tail {
            digest: Some(digest), ..
        }) => digest::lines(digest, app.zone)
            .into_iter()
            .filter(|(label, _)| !has_list || *label != "left")
            .map(|(label, text)| format!("{label} {text}"))
            .collect(),
        _ => vec!["reading what was done with it…".to_owned()],
    }
}

/// Lines that it takes to show all of it, without its heading.
pub(super) fn height(dialog: &Decide, width: usize) -> usize {
    dialog
        .left_behind
        .iter()
        .map(|label| wrapped(label, width).len())
        .sum()
}

/// Draws the heading and as many of them as there is room for, and notes which ones are wholly there.
pub(super) fn draw(frame: &mut Frame, area: Rect, app: &App, dialog: &Decide, theme: Theme) {
    let (width, room) = (
        usize::from(area.width),
        usize::from(area.height.saturating_sub(1)),
    );
    let labels: Vec<Vec<String>> = dialog
        .left_behind
        .iter()
        .map(|label| wrapped(label, width))
        .collect();
    let first = dialog.left_first.min(last_page(&labels, room));
    let mut lines: Vec<String> = Vec::new();
    let mut whole = 0;
    for label in &labels[first..] {
        let free = room - lines.len();
        lines.extend(label.iter().take(free).cloned());
        if label.len() > free {
            break;
        }
        whole += 1;
    }
    app.drawn.left_is(first, whole);
    let mut rest = lines.into_iter();
    let heading = heading(app, first, whole, labels.len());
    let all = std::iter::once(Line::styled(fit(&heading, width), theme.strong()))
        .chain(rest.by_ref().map(|text| Line::styled(text, theme.care())));
    for (line, y) in all.zip(area.y..area.bottom()) {
        frame.render_widget(line, Rect { y, height: 1, ..area });
    }
}

fn heading(app: &App, first: usize, whole: usize, all: usize) -> String {
    if whole == all {
        return format!("left behind: {all}");
    }
    let shown = match whole {
        0 => "none whole".to_owned(),
        some => format!("{} to {}", first + 1, first + some),
    };
    let more = match app.drawn.unseen(all) {
        0 => "all seen".to_owned(),
        some => format!("{some} not seen yet"),
    };
    let (down, up) = (app.key(Action::PageDown), app.key(Action::PageUp));
    format!("left behind: {shown} of {all}, {more} · {down} {up}")
}

fn wrapped(label: &str, width: usize) -> Vec<String> {
    wrap(&format!("· {label}"), width)
}

/// Where the last page begins, so that it is as full as it can be.
fn last_page(labels: &[Vec<String>], room: usize) -> usize {
    let mut first = labels.len();
    let mut used = 0;
    while first > 0 && used + labels[first - 1].len() <= room {
        first -= 1;
        used += labels[first].len();
    }
    first.min(labels.len().saturating_sub(1))
}
