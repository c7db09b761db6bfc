//! The search path of data sets.

use std::path::{Path, PathBuf};

use super::fetch::{self, sources::Source};
use super::{Loading, hub};
use crate::error::{Error, Result};

/// The folders to look in, and the folder that relative paths in the config refer to.
#[derive(Clone, Debug, Default)]
pub struct SearchPath {
    /// Folders that may hold a data set's folder or its files; the first match wins
    /// (`--data-dir`, then `TAPER_DATA_DIR`, then `data/`).
    pub folders: Vec<PathBuf>,
    /// The folder of the config file, against which relative `path` options are resolved.
    pub config_folder: PathBuf,
    /// Whether a data set that is in none of the folders may be fetched.
    pub fetch: bool,
    /// The base address of a mirror that is tried first (`TAPER_MIRROR`). It has the layout of a data folder: MNIST's
    /// files are below `mnist/`.
    pub mirror: Option<String>,
    /// Receives the progress of reading, and can stop it.
    pub loading: Loading,
}

impl SearchPath {
    /// The candidate folders of a data set, in search order: each of `subfolders` in each of
    /// the folders. An empty name stands for the folder itself.
    #[must_use]
    pub fn places(&self, subfolders: &[&str]) -> Vec<PathBuf> {
        let within = |folder: &PathBuf| {
            let folder = folder.clone();
            subfolders
                .iter()
                .map(move |&name| if name.is_empty() { folder.clone() } else { folder.join(name) })
        };
        self.folders.iter().flat_map(within).collect()
    }

    /// What is listed for a data set that has not been fetched yet.
    pub const PENDING: &'static str = "not on disk; will be fetched";

    /// Whether fetching is supported by this build and allowed by the user.
    #[must_use]
    pub fn can_fetch(&self) -> bool {
        self.fetch && Self::BUILD_FETCHES && !self.folders.is_empty()
    }

    const BUILD_FETCHES: bool = fetch::AVAILABLE || hub::AVAILABLE;

    /// Fetches `source` into its subfolder of the first folder: from its mirrors or, failing that, from the hub, whose
    /// samples `write` saves as files.
    ///
    /// # Errors
    /// Those of [`fetch::fetch`], if neither has it.
    pub(in crate::data) fn fetch(
        &self,
        source: &Source,
        write: impl FnOnce([hub::Split; 2], &Path) -> Result<()>,
    ) -> Result<()> {
        let first = self.folders.first().map_or(Path::new(""), PathBuf::as_path);
        let folder = first.join(source.name);
        let fetched = fetch::fetch(source, self.mirror.as_deref(), &self.loading, &folder);
        match (fetched, hub::Set::named(source.name)) {
            (Err(failed), Some(set)) if hub::AVAILABLE && !matches!(failed, Error::StoppedReading(_)) => {
                if fetch::AVAILABLE {
                    tracing::warn!("{failed}; trying the Hugging Face hub");
                }
                write(hub::fetch(set)?, &folder)
            }
            (fetched, _) => fetched,
        }
    }

    /// The error if no folder has all `files` of a data set: the missing file, the searched folders, and how to get it.
    pub(in crate::data) fn missing(source: &Source, files: &str, places: &[PathBuf]) -> Error {
        let mut searched: Vec<String> =
            places.iter().take(3).map(|place| place.display().to_string()).collect();
        if places.len() > searched.len() {
            searched.push(format!("{} other folders", places.len() - searched.len()));
        }
        let searched = if searched.is_empty() { "no folder".to_owned() } else { searched.join(", ") };
        let name = source.name;
        let fetch = if Self::BUILD_FETCHES {
            format!("run `taper data fetch {name}`, or")
        } else {
            "this build cannot fetch (feature `fetch`);".to_owned()
        };
        let (home, file) = (source.addresses.first(), source.files.first());
        let home = format!("{}{}", home.unwrap_or(&""), file.map_or("", |file| file.name));
        let others = if source.files.len() > 1 { " and the others there" } else { "" };
        Error::Missing {
            place: name.into(),
            message: format!("not found: {files}"),
            details: vec![
                format!("searched: {searched}"),
                format!(
                    "to do: {fetch} download {home}{others} and give the folder with --data-dir or TAPER_DATA_DIR"
                ),
            ],
        }
    }

    /// A `path` option of the config as a path that can be opened: relative to the config file's
    /// folder, or else, if it exists there, to the current folder or a data folder.
    #[must_use]
    pub fn resolve(&self, path: &Path) -> PathBuf {
        let beside = self.config_folder.join(path);
        let elsewhere = std::iter::once(path.to_path_buf()).chain(self.folders.iter().map(|f| f.join(path)));
        if beside.exists() { beside } else { elsewhere.into_iter().find(|p| p.exists()).unwrap_or(beside) }
    }
}
