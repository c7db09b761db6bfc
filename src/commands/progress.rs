//! What a person sees while training: a bar on a terminal, one line per epoch elsewhere.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use taper::callbacks::{Callback, Control};
use taper::events::{Epoch, Event, Metrics, StepReport};
use taper::experiment::Experiment;
use taper::network::Parameters;
use taper::position::Position;

use crate::cli::{Common, LogFormat};
use crate::terminal;

/// Shows events on stderr.
pub struct Progress {
    style: Style,
    bar: ProgressBar,
    epochs: u64,
    /// The run folder.
    run: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Quiet,
    Lines,
    Bar,
    Json,
}

impl Progress {
    /// A display as the flags and the terminal suggest.
    pub fn new(common: &Common, experiment: &Experiment) -> Self {
        let style = match common.log_format {
            _ if common.quiet => Style::Quiet,
            LogFormat::Json => Style::Json,
            LogFormat::Text if std::io::stderr().is_terminal() => Style::Bar,
            LogFormat::Text => Style::Lines,
        };
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
        if style != Style::Bar {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        Self { style, bar, epochs: experiment.train.epochs, run: PathBuf::new() }
    }

    /// A line for people, above the bar if there is one.
    pub fn say(&self, line: &str) {
        match self.style {
            Style::Quiet => {}
            Style::Bar => self.bar.suspend(|| terminal::note(line)),
            Style::Lines => terminal::note(line),
            Style::Json => terminal::note(&serde_json::json!({"level": "INFO", "message": line}).to_string()),
        }
    }
}

impl Callback for Progress {
    fn name(&self) -> &'static str {
        "progress"
    }

    fn start(&mut self, run: &Path, _position: &Position) -> taper::Result<()> {
        self.run = run.to_path_buf();
        Ok(())
    }

    fn after_step(
        &mut self,
        report: &StepReport,
        _position: &Position,
        _weights: &Parameters,
        _control: &mut Control,
    ) -> taper::Result<()> {
        if self.style != Style::Bar {
            return Ok(());
        }
        if self.bar.length() != Some(report.samples) || report.samples_in_epoch < self.bar.position() {
            begin_bar(&self.bar, report, self.epochs);
        }
        self.bar.set_position(report.samples_in_epoch);
        let accuracy = report.accuracy.map_or_else(String::new, |value| format!("  accuracy {value:.4}"));
        self.bar.set_message(format!("loss {:.4}{accuracy}", report.loss));
        Ok(())
    }

    fn event(&mut self, event: &Event) -> taper::Result<()> {
        match (self.style, event) {
            (Style::Quiet, _) => {}
            (Style::Json, _) => terminal::note(&serde_json::to_string(event).unwrap_or_default()),
            (_, Event::Start { .. }) => self.say(&describe_start(event)),
            (_, Event::Epoch(epoch)) => {
                self.bar.set_position(0);
                self.say(&describe_epoch(epoch, self.epochs, self.style == Style::Bar));
            }
            _ => {}
        }
        Ok(())
    }

    fn warning(&mut self, message: &str) -> taper::Result<()> {
        self.bar.suspend(|| terminal::warn(message));
        Ok(())
    }

    fn stopped(&mut self, reason: &str, position: &Position) -> taper::Result<()> {
        self.bar.finish_and_clear();
        if reason == "signal" {
            let (step, run) = (position.step, self.run.display());
            self.say(&format!("stopped at step {step}; resume with: taper train --resume {run}"));
        }
        Ok(())
    }
}

fn begin_bar(bar: &ProgressBar, report: &StepReport, epochs: u64) {
    let template = "{prefix} {bar:24} {percent:>3}%  {msg}  {per_sec}  ETA {eta}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        let per_second = |state: &indicatif::ProgressState, to: &mut dyn std::fmt::Write| {
            let _ = write!(to, "{:.0} samples/s", state.per_sec());
        };
        bar.set_style(style.with_key("per_sec", per_second).progress_chars("=> "));
    }
    bar.reset();
    bar.set_length(report.samples);
    bar.set_prefix(format!("epoch {:>2}/{epochs}", report.epoch));
    bar.enable_steady_tick(Duration::from_millis(200));
}

fn describe_start(event: &Event) -> String {
    let Event::Start {
        name,
        device,
        engine,
        parameters,
        train_samples,
        validation_samples,
        test_samples,
        ..
    } = event
    else {
        return String::new();
    };
    let threads = taper::threads::count();
    let threads = if device == "cpu" {
        format!(", {threads} thread{}", if threads == 1 { "" } else { "s" })
    } else {
        String::new()
    };
    format!(
        "{name}: {} parameters on {device}{threads}, engine {engine}; samples: {} train, {} validation, {} test",
        with_separators(*parameters),
        with_separators(*train_samples as u64),
        with_separators(*validation_samples as u64),
        with_separators(*test_samples as u64),
    )
}

/// All metrics, or the few that fit a terminal's line.
fn describe_epoch(epoch: &Epoch, epochs: u64, few: bool) -> String {
    let split = |name: &str| -> String {
        let own = epoch
            .metrics
            .iter()
            .filter_map(|(key, value)| Some((key.strip_prefix(name)?.strip_prefix('.')?, value)))
            .filter(|(key, _)| !few || matches!(*key, "loss" | "accuracy" | "rmse"));
        let texts: Vec<String> = own.map(|(key, value)| format!("  {key} {value:.4}")).collect();
        texts.concat()
    };
    let validation = if has(&epoch.metrics, "validation") {
        format!("  | validation{}", split("validation"))
    } else {
        String::new()
    };
    format!(
        "epoch {:>2}/{epochs}{}{validation}  | {}, {} samples/s",
        epoch.epoch,
        split("train"),
        duration(epoch.seconds),
        with_separators(epoch.samples_per_second as u64),
    )
}

fn has(metrics: &Metrics, split: &str) -> bool {
    metrics.iter().any(|(name, _)| name.starts_with(split))
}

/// As in 6.02 s or 35 ms.
fn duration(seconds: f64) -> String {
    if seconds < 0.1 { format!("{:.0} ms", seconds * 1e3) } else { format!("{seconds:.2} s") }
}

/// As in 693,962.
pub fn with_separators(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn groups_thousands() {
        assert_eq!(super::with_separators(7), "7");
        assert_eq!(super::with_separators(693_962), "693,962");
        assert_eq!(super::with_separators(1_000), "1,000");
    }
}
