//! What is seen of a run, an evaluation or a prediction while it is under way.

mod ahead;
mod display;
mod gauge;
mod lines;
mod loading;
mod pace;
mod style;

use std::path::{Path, PathBuf};

use taper::Experiment;
use taper::callbacks::{Callback, Control, Parameters, Position};
use taper::events::{Event, PassReport, StepReport};
use taper::run::RunFolder;

use crate::cli::Common;
use crate::terminal;
use ahead::Ahead;
use display::Display;
pub use loading::shown;

/// Shows on stderr how far an evaluation or a prediction has come.
pub fn watch(common: &Common) -> impl FnMut(&PassReport) + Send + 'static {
    let mut display = Display::new(common, 0, Ahead::default());
    move |report| display.pass(report)
}

/// Shows on stderr how many of `count` files are predicted for; what is returned is called after each.
pub fn files(common: &Common, count: usize) -> impl FnMut() + 'static {
    let mut display = Display::new(common, 0, Ahead::default());
    let mut report = PassReport { split: "files", done: 0, samples: count as u64 };
    display.pass(&report);
    move || {
        report.done += 1;
        display.pass(&report);
    }
}

/// Shows on stderr what a run does.
pub struct Progress {
    display: Display,
    /// The folder of the run that was begun; empty if none was.
    pub run: PathBuf,
}

impl Progress {
    /// A display as the flags and the terminal suggest.
    pub fn new(common: &Common, experiment: &Experiment) -> Self {
        let display = Display::new(common, experiment.train.epochs, Ahead::new(experiment));
        Self { display, run: PathBuf::new() }
    }
}

impl Callback for Progress {
    fn name(&self) -> &'static str {
        "progress"
    }

    fn start(&mut self, run: &Path, position: &Position) -> taper::Result<()> {
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
