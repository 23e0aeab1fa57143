//! The table itself.

use super::Key::{self, Char, Code, Ctrl};
use super::{Action as A, Binding, Context as C};
use crate::app::Screen;
use crossterm::event::KeyCode;
use std::borrow::Cow;

const LISTS: &[C] = &[C::Queue, C::Mine, C::Sessions, C::History];
const FILTERED: &[C] = &with::<6>(LISTS, &[C::Policy, C::Activity]);
const SCREENS: &[C] = &with::<7>(LISTS, &[C::Status, C::Policy, C::Activity]);
const SHEETS: &[C] = &with::<5>(LISTS, &[C::Detail]);
const PAGES: &[C] = &with::<8>(SCREENS, &[C::Detail]);
const READING: &[C] = &with::<10>(PAGES, &[C::Use, C::Help]);
const TYPING: &[C] = &[C::Dialog, C::Form, C::Command, C::Filter];
const FIELDS: &[C] = &[C::Dialog, C::Form];
const CHOOSING: &[C] = &[C::Dialog, C::Form, C::Command];
const EVERYWHERE: &[C] = &C::ALL;

/// Those and these, `N` in all.
const fn with<const N: usize>(those: &[C], these: &[C]) -> [C; N] {
    assert!(those.len() + these.len() == N);
    let mut all = [C::Help; N];
    let mut at = 0;
    while at < N {
        all[at] = if at < those.len() {
            those[at]
        } else {
            these[at - those.len()]
        };
        at += 1;
    }
    all
}

/// Shortens the table below to a line a key.
const fn key(
    keys: &'static [Key],
    action: A,
    contexts: &'static [C],
    label: &'static str,
    help: &'static str,
) -> Binding {
    Binding {
        keys: Cow::Borrowed(keys),
        action,
        contexts: Cow::Borrowed(contexts),
        label,
        help,
    }
}

