//! What came of a run.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::events::Summary;
use crate::gate;

/// A finished run.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The run folder.
    pub folder: PathBuf,
    /// What `summary.json` says.
    pub summary: Summary,
    /// What the run has done, if that was all there was to do: `5 of 5 epochs`; and the key of the config that asks
    /// for more. Nothing was trained then.
    pub finished: Option<(String, &'static str)>,
    /// The conditions of `[gate]` that do not hold.
    failed: Option<String>,
}

impl Outcome {
    /// The outcome of a run in `folder` that has just ended.
    pub(super) fn new(folder: &Path, summary: Summary, gate: &gate::Config) -> Result<Self> {
        let failed = match gate.check(|name| summary.metrics.get(name)) {
            Err(Error::Gate(failed)) => Some(failed),
            other => other.map(|()| None)?,
        };
        Ok(Self { folder: folder.to_path_buf(), summary, finished: None, failed })
    }

    /// The outcome of one that had ended before.
    pub(super) fn finished(
        folder: &Path,
        summary: Summary,
        gate: &gate::Config,
        done: (String, &'static str),
    ) -> Result<Self> {
        Ok(Self { finished: Some(done), ..Self::new(folder, summary, gate)? })
    }

    /// Whether all conditions of `[gate]` hold.
    ///
    /// # Errors
    /// [`Error::Gate`] naming those that do not.
    pub fn check_gate(&self) -> Result<()> {
        self.failed.as_ref().map_or(Ok(()), |failed| Err(Error::Gate(failed.clone())))
    }
}
