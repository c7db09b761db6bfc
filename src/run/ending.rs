//! The end of a run: the weights to keep, their test, and the files it leaves.

use std::path::Path;

use super::Run;
use super::outcome::Outcome;
use super::summary::{self, Kept};
use crate::callbacks::Callbacks;
use crate::checkpoint::{Checkpoint, State, Store};
use crate::error::{Error, Result};
use crate::events::{Event, Metrics, PassReport};
use crate::inference::{Split, evaluate};
use crate::interrupt::Interrupt;
use crate::metrics::Running;
use crate::run_folder::RunFolder;
use crate::train::Stop;

/// Tests the kept weights, writes the end of the log and the summary, and checks the gates.
///
/// # Errors
/// [`Error::Interrupted`] after a signal, even one during the test; the summary then records it.
pub fn conclude(
    run: &mut Run,
    state: &State,
    stop: &Stop,
    (folder, store): (&RunFolder, &Store),
    callbacks: &mut Callbacks<'_>,
    interrupt: &Interrupt,
) -> Result<Outcome> {
    let mut kept = take_best(run, state, store, callbacks)?;
    let signal = match stop {
        Stop::Signal(signal) => Some(*signal),
        _ => match test(run, callbacks, interrupt)? {
            Tested::Measured(running) => {
                kept.metrics.add("test", running.values());
                kept.tested = Some(kept.epoch);
                None
            }
            Tested::NothingToTestOn => None,
            Tested::Interrupted(signal) => Some(signal),
        },
    };
    if let Some(signal) = signal {
        folder.write_summary(&summary::of(run, state, &Stop::Signal(signal), kept, folder.path()))?;
        return Err(Error::Interrupted(signal));
    }
    let (reason, step, seconds) = (stop.reason().to_owned(), state.position.step, state.seconds);
    callbacks.tell(&Event::End { reason, step, metrics: kept.metrics.clone(), seconds })?;
    let mut summary = summary::of(run, state, stop, kept, folder.path());
    summary.gate = run.experiment.gate.judge(|name| summary.metrics.get(name));
    folder.write_summary(&summary)?;
    Ok(Outcome::new(folder.path(), summary))
}

/// Loads the kept weights into the engine. Returns their metrics as saved in their checkpoint.
fn take_best(run: &Run, state: &State, store: &Store, callbacks: &mut Callbacks<'_>) -> Result<Kept> {
    let last = Kept { epoch: state.position.epoch, metrics: Metrics(state.last.clone()), tested: None };
    let Some(best) = state.best().filter(|best| best.step != state.position.step) else { return Ok(last) };
    match restore(run, &store.path(best.step)) {
        Ok(metrics) => Ok(Kept { epoch: best.epoch, metrics, tested: None }),
        Err(error) => {
            let message = format!("using the last weights instead of the best ones: {error}");
            callbacks.each(|callback, _| callback.warning(&message))?;
            Ok(last)
        }
    }
}

fn restore(run: &Run, place: &Path) -> Result<Metrics> {
    let checkpoint = Checkpoint::read(place)?;
    checkpoint.restore_weights(run.engine.parameters())?;
    Ok(Metrics(checkpoint.state.map_or_else(Vec::new, |state| state.last)))
}

/// The result of a test.
enum Tested {
    Measured(Box<Running>),
    NothingToTestOn,
    Interrupted(i32),
}

/// Measures the engine's weights on the test samples.
fn test(run: &mut Run, callbacks: &mut Callbacks<'_>, interrupt: &Interrupt) -> Result<Tested> {
    if run.data.test_indices.is_empty() {
        return Ok(Tested::NothingToTestOn);
    }
    let requested = run.experiment.requested("test");
    let split = Split { dataset: run.data.tested(), indices: &run.data.test_indices, requested: &requested };
    let loss = run.experiment.loss.member();
    let mut watch = |done| {
        let report = PassReport { split: "test", done, samples: split.indices.len() as u64 };
        callbacks.each(|callback, _| callback.evaluating(&report))
    };
    let running = evaluate(run.engine.as_mut(), loss, split, &run.data.scaling, interrupt, &mut watch)?;
    Ok(match running {
        Some(running) => Tested::Measured(Box::new(running)),
        None => Tested::Interrupted(interrupt.signal().unwrap_or(2)),
    })
}
