//! The machine as the flags describe it: threads, device, data folders.

use std::path::PathBuf;

use taper::Error;
use taper::candle_core::Device;
use taper::data::{Loading, SearchPath};
use taper::interrupt::Interrupt;
use taper::run::Folders;

use super::system;
use crate::cli::{DataFolders, Machine};
use crate::terminal;

/// Where to look for data: `--data-dir`, `TAPER_DATA_DIR`, those of `folders`, which a run remembers, `data`;
/// relative paths of the config start in the config's of `folders`. `interrupt` stops the reading.
///
/// # Errors
/// If `--data-dir` names no folder.
pub fn search_path(
    options: &DataFolders,
    folders: &Folders,
    interrupt: Interrupt,
) -> taper::Result<SearchPath> {
    if let Some(folder) = options.data_dir.as_ref().filter(|folder| !folder.is_dir()) {
        return Err(Error::data(
            folder,
            "--data-dir names a folder that does not exist; make it, or correct the name",
        ));
    }
    Ok(places(options, folders, interrupt))
}

/// The same where the folder may still be made.
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
/// If the device is not there.
pub fn open(machine: &Machine) -> taper::Result<Device> {
    taper::threads::configure(machine.threads.map(usize::from))?;
    machine.device().open()
}

/// Limits the threads of candle's own element-wise operations, too. candle reads their number from
/// the environment only, which a running program cannot change safely: the program starts itself
/// anew, in the same process.
pub fn limit_candle_threads(threads: u16) {
    const NAME: &str = "CANDLE_NUM_THREADS";
    let wanted = threads.to_string();
    if std::env::var_os(NAME).is_some_and(|found| found == *wanted) {
        return;
    }
    let failed = system::restart_with(NAME, &wanted);
    terminal::warn(&format!("--threads {threads} does not limit candle's own threads: {failed}"));
}
