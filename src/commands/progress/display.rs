//! What a person sees: a bar on a terminal, one line per epoch elsewhere, events as JSON, or nothing.

use std::io::IsTerminal as _;

use taper::events::{Event, StepReport};

use super::bar::Bar;
use crate::cli::{Common, LogFormat};
use crate::commands::text;
use crate::terminal;

/// Shows on stderr what a run reports.
pub struct Display {
    style: Style,
    bar: Bar,
    epochs: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Quiet,
    Lines,
    Bar,
    Json,
}

impl Display {
    /// As the flags and the terminal suggest, for a run of `epochs`.
    pub fn new(common: &Common, epochs: u64) -> Self {
        let style = match common.log_format {
            _ if common.quiet => Style::Quiet,
            LogFormat::Json => Style::Json,
            LogFormat::Text if std::io::stderr().is_terminal() => Style::Bar,
            LogFormat::Text => Style::Lines,
        };
        Self { style, bar: Bar::new(style == Style::Bar), epochs }
    }

    /// A line for people, above the bar if there is one.
    pub fn say(&self, line: &str) {
        match self.style {
            Style::Quiet => {}
            Style::Bar => self.bar.above(|| terminal::note(line)),
            Style::Lines => terminal::note(line),
            Style::Json => terminal::note(&serde_json::json!({"level": "INFO", "message": line}).to_string()),
        }
    }

    pub fn warn(&self, message: &str) {
        self.bar.above(|| terminal::warn(message));
    }

    pub fn step(&self, report: &StepReport) {
        if self.style == Style::Bar {
            self.bar.step(report, self.epochs);
        }
    }

    pub fn event(&self, event: &Event) {
        match (self.style, event) {
            (Style::Quiet, _) => {}
            (Style::Json, _) => terminal::note(&serde_json::to_string(event).unwrap_or_default()),
            (_, Event::Start { .. }) => self.say(&text::start(event)),
            (_, Event::Epoch(epoch)) => {
                self.bar.empty();
                self.say(&text::epoch(epoch, self.epochs, self.style == Style::Bar));
            }
            _ => {}
        }
    }

    /// Takes the bar away.
    pub fn end(&self) {
        self.bar.clear();
    }
}
