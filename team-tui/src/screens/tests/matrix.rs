//! Every screen in every state, at both sizes in one picture; and colours, for those that carry meaning by them too.

use super::*;
use crate::look::Look;
use crate::theme::Palette;
use ratatui::style::{Color, Modifier};
use std::sync::Arc;

/// What may be wrong with a screen, or right.
#[derive(Debug, Clone, Copy)]
enum State {
    Empty,
    Loading,
    Offline,
    Full,
    Hostile,
}

const STATES: [State; 5] = [
    State::Empty,
    State::Loading,
    State::Offline,
    State::Full,
    State::Hostile,
];

fn app_in(state: State) -> App {
    let mut app = live();
    match state {
        State::Empty => {
            app.requests.clear();
            app.entitlements.clear();
        }
        State::Loading => {
            app = App::new(now(), "/run/teamd/teamd.sock".to_owned());
            update(&mut app, Message::Linked);
        }
        State::Offline => {
            app.link = Link::Lost {
                since: now() - Duration::seconds(79),
                why: "nobody listens on /run/teamd/teamd.sock: teamd is not running".to_owned(),
                retry_at: now() + Duration::seconds(3),
            };
        }
        State::Full => {
            let kinds = fixtures::requests(now());
            for number in 0..200_i64 {
                let like = &kinds[usize::try_from(number).unwrap_or(0) % kinds.len()];
                let mut view = like.clone();
                view.id = fixtures::id(
                    now() - Duration::minutes(number),
                    &format!("{:06}", 100_000 + number),
                );
                app.requests.insert(view.id, view);
            }
        }
        State::Hostile => {
            let kinds: Vec<_> = app.requests.values().map(|view| (view.id, view.state)).collect();
            for (id, state) in kinds {
                let mut view = fixtures::hostile(now());
                (view.id, view.state) = (id, state);
                Arc::make_mut(&mut view.permission_set).name =
                    "AVeryLongPermissionSetName-漢字-with-wide-letters".to_owned();
                app.requests.insert(id, view);
            }
        }
    }
    app
}

#[test]
fn every_screen_in_every_state() {
    for target in Screen::ALL {
        for state in STATES {
            let mut app = app_in(state);
            app.screen = target;
            let pictures = [(80, 24), (120, 36)].map(|(width, height)| screen(&app, width, height));
            let name = format!("matrix_{}_{state:?}", target.name()).to_lowercase();
            insta::assert_snapshot!(name, pictures.join("\n"));
            for picture in pictures {
                let hidden = picture
                    .chars()
                    .find(|c| *c != '\n' && team_shared::text::is_hidden(*c));
                assert_eq!(hidden, None, "{target:?} {state:?}:\n{picture}");
            }
        }
    }
}

/// A letter a cell: its colour, a capital where it is reversed, `.` where it is the terminal's own.
fn colours(app: &App, palette: Palette) -> String {
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).expect("a test terminal");
    terminal
        .draw(|frame| draw(frame, app, Theme::of(palette)))
        .expect("a test terminal never fails");
    let buffer = terminal.backend().buffer();
    let letter = |x, y| {
        let cell = &buffer[(x, y)];
        let letter = match cell.fg {
            Color::Reset => '.',
            Color::DarkGray => 'd',
            Color::Green | Color::LightGreen => 'g',
            Color::Yellow | Color::LightYellow => 'y',
            Color::Red | Color::LightRed => 'r',
            Color::Cyan | Color::LightCyan => 'c',
            _ => '?',
        };
        match cell.modifier.contains(Modifier::REVERSED) {
            true if letter == '.' => '#',
            true => letter.to_ascii_uppercase(),
            false => letter,
        }
    };
    let line = |y| (0..80).map(|x| letter(x, y)).collect::<String>();
    (0..24).map(|y| line(y) + "\n").collect()
}

#[test]
fn colours_follow_what_is_meant() {
    for (palette, name) in [
        (Palette::Ansi16, "ansi16"),
        (Palette::HighContrast, "high_contrast"),
    ] {
        for target in [Screen::Queue, Screen::Sessions] {
            let mut app = live();
            app.screen = target;
            let name = format!("colours_{name}_{}", target.name().to_lowercase());
            insta::assert_snapshot!(name, colours(&app, palette));
        }
    }
    let mono = colours(&app_in(State::Offline), Palette::Mono);
    assert!(mono.chars().all(|c| ".#\n".contains(c)), "{mono}");
}

#[test]
fn in_ascii_there_is_nothing_else_of_ours() {
    for target in Screen::ALL {
        let mut app = live();
        app.screen = target;
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).expect("a test terminal");
        let look = Look {
            is_ascii: true,
            is_spoken: false,
        };
        let drawn = terminal.draw(|frame| {
            draw(frame, &app, Theme::plain());
            look.finish(frame.buffer_mut());
        });
        let buffer = drawn.expect("a test terminal never fails").buffer.clone();
        let foreign = buffer.content.iter().find(|cell| !cell.symbol().is_ascii());
        assert_eq!(foreign.map(|cell| cell.symbol().to_owned()), None, "{target:?}");
    }
}
