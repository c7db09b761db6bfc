//! Writes the library's `tracing` events as log lines of the program.

use std::fmt::Debug;

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

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
    // Other libraries are logged from -vv on; taper's own errors contain all that a user needs.
    let libraries = if common.verbose > 1 { level } else { LevelFilter::OFF };
    let filter = Targets::new().with_default(libraries).with_target("taper", level);
    tracing_subscriber::registry().with(filter).with(Messages).init();
}

struct Messages;

impl<S: Subscriber> Layer<S> for Messages {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let level = match *event.metadata().level() {
            tracing::Level::ERROR => Level::Error,
            tracing::Level::WARN => Level::Warn,
            tracing::Level::INFO => Level::Info,
            _ => Level::Debug,
        };
        let mut values = Values::default();
        event.record(&mut values);
        let Values { message, fields } = values;
        let text = one_line(&message);
        let values = fields.iter().map(|(name, value)| format!(" {name}={value}"));
        let values = values.collect::<Vec<_>>().concat();
        let line = level.line(&one_line(&format!("{text}{values}")));
        log::write(Record { fields, ..Record::message(level, &text) }, &line);
    }
}

/// The message and the other values of an event.
#[derive(Default)]
struct Values {
    message: String,
    fields: Map<String, Value>,
}

impl Values {
    fn insert(&mut self, field: &Field, value: Value) {
        // Records of the crate `log` carry their place of origin in these fields.
        if !field.name().starts_with("log.") {
            self.fields.insert(field.name().to_owned(), value);
        }
    }
}

impl Visit for Values {
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