/// The table, in the order of the key line.
#[rustfmt::skip]
pub(crate) const KEYS: &[Binding] = &[
    key(&[Ctrl('o')], A::Write, FIELDS, "", "write the text in $EDITOR"),
    key(&[Ctrl('s')], A::Submit, FIELDS, "submit", "submit"),
    key(&[Code(KeyCode::Tab)], A::NextField, FIELDS, "next field", "take the choice, next field"),
    key(&[Code(KeyCode::BackTab)], A::PreviousField, FIELDS, "back", "previous field"),
    key(&[Code(KeyCode::Down)], A::Down, CHOOSING, "", "next choice, or next field"),
    key(&[Code(KeyCode::Up)], A::Up, CHOOSING, "", "previous choice, or previous field"),
    key(&[Code(KeyCode::Enter)], A::Accept, TYPING, "", "take the choice and go on; press the button"),
    key(&[Code(KeyCode::Tab)], A::Complete, &[C::Command], "complete", "complete the word"),
    key(&[Char('a')], A::Approve, SHEETS, "approve", "approve…"),
    key(&[Char('r'), Char('d')], A::Reject, SHEETS, "reject", "reject… (a comment is required)"),
    key(&[Char('x')], A::Revoke, SHEETS, "revoke", "revoke… (end somebody's access now)"),
    key(&[Char('x')], A::Revoke, &[C::Activity], "revoke", "revoke… (the access behind the event)"),
    key(&[Char('w')], A::Cancel, SHEETS, "cancel", "cancel… (your own, before it is active)"),
    key(&[Char('D')], A::Done, SHEETS, "done", "done… (end your own access now)"),
    key(&[Char('E')], A::Extend, SHEETS, "extend", "extend… (more time on your own live access)"),
    key(&[Char('u')], A::Use, SHEETS, "use", "use it… (your own live access: link, profile, sign-in)"),
    key(&[Char('y')], A::Copy, &[C::Use], "copy", "copy what the cursor is on (by the terminal: OSC 52)"),
    key(&[Char('L')], A::Lost, SHEETS, "", "give up its removal… (takes two administrators)"),
    key(&[Char('c')], A::Claim, SHEETS, "claim", "say that you look at it; again: that you do not"),
    key(&[Char('R')], A::Review, SHEETS, "review", "close its review… (access that is over)"),
    key(&[Char('F')], A::Freeze, PAGES, "", "freeze… (stop everything new); lift it where one is on"),
    key(&[Char('n')], A::New, PAGES, "new", "new request"),
    key(&[Char('N')], A::Repeat, SHEETS, "", "new request like this one"),
    key(&[Code(KeyCode::Enter), Char('l'), Code(KeyCode::Right)], A::Open, LISTS, "open", "open the request"),
    key(&[Code(KeyCode::Enter), Char('l'), Code(KeyCode::Right)], A::Open, &[C::Policy], "open", "why; the rule in full; what a version changed"),
    key(&[Code(KeyCode::Enter), Char('l'), Code(KeyCode::Right)], A::Open, &[C::Activity], "record", "the event's whole record"),
    key(&[Char('p')], A::Pause, &[C::Activity], "pause", "hold everything still; again: go on"),
    key(&[Char('f')], A::FollowOne, &[C::Activity], "follow", "only this session; again: all of them"),
    key(&[Char('v')], A::NextPart, &[C::Policy], "part", "what you can ask for, rules, settings, history"),
    key(&[Char('e')], A::Edit, &[C::Policy], "edit", "edit the document in $EDITOR, then see its plan"),
    key(&[Ctrl('s')], A::Apply, &[C::Policy], "apply", "apply what the plan shows"),
    key(&[Char('v')], A::Audit, &[C::History], "audit", "audit rows, the report, requests"),
    key(&[Char('v')], A::Bars, &[C::Sessions], "bars", "who has what over the hours, or activity"),
    key(&[Char('v')], A::Access, &[C::Status], "access", "what teamd holds, what others hold, drift, the health"),
    key(&[Char('/')], A::Filter, FILTERED, "filter", "filter: words, who:bob, !state:ended; Esc clears"),
    key(&[Char('s')], A::Sort, LISTS, "", "sort by the next column"),
    key(&[Char('S')], A::SortBack, LISTS, "", "the other way round"),
    key(&[Char(' ')], A::Mark, LISTS, "", "mark: a, r, x, c, R are then for all that is marked"),
    key(&[Char('z')], A::Zoom, LISTS, "", "zoom: the list, or a session's activity, with all the room"),
    key(&[Char('C')], A::Columns, LISTS, "", "choose the columns…"),
    key(&[Char('Y')], A::CopyMore, SHEETS, "", "copy something else of it…"),
    key(&[Char('y')], A::Copy, SHEETS, "", "copy the id (by the terminal: OSC 52)"),
    key(&[Char('1')], A::Go(Screen::Queue), PAGES, "", "Queue: pending requests"),
    key(&[Char('2')], A::Go(Screen::Mine), PAGES, "", "Mine: your requests"),
    key(&[Char('3')], A::Go(Screen::Sessions), PAGES, "", "Sessions: live access and its activity"),
    key(&[Char('4')], A::Go(Screen::History), PAGES, "", "History: all requests, audit rows"),
    key(&[Char('5')], A::Go(Screen::Status), PAGES, "", "Status: the daemon's health"),
    key(&[Char('6')], A::Go(Screen::Policy), PAGES, "", "Policy: what you can ask for, rules, settings, history"),
    key(&[Char('7')], A::Go(Screen::Activity), PAGES, "", "Activity: what is done in all sessions"),
    key(&[Code(KeyCode::Tab)], A::NextScreen, SCREENS, "", "next screen"),
    key(&[Code(KeyCode::BackTab)], A::PreviousScreen, SCREENS, "", "previous screen"),
    key(&[Char('k'), Code(KeyCode::Up)], A::Up, READING, "", "up"),
    key(&[Char('j'), Code(KeyCode::Down)], A::Down, READING, "", "down"),
    key(&[Char('g'), Code(KeyCode::Home)], A::Top, READING, "", "top"),
    key(&[Char('G'), Code(KeyCode::End)], A::Bottom, READING, "", "bottom"),
    key(&[Code(KeyCode::PageUp), Ctrl('u')], A::PageUp, READING, "", "page up"),
    key(&[Code(KeyCode::PageDown), Ctrl('d')], A::PageDown, READING, "", "page down"),
    key(&[Code(KeyCode::PageUp)], A::PageUp, &[C::Dialog], "", "what was left behind: back"),
    key(&[Code(KeyCode::PageDown)], A::PageDown, &[C::Dialog], "", "what was left behind: more"),
    key(&[Char('m')], A::Mouse, PAGES, "", "use the mouse here, or leave it to the terminal"),
    key(&[Char('t')], A::LocalTime, PAGES, "", "UTC or local time"),
    key(&[Ctrl('r'), Code(KeyCode::F(5))], A::Resync, PAGES, "", "read everything again; reconnect now"),
    key(&[Code(KeyCode::Esc)], A::Back, EVERYWHERE, "", "back, clear, leave the dialog; never quits"),
    key(&[Char(':')], A::Command, PAGES, "", "command line: everything, found by pieces"),
    key(&[Char('?'), Code(KeyCode::F(1))], A::Help, READING, "help", "this help"),
    key(&[Code(KeyCode::F(1))], A::Help, TYPING, "", "this help"),
    key(&[Char('q')], A::Quit, READING, "quit", "quit; from a sheet or the help: back"),
    key(&[Ctrl('c')], A::ForceQuit, EVERYWHERE, "", "quit at once"),
    key(&[Ctrl('z')], A::Suspend, EVERYWHERE, "", "suspend"),
];
