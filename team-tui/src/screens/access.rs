//! What is held in AWS: by teamd, by others, and where the two books differ. A part of the Status screen.

use super::parts;
use crate::access::{Access, AccessKind, AccessRows};
use crate::app::App;
use crate::format;
use crate::theme::Theme;
use crate::widgets::table::{Column, Row, fixed, growing};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;
use ratatui::widgets::Paragraph;
use team_shared::grant::{DriftView, GrantView, StandingView};
use team_shared::ids::RequestId;
use team_shared::state::GrantState;

pub(super) fn draw(frame: &mut Frame, area: Rect, app: &App, access: &Access, theme: Theme) {
    let count = access.rows.as_ref().map_or_else(String::new, count);
    let (name, note, empty) = match access.kind {
        AccessKind::Managed => (
            "held by teamd",
            "{access} standing",
            "teamd holds no assignment.  {access} shows what others hold",
        ),
        AccessKind::Standing => (
            "standing access",
            "as of the last sweep · {access} drift",
            "No standing access is known.  Status says when the last sweep was complete",
        ),
        AccessKind::Drift => (
            "drift",
            "as of the last sweep · {access} health",
            "AWS and teamd agree, as far as sweeps have seen.  {access} shows the health",
        ),
    };
    let (note, empty) = (app.keyed(note), app.keyed(empty));
    let body = parts::title(frame, area, app, theme, &format!("{name}{count}"), &note);
    let Some(rows) = &access.rows else {
        parts::empty(frame, body, app, theme, "reading…");
        return;
    };
    if rows.len() == 0 {
        parts::empty(frame, body, app, theme, &empty);
        return;
    }
    let wide = area.width >= 100;
    let (columns, cells): (Vec<Column>, Vec<Row>) = match rows {
        AccessRows::Managed(rows) => {
            let row = |view: &GrantView| Row {
                cells: managed(view, wide),
                style: theme.text(),
            };
            (managed_columns(wide), rows.iter().map(row).collect())
        }
        AccessRows::Standing(rows) => {
            let row = |view: &StandingView| Row {
                cells: standing(view, app, wide),
                style: theme.text(),
            };
            (standing_columns(wide), rows.iter().map(row).collect())
        }
        AccessRows::Drift(rows) => {
            let row = |view: &DriftView| Row {
                cells: drift(view, app, wide),
                style: theme.care(),
            };
            (drift_columns(wide), rows.iter().map(row).collect())
        }
    };
    // What a finding means has no column on a narrow screen: it stands below, for the row that is chosen.
    let meaning = match rows {
        AccessRows::Drift(rows) if !wide => rows.get(access.index).map(|view| view.detail.as_str()),
        _ => None,
    };
    let lines = meaning.map(|text| format::wrap(text, usize::from(body.width).saturating_sub(2)));
    let lines: Vec<Line> = lines
        .into_iter()
        .flatten()
        .map(|line| format!(" {line}").into())
        .collect();
    let [list, below] =
        Layout::vertical([Constraint::Min(3), Constraint::Length(lines.len() as u16)]).areas(body);
    parts::list(frame, list, app, theme, &columns, &cells, access.index);
    frame.render_widget(Paragraph::new(lines).style(theme.text()), below);
}

/// How many; of what teamd has on its book, without what is there and is not its own.
fn count(rows: &AccessRows) -> String {
    let foreign = match rows {
        AccessRows::Managed(rows) => rows
            .iter()
            .filter(|view| view.grant.state == GrantState::Foreign)
            .count(),
        AccessRows::Standing(_) | AccessRows::Drift(_) => 0,
    };
    let others = if foreign == 0 {
        String::new()
    } else {
        format!(", and {foreign} foreign")
    };
    format!(": {}{others}", rows.len() - foreign)
}

/// Account and permission set, with the account's number where there is room.
fn place(account: &team_shared::request::AccountRef, set: &str, wide: bool) -> Vec<String> {
    let mut cells = vec![account.name.clone(), set.to_owned()];
    if wide {
        cells.insert(1, account.id.to_string());
    }
    cells
}

