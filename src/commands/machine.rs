//! Threads, device and data folders as set by the flags.

use std::path::PathBuf;

use taper::Error;
use taper::candle_core::Device;
use taper::data::{Loading, SearchPath};
use taper::interrupt::Interrupt;
use taper::run::Folders;

use super::system;
use crate::cli::{DataFolders, Machine};
use crate::terminal;

/// The data folders to search: `--data-dir`, `TAPER_DATA_DIR`, the data folders of the run in `folders`, and
/// `data`. Relative paths in the config start at the config's folder in `folders`. `interrupt` stops reading.
///
/// # Errors
/// If `--data-dir` is not a folder.
pub fn search_path(
    options: &DataFolders,
    folders: &Folders,
    interrupt: Interrupt,
) -> taper::Result<SearchPath> {
    if let Some(folder) = options.data_dir.as_ref().filter(|folder| !folder.is_dir()) {
        return Err(Error::data(
            folder,
            "the folder of --data-dir does not exist; create it or correct the name",
        ));
    }
    Ok(places(options, folders, interrupt))
}

/// The same as [`search_path`], but the folder of `--data-dir` may be missing.
pub fn places(options: &DataFolders, folders: &Folders, interrupt: Interrupt) -> SearchPath {
    let environment =
        std::env::var_os("TAPER_DATA_DIR").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let mut given: Vec<PathBuf> = options.data_dir.iter().cloned().chain(environment).collect();
    given.push("data".into());
    given.dedup();
    let mirror = std::env::var("TAPER_MIRROR").ok().filter(|mirror| !mirror.trim().is_empty());
    let mirror = mirror.map(|mirror| mirror.trim().to_owned());
    let (fetch, loading) = (!options.offline, Loading::new(interrupt));
    folders.search(SearchPath { folders: given, fetch, mirror, loading, ..SearchPath::default() })
}

/// Applies `--threads` and opens `--device`.
///
/// # Errors
/// If the device is not available.
pub fn open(machine: &Machine) -> taper::Result<Device> {
    taper::threads::configure(machine.threads.map(usize::from))?;
    machine.device().open()
}

/// Limits the threads of candle's element-wise operations. candle reads their number from the environment
/// only, which a running program cannot change safely, so the program re-executes itself in the same process.
pub fn limit_candle_threads(threads: u16) {
    const NAME: &str = "CANDLE_NUM_THREADS";
    let wanted = threads.to_string();
    if std::env::var_os(NAME).is_some_and(|found| found == *wanted) {
        return;
    }
    let error = system::restart_with(NAME, &wanted);
    terminal::warn(&format!("--threads {threads} does not limit candle's threads: {error}"));
}
