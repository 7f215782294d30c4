//! The terminal that devinfra runs in, for commands that are handed it.

use std::io::{self, IsTerminal as _};
use std::panic;

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};

use crate::engine::TerminalSize;

/// Whether both ends are a terminal: what is typed, and what is shown.
pub(super) fn is_there() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// How large the terminal is; the size of a classic one when it does not say.
pub(super) fn size() -> TerminalSize {
    let known = tcgetwinsize(io::stdout()).ok();
    let known = known.filter(|size| size.ws_col > 0 && size.ws_row > 0);
    known.map_or(
        TerminalSize {
            columns: 80,
            rows: 24,
        },
        |size| TerminalSize {
            columns: size.ws_col,
            rows: size.ws_row,
        },
    )
}

/// How wide what is written to standard error may be; 80 where that is no terminal.
pub(super) fn columns() -> u16 {
    let size = tcgetwinsize(io::stderr()).ok();
    let columns = size.map(|size| size.ws_col);
    columns.filter(|columns| *columns > 0).unwrap_or(80)
}

/// A terminal that passes every key on as it is, until this value is dropped.
///
/// A panic restores the terminal as well: with `panic = "abort"` nothing is dropped.
pub(super) struct RawMode {
    saved: Termios,
}

impl RawMode {
    /// Enters it.
    ///
    /// # Errors
    ///
    /// When standard input is no terminal, or one that refuses.
    pub(super) fn enter() -> io::Result<Self> {
        let saved = tcgetattr(io::stdin())?;
        let restored_by_panic = saved.clone();
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            restore(&restored_by_panic);
            previous(info);
        }));
        let raw_mode = Self {
            saved: saved.clone(),
        };
        let mut raw = saved;
        raw.make_raw();
        tcsetattr(io::stdin(), OptionalActions::Now, &raw)?;
        Ok(raw_mode)
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        restore(&self.saved);
    }
}

fn restore(saved: &Termios) {
    tcsetattr(io::stdin(), OptionalActions::Drain, saved).ok(); // a terminal that is gone needs none
}
