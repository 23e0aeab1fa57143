//! Slack. Texts go into `plain_text` objects, in which nothing is a link, a mention or a format; the two places that are
//! `mrkdwn` (the fallback, and lines to copy) are escaped, verbatim, and without link names.

use crate::Notice;
use crate::notice::cut;
use serde_json::{Value, json};

/// What Slack takes: a header of 150 characters, a section of 3000.
const HEADER: usize = 150;
const SECTION: usize = 2900;

/// The body of `chat.postMessage` and of an incoming webhook, without a channel.
#[must_use]
pub fn message(notice: &Notice, id: &str) -> Value {
    let sign = match notice.severity {
        teamd_domain::event::Severity::Alarm => "🚨 ",
        teamd_domain::event::Severity::Warning => "⚠️ ",
        teamd_domain::event::Severity::Info => "",
    };
    let mut blocks = vec![json!({
        "type": "header",
        "text": plain(&format!("{sign}{}", notice.subject), HEADER),
    })];
    let mut section = |text: Value| blocks.push(json!({ "type": "section", "text": text }));
    if !notice.lead.is_empty() {
        section(plain(&notice.lead, SECTION));
    }
    let lines: Vec<String> = notice
        .facts
        .iter()
        .map(|fact| format!("{}: {}", fact.label, fact.value))
        .collect();
    if !lines.is_empty() {
        section(plain(&lines.join("\n"), SECTION));
    }
    for act in &notice.acts {
        section(json!({
            "type": "mrkdwn",
            "verbatim": true,
            "text": format!("{}: `{}`", act.label, escaped(&act.line).replace('`', "'")),
        }));
    }
    let foot = match notice.because {
        Some(because) => format!(
            "You are told because {because}. teamd, event {}, {id}",
            notice.seq
        ),
        None => format!("teamd, event {}, {id}", notice.seq),
    };
    blocks.push(json!({ "type": "context", "elements": [plain(&foot, SECTION)] }));
    json!({
        "text": escaped(&notice.subject),
        "blocks": blocks,
        "mrkdwn": false,
        "parse": "none",
        "link_names": false,
        "unfurl_links": false,
        "unfurl_media": false,
    })
}

fn plain(text: &str, most: usize) -> Value {
    json!({ "type": "plain_text", "emoji": false, "text": cut(text, most) })
}

/// Slack's control characters, as its documentation asks: without this, `<!channel>` would call everybody.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
