//! Where data sets are looked for.

use std::path::{Path, PathBuf};

/// The folders to look in, and the folder that relative paths in the config refer to.
#[derive(Clone, Debug, Default)]
pub struct SearchPath {
    /// Folders that may hold a data set's folder or its files, first match wins
    /// (`--data-dir`, else `TAPER_DATA_DIR`, then `data/`).
    pub folders: Vec<PathBuf>,
    /// The folder of the config file; relative `path` options start here.
    pub config_folder: PathBuf,
    /// Whether the hub may be asked for what no folder has.
    pub fetch: bool,
}

impl SearchPath {
    /// The first existing file among `names`, in `FOLDER/DATASET/` or `FOLDER/` itself.
    #[must_use]
    pub fn find(&self, dataset: &str, names: &[&str]) -> Option<PathBuf> {
        self.folders
            .iter()
            .flat_map(|folder| [folder.join(dataset), folder.clone()])
            .flat_map(|folder| names.iter().map(move |name| folder.join(name)))
            .find(|file| file.exists())
    }

    /// A `path` option of the config as a path that can be opened.
    #[must_use]
    pub fn resolve(&self, path: &Path) -> PathBuf {
        self.config_folder.join(path)
    }

    /// The searched folders as a list for messages.
    #[must_use]
    pub fn describe(&self) -> String {
        let folders: Vec<String> = self.folders.iter().map(|f| f.display().to_string()).collect();
        folders.join(", ")
    }
}
