//! A run from its beginning, or from where it was stopped, to its summary.

use std::path::{Path, PathBuf};

use candle_core::Device;

use super::ending::conclude;
use super::outcome::Outcome;
use super::{Run, Stopped, scales};
use crate::callbacks::{self, Callback, Callbacks};
use crate::checkpoint::{State, Store};
use crate::data::SearchPath;
use crate::device;
use crate::error::Result;
use crate::events::Event;
use crate::experiment::Experiment;
use crate::interrupt::Interrupt;
use crate::run_folder::RunFolder;
use crate::train::Trainer;

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
    /// A wish to stop, from a signal or another thread; also while the data is read.
    pub interrupt: Interrupt,
}

/// Trains as `experiment` says: a new run, or the rest of a stopped one; tests its best weights, and leaves
/// a run folder.
///
/// # Errors
/// Whatever stops the run: wrong data, a loss that diverges, a full disk; [`Error::Interrupted`] after a
/// checkpoint was written; [`Error::StoppedReading`] before the run began.
pub fn train(experiment: &Experiment, options: Options<'_>) -> Result<Outcome> {
    let Options { place, search, device, callbacks, interrupt } = options;
    let device = device.unwrap_or(Device::Cpu);
    let search = SearchPath { loading: search.loading.stopped_by(interrupt.clone()), ..search };
    let mut run = Run::new(experiment.clone(), &search, device)?;
    // Until now nothing was written: there is no run folder for a run that never began.
    search.loading.check()?;
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
    if state.position.step == 0 {
        for warning in scales::warnings(&run) {
            callbacks.each(|callback, _| callback.warning(&warning))?;
        }
    }
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
    conclude(&mut run, &state, &stop, (&folder, &store), &mut callbacks, &interrupt)
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
    let validated = !run.data.validation_order.is_empty();
    let (config, monitor) = (&run.experiment.checkpoint, run.experiment.monitor(validated));
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
        test_samples: run.data.test_order.len(),
    }
}