fn place_columns(wide: bool) -> Vec<Column> {
    let mut columns = vec![growing("ACCOUNT", 10), growing("PERMISSION SET", 19)];
    if wide {
        columns.insert(1, fixed("NUMBER", 12));
    }
    columns
}

fn short_ids(ids: &[RequestId]) -> String {
    ids.iter().map(RequestId::short).collect::<Vec<_>>().join(" ")
}

fn managed_columns(wide: bool) -> Vec<Column> {
    let mut columns = vec![growing("WHO", 8)];
    columns.extend(place_columns(wide));
    columns.extend([fixed("STATE", 9), fixed("REQUEST", 7), growing("AWS SAID", 10)]);
    columns
}

fn managed(view: &GrantView, wide: bool) -> Vec<String> {
    let mut cells = vec![view.person.user_name.clone()];
    cells.extend(place(&view.account, &view.permission_set.name, wide));
    cells.extend([
        view.grant.state.to_string(),
        short_ids(&view.leases),
        view.grant.last_error.clone().unwrap_or_default(),
    ]);
    cells
}

fn standing_columns(wide: bool) -> Vec<Column> {
    let mut columns = vec![growing("WHO", 12), fixed("THROUGH", 9)];
    columns.extend(place_columns(wide));
    columns.push(fixed("SEEN FIRST", 12));
    columns
}

fn standing(view: &StandingView, app: &App, wide: bool) -> Vec<String> {
    let through = view
        .group
        .as_ref()
        .map_or_else(String::new, |group| format!("group, {}", group.members));
    let mut cells = vec![view.name().to_owned(), through];
    cells.extend(place(&view.account, &view.permission_set.name, wide));
    cells.push(format::short(view.found_at, app.zone));
    cells
}

fn drift_columns(wide: bool) -> Vec<Column> {
    let mut columns = vec![fixed("WHAT", 7), growing("WHO", 8)];
    columns.extend(place_columns(wide));
    columns.extend([fixed("REQUEST", 7), fixed("SEEN FIRST", 12)]);
    if wide {
        columns.push(growing("MEANING", 20));
    }
    columns
}

