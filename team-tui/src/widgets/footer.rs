//! The bottom: what happened last, and the keys that work now.

use crate::app::App;
use crate::format::{self, fit};
use crate::keymap::Action;
use crate::theme::Theme;
use crate::update;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

pub(crate) fn draw_toast(frame: &mut Frame, area: Rect, app: &App, theme: Theme) {
    let Some(toast) = &app.toast else { return };
    let style = if toast.bad { theme.bad() } else { theme.text() };
    let text = format!(" {}  ·  {}", toast.text, format::clock(toast.at, app.zone));
    frame.render_widget(Line::styled(fit(&text, usize::from(area.width)), style), area);
}

/// Only keys that would do something here and now; help and quit always fit.
pub(crate) fn draw_keys(frame: &mut Frame, area: Rect, app: &App, theme: Theme) {
    let context = update::context(app);
    let mut last = Vec::new();
    let mut spans = vec![Span::raw(" ")];
    let mut room = usize::from(area.width).saturating_sub(1);
    let labelled = app
        .keys
        .bindings(context)
        .filter(|binding| !binding.label.is_empty());
    let (fixed, free): (Vec<_>, Vec<_>) =
        labelled.partition(|binding| matches!(binding.action, Action::Help | Action::Quit));
    for binding in fixed {
        let key = binding.shown().unwrap_or_default();
        room = room.saturating_sub(key.width() + binding.label.width() + 3);
        last.push((key, binding.label));
    }
    if context.is_typing() {
        let mut here = app.keys.bindings(context);
        let back = here.find(|binding| binding.action == Action::Back);
        let key = back.and_then(|binding| binding.shown()).unwrap_or_default();
        room = room.saturating_sub(key.width() + "leave   ".len());
        last.push((key, "leave"));
    }
    let mut push = |key: String, label: &str| {
        spans.push(Span::styled(key, theme.accent()));
        spans.push(Span::raw(format!(" {label}  ")));
    };
    for binding in free {
        let key = binding.shown().unwrap_or_default();
        let width = key.width() + binding.label.width() + 3;
        if update::why_not(app, binding.action).is_some() || width > room {
            continue;
        }
        room -= width;
        push(key, binding.label);
    }
    for (key, label) in last {
        push(key, label);
    }
    frame.render_widget(Line::from(spans), area);
}
