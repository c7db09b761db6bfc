//! `taper train`: a new run, or the rest of a stopped one.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use taper::Error;
use taper::checkpoint::{Checkpoint, State, Store, manifest};
use taper::device;
use taper::experiment::Experiment;
use taper::run::{Run, config_folder};
use taper::run_folder::RunFolder;
use taper::train::events::{Event, Observer as _};
use taper::train::{Interrupt, Log, Split, Stop, Trainer, evaluate};

use super::progress::Progress;
use super::source;
use crate::cli::{Common, Format, Train};
use crate::terminal;

/// Where runs go without `--run-dir`.
const RUNS: &str = "runs";

/// Trains.
///
/// # Errors
/// Whatever stops the run.
pub fn run(options: &Train, common: &Common) -> anyhow::Result<()> {
    let interrupt = catch_signals()?;
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
        device: &run.device,
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
    let summary = summary(&run, &state, stop, tested, folder.path());
    folder.write_summary(&summary)?;
    match options.format {
        Format::Json => terminal::print(&format!("{summary:#}"))?,
        Format::Text => terminal::print(&describe(&state, tested, folder.path()))?,
    }
    run.experiment.gate.check(|name| value(&state, name))?;
    Ok(())
}

/// What to train and where it stands.
struct Start {
    experiment: Experiment,
    config_folder: PathBuf,
    folder: Option<RunFolder>,
    checkpoint: Option<Checkpoint>,
}

impl Start {
    fn choose(options: &Train) -> anyhow::Result<Self> {
        match &options.resume {
            None => {
                let loaded = source::load(&options.source)?;
                Ok(Self {
                    experiment: loaded.experiment,
                    config_folder: loaded.folder,
                    folder: None,
                    checkpoint: None,
                })
            }
            Some(path) if path.as_os_str() == "auto" => Self::resume_auto(options),
            Some(path) => Self::resume_from(path, options),
        }
    }

    /// The latest run of the config's name, or a new one.
    fn resume_auto(options: &Train) -> anyhow::Result<Self> {
        let loaded = source::load(&options.source)?;
        let latest = match &options.run_dir {
            Some(folder) => Some(folder.clone()).filter(|folder| folder.join("config.toml").exists()),
            None => RunFolder::latest(Path::new(RUNS), &loaded.experiment.name),
        };
        let mut start = Self {
            experiment: loaded.experiment,
            config_folder: loaded.folder,
            folder: None,
            checkpoint: None,
        };
        if let Some(path) = latest {
            let folder = RunFolder::open(&path)?;
            let store = Store::new(&path);
            store.clean();
            start.checkpoint = store.latest(skipped)?;
            start.folder = Some(folder);
        }
        Ok(start)
    }

    /// The run that `path` belongs to, from its latest checkpoint or from the one that is named.
    fn resume_from(path: &Path, options: &Train) -> anyhow::Result<Self> {
        if options.run_dir.is_some() {
            let message =
                "--run-dir goes with a new run or `--resume auto`; a run that is named has its folder";
            return Err(Error::Usage(message.to_owned()).into());
        }
        let is_checkpoint = path.join(manifest::FILE).exists();
        let run = if is_checkpoint { run_of(path) } else { Some(path.to_path_buf()) };
        let is_run = |run: &PathBuf| run.join("config.toml").exists() || run.join("checkpoints").is_dir();
        let run = run.filter(is_run).ok_or_else(|| {
            Error::checkpoint(
                path,
                "is neither a run folder nor a checkpoint folder in one; nothing to resume",
            )
        })?;
        let folder = RunFolder::open(&run)?;
        let store = Store::new(&run);
        store.clean();
        let checkpoint = if is_checkpoint {
            Checkpoint::read(path)?
        } else {
            store.latest(skipped)?.ok_or_else(|| {
                Error::checkpoint(
                    &run,
                    "holds no checkpoint to resume from; use `--resume auto` to start anew if there is none",
                )
            })?
        };
        let (experiment, config_folder) = if options.source.config.is_some() {
            let loaded = source::load(&options.source)?;
            (loaded.experiment, loaded.folder)
        } else {
            let experiment = source::override_values(&checkpoint, &options.source.overrides)?;
            (experiment, config_folder(&checkpoint).to_path_buf())
        };
        Ok(Self { experiment, config_folder, folder: Some(folder), checkpoint: Some(checkpoint) })
    }
}

