//! Lines at the bottom of a terminal that are drawn over and over, below lines that stay.
//!
//! Each picture is one write, so nothing flickers. The cursor rests on the empty line below: what
//! is typed or echoed there, such as `^C`, goes with the next picture.

use std::fmt::Write as _;
use std::io::Write;

use anstream::adapter::strip_str;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// How large a terminal is, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    columns: usize,
    rows: usize,
}

/// How many columns there are for a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room(usize);

impl Default for Size {
    fn default() -> Self {
        Self::new(80, 24)
    }
}

impl Size {
    /// A terminal that says it has no size is taken for a classic one.
    pub(super) fn new(columns: u16, rows: u16) -> Self {
        let or = |size: u16, classic| {
            if size == 0 {
                classic
            } else {
                usize::from(size)
            }
        };
        Self {
            columns: or(columns, 80),
            rows: or(rows, 24),
        }
    }

    /// What is left of a line beside these texts and so many columns. The last column stays free:
    /// some terminals wrap as soon as it is filled.
    pub(super) fn room(self, beside: &[&str], further: usize) -> Room {
        let taken: usize = beside.iter().map(|text| text.width()).sum();
        Room(self.columns.saturating_sub(taken + further + 1))
    }
}

impl Room {
    /// The text, padded or cut to fill the room exactly.
    pub(super) fn fit(self, text: &str) -> String {
        let Self(room) = self;
        let width = text.width();
        if width <= room {
            return format!("{text}{:1$}", "", room - width);
        }
        let mut cut = String::new();
        let mut left = room.saturating_sub(1);
        for letter in text.chars() {
            let width = letter.width().unwrap_or(0);
            if width > left {
                break;
            }
            left -= width;
            cut.push(letter);
        }
        if room > 0 {
            cut.push('…');
        }
        cut.push_str(&" ".repeat(left));
        cut
    }
}

/// The bottom of a terminal.
#[derive(Debug)]
pub(super) struct Live<W> {
    output: W,
    /// The widths of the lines that are drawn.
    drawn: Vec<usize>,
}

impl<W: Write> Live<W> {
    pub(super) fn new(output: W) -> Self {
        Self {
            output,
            drawn: Vec::new(),
        }
    }

    /// Draws `done` to stay, and `lines` over those that were drawn last.
    pub(super) fn draw(&mut self, done: &[String], lines: &[String], size: Size) {
        let shown = lines.len().min(size.rows.saturating_sub(2));
        let mut picture = String::new();
        let up = self.height(size);
        if up > 0 {
            write!(picture, "\u{1b}[{up}A").ok(); // a String takes everything
        }
        picture.push('\r');
        for line in done.iter().chain(lines.iter().take(shown)) {
            picture.push_str(line);
            picture.push_str("\u{1b}[K\n");
        }
        if shown < lines.len() {
            let more = lines.len() - shown;
            writeln!(picture, "… and {more} more\u{1b}[K").ok();
        }
        picture.push_str("\u{1b}[J");
        self.drawn = lines.iter().take(shown).map(|line| visible(line)).collect();
        if shown < lines.len() {
            self.drawn.push(1);
        }
        if up > 0 || !done.is_empty() || !lines.is_empty() {
            // A terminal that is gone stops nobody.
            self.output.write_all(picture.as_bytes()).ok();
            self.output.flush().ok();
        }
    }

    /// How many lines of the terminal the last picture takes. One that became narrower since has
    /// wrapped what was drawn.
    fn height(&self, size: Size) -> usize {
        let wrapped = |width: &usize| width.div_ceil(size.columns).max(1);
        self.drawn.iter().map(wrapped).sum()
    }
}

/// How wide a line is without its colours.
fn visible(line: &str) -> usize {
    strip_str(line).to_string().width()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_fills_its_room_exactly_also_when_letters_are_wide() {
        assert_eq!(Room(6).fit("abc"), "abc   ");
        assert_eq!(Room(4).fit("abcdef"), "abc…");
        assert_eq!(Room(4).fit("漢字漢字"), "漢… ");
        assert_eq!(Room(0).fit("abc"), "");
    }

    #[test]
    fn a_terminal_that_became_narrower_is_cleared_all_the_same() {
        let mut live = Live::new(Vec::new());
        let lines = ["x".repeat(79), "y".repeat(79)];
        live.draw(&[], &lines, Size::new(80, 24));
        live.output.clear();
        live.draw(&[], &[], Size::new(40, 24));
        assert_eq!(live.output, b"\x1b[4A\r\x1b[J");
    }

    #[test]
    fn more_lines_than_a_terminal_has_are_counted() {
        let mut live = Live::new(Vec::new());
        let lines = ["a", "b", "c", "d"].map(str::to_owned);
        live.draw(&[], &lines, Size::new(80, 4));
        let text = String::from_utf8(live.output).unwrap();
        assert!(text.contains("b\u{1b}[K\n… and 2 more"), "{text}");
        assert_eq!(live.drawn, [1, 1, 1]);
    }
}
