//! stderr as a screen: lines, and below them one that changes.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Whether a changing line stands below the others. The cursor is at its start: there it stays where a
/// window that becomes narrower breaks the line, so that all of it can be erased.
static CHANGING: Mutex<bool> = Mutex::new(false);

/// Back to the start of the line, which is erased with all that is below.
const ERASE: &str = "\r\x1b[J";

/// The width where nobody knows it.
const USUAL_WIDTH: usize = 80;

/// Whether stderr is a terminal on which a line can be drawn over.
pub fn is_interactive() -> bool {
    io::stderr().is_terminal() && !is_dumb()
}

/// Whether text on stderr may be in colours: on a terminal that knows them, unless `NO_COLOR` is set.
pub fn has_colours() -> bool {
    is_interactive() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// A terminal that knows no escape sequences. One without a name is taken for that, as other programs do.
fn is_dumb() -> bool {
    std::env::var_os("TERM").map_or(!cfg!(windows), |name| name.is_empty() || name == "dumb")
}

/// How many characters fit in a line, as the window is now.
pub fn width() -> usize {
    let size = terminal_size::terminal_size_of(io::stderr());
    size.map_or(USUAL_WIDTH, |(width, _)| usize::from(width.0)).max(1)
}

/// The same of stdout, if it is a terminal.
pub fn width_of_stdout() -> Option<usize> {
    let stdout = io::stdout();
    let size = terminal_size::terminal_size_of(&stdout).filter(|_| stdout.is_terminal());
    size.map(|(width, _)| usize::from(width.0).max(1))
}

/// Writes `text` and a line end, in place of the changing line. That it cannot be written is nothing to
/// stop for.
pub fn line(text: &str) {
    let mut changing = lock();
    let erase = if std::mem::take(&mut *changing) { ERASE } else { "" };
    write(&format!("{erase}{text}\n"));
}

/// Draws the changing line, which must be shorter than the screen is wide.
pub fn draw(text: &str) {
    let mut changing = lock();
    *changing = true;
    write(&format!("\r{text}\x1b[J\r"));
}

/// Takes the changing line away.
pub fn clear() {
    if std::mem::take(&mut *lock()) {
        write(ERASE);
    }
}

/// The same for a process that is about to end: does not wait for a thread that cannot write.
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

/// In one piece, so that what other processes write does not come in between.
fn write(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}
