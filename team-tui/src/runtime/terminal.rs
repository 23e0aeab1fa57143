//! Taking the terminal and giving it back: on return, on error, on a panic anywhere.
//!
//! Never `Terminal::clear()` here: it asks the terminal where the cursor is, and the answer would go to the event
//! stream instead. A resize to the full size repaints everything without asking.

use super::calm::Calm;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::terminal::{
    EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute};
use ratatui::layout::Rect;
use ratatui::{Frame, Terminal};
use std::io::{self, Stdout, Write};
use std::panic;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

/// The terminal is ours and must be given back.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// Something panicked while it was ours.
static PANICKED: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();

/// Whether anything panicked: tokio keeps a task's panic to itself, so the loop looks here.
pub(super) fn panicked() -> bool {
    PANICKED.load(Ordering::SeqCst)
}

/// The terminal while it is ours.
pub(super) struct Guard {
    terminal: Terminal<Calm<Stdout>>,
    /// The mouse is ours, and not the terminal's for selecting.
    mouse: bool,
}

impl Guard {
    pub(super) fn take() -> io::Result<Self> {
        HOOK.call_once(|| {
            let before = panic::take_hook();
            panic::set_hook(Box::new(move |info| {
                // Restored first, so that the message stays readable.
                if restore() {
                    PANICKED.store(true, Ordering::SeqCst);
                }
                before(info);
            }));
        });
        take_over()?;
        let terminal = Terminal::new(Calm::new(io::stdout()));
        match terminal {
            Ok(terminal) => Ok(Self {
                terminal,
                mouse: false,
            }),
            Err(error) => {
                restore();
                Err(error)
            }
        }
    }

    pub(super) fn draw(&mut self, view: impl FnOnce(&mut Frame)) -> io::Result<()> {
        if panicked() {
            return Ok(());
        }
        self.terminal.draw(view).map(drop)
    }

    /// Takes the mouse, or leaves it to the terminal.
    pub(super) fn mouse(&mut self, ours: bool) -> io::Result<()> {
        if ours == self.mouse {
            return Ok(());
        }
        self.mouse = ours;
        if ours {
            execute!(io::stdout(), EnableMouseCapture)
        } else {
            execute!(io::stdout(), DisableMouseCapture)
        }
    }

    /// Stops the process as ^Z does; on return everything is painted anew.
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        restore();
        nix::sys::signal::raise(nix::sys::signal::Signal::SIGTSTP)?;
        self.again()
    }

    /// Lends the terminal to somebody else for as long as they take; afterwards everything is painted anew.
    pub(super) fn aside<T>(&mut self, work: impl FnOnce() -> T) -> io::Result<T> {
        restore();
        let done = work();
        self.again()?;
        Ok(done)
    }

    fn again(&mut self) -> io::Result<()> {
        take_over()?;
        if std::mem::take(&mut self.mouse) {
            self.mouse(true)?;
        }
        self.terminal.backend_mut().forget();
        let (width, height) = crossterm::terminal::size()?;
        self.terminal.resize(Rect::new(0, 0, width, height))
    }

    pub(super) fn give_back(&mut self) {
        restore();
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        restore();
    }
}

fn take_over() -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    let taken = execute!(
        io::stdout(),
        EnterAlternateScreen,
        EnableBracketedPaste,
        cursor::Hide
    );
    if taken.is_err() {
        restore();
    }
    taken
}

/// Gives the terminal back, once; whether it was ours.
fn restore() -> bool {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return false;
    }
    // Each step is tried even if one fails: half a restored terminal is better than none.
    let _ = execute!(
        io::stdout(),
        EndSynchronizedUpdate,
        DisableMouseCapture,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        cursor::Show
    );
    let _ = disable_raw_mode();
    let _ = io::stdout().flush();
    true
}
