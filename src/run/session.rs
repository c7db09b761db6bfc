//! A run from its beginning, or from where it was stopped, to its summary.

use std::path::{Path, PathBuf};

use candle_core::Device;

use super::{Run, Stopped, summary};
use crate::callbacks::{self, Callback, Callbacks};
use crate::checkpoint::{Checkpoint, State, Store};
use crate::data::{Dataset, SearchPath};
use crate::device;
use crate::error::{Error, Result};
use crate::events::{Event, Metrics, PassReport, Summary};
use crate::experiment::Experiment;
use crate::inference::{Split, evaluate};
use crate::interrupt::Interrupt;
use crate::run_folder::RunFolder;
use crate::train::{Stop, Trainer};

/// Where a run goes.
pub enum Place {
    /// To the next free folder in this one: `NAME-0001`, `NAME-0002`, …
    NextIn(PathBuf),
    /// To this folder.
    New {
        /// The folder.
        folder: PathBuf,
        /// Whether to clear it if it holds a run.
        force: bool,
    },
    /// To the folder of a stopped run, which is resumed.
    Resumed(Box<Stopped>),
}

impl Default for Place {
    fn default() -> Self {
        Self::NextIn("runs".into())
    }
}

/// What is not part of an experiment: where its data and its run are, and who takes part.
#[derive(Default)]
pub struct Options<'a> {
    /// Where the run goes; `runs/NAME-0001` and so on by default.
    pub place: Place,
    /// Where data sets are looked for.
    pub search: SearchPath,
    /// Where tensors are; the CPU by default.
    pub device: Option<Device>,
    /// Further callbacks.
    pub callbacks: Vec<&'a mut dyn Callback>,
    /// A wish to stop, from a signal or another thread.
    pub interrupt: Interrupt,
}

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
    /// Whether all conditions of `[gate]` hold.
    ///
    /// # Errors
    /// [`Error::Gate`] naming those that do not.
    pub fn check_gate(&self) -> Result<()> {
        self.failed.as_ref().map_or(Ok(()), |failed| Err(Error::Gate(failed.clone())))
    }
}

/// Trains as `experiment` says: a new run, or the rest of a stopped one; tests its best weights, and leaves
/// a run folder.
///
/// # Errors
/// Whatever stops the run: wrong data, a loss that diverges, a full disk; [`Error::Interrupted`] after a
/// checkpoint was written.
pub fn train(experiment: &Experiment, options: Options<'_>) -> Result<Outcome> {
    let Options { place, search, device, callbacks, interrupt } = options;
    let device = device.unwrap_or(Device::Cpu);
    let mut run = Run::new(experiment.clone(), &search, device)?;
    let (folder, mut state) = open(&run, place)?;
    folder.write_config(&run.experiment)?;
    let store = Store::new(folder.path());
    let own = callbacks;
    let (mut callbacks, removed) = take_up(&run, folder.path(), &store, own, &state)?;
    callbacks.each(|callback, _| callback.start(folder.path(), &state.position))?;
    if removed > 0 {
        let step = state.position.step;
        let message = format!("resuming from step {step}: deleted {removed} later checkpoints");
        callbacks.each(|callback, _| callback.warning(&message))?;
    }
    callbacks.tell(&start_event(&run))?;
    let mut trainer = Trainer {
        config: &run.experiment.train,
        loss: run.experiment.loss.member(),
        learning_rate: run.experiment.optimizer.member().learning_rate(),
        seed: run.experiment.seed,
        data: &run.data,
        engine: run.engine.as_mut(),
        store: &store,
        card: &run.card,
        callbacks: &mut callbacks,
        interrupt: interrupt.clone(),
    };
    let stop = trainer.fit(&mut state)?;
    if let Stop::Signal(signal) = stop {
        return Err(Error::Interrupted(signal));
    }
    let tested = test(&mut run, &store, &mut state, &mut callbacks, &interrupt)?;
    let metrics = Metrics(state.last.clone());
    let (reason, step, seconds) = (stop.reason().to_owned(), state.position.step, state.seconds);
    callbacks.tell(&Event::End { reason, step, metrics, seconds })?;
    let summary = summary::of(&run, &state, &stop, tested, folder.path());
    folder.write_summary(&summary)?;
    let failed = match run.experiment.gate.check(|name| summary.metrics.get(name)) {
        Err(Error::Gate(failed)) => Some(failed),
        other => other.map(|()| None)?,
    };
    Ok(Outcome { folder: folder.path().to_path_buf(), summary, failed })
}

