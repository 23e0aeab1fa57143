//! How the screen is written beside its colours: with the letters of any terminal, and without what only decorates.

use ratatui::buffer::Buffer;
use ratatui::layout::Position;

/// What is done to a finished frame.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Look {
    /// Signs and lines have twins in ASCII. Names and reasons stay as they are.
    pub(crate) is_ascii: bool,
    /// No lines at all, and the terminal's cursor where ours is: for programs that read the screen aloud.
    pub(crate) is_spoken: bool,
}

/// The cursor of a list.
const CURSOR: &str = "▸";

impl Look {
    /// Changes a frame that is drawn. Where the terminal's cursor belongs, if the frame has not put it anywhere.
    pub(crate) fn finish(self, buffer: &mut Buffer) -> Option<Position> {
        let mut cursor = None;
        for y in buffer.area.top()..buffer.area.bottom() {
            for x in buffer.area.left()..buffer.area.right() {
                let Some(cell) = buffer.cell_mut((x, y)) else {
                    continue;
                };
                let sign = cell.symbol();
                if self.is_spoken && sign == CURSOR {
                    cursor = Some(Position::new(x, y));
                }
                let mut letters = sign.chars();
                let (Some(letter), None) = (letters.next(), letters.next()) else {
                    continue;
                };
                if self.is_spoken && is_line(letter) {
                    cell.set_char(' ');
                } else if self.is_ascii
                    && let Some(twin) = twin(letter)
                {
                    cell.set_char(twin);
                }
            }
        }
        cursor
    }
}

fn is_line(letter: char) -> bool {
    ('\u{2500}'..='\u{257f}').contains(&letter)
}

/// The letter of ASCII that stands for a sign of ours.
fn twin(letter: char) -> Option<char> {
    Some(match letter {
        '─' => '-',
        '│' => '|',
        letter if is_line(letter) => '+',
        '▸' => '>',
        '●' => '*',
        '○' => 'o',
        '✓' => 'v',
        '✗' => 'x',
        '■' => '#',
        '▣' => '@',
        '▓' | '█' => '#',
        '░' => '.',
        '▁' | '▂' => '.',
        '▃' | '▄' => ':',
        '▅' | '▆' | '▇' => '|',
        '…' => '~',
        '·' => '-',
        '→' => '>',
        '↑' => '^',
        '↓' => 'v',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_become_ascii_and_names_stay() {
        let mut buffer = Buffer::with_lines(["▸ ● Müller ──│ ▓░ …"]);
        let look = Look {
            is_ascii: true,
            is_spoken: false,
        };
        assert_eq!(look.finish(&mut buffer), None);
        assert_eq!(buffer, Buffer::with_lines(["> * Müller --| #. ~"]));
    }

    #[test]
    fn lines_go_and_the_cursor_is_where_the_row_is() {
        let mut buffer = Buffer::with_lines(["── 1 ──", "  a", "▸ b"]);
        let look = Look {
            is_ascii: false,
            is_spoken: true,
        };
        assert_eq!(look.finish(&mut buffer), Some(Position::new(0, 2)));
        assert_eq!(buffer, Buffer::with_lines(["   1   ", "  a", "▸ b"]));
    }
}
