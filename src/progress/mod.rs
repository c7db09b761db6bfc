//! The progress display of a run, an evaluation or a prediction.

mod display;
mod gauge;
mod lines;
mod loading;
mod pace;
mod remaining;
mod style;

use std::path::{Path, PathBuf};

use taper::Experiment;
use taper::callbacks::{Callback, Control, Parameters, Position};
use taper::events::{Event, PassReport, StepReport};
use taper::run::RunFolder;

use crate::cli::Common;
use crate::terminal;
use display::Display;
pub use loading::shown;
use remaining::Remaining;

/// Shows the progress of an evaluation or a prediction on stderr.
pub fn watch(common: &Common) -> impl FnMut(&PassReport) + Send + 'static {
    let mut display = Display::new(common, 0, Remaining::default());
    move |report| display.pass(report)
}

/// Shows the progress of a prediction for `count` files on stderr; the returned function is to be called after each.
pub fn files(common: &Common, count: usize) -> impl FnMut() + 'static {
    let mut display = Display::new(common, 0, Remaining::default());
    let mut report = PassReport { split: "files", done: 0, samples: count as u64 };
    display.pass(&report);
    move || {
        report.done += 1;
        display.pass(&report);
    }
}

/// Shows the progress of a run on stderr.
pub struct Progress {
    display: Display,
    /// The folder of the run; empty until it has started.
    pub run: PathBuf,
}

impl Progress {
    /// A display in the style selected by the flags and the terminal.
    pub fn new(common: &Common, experiment: &Experiment) -> Self {
        let display = Display::new(common, experiment.train.epochs, Remaining::new(experiment));
        Self { display, run: PathBuf::new() }
    }
}

impl Callback for Progress {
    fn name(&self) -> &'static str {
        "progress"
    }

    fn start(&mut self, run: &Path, position: &Position, _control: &mut Control) -> taper::Result<()> {
        self.run = run.to_path_buf();
        self.display.begin(StepReport {
            step: position.step,
            epoch: position.epoch + 1,
            samples_in_epoch: position.samples_in_epoch,
            samples: position.course.samples,
            loss: f64::NAN,
            accuracy: None,
        });
        Ok(())
    }

    fn after_step(
        &mut self,
        report: &StepReport,
        _position: &Position,
        _weights: &Parameters,
        _control: &mut Control,
    ) -> taper::Result<()> {
        self.display.step(report);
        Ok(())
    }

    fn evaluating(&mut self, report: &PassReport) -> taper::Result<()> {
        self.display.pass(report);
        Ok(())
    }

    fn event(&mut self, event: &Event) -> taper::Result<()> {
        self.display.event(event);
        Ok(())
    }

    fn note(&mut self, message: &str) -> taper::Result<()> {
        terminal::note(message);
        Ok(())
    }

    fn warning(&mut self, message: &str) -> taper::Result<()> {
        terminal::warn(message);
        Ok(())
    }

    fn stopped(&mut self, reason: &str, position: &Position) -> taper::Result<()> {
        terminal::clear();
        if reason == "signal" {
            let (step, resume) = (position.step, RunFolder::resume_command(&self.run));
            terminal::note(&format!("stopped at step {step}; resume with: {resume}"));
        }
        Ok(())
    }
}
