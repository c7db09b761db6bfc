//! The result of a run.

use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::events::Summary;
use crate::gate;

/// A finished run.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The run folder.
    pub folder: PathBuf,
    /// The contents of `summary.json`.
    pub summary: Summary,
    /// If nothing was left to train: what the run had done, such as `5 of 5 epochs`, and the config key that
    /// would extend it.
    pub finished: Option<(String, &'static str)>,
}

impl Outcome {
    /// The outcome of a run in `folder` that has just ended.
    pub(super) fn new(folder: &Path, summary: Summary) -> Self {
        Self { folder: folder.to_path_buf(), summary, finished: None }
    }

    /// The outcome of a run that had ended before, judged by the conditions of `gate`.
    pub(super) fn finished(
        folder: &Path,
        mut summary: Summary,
        gate: &gate::Config,
        done: (String, &'static str),
    ) -> Self {
        summary.gate = gate.judge(|name| summary.metrics.get(name));
        Self { finished: Some(done), ..Self::new(folder, summary) }
    }

    /// Whether all conditions of `[gate]` hold.
    ///
    /// # Errors
    /// [`Error::Gate`](crate::Error::Gate) naming those that do not.
    pub fn check_gate(&self) -> Result<()> {
        gate::require(&self.summary.gate)
    }
}
