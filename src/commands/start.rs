//! Which run `taper train` is about: a new one, or the rest of a stopped one.

use std::path::{Path, PathBuf};

use taper::run::{Place, RunFolder, Stopped, config_folder};
use taper::{Error, Experiment};

use super::source;
use crate::cli::Train;

/// Where runs go without `--run-dir`.
const RUNS: &str = "runs";

/// What to train, and where.
pub struct Start {
    /// The config, checked.
    pub experiment: Experiment,
    /// The folder that its relative paths start from.
    pub config_folder: PathBuf,
    /// The folder of the run.
    pub place: Place,
}

impl Start {
    /// Reads the config and, with `--resume`, the checkpoint to resume from.
    ///
    /// # Errors
    /// If the config is wrong, or the run cannot be resumed.
    pub fn choose(options: &Train) -> anyhow::Result<Self> {
        match &options.resume {
            Some(path) if path.as_os_str() != "auto" => resume(path, options),
            auto => {
                let loaded = source::load(&options.source)?;
                let latest =
                    auto.as_ref().map(|_| latest(options, &loaded.experiment)).transpose()?.flatten();
                let place = match (latest, &options.run_dir) {
                    (Some(run), _) => {
                        Place::Resumed(Box::new(Stopped::latest(&run, source::warn_of_skipped)?))
                    }
                    (None, Some(folder)) => Place::New { folder: folder.clone(), force: options.force },
                    (None, None) => Place::NextIn(RUNS.into()),
                };
                Ok(Self { experiment: loaded.experiment, config_folder: loaded.folder, place })
            }
        }
    }
}

/// The run that `--resume auto` resumes: the one in `--run-dir`, or the latest of the config's name.
fn latest(options: &Train, experiment: &Experiment) -> anyhow::Result<Option<PathBuf>> {
    Ok(match &options.run_dir {
        Some(folder) => RunFolder::is_begun(folder)?.then(|| folder.clone()),
        None => RunFolder::latest(Path::new(RUNS), &experiment.name),
    })
}

/// The run that `path` belongs to, from its latest checkpoint or from the one that is named.
fn resume(path: &Path, options: &Train) -> anyhow::Result<Start> {
    if options.run_dir.is_some() {
        let message = "--run-dir is for a new run or `--resume auto`; a run that is named has its folder";
        return Err(Error::Usage(message.to_owned()).into());
    }
    let stopped = Stopped::at(path, source::warn_of_skipped)?;
    let (experiment, config_folder) = match &stopped.checkpoint {
        Some(checkpoint) if options.source.path().is_none() => {
            let experiment = source::override_values(checkpoint, &options.source.overrides)?;
            (experiment, config_folder(checkpoint).to_path_buf())
        }
        _ => {
            let loaded = source::load(&options.source)?;
            (loaded.experiment, loaded.folder)
        }
    };
    Ok(Start { experiment, config_folder, place: Place::Resumed(Box::new(stopped)) })
}
