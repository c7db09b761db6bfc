//! A session of training, from the start of a run or a checkpoint to its summary.

use std::path::PathBuf;

use candle_core::Device;

use super::build::build_augmenter;
use super::ending::conclude;
use super::origin::{Folders, Origin};
use super::outcome::Outcome;
use super::{Run, Stopped, resumed, scales, unwritable};
use crate::callbacks::{self, Callback, Callbacks};
use crate::checkpoint::{State, Store};
use crate::data::SearchPath;
use crate::device;
use crate::error::Result;
use crate::events::Event;
use crate::experiment::{Experiment, InitialWeights};
use crate::interrupt::Interrupt;
use crate::run_folder::RunFolder;
use crate::train::{Average, Trainer};

/// The location of a run.
pub enum Place {
    /// The next free folder in this one: `NAME-0001`, `NAME-0002`, …
    NextIn(PathBuf),
    /// This folder.
    New {
        /// The folder.
        folder: PathBuf,
        /// Whether to clear it if it holds a run.
        force: bool,
    },
    /// The folder of a stopped run, which is resumed.
    Resumed(Box<Stopped>),
}

impl Default for Place {
    fn default() -> Self {
        Self::NextIn("runs".into())
    }
}

/// The settings that are not part of an experiment: the location of data and run, and callbacks.
#[derive(Default)]
pub struct Options<'a> {
    /// The location of the run; by default `runs/NAME-0001` and so on.
    pub place: Place,
    /// The folders searched for data sets.
    pub search: SearchPath,
    /// The device of the tensors; by default the CPU.
    pub device: Option<Device>,
    /// Additional callbacks.
    pub callbacks: Vec<&'a mut dyn Callback>,
    /// A request to stop, from a signal or another thread; also observed while data is read.
    pub interrupt: Interrupt,
}

/// Trains `experiment`, as a new run or the rest of a stopped one, tests its best weights, and leaves a run
/// folder.
///
/// # Errors
/// Whatever stops the run: invalid data, a diverging loss, a full disk;
/// [`Error::Interrupted`](crate::Error::Interrupted) after a signal, when a checkpoint has been written;
/// [`Error::StoppedReading`](crate::Error::StoppedReading) before the run began.
pub fn train(experiment: &Experiment, options: Options<'_>) -> Result<Outcome> {
    let Options { place, search, device, callbacks, interrupt } = options;
    if let Place::Resumed(stopped) = &place
        && let Some(outcome) = resumed::finished(stopped, experiment)?
    {
        return Ok(outcome);
    }
    let device = device.unwrap_or(Device::Cpu);
    let search = SearchPath { loading: search.loading.stopped_by(interrupt.clone()), ..search };
    let mut run = Run::new(experiment.clone(), &search, device).map_err(|error| match place {
        Place::Resumed(_) => Folders::explain(error),
        _ => error,
    })?;
    let initial = match &place {
        Place::Resumed(stopped) if stopped.checkpoint.is_some() => None,
        _ => run.load_initial_weights(&search)?,
    };
    // Nothing has been written so far: a run that never began has no folder.
    search.loading.check()?;
    let Opened { folder, mut state, note, mut warnings } = open(&mut run, place)?;
    folder.write_config(&run.experiment)?;
    Origin::new(folder.path(), &search).write(folder.path())?;
    let store = Store::new(folder.path());
    let own = callbacks;
    let mut callbacks = take_up(&run, &folder, &store, own, &mut state, &mut warnings)?;
    callbacks.each(|callback, control| callback.start(folder.path(), &state.position, control))?;
    if let Some(note) = note {
        callbacks.each(|callback, _| callback.note(&note))?;
    }
    if let Some(initial) = &initial {
        callbacks.each(|callback, _| callback.note(&initial.text()))?;
    }
    for warning in warnings {
        callbacks.each(|callback, _| callback.warning(&warning))?;
    }
    callbacks.tell(&start_event(&run, initial))?;
    if state.position.step == 0 {
        for warning in scales::warnings(&run) {
            callbacks.each(|callback, _| callback.warning(&warning))?;
        }
    }
    let requested = run.experiment.requested("validation");
    let augmenter = build_augmenter(&run.experiment, &run.data, &run.team);
    let steps = run.course().steps;
    let mut trainer = Trainer {
        config: &run.experiment.train,
        update: run.experiment.update(&run.plan, steps),
        loss: run.experiment.loss.member(),
        schedule: run.experiment.schedule(run.course()),
        plan: &run.plan,
        seed: run.experiment.seed,
        requested: &requested,
        data: &run.data,
        augmenter,
        average: run.average.as_mut(),
        engine: run.engine.as_mut(),
        store: &store,
        card: &run.card,
        callbacks: &mut callbacks,
        interrupt: interrupt.clone(),
    };
    let refused = |error| unwritable::explain(error, folder.path(), &store);
    let stop = trainer.fit(&mut state).map_err(refused)?;
    // What is tested now are the weights of the last checkpoint, unless others were better.
    run.average.as_mut().map_or(Ok(()), Average::swap)?;
    conclude(&mut run, &state, &stop, (&folder, &store), &mut callbacks, &interrupt).map_err(refused)
}

