//! stdout and stderr: results, messages, errors and exit codes.

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::cli::{Common, LogFormat};

/// Sends log messages to stderr, as many as `-q` and `-v` ask for.
pub fn start_logging(common: &Common) {
    let level = match (common.quiet, common.verbose) {
        (true, _) => LevelFilter::ERROR,
        (_, 0) => LevelFilter::WARN,
        (_, 1) => LevelFilter::INFO,
        _ => LevelFilter::DEBUG,
    };
    // Libraries speak from -v on; what a user needs to know, taper's own errors say.
    let libraries = if common.verbose > 0 { level } else { LevelFilter::OFF };
    let filter = Targets::new().with_default(libraries).with_target("taper", level);
    let lines = fmt::layer()
        .with_writer(io::stderr)
        .with_target(false)
        // Else a closed or full stderr is a panic.
        .log_internal_errors(false)
        .with_ansi(io::stderr().is_terminal());
    let registry = tracing_subscriber::registry().with(filter);
    match common.log_format {
        LogFormat::Text => registry.with(lines.without_time()).init(),
        LogFormat::Json => registry.with(lines.json()).init(),
    }
}

/// Writes a result and a line end to stdout. A closed pipe is no error: the reader has enough.
///
/// # Errors
/// If stdout cannot be written, for example because its disk is full.
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(format!("{text}\n").as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(anyhow::Error::new(error).context("cannot write to stdout"))
        }
        _ => Ok(()),
    }
}

/// Writes a line to stderr. That it cannot be written is nothing to stop for.
pub fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Writes a warning to stderr.
pub fn warn(text: &str) {
    tracing::warn!("{}", one_line(text));
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
            default(panic);
        }
        note(&format!(
            "error: taper {} panicked, which is a bug; please report it: {panic}",
            env!("CARGO_PKG_VERSION")
        ));
    }));
}

/// Says what went wrong and returns the exit code for it.
pub fn fail(error: &anyhow::Error, common: &Common) -> ExitCode {
    let known = error.downcast_ref::<taper::Error>();
    let text = match known {
        Some(taper::Error::Config(diagnostics)) => {
            diagnostics.render(io::stderr().is_terminal() && common.log_format == LogFormat::Text)
        }
        _ if common.verbose > 0 => format!("error: {error:?}"),
        // Its text names its cause already, which `{error:#}` would repeat.
        Some(known) => one_line(&format!("error: {known}")),
        None => one_line(&format!("error: {error:#}")),
    };
    match common.log_format {
        LogFormat::Text => note(&text),
        LogFormat::Json => note(&serde_json::json!({"level": "ERROR", "message": text}).to_string()),
    }
    ExitCode::from(known.map_or(1, taper::Error::exit_code))
}