/// The run folder of a checkpoint folder, `RUN/checkpoints/step-…`, from whichever folder it is named.
fn run_of(checkpoint: &Path) -> Option<PathBuf> {
    let whole = checkpoint.canonicalize().ok()?;
    let checkpoints = whole.parent().filter(|folder| folder.ends_with("checkpoints"))?;
    checkpoints.parent().map(Path::to_path_buf)
}

fn new_folder(options: &Train, experiment: &Experiment) -> anyhow::Result<RunFolder> {
    Ok(match &options.run_dir {
        Some(path) => RunFolder::create(path, options.force)?,
        None => RunFolder::create_next(Path::new(RUNS), &experiment.name)?,
    })
}

fn skipped(error: &Error) {
    terminal::warn(&format!("skipped a checkpoint: {error}"));
}

/// The first SIGINT, SIGTERM or SIGHUP asks the run to stop, the second ends the process at once.
/// SIGHUP stays ignored where it is, as under `nohup`.
fn catch_signals() -> anyhow::Result<Interrupt> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    let interrupt = Interrupt::default();
    let again = Arc::new(AtomicBool::new(false));
    let signals = [SIGINT, SIGTERM, SIGHUP];
    let signals = &signals[..if is_ignored(SIGHUP) { 2 } else { 3 }];
    for &signal in signals {
        signal_hook::flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&again))?;
        signal_hook::flag::register_usize(signal, interrupt.flag(), usize::try_from(signal)?)?;
    }
    // Only after all of the above: the first signal of any kind arms the shutdown.
    for &signal in signals {
        signal_hook::flag::register(signal, Arc::clone(&again))?;
    }
    Ok(interrupt)
}

/// Whether this process was started with `signal` ignored. Linux says so in `/proc`; asking the
/// system itself is an unsafe call.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask >> (signal - 1) & 1 == 1
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
    let running = evaluate(
        run.engine.as_ref(),
        run.experiment.loss.member(),
        split,
        &run.data.scaling,
        &run.device,
        interrupt,
    )?;
    let Some(running) = running else {
        return Err(Error::Interrupted(interrupt.signal().unwrap_or(2)).into());
    };
    state.last.extend(running.values().into_iter().map(|(name, value)| (format!("test.{name}"), value)));
    Ok(Some(epoch))
}

fn value(state: &State, name: &str) -> Option<f64> {
    state.last.iter().find(|(own, _)| own == name).map(|(_, value)| *value)
}

fn summary(run: &Run, state: &State, stop: Stop, tested_epoch: Option<u64>, folder: &Path) -> Value {
    let metrics: serde_json::Map<String, Value> =
        state.last.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    json!({
        "version": 1,
        "run": folder.display().to_string(),
        "name": run.experiment.name,
        "reason": stop.reason(),
        "epochs": state.epoch,
        "steps": state.step,
        "metrics": metrics,
        "test_epoch": tested_epoch,
        "best": state.best,
        "seconds": state.seconds,
        "parameters": run.plan.parameters(),
        "train_samples": run.data.train_order.len(),
        "seed": run.experiment.seed,
        "data_sha256": run.data.digest,
        "taper": env!("CARGO_PKG_VERSION"),
        "engine": run.engine.name(),
        "device": device::describe(&run.device),
        "threads": taper::threads::count(),
        "os": std::env::consts::OS,
        "arch": std::env::consts::ARCH,
        "debug_build": cfg!(debug_assertions),
    })
}

fn describe(state: &State, tested_epoch: Option<u64>, folder: &Path) -> String {
    let mut lines = Vec::new();
    let of = |split: &str, name: &str| value(state, &format!("{split}.{name}"));
    if let (Some(epoch), Some(loss)) = (tested_epoch, of("test", "loss")) {
        let best = state.best.as_ref().is_some_and(|best| best.epoch == epoch);
        let which = if best { format!("best epoch, {epoch}") } else { "last weights".to_owned() };
        let rest = match (of("test", "accuracy"), of("test", "rmse")) {
            (Some(accuracy), _) => format!("  accuracy {accuracy:.4}"),
            (_, Some(rmse)) => format!("  rmse {rmse:.6}"),
            _ => String::new(),
        };
        lines.push(format!("test   loss {loss:.4}{rest}  ({which})"));
    }
    lines.push(format!("saved  {}", folder.display()));
    lines.push(format!("next   taper eval --checkpoint {}", folder.display()));
    lines.join("\n")
}
