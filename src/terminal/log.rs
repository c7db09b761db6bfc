//! Lines on stderr: text for people, or JSON objects of one schema, one per line.

use std::sync::{LazyLock, Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

use serde_json::{Map, Value};

use super::clock::rfc3339;
use super::screen;
use crate::cli::{Common, LogFormat};

/// The settings made by flags.
static SETTINGS: OnceLock<Settings> = OnceLock::new();

/// Fields of the last line, in addition to the exit code.
static END: LazyLock<Mutex<Map<String, Value>>> = LazyLock::new(Mutex::default);

struct Settings {
    format: LogFormat,
    quiet: bool,
}

/// The severity of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Debug,
    Info,
    Warn,
    Error,
}

/// The content of a line: its kind, its message if it has one, and its values.
pub struct Record<'a> {
    pub level: Level,
    pub event: &'a str,
    pub message: Option<&'a str>,
    pub fields: Map<String, Value>,
}

/// Applies the flags. Until then, every line is written, as text.
pub fn set(common: &Common) {
    let _ = SETTINGS.set(Settings { format: common.log_format, quiet: common.quiet });
}

/// Whether lines are written as JSON.
pub fn is_json() -> bool {
    SETTINGS.get().is_some_and(|settings| settings.format == LogFormat::Json)
}

/// Writes `record` if lines are JSON, otherwise `text`. With `-q`, writes errors only.
pub fn write(record: Record<'_>, text: &str) {
    let quiet = SETTINGS.get().is_some_and(|settings| settings.quiet);
    if quiet && record.level != Level::Error {
        return;
    }
    if is_json() { screen::line(&json(record)) } else { screen::line(text) }
}

/// Sets `fields` to be written with the last line of the log.
pub fn add_to_end(fields: Map<String, Value>) {
    *END.lock().unwrap_or_else(PoisonError::into_inner) = fields;
}

/// Writes the last line of a JSON log, with the exit code and the fields of [`add_to_end`]; also with `-q`.
pub fn end(mut record: Record<'_>, exit_code: u8) {
    record.fields.insert("exit_code".to_owned(), exit_code.into());
    record.fields.append(&mut END.lock().unwrap_or_else(PoisonError::into_inner));
    screen::line(&json(record));
}

fn json(record: Record<'_>) -> String {
    let mut line = Map::new();
    let mut insert = |name: &str, value: &str| line.insert(name.to_owned(), value.into());
    insert("time", &rfc3339(SystemTime::now()));
    insert("level", record.level.name());
    insert("event", record.event);
    if let Some(message) = record.message {
        insert("message", message);
    }
    for (name, value) in record.fields {
        line.entry(name).or_insert(value);
    }
    Value::Object(line).to_string()
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        }
    }

    /// `text` as a line for people, starting with the level.
    pub fn line(self, text: &str) -> String {
        let (word, color) = match self {
            Self::Debug => ("debug", "\x1b[2m"),
            Self::Info => ("note", "\x1b[1m\x1b[32m"),
            Self::Warn => ("warning", "\x1b[1m\x1b[33m"),
            Self::Error => ("error", "\x1b[1m\x1b[31m"),
        };
        if screen::has_colors() { format!("{color}{word}\x1b[0m: {text}") } else { format!("{word}: {text}") }
    }
}

impl<'a> Record<'a> {
    /// A message without further values.
    pub fn message(level: Level, text: &'a str) -> Self {
        let event = if level == Level::Warn { "warning" } else { "message" };
        Self { level, event, message: Some(text), fields: Map::new() }
    }
}
