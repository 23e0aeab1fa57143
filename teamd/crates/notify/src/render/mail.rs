//! Mail, in plain text and in HTML.

use crate::Notice;
use minijinja::{AutoEscape, Environment, context};
use std::sync::LazyLock;

/// A mail without its addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// One line, at most 150 characters, no control character.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// The same in HTML.
    pub html: String,
}

static LAYOUTS: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut env = Environment::new();
    env.set_syntax(crate::words::syntax());
    env.set_auto_escape_callback(|name| match name {
        "mail.html" => AutoEscape::Html,
        _ => AutoEscape::None,
    });
    for (name, source) in [
        ("mail.txt", include_str!("mail.txt")),
        ("mail.html", include_str!("mail.html")),
    ] {
        if let Err(error) = env.add_template(name, source) {
            tracing::error!(template = name, %error, "a layout cannot be read");
        }
    }
    env
});

/// The mail that a notice makes; `id` is the delivery's.
#[must_use]
pub fn mail(notice: &Notice, id: &str) -> Mail {
    let width = notice
        .facts
        .iter()
        .map(|fact| fact.label.len())
        .max()
        .unwrap_or(0);
    let facts: Vec<_> = notice
        .facts
        .iter()
        .map(|fact| context! { label => fact.label, padded => format!("{:<width$}", fact.label), value => fact.value.clone() })
        .collect();
    let context = context! {
        subject => notice.subject.clone(),
        lead => notice.lead.clone(),
        facts,
        acts => notice
            .acts
            .iter()
            .map(|act| context! { label => act.label, line => act.line.clone() })
            .collect::<Vec<_>>(),
        because => notice.because,
        seq => notice.seq,
        severity => notice.severity.as_str(),
        id,
    };
    let render = |name: &str| {
        let rendered = LAYOUTS
            .get_template(name)
            .and_then(|layout| layout.render(&context));
        rendered.map_err(|error| tracing::error!(template = name, %error, "a layout fails"))
    };
    // Whatever fails here, somebody must still be told.
    let text = render("mail.txt").unwrap_or_else(|()| format!("{}\n\n{}\n", notice.subject, notice.lead));
    let html = render("mail.html").unwrap_or_default();
    Mail {
        subject: notice.subject.clone(),
        text,
        html,
    }
}
