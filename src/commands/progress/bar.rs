//! The bar of an epoch, on a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use taper::events::StepReport;

/// A bar, or nothing where none is wanted.
pub struct Bar(ProgressBar);

impl Bar {
    /// A bar on stderr if it is to be `shown`.
    pub fn new(shown: bool) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
        if !shown {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        Self(bar)
    }

    /// Moves to where a step has brought the epoch, one of `epochs`.
    pub fn step(&self, report: &StepReport, epochs: u64) {
        if self.0.length() != Some(report.samples) || report.samples_in_epoch < self.0.position() {
            self.begin(report, epochs);
        }
        self.0.set_position(report.samples_in_epoch);
        let accuracy = report.accuracy.map_or_else(String::new, |value| format!("  accuracy {value:.4}"));
        self.0.set_message(format!("loss {:.4}{accuracy}", report.loss));
    }

    /// Writes something else to stderr, above the bar.
    pub fn above(&self, write: impl FnOnce()) {
        self.0.suspend(write);
    }

    /// Is empty again, for the next epoch.
    pub fn empty(&self) {
        self.0.set_position(0);
    }

    /// Is gone.
    pub fn clear(&self) {
        self.0.finish_and_clear();
    }

    fn begin(&self, report: &StepReport, epochs: u64) {
        let template = "{prefix} {bar:24} {percent:>3}%  {msg}  {per_sec}  ETA {eta}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            let per_second = |state: &indicatif::ProgressState, to: &mut dyn std::fmt::Write| {
                let _ = write!(to, "{:.0} samples/s", state.per_sec());
            };
            self.0.set_style(style.with_key("per_sec", per_second).progress_chars("=> "));
        }
        self.0.reset();
        self.0.set_length(report.samples);
        self.0.set_prefix(format!("epoch {:>2}/{epochs}", report.epoch));
        self.0.enable_steady_tick(Duration::from_millis(200));
    }
}
