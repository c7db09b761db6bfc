//! Writes the library's `tracing` events, and the `log` records of other crates, as log lines of the program.
//!
//! `tracing-subscriber` would add five crates for what two traits and a level need here: taper opens no spans.

use std::fmt::Debug;

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record as Values};
use tracing::{Event, Metadata, Subscriber};

use super::log::{self, Level, Record};
use super::one_line;
use crate::cli::Common;

/// Subscribes to events of the levels selected by `-q` and `-v`.
pub fn subscribe(common: &Common) {
    let level = match (common.quiet, common.verbose) {
        (true, _) => LevelFilter::ERROR,
        (_, 0) => LevelFilter::WARN,
        (_, 1) => LevelFilter::INFO,
        _ => LevelFilter::DEBUG,
    };
    // A second call would find both in place, with the same level.
    let _ = tracing::subscriber::set_global_default(Messages { level, others: common.verbose > 1 });
    if common.verbose > 1 && ::log::set_logger(&Others).is_ok() {
        ::log::set_max_level(::log::LevelFilter::Debug);
    }
}

/// Events of taper, and of other libraries that use `tracing` from `-vv` on: taper's own errors contain all that a
/// user needs.
struct Messages {
    level: LevelFilter,
    others: bool,
}

impl Subscriber for Messages {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let target = metadata.target();
        let ours = target == "taper" || target.starts_with("taper::");
        metadata.is_event() && *metadata.level() <= self.level && (ours || self.others)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }

    fn event(&self, event: &Event<'_>) {
        let level = match *event.metadata().level() {
            tracing::Level::ERROR => Level::Error,
            tracing::Level::WARN => Level::Warn,
            tracing::Level::INFO => Level::Info,
            _ => Level::Debug,
        };
        let mut content = Content::default();
        event.record(&mut content);
        write(level, content);
    }

    // Spans are not enabled, so none of these is called.
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Values<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// Records of libraries that use `log`.
struct Others;

impl ::log::Log for Others {
    fn enabled(&self, metadata: &::log::Metadata<'_>) -> bool {
        metadata.level() <= ::log::max_level()
    }

    fn log(&self, record: &::log::Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let level = match record.level() {
            ::log::Level::Error => Level::Error,
            ::log::Level::Warn => Level::Warn,
            ::log::Level::Info => Level::Info,
            _ => Level::Debug,
        };
        write(level, Content { message: record.args().to_string(), fields: Map::new() });
    }

    fn flush(&self) {}
}

fn write(level: Level, Content { message, fields }: Content) {
    let text = one_line(&message);
    let values = fields.iter().map(|(name, value)| format!(" {name}={value}"));
    let values = values.collect::<Vec<_>>().concat();
    let line = level.line(&one_line(&format!("{text}{values}")));
    log::write(Record { fields, ..Record::message(level, &text) }, &line);
}

/// The message and the other values of an event.
#[derive(Default)]
struct Content {
    message: String,
    fields: Map<String, Value>,
}

impl Content {
    fn insert(&mut self, field: &Field, value: Value) {
        self.fields.insert(field.name().to_owned(), value);
    }
}

impl Visit for Content {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let text = format!("{value:?}");
        if field.name() == "message" { self.message = text } else { self.insert(field, text.into()) }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            value.clone_into(&mut self.message);
        } else {
            self.insert(field, value.into());
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.insert(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.insert(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.insert(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.insert(field, value.into());
    }
}
