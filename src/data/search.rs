//! Where data sets are looked for.

use std::path::{Path, PathBuf};

use super::{Loading, hub};
use crate::error::Error;

/// The folders to look in, and the folder that relative paths in the config refer to.
#[derive(Clone, Debug, Default)]
pub struct SearchPath {
    /// Folders that may hold a data set's folder or its files; the first match wins
    /// (`--data-dir`, then `TAPER_DATA_DIR`, then `data/`).
    pub folders: Vec<PathBuf>,
    /// The folder of the config file; relative `path` options start here.
    pub config_folder: PathBuf,
    /// Whether the hub may be asked for what no folder has.
    pub fetch: bool,
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

    /// Whether what no folder has can be fetched, by this build and as the user wants it.
    #[must_use]
    pub fn can_fetch(&self) -> bool {
        self.fetch && hub::AVAILABLE && !self.folders.is_empty()
    }

    /// The error for a data set of which no place has all files: what was looked for, where, and
    /// how to get it from its `home`, or from the hub where that has it and was not asked yet.
    pub(in crate::data) fn missing(
        dataset: &str,
        files: &str,
        places: &[PathBuf],
        home: &str,
        in_hub: bool,
    ) -> Error {
        let mut searched: Vec<String> =
            places.iter().take(3).map(|place| place.display().to_string()).collect();
        if places.len() > searched.len() {
            searched.push(format!("{} other folders", places.len() - searched.len()));
        }
        let searched = if searched.is_empty() { "no folder".to_owned() } else { searched.join(", ") };
        let fetch = match (in_hub, hub::AVAILABLE) {
            (true, true) => format!("run `taper data fetch {dataset}`, or "),
            (true, false) => "this build cannot fetch them (feature `hub`); ".to_owned(),
            (false, _) => String::new(),
        };
        Error::data(
            dataset,
            format!(
                "not found: {files}; searched: {searched}; {fetch}get them from {home} and name their folder with \
                 --data-dir or TAPER_DATA_DIR"
            ),
        )
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
