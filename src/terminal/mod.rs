//! stdout and stderr: results, messages, errors and exit codes.

mod clock;
mod library;
mod log;
mod refusal;
mod screen;
mod wrap;

pub use log::keep_for_the_end;
pub use refusal::refuse;
#[cfg(unix)]
pub use screen::clear_at_once;
pub use screen::{clear, draw, is_interactive, width};
pub use wrap::wrapped;

use std::io::{self, Write as _};
use std::ops::ControlFlow;
use std::process::ExitCode;

use serde_json::{Map, Value, json};

use crate::cli::Common;
use log::{Level, Record};

/// Takes up what `-q`, `-v` and `--log-format` ask for.
pub fn start(common: &Common) {
    log::set(common);
    library::listen(common);
}

/// Writes a result and a line end to stdout. A closed pipe is not an error: the reader has enough.
///
/// # Errors
/// If stdout cannot be written, for example because its disk is full.
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

/// Writes a result for people, which may have no lines: on a terminal broken between words, as wide as that is.
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

/// Writes a line for people to stderr.
pub fn note(text: &str) {
    log::say(Record::message(Level::Info, text), text);
}

/// Writes a warning to stderr.
pub fn warn(text: &str) {
    let text = one_line(text);
    log::say(Record::message(Level::Warn, &text), &Level::Warn.line(&text));
}

/// Writes what happened to stderr: `text`, or a line of JSON with `fields`.
pub fn tell(event: &str, fields: Map<String, Value>, text: &str) {
    log::say(Record { level: Level::Info, event, message: None, fields }, text);
}

/// Ends a command that did what it should.
pub fn finish() -> ExitCode {
    clear();
    if log::is_json() {
        log::end(Record { level: Level::Info, event: "end", message: None, fields: Map::new() }, 0);
    }
    ExitCode::SUCCESS
}

/// `text` as one line of bounded length: names and texts from files may hold line ends, escape
/// sequences for the terminal, or megabytes.
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

/// Makes a panic, which is always a bug, say so in one line; with `RUST_BACKTRACE` it says more.
pub fn explain_panics() {
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
        log::say(Record::message(Level::Error, &text), &format!("error: {text}"));
    }));
}

/// Says what went wrong and returns the exit code for it.
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
        Some(taper::Error::Config(diagnostics)) => diagnostics.render(screen::has_colours()),
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

/// What went wrong, for programs: of a config everything, with places.
fn explained(error: &anyhow::Error, known: Option<&taper::Error>) -> (String, Map<String, Value>) {
    let mut fields = Map::new();
    let Some(taper::Error::Config(diagnostics)) = known else { return (described(error, known), fields) };
    fields.insert("mistakes".to_owned(), json!(diagnostics.mistakes()));
    let more = diagnostics.len().saturating_sub(1);
    let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
    (one_line(&format!("{}{more}", diagnostics.first())), fields)
}

/// What went wrong, in a line.
fn described(error: &anyhow::Error, known: Option<&taper::Error>) -> String {
    match known {
        // Its text names its cause already, which `{error:#}` would repeat.
        Some(known) => one_line(&known.to_string()),
        None => one_line(&format!("{error:#}")),
    }
}
