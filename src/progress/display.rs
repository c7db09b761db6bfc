//! Draws the progress of a run, an evaluation or a prediction, for people or programs.

use std::time::Instant;

use serde_json::{Map, Value, json};
use taper::events::{Event, PassReport, StepReport};

use super::gauge::{Counts, Gauge};
use super::lines;
use super::pace::Pace;
use super::remaining::Remaining;
use super::style::{Cadence, Style};
use crate::cli::Common;
use crate::terminal;

/// A progress display on stderr.
pub struct Display {
    style: Style,
    cadence: Cadence,
    pace: Pace,
    remaining: Remaining,
    epochs: u64,
    /// The last step that was shown, or the first of an epoch.
    step: Option<StepReport>,
}

impl Display {
    /// A display in the style selected by the flags and the terminal.
    pub fn new(common: &Common, epochs: u64, remaining: Remaining) -> Self {
        let (style, now) = (Style::new(common), Instant::now());
        let (cadence, pace) = (Cadence::new(style, now), Pace::new(now, 0));
        Self { style, cadence, pace, remaining, epochs, step: None }
    }

    /// Called when training begins at `step`.
    pub fn begin(&mut self, step: StepReport) {
        let now = Instant::now();
        self.pace = Pace::new(now, (step.epoch - 1) * step.samples + step.samples_in_epoch);
        self.step = Some(step);
        self.cadence.begin(now);
    }

    /// Called after each step.
    pub fn step(&mut self, report: &StepReport) {
        if self.style == Style::Nothing {
            return;
        }
        let now = Instant::now();
        if self.step.is_some_and(|last| last.epoch != report.epoch) {
            self.cadence.begin(now);
            self.step = Some(*report);
        }
        if self.cadence.is_due(now) {
            self.pace.trained(now, report);
            self.step = Some(*report);
            self.show("training", &self.of_epoch(now, report));
        }
    }

    /// Called as an evaluation or a prediction advances.
    pub fn pass(&mut self, report: &PassReport) {
        if self.style == Style::Nothing {
            return;
        }
        let now = Instant::now();
        self.pace.passed(now, report);
        if report.done == 0 {
            self.cadence.begin(now);
        }
        if self.cadence.is_due(now) {
            self.show(report.split, &self.of_pass(now, report));
        }
    }

    /// Called for each event of a run.
    pub fn event(&mut self, event: &Event) {
        let width = width(self.style);
        let line = match event {
            _ if self.style == Style::Nothing => return,
            // Written at the very end, together with the exit code.
            Event::End { .. } => return terminal::add_to_end(fields(event).1),
            _ if self.style == Style::Json => String::new(),
            Event::Start { .. } => lines::start(event, width),
            Event::Epoch(epoch) => lines::epoch(epoch, self.epochs, width),
            _ => return,
        };
        let (name, fields) = fields(event);
        terminal::event(&name, fields, &line);
        if let Event::Start { validation_samples, test_samples, .. } = event {
            self.remaining.validation = *validation_samples as u64;
            self.remaining.test = *test_samples as u64;
            if let Some(step) = self.step.filter(|_| self.style == Style::Bar) {
                self.show("training", &self.of_epoch(Instant::now(), &step));
            }
        }
    }

    fn of_epoch(&self, now: Instant, report: &StepReport) -> Gauge {
        let (speed, elapsed) = (self.pace.training(), self.pace.elapsed(now));
        let run = |speed| self.remaining.seconds(report, 0, speed, self.pace.evaluation(), elapsed);
        Gauge {
            label: self.epoch(report),
            epoch: Some(report.epoch),
            counts: None,
            done: report.samples_in_epoch,
            total: report.samples,
            // A run that resumes within an epoch has taken no step yet.
            loss: Some(report.loss).filter(|loss| report.samples_in_epoch > 0 && !loss.is_nan()),
            accuracy: report.accuracy,
            speed,
            // A limit may end the run within the epoch.
            left: speed
                .map(|speed| run(speed).min((report.samples - report.samples_in_epoch) as f64 / speed)),
            run_left: speed.map(run).filter(|_| self.epochs > 1),
            elapsed,
        }
    }

    fn of_pass(&self, now: Instant, report: &PassReport) -> Gauge {
        let (speed, elapsed) = (self.pace.pass(now, report.done), self.pace.elapsed(now));
        let epoch = self.step.as_ref().filter(|_| report.split == "validation");
        let what = match report.split {
            "validation" => "validating",
            "test" => "testing",
            "input" | "files" => "predicting",
            _ => "evaluating",
        };
        let counts = if report.split == "files" { Counts::Files } else { Counts::Samples };
        let run = |step: &StepReport| {
            let step = StepReport { samples_in_epoch: step.samples, ..*step };
            Some(self.remaining.seconds(&step, report.done, self.pace.training()?, speed, elapsed))
        };
        Gauge {
            label: epoch.map_or(what.to_owned(), |step| format!("{} {what}", self.epoch(step))),
            epoch: epoch.map(|step| step.epoch),
            counts: Some(counts),
            done: report.done,
            total: report.samples,
            loss: None,
            accuracy: None,
            speed: speed.filter(|_| counts == Counts::Samples),
            left: speed.map(|speed| (report.samples - report.done) as f64 / speed),
            run_left: epoch.and_then(run).filter(|_| self.epochs > 1),
            elapsed,
        }
    }

    fn epoch(&self, report: &StepReport) -> String {
        let (epoch, epochs) = (report.epoch, self.epochs);
        format!("epoch {epoch:>width$}/{epochs}", width = epochs.to_string().len().max(2))
    }

    fn show(&self, phase: &str, gauge: &Gauge) {
        show(self.style, phase, gauge);
    }
}

/// The largest width of a line, if it is limited.
fn width(style: Style) -> Option<usize> {
    (style == Style::Bar || terminal::is_interactive()).then(terminal::width)
}

/// Shows `gauge` in `style`.
pub fn show(style: Style, phase: &str, gauge: &Gauge) {
    match style {
        Style::Nothing => {}
        Style::Bar => terminal::draw(&gauge.bar(terminal::width())),
        Style::Lines => terminal::note(&gauge.line(width(style))),
        Style::Json => terminal::event("progress", gauge.fields(phase), ""),
    }
}

/// The name and the values of `event`.
fn fields(event: &Event) -> (String, Map<String, Value>) {
    let Value::Object(mut fields) = json!(event) else { return <_>::default() };
    let name = fields.shift_remove("event").and_then(|name| name.as_str().map(str::to_owned));
    (name.unwrap_or_default(), fields)
}
