//! `taper train`: a new run, or the rest of a stopped one.

use taper::Error;
use taper::checkpoint::{Checkpoint, State, Store};
use taper::device;
use taper::inference::{Split, evaluate};
use taper::interrupt::Interrupt;
use taper::run::Run;
use taper::train::events::{Event, Observer as _};
use taper::train::{Log, Stop, Trainer};

use super::progress::Progress;
use super::start::{Start, new_folder};
use super::{signals, summary};
use crate::cli::{Common, Format, Train};
use crate::terminal;

/// Trains.
///
/// # Errors
/// Whatever stops the run.
pub fn run(options: &Train, common: &Common) -> anyhow::Result<()> {
    let interrupt = signals::catch()?;
    let start = Start::choose(options)?;
    let device = super::open_device(&options.machine)?;
    let search = super::search_path(&options.machine.data, &start.config_folder);
    let mut run = Run::new(start.experiment, &search, device)?;
    let mut state = match &start.checkpoint {
        Some(checkpoint) => run.restore(checkpoint)?,
        None => run.fresh_state(),
    };
    drop(start.checkpoint);
    let folder = match start.folder {
        Some(folder) => folder,
        None => new_folder(options, &run.experiment)?,
    };
    folder.write_config(&run.experiment)?;
    let store = Store::new(folder.path());

    let mut progress = Progress::new(common, &run.experiment);
    let mut log = Log::open(folder.path(), state.files)?;
    let later = store.remove_later(state.step)?;
    if later > 0 {
        terminal::warn(&format!("going on from step {}: deleted {later} later checkpoints", state.step));
    }
    // What a run that was killed after a save still had to delete.
    store.prune(run.experiment.checkpoint.keep_last, state.best.as_ref().map(|best| best.step))?;
    let begin = start_event(&run);
    progress.event(&begin)?;
    if state.files.events == 0 {
        log.event(&begin)?;
    }
    let mut trainer = Trainer {
        config: &run.experiment.train,
        saving: &run.experiment.checkpoint,
        monitor: run.experiment.monitor(),
        loss: run.experiment.loss.member(),
        learning_rate: run.experiment.optimizer.member().learning_rate(),
        seed: run.experiment.seed,
        data: &run.data,
        engine: run.engine.as_mut(),
        store: &store,
        card: &run.card,
        log,
        observer: &mut progress,
        interrupt: interrupt.clone(),
    };
    let stop = trainer.fit(&mut state)?;
    let mut log = trainer.log;
    progress.clear();
    if let Stop::Signal(signal) = stop {
        progress.say(&format!(
            "stopped at step {}; go on with: taper train --resume {}",
            state.step,
            folder.path().display()
        ));
        return Err(Error::Interrupted(signal).into());
    }
    let tested = test(&mut run, &store, &mut state, &interrupt)?;
    let end = Event::End {
        reason: stop.reason(),
        step: state.step,
        metrics: state.last.clone(),
        seconds: state.seconds,
    };
    log.event(&end)?;
    log.flush()?;
    let report = summary::summary(&run, &state, stop, tested, folder.path());
    folder.write_summary(&report)?;
    match options.format {
        Format::Json => terminal::print(&format!("{report:#}"))?,
        Format::Text => terminal::print(&summary::describe(&state, tested, folder.path()))?,
    }
    run.experiment.gate.check(|name| summary::value(&state, name))?;
    Ok(())
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
        test_samples: run.data.test.as_ref().map_or(0, taper::data::Dataset::len),
    }
}

/// Measures the weights that `taper eval` would use (the best ones, else the last) on the test
/// samples, adds the values to `state.last`, and returns the epoch of those weights.
fn test(
    run: &mut Run,
    store: &Store,
    state: &mut State,
    interrupt: &Interrupt,
) -> anyhow::Result<Option<u64>> {
    let Some(dataset) = &run.data.test else { return Ok(None) };
    let mut epoch = state.epoch;
    if let Some(best) = state.best.as_ref().filter(|best| best.step != state.step) {
        let restored = Checkpoint::read(&store.path(best.step))
            .and_then(|checkpoint| checkpoint.restore_weights(run.engine.parameters()));
        match restored {
            Ok(()) => epoch = best.epoch,
            Err(error) => terminal::warn(&format!("testing the last weights, not the best ones: {error}")),
        }
    }
    let order: Vec<usize> = (0..dataset.len()).collect();
    let split = Split { dataset, order: &order };
    let running =
        evaluate(run.engine.as_mut(), run.experiment.loss.member(), split, &run.data.scaling, interrupt)?;
    let Some(running) = running else {
        return Err(Error::Interrupted(interrupt.signal().unwrap_or(2)).into());
    };
    state.last.extend(running.values().into_iter().map(|(name, value)| (format!("test.{name}"), value)));
    Ok(Some(epoch))
}
