//! The badge of break-glass: a sign, a word, and red.

use super::*;
use crate::look::Look;
use crate::theme::Palette;
use ratatui::buffer::Buffer;
use ratatui::style::Color;
use team_shared::ids::RequestId;

/// Ann sees a live break-glass access of ivy's, and one of bob's that is over and not reviewed.
fn broken() -> (App, RequestId, RequestId) {
    let mut app = live();
    let of = |app: &App, short: &str| *app.requests.keys().find(|id| id.short() == short).expect("there");
    let (running, over) = (of(&app, "X4TE2N"), of(&app, "ZZ4H6R"));
    for id in [running, over] {
        let view = app.requests.get_mut(&id).expect("there");
        view.break_glass = true;
        view.review.needed = true;
    }
    (app, running, over)
}

fn drawn(app: &App, palette: Palette, look: Look) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).expect("a test terminal");
    let frame = terminal.draw(|frame| {
        draw(frame, app, Theme::of(palette));
        look.finish(frame.buffer_mut());
    });
    frame.expect("a test terminal never fails").buffer.clone()
}

/// The text of the first line that has a word in it, and whether all of its letters are red.
fn line_with(buffer: &Buffer, word: &str) -> (String, bool) {
    for y in 0..buffer.area.height {
        let cells: Vec<_> = (0..buffer.area.width).map(|x| &buffer[(x, y)]).collect();
        let text: String = cells.iter().map(|cell| cell.symbol()).collect();
        if text.contains(word) {
            let is_red = cells
                .iter()
                .filter(|cell| cell.symbol().chars().all(char::is_alphanumeric))
                .all(|cell| matches!(cell.fg, Color::Red | Color::LightRed));
            return (text, is_red);
        }
    }
    panic!("no {word}: {buffer:?}")
}

#[test]
fn rows_have_a_sign_of_their_own_in_red_and_without_any_colour() {
    let plain = Look::default();
    let ascii = Look {
        is_ascii: true,
        is_spoken: false,
    };
    for (screen, short) in [
        (Screen::Sessions, "X4TE2N"),
        (Screen::History, "X4TE2N"),
        (Screen::History, "ZZ4H6R"),
    ] {
        let (mut app, ..) = broken();
        app.screen = screen;
        app.zoomed = true;
        for (palette, look) in [
            (Palette::Ansi16, plain),
            (Palette::HighContrast, plain),
            (Palette::Mono, ascii),
        ] {
            let (text, is_red) = line_with(&drawn(&app, palette, look), short);
            assert!(text.contains(&format!("B {short}")), "{screen:?}: {text}");
            assert_eq!(is_red, palette != Palette::Mono, "{screen:?} {palette:?}: {text}");
        }
        let marked: Vec<_> = app.requests.keys().copied().collect();
        app.marked.extend(marked);
        let (text, _) = line_with(&drawn(&app, Palette::Mono, ascii), short);
        assert!(text.contains(&format!("@ {short}")), "{screen:?}: {text}");
    }
}

#[test]
fn one_s_own_has_it_as_well() {
    let (mut app, ..) = broken();
    let own = *app
        .requests
        .keys()
        .find(|id| id.short() == "R1N6BC")
        .expect("ann's");
    app.requests.get_mut(&own).expect("there").break_glass = true;
    app.screen = Screen::Mine;
    let (text, is_red) = line_with(&drawn(&app, Palette::Ansi16, Look::default()), "R1N6BC");
    assert!(text.contains("B R1N6BC") && is_red, "{text}");
}

#[test]
fn the_badge_goes_with_the_review() {
    let (mut app, _, over) = broken();
    app.screen = Screen::History;
    app.zoomed = true;
    let review = &mut app.requests.get_mut(&over).expect("there").review;
    (review.needed, review.by) = (false, Some(fixtures::person("gita")));
    let (text, is_red) = line_with(&drawn(&app, Palette::Ansi16, Look::default()), "ZZ4H6R");
    assert!(text.contains("✓ ZZ4H6R") && !is_red, "{text}");
}

#[test]
fn sheets_and_dialogs_say_the_word_in_red() {
    let (mut app, running, over) = broken();
    app.detail = Some(Detail {
        id: running,
        scroll: 0,
    });
    assert!(line_with(&drawn(&app, Palette::Ansi16, Look::default()), "BREAK-GLASS").1);
    app.detail = None;
    app.screen = Screen::Mine;
    let own = app.selected().expect("a row").id;
    app.requests.get_mut(&own).expect("there").break_glass = true;
    let preview = line_with(&drawn(&app, Palette::Ansi16, Look::default()), "BREAK-GLASS");
    assert!(preview.1, "the short sheet: {preview:?}");
    let view = app.requests.get(&running).expect("there");
    let one = Decide::new("revoke", view, now());
    let both = [view, app.requests.get(&over).expect("there")];
    let several = Decide::for_all("review", &both, now()).expect("two");
    for dialog in [one, several] {
        let mut app = broken().0;
        app.modal = Some(Modal::Decide(Box::new(dialog)));
        let buffer = drawn(&app, Palette::Ansi16, Look::default());
        let at = |word| line_with(&buffer, word).0;
        let text = at("BREAK-GLASS");
        let start = text
            .split("BREAK-GLASS")
            .next()
            .map_or(0, |before| before.chars().count());
        let y = (0..24)
            .find(|y| (0..80).map(|x| buffer[(x, *y)].symbol()).collect::<String>() == text)
            .expect("the line");
        let start = u16::try_from(start).expect("a column");
        assert_eq!(buffer[(start, y)].fg, Color::Red, "{text}");
    }
}