fn drift(view: &DriftView, app: &App, wide: bool) -> Vec<String> {
    let mut cells = vec![view.kind.to_string(), view.person.user_name.clone()];
    cells.extend(place(&view.account, &view.permission_set.name, wide));
    cells.extend([short_ids(&view.leases), format::short(view.found_at, app.zone)]);
    if wide {
        cells.push(view.detail.clone());
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::super::tests::{live, looks_like, now, screen};
    use super::*;
    use crate::app::Screen;
    use crate::fixtures;
    use crate::message::Message;
    use crate::update::update;
    use chrono::Duration;
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
    use team_shared::grant::GroupRef;
    use team_shared::request::GrantOfRequest;
    use team_shared::state::{DriftKind, HolderKind};

    fn shown(rows: AccessRows) -> App {
        let mut app = live();
        app.screen = Screen::Status;
        let mut access = Access::new(rows.kind());
        access.take(rows);
        app.access = Some(access);
        app
    }

    fn held(who: &str, account: &str, state: GrantState, error: Option<&str>) -> GrantView {
        GrantView {
            person: fixtures::person(who),
            account: fixtures::account(account),
            permission_set: fixtures::set("AdministratorAccess"),
            leases: vec![fixtures::id(now(), "7FQHX2")],
            grant: GrantOfRequest {
                state,
                attempts: 0,
                next_attempt_at: None,
                last_error: error.map(str::to_owned),
                aws_request_id: None,
            },
        }
    }

    fn standing_rows() -> AccessRows {
        let row = |person: Option<&str>, group: Option<(&str, usize)>| StandingView {
            holder: person.map_or(HolderKind::Group, |_| HolderKind::User),
            person: person.map(fixtures::person),
            group: group.map(|(name, members)| GroupRef {
                group_id: format!("g-{name}").parse().expect("a group id"),
                name: name.to_owned(),
                members,
            }),
            account: fixtures::account("pay-prod"),
            permission_set: fixtures::set("ReadOnlyAccess"),
            found_at: now() - Duration::days(3),
        };
        AccessRows::Standing(vec![row(Some("carol"), None), row(None, Some(("prod-leads", 4)))])
    }

    fn drift_rows(who: &str) -> AccessRows {
        let row = |kind, account, detail: &str| DriftView {
            kind,
            person: fixtures::person(who),
            account: fixtures::account(account),
            permission_set: fixtures::set("AdministratorAccess"),
            leases: Vec::new(),
            found_at: now() - Duration::minutes(4),
            detail: detail.to_owned(),
        };
        AccessRows::Drift(vec![
            row(
                DriftKind::Missing,
                "pay-prod",
                "granted by us, and AWS does not have it",
            ),
            row(
                DriftKind::Foreign,
                "web-prod",
                "was ours once; what AWS has now is not",
            ),
        ])
    }

    #[test]
    fn the_lists_as_they_look() {
        let managed = AccessRows::Managed(vec![
            held("alice", "pay-prod", GrantState::Present, None),
            held(
                "bob",
                "web-prod",
                GrantState::Deleting,
                Some("ThrottlingException"),
            ),
        ]);
        looks_like("access_managed", &shown(managed));
        let foreign = AccessRows::Managed(vec![
            held("alice", "pay-prod", GrantState::Present, None),
            held("bob", "web-prod", GrantState::Foreign, None),
        ]);
        let text = screen(&shown(foreign), 80, 24);
        assert!(text.contains("held by teamd: 1, and 1 foreign"), "{text}");
        looks_like("access_standing", &shown(standing_rows()));
        looks_like("access_drift", &shown(drift_rows("alice")));
    }

    #[test]
    fn empty_lists_say_why() {
        for (rows, words) in [
            (AccessRows::Managed(Vec::new()), "holds no assignment"),
            (AccessRows::Standing(Vec::new()), "No standing access is known"),
            (AccessRows::Drift(Vec::new()), "AWS and teamd agree"),
        ] {
            let text = screen(&shown(rows), 80, 24);
            assert!(text.contains(words), "{text}");
        }
        let mut app = shown(standing_rows());
        app.access = Some(Access::new(AccessKind::Standing));
        assert!(screen(&app, 80, 24).contains("reading…"));
    }

    #[test]
    fn names_are_inert() {
        let mut app = shown(drift_rows("alice"));
        if let Some(AccessRows::Drift(rows)) = app.access.as_mut().and_then(|access| access.rows.as_mut()) {
            rows[0].person.user_name = "e\u{202e}vil".to_owned();
        }
        let text = screen(&app, 120, 36);
        assert!(!text.contains('\u{202e}') && text.contains("\\u{202e}"), "{text}");
    }

    #[test]
    fn rows_of_another_list_and_a_cursor_past_the_end_are_no_harm() {
        let mut access = Access::new(AccessKind::Drift);
        access.take(standing_rows());
        assert_eq!(access.rows, None, "an answer to the list before");
        access.index = 9;
        access.take(drift_rows("alice"));
        assert_eq!(access.index, 1);
        let mut app = shown(standing_rows());
        for code in [KeyCode::Char('j'), KeyCode::Char('j'), KeyCode::Esc] {
            update(&mut app, Message::Key(KeyEvent::new(code, KeyModifiers::NONE)));
            assert!(app.access.as_ref().is_none_or(|access| access.index <= 1));
        }
        assert_eq!(app.access, None, "Esc goes back to the health");
    }

    #[test]
    fn who_may_not_see_the_lists_is_told() {
        let mut app = live();
        app.screen = Screen::Status;
        let key = Message::Key(KeyEvent::new(KeyCode::Char('v'), KeyModifiers::NONE));
        assert!(update(&mut app, key).is_empty());
        assert_eq!(app.access, None);
        assert!(app.toast.is_some_and(|toast| toast.text.contains("security")));
    }
}
