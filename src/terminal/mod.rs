//! Output on stdout and stderr: results, messages, errors and exit codes.

mod clock;
mod library;
mod log;
mod rejection;
mod screen;
mod wrap;

pub use log::add_to_end;
pub use rejection::reject;
#[cfg(unix)]
pub use screen::clear_at_once;
pub use screen::{clear, draw, is_interactive, may_color, width};
pub use wrap::wrapped;

use std::io::{self, Write as _};
use std::ops::ControlFlow;
use std::process::ExitCode;

use serde_json::{Map, Value, json};

use crate::cli::Common;
use log::{Level, Record};

/// Sets up logging as requested by `-q`, `-v` and `--log-format`.
pub fn start(common: &Common) {
    log::set(common);
    library::subscribe(common);
}

/// Writes a result and a line break to stdout. A closed pipe is not an error: the reader has read enough.
///
/// # Errors
/// If stdout cannot be written, for example because the disk is full.
pub fn print(text: &str) -> anyhow::Result<()> {
    write(&format!("{text}\n")).map(drop)
}

/// Writes a part of a result to stdout, at once; breaks where stdout is a pipe that its reader has closed.
///
/// # Errors
/// As [`print`].
pub fn write(text: &str) -> anyhow::Result<ControlFlow<()>> {
    clear();
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ControlFlow::Break(())),
        Err(error) => Err(anyhow::Error::new(error).context("cannot write to stdout")),
        Ok(()) => Ok(ControlFlow::Continue(())),
    }
}

/// Writes a result for people, or nothing if it is empty; on a terminal, lines are wrapped between words.
///
/// # Errors
/// As [`print`].
pub fn print_lines(text: &str) -> anyhow::Result<()> {
    match screen::width_of_stdout() {
        _ if text.is_empty() => Ok(()),
        Some(width) => print(&wrapped(text, width)),
        None => print(text),
    }
}

/// Writes a message to stderr.
pub fn note(text: &str) {
    log::write(Record::message(Level::Info, text), text);
}

/// Writes a warning to stderr.
pub fn warn(text: &str) {
    let text = one_line(text);
    log::write(Record::message(Level::Warn, &text), &Level::Warn.line(&text));
}

/// Writes an event to stderr: `text`, or a JSON object with `fields`.
pub fn event(event: &str, fields: Map<String, Value>, text: &str) {
    log::write(Record { level: Level::Info, event, message: None, fields }, text);
}

/// Ends a successful command.
pub fn finish() -> ExitCode {
    clear();
    if log::is_json() {
        log::end(Record { level: Level::Info, event: "end", message: None, fields: Map::new() }, 0);
    }
    ExitCode::SUCCESS
}

/// `text` as one line of bounded length, with control characters escaped: names and values from files may
/// hold line breaks, terminal escape sequences or megabytes of text.
fn one_line(text: &str) -> String {
    const START: usize = 1500;
    const END: usize = 500;
    let mut line = String::new();
    let mut length = 0;
    for c in text.chars() {
        length += 1;
        if c.is_control() { line.extend(c.escape_default()) } else { line.push(c) }
    }
    if length <= START + END {
        return line;
    }
    let start: String = line.chars().take(START).collect();
    let end: String = line.chars().skip(line.chars().count().saturating_sub(END)).collect();
    format!("{start} … {end}")
}

/// Reports a panic, which is always a bug, in one line; with `RUST_BACKTRACE` in full.
pub fn report_panics() {
    let detailed = std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0");
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if taper::panics::are_contained() {
            return;
        }
        if detailed {
            clear();
            default(panic);
        }
        let version = env!("CARGO_PKG_VERSION");
        let text = format!("taper {version} panicked, which is a bug; please report it: {panic}");
        log::write(Record::message(Level::Error, &text), &format!("error: {text}"));
    }));
}

/// Reports an error and returns its exit code.
pub fn fail(error: &anyhow::Error) -> ExitCode {
    let known = error.downcast_ref::<taper::Error>();
    let code = known.map_or(1, taper::Error::exit_code);
    if log::is_json() {
        let (message, fields) = explained(error, known);
        let record = Record { level: Level::Error, event: "error", message: Some(&message), fields };
        log::end(record, code);
        return ExitCode::from(code);
    }
    let text = match known {
        Some(taper::Error::Config(diagnostics)) => diagnostics.render(screen::has_colors()),
        Some(taper::Error::Missing { place, message, details }) => {
            let first = Level::Error.line(&one_line(&format!("{}: {message}", place.display())));
            let rest = details.iter().map(|detail| format!("\n  {}", one_line(detail)));
            format!("{first}{}", rest.collect::<String>())
        }
        _ => Level::Error.line(&described(error, known)),
    };
    screen::line(&text);
    ExitCode::from(code)
}

/// The error for programs: its message, and for a config all mistakes with their places.
fn explained(error: &anyhow::Error, known: Option<&taper::Error>) -> (String, Map<String, Value>) {
    let mut fields = Map::new();
    let Some(taper::Error::Config(diagnostics)) = known else { return (described(error, known), fields) };
    fields.insert("mistakes".to_owned(), json!(diagnostics.mistakes()));
    let more = diagnostics.len().saturating_sub(1);
    let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
    (one_line(&format!("{}{more}", diagnostics.first())), fields)
}

/// The error in one line.
fn described(error: &anyhow::Error, known: Option<&taper::Error>) -> String {
    match known {
        // Its text already names its cause, which `{error:#}` would repeat.
        Some(known) => one_line(&known.to_string()),
        None => one_line(&format!("{error:#}")),
    }
}
