//! What a person sees while training.

mod bar;
mod display;

use std::path::{Path, PathBuf};

use taper::Experiment;
use taper::callbacks::{Callback, Control, Parameters, Position};
use taper::events::{Event, StepReport};
use taper::run::RunFolder;

use crate::cli::Common;
use display::Display;

/// Shows events on stderr.
pub struct Progress {
    pub display: Display,
    /// The folder of the run that was begun; empty if none was.
    pub run: PathBuf,
}

impl Progress {
    /// A display as the flags and the terminal suggest.
    pub fn new(common: &Common, experiment: &Experiment) -> Self {
        Self { display: Display::new(common, experiment.train.epochs), run: PathBuf::new() }
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
        self.display.step(report);
        Ok(())
    }

    fn event(&mut self, event: &Event) -> taper::Result<()> {
        self.display.event(event);
        Ok(())
    }

    fn note(&mut self, message: &str) -> taper::Result<()> {
        self.display.say(message);
        Ok(())
    }

    fn warning(&mut self, message: &str) -> taper::Result<()> {
        self.display.warn(message);
        Ok(())
    }

    fn stopped(&mut self, reason: &str, position: &Position) -> taper::Result<()> {
        self.display.end();
        if reason == "signal" {
            let (step, resume) = (position.step, RunFolder::resume_command(&self.run));
            self.display.say(&format!("stopped at step {step}; resume with: {resume}"));
        }
        Ok(())
    }
}