/// The run's folder, and where the run stands.
fn open(run: &Run, place: Place) -> Result<(RunFolder, State)> {
    Ok(match place {
        Place::NextIn(runs) => (RunFolder::create_next(&runs, &run.experiment.name)?, run.fresh_state()),
        Place::New { folder, force } => (RunFolder::create(&folder, force)?, run.fresh_state()),
        Place::Resumed(stopped) => {
            let Stopped { folder, checkpoint } = *stopped;
            let state = match &checkpoint {
                Some(checkpoint) => run.restore(checkpoint)?,
                None => run.fresh_state(),
            };
            (folder, state)
        }
    })
}

/// Makes the folder fit the position that the run resumes from, and returns the callbacks with the number
/// of checkpoints that were deleted. Later checkpoints go before files are cut to this one's sizes: a
/// later one needs the longer files, and must not be found if this is interrupted.
fn take_up<'a>(
    run: &Run,
    folder: &Path,
    store: &Store,
    own: Vec<&'a mut dyn Callback>,
    state: &State,
) -> Result<(Callbacks<'a>, usize)> {
    callbacks::check_files(folder, &state.files)?;
    let removed = store.remove_later(state.position.step)?;
    // What a run that was killed after a save still had to delete.
    store.prune(run.experiment.checkpoint.keep_last, state.best().map(|best| best.step))?;
    let (config, monitor) = (&run.experiment.checkpoint, run.experiment.monitor());
    Ok((Callbacks::new(folder, config, monitor, own, state)?, removed))
}

fn start_event(run: &Run) -> Event {
    Event::Start {
        name: run.experiment.name.clone(),
        taper: env!("CARGO_PKG_VERSION").to_owned(),
        device: device::describe(&run.device),
        engine: run.engine.name().to_owned(),
        seed: run.experiment.seed,
        parameters: run.plan.parameters(),
        train_samples: run.data.train_order.len(),
        validation_samples: run.data.validation_order.len(),
        test_samples: run.data.test.as_ref().map_or(0, Dataset::len),
    }
}

/// Measures the weights that `taper eval` would use (the best ones, else the last) on the test
/// samples, adds the values to `state.last`, and returns the epoch of those weights.
fn test(
    run: &mut Run,
    store: &Store,
    state: &mut State,
    callbacks: &mut Callbacks<'_>,
    interrupt: &Interrupt,
) -> Result<Option<u64>> {
    let Some(dataset) = &run.data.test else { return Ok(None) };
    let mut epoch = state.position.epoch;
    if let Some(best) = state.best().filter(|best| best.step != state.position.step) {
        let restored = Checkpoint::read(&store.path(best.step))
            .and_then(|checkpoint| checkpoint.restore_weights(run.engine.parameters()));
        match restored {
            Ok(()) => epoch = best.epoch,
            Err(error) => {
                let message = format!("testing the last weights, not the best ones: {error}");
                callbacks.each(|callback, _| callback.warning(&message))?;
            }
        }
    }
    let order: Vec<usize> = (0..dataset.len()).collect();
    let (split, loss) = (Split { dataset, order: &order }, run.experiment.loss.member());
    let mut watch = |done| {
        let report = PassReport { split: "test", done, samples: order.len() as u64 };
        callbacks.each(|callback, _| callback.evaluating(&report))
    };
    let running = evaluate(run.engine.as_mut(), loss, split, &run.data.scaling, interrupt, &mut watch)?
        .ok_or_else(|| Error::Interrupted(interrupt.signal().unwrap_or(2)))?;
    let mut last = Metrics(std::mem::take(&mut state.last));
    last.add("test", running.values());
    state.last = last.0;
    Ok(Some(epoch))
}
