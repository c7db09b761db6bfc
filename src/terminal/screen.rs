//! stderr as a screen: permanent lines, and below them one changing line.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Whether there is a changing line. The cursor stays at its start: if the window becomes narrower and wraps
/// the line, all of it can still be erased.
static CHANGING: Mutex<bool> = Mutex::new(false);

/// Returns to the start of the line and erases from there to the end of the screen.
const ERASE: &str = "\r\x1b[J";

/// The width if the terminal's is unknown.
const USUAL_WIDTH: usize = 80;

/// Whether stderr is a terminal that can redraw a line.
pub fn is_interactive() -> bool {
    io::stderr().is_terminal() && !is_dumb()
}

/// Whether text on stderr is colored: on a terminal that supports it, unless `NO_COLOR` is set.
pub fn has_colors() -> bool {
    io::stderr().is_terminal() && may_color()
}

/// Whether a terminal may be colored: it supports it, and `NO_COLOR` is not set.
pub fn may_color() -> bool {
    !is_dumb() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Whether the terminal does not support escape sequences. An unset `TERM` counts as such, as in other programs.
fn is_dumb() -> bool {
    std::env::var_os("TERM").map_or(!cfg!(windows), |name| name.is_empty() || name == "dumb")
}

/// The current width of the window, in characters.
pub fn width() -> usize {
    let size = terminal_size::terminal_size_of(io::stderr());
    size.map_or(USUAL_WIDTH, |(width, _)| usize::from(width.0)).max(1)
}

/// The current width of stdout in characters, if it is a terminal.
pub fn width_of_stdout() -> Option<usize> {
    let stdout = io::stdout();
    let size = terminal_size::terminal_size_of(&stdout).filter(|_| stdout.is_terminal());
    size.map(|(width, _)| usize::from(width.0).max(1))
}

/// Replaces the changing line with `text` and a line break. A failed write is ignored: it is no reason to stop.
pub fn line(text: &str) {
    let mut changing = lock();
    let erase = if std::mem::take(&mut *changing) { ERASE } else { "" };
    write(&format!("{erase}{text}\n"));
}

/// Draws the changing line, which must be shorter than the width of the screen.
pub fn draw(text: &str) {
    let mut changing = lock();
    *changing = true;
    write(&format!("\r{text}\x1b[J\r"));
}

/// Erases the changing line.
pub fn clear() {
    if std::mem::take(&mut *lock()) {
        write(ERASE);
    }
}

/// Erases the changing line of a process that is about to exit, without waiting for a blocked thread.
#[cfg(unix)]
pub fn clear_at_once() {
    let changing = match CHANGING.try_lock() {
        Ok(changing) => *changing,
        Err(std::sync::TryLockError::Poisoned(poisoned)) => *poisoned.into_inner(),
        Err(std::sync::TryLockError::WouldBlock) => false,
    };
    if changing {
        write(ERASE);
    }
}

fn lock() -> MutexGuard<'static, bool> {
    CHANGING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes `text` in one piece, so that the output of other processes does not split it.
fn write(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}
