//! What came of a run.

use std::path::{Path, PathBuf};

use super::Run;
use crate::error::{Error, Result};
use crate::events::Summary;

/// A finished run.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The run folder.
    pub folder: PathBuf,
    /// What `summary.json` says.
    pub summary: Summary,
    /// The conditions of `[gate]` that do not hold.
    failed: Option<String>,
}

impl Outcome {
    /// The outcome of `run`, with the conditions of `[gate]` checked.
    pub(super) fn judged(run: &Run, folder: &Path, summary: Summary) -> Result<Self> {
        let failed = match run.experiment.gate.check(|name| summary.metrics.get(name)) {
            Err(Error::Gate(failed)) => Some(failed),
            other => other.map(|()| None)?,
        };
        Ok(Self { folder: folder.to_path_buf(), summary, failed })
    }

    /// Whether all conditions of `[gate]` hold.
    ///
    /// # Errors
    /// [`Error::Gate`] naming those that do not.
    pub fn check_gate(&self) -> Result<()> {
        self.failed.as_ref().map_or(Ok(()), |failed| Err(Error::Gate(failed.clone())))
    }
}
