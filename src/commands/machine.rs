//! The machine as the flags describe it: threads, device, data folders.

use std::path::{Path, PathBuf};

use taper::candle_core::Device;
use taper::data::{Loading, SearchPath};
use taper::interrupt::Interrupt;

use crate::cli::{DataFolders, Machine};
use crate::terminal;

/// Where to look for data: `--data-dir`, `TAPER_DATA_DIR`, `data`; relative paths of the config start
/// in `config_folder`. `interrupt` stops the reading.
pub fn search_path(options: &DataFolders, config_folder: &Path, interrupt: Interrupt) -> SearchPath {
    let environment =
        std::env::var_os("TAPER_DATA_DIR").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let mut folders: Vec<PathBuf> = options.data_dir.iter().cloned().chain(environment).collect();
    folders.push("data".into());
    folders.dedup();
    SearchPath {
        folders,
        config_folder: config_folder.to_path_buf(),
        fetch: !options.offline,
        loading: Loading::new(interrupt),
    }
}

/// Applies `--threads` and opens `--device`.
///
/// # Errors
/// If the device is not there.
pub fn open(machine: &Machine) -> taper::Result<Device> {
    taper::threads::configure(machine.threads.map(usize::from))?;
    machine.device.open()
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
    #[cfg(unix)]
    if let Ok(program) = std::env::current_exe() {
        use std::os::unix::process::CommandExt as _;
        let error =
            std::process::Command::new(program).args(std::env::args_os().skip(1)).env(NAME, wanted).exec();
        terminal::warn(&format!("--threads {threads} does not limit candle's own threads: {error}"));
    }
}
