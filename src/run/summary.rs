//! The summary of a run that has ended.

use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::Run;
use crate::checkpoint::State;
use crate::device;
use crate::events::{LastEpoch, Metrics, Summary};
use crate::system;
use crate::train::Stop;

/// The weights that a run keeps, with their metrics: the best ones, which `taper eval` uses, else the last.
pub struct Kept {
    /// The number of epochs finished at that point.
    pub epoch: u64,
    /// Their metrics.
    pub metrics: Metrics,
    /// The epoch of the tested weights, if they were tested.
    pub tested: Option<u64>,
}

/// The summary of a run that keeps the weights of `kept`.
pub fn of(run: &Run, state: &State, stop: &Stop, kept: Kept, folder: &Path) -> Summary {
    let position = &state.position;
    let train_samples = run.data.train_indices.len();
    let samples =
        position.epoch.saturating_mul(train_samples as u64).saturating_add(position.samples_in_epoch);
    Summary {
        version: 2,
        run: folder.display().to_string(),
        name: run.experiment.name.clone(),
        reason: stop.reason().to_owned(),
        epochs: position.epoch,
        steps: position.step,
        all_steps: Some(position.course.steps.saturating_mul(position.course.epochs)),
        metrics: kept.metrics,
        metrics_epoch: Some(kept.epoch),
        test_epoch: kept.tested,
        last: Some(LastEpoch { epoch: position.epoch, metrics: Metrics(state.last.clone()) }),
        best: state.best(),
        gate: Vec::new(),
        seconds: state.seconds,
        samples_per_second: samples as f64 / state.seconds.max(1e-9),
        parameters: run.plan.parameters(),
        train_samples,
        seed: run.experiment.seed,
        data_sha256: run.data.digest.clone(),
        taper: env!("CARGO_PKG_VERSION").to_owned(),
        engine: run.engine.name().to_owned(),
        device: device::describe(&run.device),
        threads: crate::threads::count(),
        git_commit: git_commit(),
        host: system::host_name(),
        os: std::env::consts::OS.to_owned(),
        arch: std::env::consts::ARCH.to_owned(),
        debug_build: cfg!(debug_assertions),
    }
}

/// The commit of the current folder, if it is a git checkout.
fn git_commit() -> Option<String> {
    let mut git = Command::new("git");
    git.args(["rev-parse", "HEAD"]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut git = git.spawn().ok()?;
    // Not `Command::output`, which panics if the pipe cannot be read.
    let mut commit = String::new();
    let read = git.stdout.take()?.read_to_string(&mut commit);
    let ended = git.wait().ok()?;
    (read.is_ok() && ended.success()).then(|| commit.trim().to_owned())
}
