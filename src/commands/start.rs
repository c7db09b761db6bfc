//! Which run `taper train` is about: a new one, or the rest of a stopped one.

use std::path::Path;

use taper::run::{Folders, Place, RunFolder, Stopped};
use taper::{Error, Experiment};

use super::source;
use crate::cli::Train;

/// Where runs go without `--run-dir`.
const RUNS: &str = "runs";

/// What to train, and where.
pub struct Start {
    /// The config, checked.
    pub experiment: Experiment,
    /// Where its files are looked for.
    pub folders: Folders,
    /// The folder of the run.
    pub place: Place,
}

impl Start {
    /// Reads the config and, with `--resume`, the checkpoint to resume from.
    ///
    /// # Errors
    /// If the config is wrong, or the run cannot be resumed.
    pub fn choose(options: &Train) -> anyhow::Result<Self> {
        let is_named = options.resume.as_ref().is_some_and(|path| path.as_os_str() != "auto");
        match (&options.resume, &options.run_dir) {
            (Some(_), Some(_)) if is_named => {
                let message =
                    "--run-dir is for a new run or `--resume auto`; a run that is named has its folder";
                Err(Error::Usage(message.to_owned()).into())
            }
            (Some(path), _) if is_named => {
                Self::resumed(Stopped::at(path, source::warn_of_skipped)?, options)
            }
            // Without a config it is the run's own, not that of a new run.
            (Some(_), Some(run)) if options.source.path().is_none() && RunFolder::is_begun(run)? => {
                Self::resumed(Stopped::latest(run, source::warn_of_skipped)?, options)
            }
            _ => Self::new_or_latest(options),
        }
    }

    /// A new run of a config or, with `--resume auto`, the one in `--run-dir` or the latest of the config's name.
    fn new_or_latest(options: &Train) -> anyhow::Result<Self> {
        let loaded = source::load(&options.source)?;
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

    /// The run that was `stopped`, with the config that is given, else its own.
    fn resumed(stopped: Stopped, options: &Train) -> anyhow::Result<Self> {
        let (experiment, folders) = match (options.source.path(), &stopped.checkpoint) {
            (None, Some(checkpoint)) => {
                let experiment = source::override_values(checkpoint, &options.source.overrides)?;
                (experiment, Folders::of(checkpoint))
            }
            (config, _) => {
                let own = stopped.folder.path().join("config.toml");
                let loaded = source::load_from(config.unwrap_or(&own), &options.source.overrides)?;
                (loaded.experiment, loaded.folders.with_data_of(stopped.folder.path()))
            }
        };
        Ok(Self { experiment, folders, place: Place::Resumed(Box::new(stopped)) })
    }
}