/// A run that is about to begin or resume.
struct Opened {
    folder: RunFolder,
    /// The state of the run.
    state: State,
    /// Where it resumes and what has changed, if it resumes.
    note: Option<String>,
    warnings: Vec<String>,
}

fn open(run: &mut Run, place: Place) -> Result<Opened> {
    let new = |folder| Opened { folder, state: run.fresh_state(), note: None, warnings: Vec::new() };
    Ok(match place {
        Place::NextIn(runs) => new(RunFolder::create_next(&runs, &run.experiment.name)?),
        Place::New { folder, force } => new(RunFolder::create(&folder, force)?),
        Place::Resumed(stopped) => {
            let Stopped { folder, checkpoint } = *stopped;
            let mut state = match &checkpoint {
                Some(checkpoint) => run.restore(checkpoint)?,
                None => run.fresh_state(),
            };
            let note = Some(resumed::whence(
                folder.path(),
                checkpoint.as_ref(),
                &run.experiment,
                run.course().samples,
            )?);
            let dropped = resumed::drop_other_best(&mut state, monitor(run).as_deref());
            Opened { folder, state, note, warnings: dropped.into_iter().collect() }
        }
    })
}

/// Makes the folder match the position from which the run resumes, and returns the callbacks. Later
/// checkpoints are deleted before files are truncated to the sizes of this one: they record longer files, so
/// they must not be found if this is interrupted.
fn take_up<'a>(
    run: &Run,
    folder: &RunFolder,
    store: &Store,
    own: Vec<&'a mut dyn Callback>,
    state: &mut State,
    warnings: &mut Vec<String>,
) -> Result<Callbacks<'a>> {
    callbacks::check_files(folder.path(), &state.files)?;
    // The summary describes an earlier end of the run, which now continues.
    folder.remove_summary()?;
    let (step, removed) = (state.position.step, store.remove_later(state.position.step)?);
    if removed > 0 {
        warnings.push(format!("resuming from step {step}: deleted {removed} later checkpoints"));
    }
    // Deletes the checkpoints that a run had not deleted yet when it was killed after a save.
    let keep_last = run.experiment.checkpoint.keep_last + usize::from(callbacks::is_provisional(state));
    store.prune(keep_last, state.best().map(|best| best.step))?;
    warnings.extend(callbacks::repair(folder.path(), &state.position, &mut state.files)?);
    let (experiment, monitor) = (&run.experiment, monitor(run));
    let options = callbacks::Options {
        checkpoint: &experiment.checkpoint,
        monitor: monitor.as_deref(),
        early_stopping: experiment.early_stopping.as_ref(),
        reduce_on_plateau: experiment.reduce_on_plateau.as_ref(),
    };
    Callbacks::new(folder.path(), options, own, state)
}

/// The metric that determines the best epoch.
fn monitor(run: &Run) -> Option<String> {
    run.experiment.monitor(!run.data.validation_indices.is_empty())
}

fn start_event(run: &Run, initial: Option<InitialWeights>) -> Event {
    Event::Start {
        name: run.experiment.name.clone(),
        taper: env!("CARGO_PKG_VERSION").to_owned(),
        device: device::describe(&run.device),
        engine: run.engine.name().to_owned(),
        seed: run.experiment.seed,
        parameters: run.plan.parameters(),
        train_samples: run.data.train_indices.len(),
        validation_samples: run.data.validation_indices.len(),
        test_samples: run.data.test_indices.len(),
        init_sha256: initial.map(|initial| initial.sha256),
    }
}
