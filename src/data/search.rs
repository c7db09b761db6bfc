//! Where data sets are looked for.

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
    /// The folder of the config file; relative `path` options start here.
    pub config_folder: PathBuf,
    /// Whether what no folder has may be fetched.
    pub fetch: bool,
    /// An address with data sets to fetch that is tried first (`TAPER_MIRROR`): MNIST's files are below
    /// `mnist/` there, as they are below a folder.
    pub mirror: Option<String>,
    /// Who is told how far reading is, and whether it is to stop.
    pub loading: Loading,
}

impl SearchPath {
    /// The places where a data set may be, in the order of search: each of `subfolders` in each of
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

    /// The place of a data set that can be fetched but was not yet.
    pub const PENDING: &'static str = "not on disk; will be fetched";

    /// Whether what no folder has can be fetched, by this build and as the user wants it.
    #[must_use]
    pub fn can_fetch(&self) -> bool {
        self.fetch && Self::BUILD_FETCHES && !self.folders.is_empty()
    }

    const BUILD_FETCHES: bool = fetch::AVAILABLE || hub::AVAILABLE;

    /// Fetches `source` into its folder in the first of the folders: from its mirrors, or else from the hub, whose samples
    /// `write` turns into files.
    ///
    /// # Errors
    /// As [`fetch::fetch`], if neither has it.
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

    /// The error for a data set of which no place has all `files`: what was looked for, where, and how to get it.
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
                    "to do: {fetch} download {home}{others} and name the folder with --data-dir or TAPER_DATA_DIR"
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
