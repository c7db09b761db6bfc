//! Decides whether `taper train` starts a new run or resumes a stopped one.

use std::path::Path;

use taper::run::{Folders, Place, RunFolder, Stopped};
use taper::{Error, Experiment};

use super::source;
use crate::cli::Train;

/// The folder for runs without `--run-dir`.
pub const RUNS: &str = "runs";

/// What to train and where.
pub struct Start {
    /// The checked config.
    pub experiment: Experiment,
    /// The folders in which its files are searched.
    pub folders: Folders,
    /// The run folder.
    pub place: Place,
}

impl Start {
    /// Loads the config and, with `--resume`, the checkpoint to resume from.
    ///
    /// # Errors
    /// If the config is invalid, or the run cannot be resumed.
    pub fn choose(options: &Train) -> anyhow::Result<Self> {
        let is_named = options.resume.as_ref().is_some_and(|path| path.as_os_str() != "auto");
        match (&options.resume, &options.run_dir) {
            (Some(_), Some(_)) if is_named => {
                let message =
                    "--run-dir is only for a new run or `--resume auto`; a resumed run keeps its folder";
                Err(Error::Usage(message.to_owned()).into())
            }
            (Some(path), _) if is_named => {
                Self::resumed(Stopped::at(path, source::warn_of_skipped)?, options)
            }
            // Without a config, a resumed run uses its own, not the default of a new run.
            (Some(_), Some(run)) if options.config.path().is_none() && RunFolder::is_begun(run)? => {
                Self::resumed(Stopped::latest(run, source::warn_of_skipped)?, options)
            }
            _ => Self::new_or_latest(options),
        }
    }

    /// A new run or, with `--resume auto`, the run in `--run-dir`, or else the latest with the config's name.
    fn new_or_latest(options: &Train) -> anyhow::Result<Self> {
        let loaded = source::load(&options.config)?;
        let latest = match (&options.resume, &options.run_dir) {
            (None, _) => None,
            (Some(_), Some(folder)) => RunFolder::is_begun(folder)?.then(|| folder.clone()),
            (Some(_), None) => RunFolder::latest(Path::new(RUNS), &loaded.experiment.name),
        };
        let folders = latest.iter().fold(loaded.folders, |folders, run| folders.with_data_of(run));
        let place = match (latest, &options.run_dir) {
            (Some(run), _) => Place::Resumed(Box::new(Stopped::latest(&run, source::warn_of_skipped)?)),
            (None, Some(folder)) => Place::New { folder: folder.clone(), force: options.force },
            (None, None) => Place::NextIn(RUNS.into()),
        };
        Ok(Self { experiment: loaded.experiment, folders, place })
    }

    /// The run that was `stopped`, with the given config or else its own.
    fn resumed(stopped: Stopped, options: &Train) -> anyhow::Result<Self> {
        let (experiment, folders) = match (options.config.path(), &stopped.checkpoint) {
            (None, Some(checkpoint)) => {
                let experiment = source::override_values(checkpoint, &options.config.overrides)?;
                (experiment, Folders::of(checkpoint))
            }
            (config, _) => {
                let own = stopped.folder.path().join("config.toml");
                let loaded = source::load_from(config.unwrap_or(&own), &options.config.overrides)?;
                (loaded.experiment, loaded.folders.with_data_of(stopped.folder.path()))
            }
        };
        Ok(Self { experiment, folders, place: Place::Resumed(Box::new(stopped)) })
    }
}
