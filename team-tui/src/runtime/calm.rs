//! The terminal's backend, which is silent where nothing has changed: a frame like the one before is no byte, not even
//! the brackets of a frame. What has changed goes out in one write, so that no frame is seen in halves.

use crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate};
use crossterm::{Command, queue};
use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where the terminal's cursor was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    /// Nobody knows.
    Unknown,
    Hidden,
    Shown,
    At(Position),
}

/// A frame that is being collected: the backend that writes it does not give its writer back.
#[derive(Clone, Default)]
struct Sheet(Arc<Mutex<Vec<u8>>>);

impl Sheet {
    fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for Sheet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Collects a frame and sends it when it is done, if there is anything in it.
pub(super) struct Calm<W: Write> {
    frame: CrosstermBackend<Sheet>,
    sheet: Sheet,
    out: W,
    left: Left,
}

impl<W: Write> Calm<W> {
    pub(super) fn new(out: W) -> Self {
        let sheet = Sheet::default();
        Self {
            frame: CrosstermBackend::new(sheet.clone()),
            sheet,
            out,
            left: Left::Unknown,
        }
    }

    /// Somebody else has had the terminal.
    pub(super) fn forget(&mut self) {
        self.left = Left::Unknown;
    }

    fn send(&mut self) -> io::Result<()> {
        let frame = std::mem::take(&mut *self.sheet.bytes());
        if frame.is_empty() {
            return Ok(());
        }
        let mut whole = Vec::with_capacity(frame.len() + 32);
        queue!(whole, BeginSynchronizedUpdate)?;
        whole.extend(frame);
        queue!(whole, EndSynchronizedUpdate)?;
        self.out.write_all(&whole)?;
        self.out.flush()
    }

    fn cursor(&mut self, left: Left, command: impl Command) -> io::Result<()> {
        if self.left != left {
            queue!(self.sheet, command)?;
            self.left = left;
        }
        Ok(())
    }
}

impl<W: Write> Backend for Calm<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let mut content = content.peekable();
        if content.peek().is_none() {
            return Ok(());
        }
        // Cells are written where the cursor is.
        if let Left::At(_) = self.left {
            self.left = Left::Shown;
        }
        self.frame.draw(content)
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        self.cursor(Left::Hidden, crossterm::cursor::Hide)
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        match self.left {
            Left::At(_) => Ok(()),
            _ => self.cursor(Left::Shown, crossterm::cursor::Show),
        }
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let position = position.into();
        let to = crossterm::cursor::MoveTo(position.x, position.y);
        self.cursor(Left::At(position), to)
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        self.frame.get_cursor_position()
    }

    fn clear(&mut self) -> io::Result<()> {
        self.frame.clear()
    }

    fn clear_region(&mut self, region: ClearType) -> io::Result<()> {
        self.frame.clear_region(region)
    }

    fn size(&self) -> io::Result<Size> {
        self.frame.size()
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        self.frame.window_size()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.send()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(calm: &mut Calm<Vec<u8>>, text: Option<&str>, cursor: Option<(u16, u16)>) -> String {
        let cells: Vec<Cell> = text
            .into_iter()
            .flat_map(str::chars)
            .map(|letter| {
                let mut cell = Cell::default();
                cell.set_char(letter);
                cell
            })
            .collect();
        let at = cells.iter().enumerate().map(|(x, cell)| {
            let x = u16::try_from(x).expect("a short text");
            (x, 0, cell)
        });
        calm.draw(at).expect("a vector takes it");
        match cursor {
            None => calm.hide_cursor().expect("a vector takes it"),
            Some(at) => {
                calm.show_cursor().expect("a vector takes it");
                calm.set_cursor_position(at).expect("a vector takes it");
            }
        }
        calm.flush().expect("a vector takes it");
        String::from_utf8(std::mem::take(&mut calm.out)).expect("text")
    }

    #[test]
    fn a_frame_like_the_one_before_is_no_byte() {
        let mut calm = Calm::new(Vec::new());
        let first = frame(&mut calm, Some("abc"), None);
        assert!(
            first.starts_with("\u{1b}[?2026h") && first.ends_with("\u{1b}[?2026l"),
            "{first:?}"
        );
        assert!(
            first.contains("abc") && first.contains("\u{1b}[?25l"),
            "{first:?}"
        );
        assert_eq!(frame(&mut calm, None, None), "");
        // While one types the cursor is shown: it is said once where, and again after cells were written.
        assert!(frame(&mut calm, None, Some((3, 0))).contains("\u{1b}[?25h"));
        assert_eq!(frame(&mut calm, None, Some((3, 0))), "");
        let typed = frame(&mut calm, Some("x"), Some((3, 0)));
        assert!(
            typed.contains("\u{1b}[1;4H") && !typed.contains("\u{1b}[?25h"),
            "{typed:?}"
        );
        // After somebody else had the terminal nothing is taken for known.
        calm.forget();
        assert!(frame(&mut calm, None, None).contains("\u{1b}[?25l"));
        assert_eq!(frame(&mut calm, None, None), "");
    }
}
