//! What of a request is put on the clipboard, by the terminal (OSC 52).

use crate::app::App;
use crate::effect::Effect;
use team_shared::request::RequestView;

/// What can be copied: its word, and what it gives of a request.
type What = (&'static str, fn(&RequestView) -> Option<String>);

/// In the order in which they are offered.
pub(crate) const WHAT: &[What] = &[
    ("id", |view| Some(view.id.to_string())),
    ("command", |view| {
        Some(format!("team-tui show {}", view.id.short()))
    }),
    ("account", |view| Some(view.account.id.to_string())),
    ("person", |view| Some(view.requester.user_name.clone())),
    ("reason", |view| Some(view.justification.clone())),
    ("ticket", |view| view.ticket.clone()),
    ("link", |view| view.ticket_link.clone()),
    ("line", |view| {
        Some(format!(
            "{} {} on {} as {}: {}",
            view.id.short(),
            view.requester.user_name,
            view.account.name,
            view.permission_set.name,
            view.state
        ))
    }),
];

pub(super) fn copy(app: &mut App, word: &str) -> Vec<Effect> {
    let Some(view) = app.selected() else {
        app.complain("no request is selected");
        return Vec::new();
    };
    let word = if word.is_empty() { "id" } else { word };
    let Some((_, give)) = WHAT.iter().find(|(known, _)| *known == word) else {
        let words: Vec<&str> = WHAT.iter().map(|(word, _)| *word).collect();
        app.complain(format!("copy what? {}", words.join(", ")));
        return Vec::new();
    };
    match give(view) {
        Some(text) => {
            app.say(format!("copied {}", team_shared::text::inert(&text)));
            vec![Effect::Copy(text)]
        }
        None => {
            app.complain(format!("it has no {word}"));
            Vec::new()
        }
    }
}
