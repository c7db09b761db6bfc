//! What is said on stderr: lines for people, or one JSON object a line, all in one schema.

use std::sync::{LazyLock, Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

use serde_json::{Map, Value};

use super::clock::rfc3339;
use super::screen;
use crate::cli::{Common, LogFormat};

/// What the flags ask for.
static SETTINGS: OnceLock<Settings> = OnceLock::new();

/// What the last line will say besides the exit code.
static END: LazyLock<Mutex<Map<String, Value>>> = LazyLock::new(Mutex::default);

struct Settings {
    format: LogFormat,
    quiet: bool,
}

/// How much something matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Debug,
    Info,
    Warn,
    Error,
}

/// What a line tells: its kind, a text for people where there is one, and values.
pub struct Record<'a> {
    pub level: Level,
    pub event: &'a str,
    pub message: Option<&'a str>,
    pub fields: Map<String, Value>,
}

/// Takes up the flags; before that everything is said, as text.
pub fn set(common: &Common) {
    let _ = SETTINGS.set(Settings { format: common.log_format, quiet: common.quiet });
}

/// Whether lines are JSON.
pub fn is_json() -> bool {
    SETTINGS.get().is_some_and(|settings| settings.format == LogFormat::Json)
}

/// Writes `record` as a line of JSON if lines are JSON, else `text`; with `-q` neither, unless it is an
/// error.
pub fn say(record: Record<'_>, text: &str) {
    let quiet = SETTINGS.get().is_some_and(|settings| settings.quiet);
    if quiet && record.level != Level::Error {
        return;
    }
    if is_json() { screen::line(&json(record)) } else { screen::line(text) }
}

/// Keeps `fields` for the line that ends the log.
pub fn keep_for_the_end(fields: Map<String, Value>) {
    *END.lock().unwrap_or_else(PoisonError::into_inner) = fields;
}

/// Writes the last line of a JSON log, with the exit code and what was kept for it; also with `-q`.
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

    /// `text` as a line for people.
    pub fn line(self, text: &str) -> String {
        let (word, colour) = match self {
            Self::Debug => ("debug", "\x1b[2m"),
            Self::Info => ("note", "\x1b[1m\x1b[32m"),
            Self::Warn => ("warning", "\x1b[1m\x1b[33m"),
            Self::Error => ("error", "\x1b[1m\x1b[31m"),
        };
        if screen::has_colours() {
            format!("{colour}{word}\x1b[0m: {text}")
        } else {
            format!("{word}: {text}")
        }
    }
}

impl<'a> Record<'a> {
    /// A message without other values.
    pub fn message(level: Level, text: &'a str) -> Self {
        let event = if level == Level::Warn { "warning" } else { "message" };
        Self { level, event, message: Some(text), fields: Map::new() }
    }
}
