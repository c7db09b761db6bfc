//! Which run `taper train` is about: a new one, or the rest of a stopped one.

use std::path::{Path, PathBuf};

use taper::Error;
use taper::checkpoint::{Checkpoint, Store, manifest};
use taper::experiment::Experiment;
use taper::run::config_folder;
use taper::run_folder::RunFolder;

use super::source;
use crate::cli::Train;
use crate::terminal;

/// Where runs go without `--run-dir`.
const RUNS: &str = "runs";

/// What to train and where it stands.
pub struct Start {
    /// The config, checked.
    pub experiment: Experiment,
    /// The folder that its relative paths start from.
    pub config_folder: PathBuf,
    /// The folder of the run that goes on; a new run has none yet.
    pub folder: Option<RunFolder>,
    /// Where that run stands.
    pub checkpoint: Option<Checkpoint>,
}

impl Start {
    /// Reads the config and, with `--resume`, the checkpoint to go on from.
    ///
    /// # Errors
    /// If the config is wrong, or the run cannot be gone on with.
    pub fn choose(options: &Train) -> anyhow::Result<Self> {
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
            Some(folder) => {
                let config = folder.join("config.toml");
                let begun = config.try_exists().map_err(Error::io(&config, "see whether it is there"))?;
                begun.then(|| folder.clone())
            }
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

/// The folder of a new run.
///
/// # Errors
/// If it is taken or cannot be made.
pub fn new_folder(options: &Train, experiment: &Experiment) -> anyhow::Result<RunFolder> {
    Ok(match &options.run_dir {
        Some(path) => RunFolder::create(path, options.force)?,
        None => RunFolder::create_next(Path::new(RUNS), &experiment.name)?,
    })
}

fn skipped(error: &Error) {
    terminal::warn(&format!("skipped a checkpoint: {error}"));
}
