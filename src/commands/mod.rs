//! One file for each command; what they share stands here and in `source` (which config), `start` (which
//! run), `signals` and `progress`.

mod bench;
mod check;
mod config;
mod data;
mod eval;
mod predict;
mod progress;
mod signals;
mod source;
mod start;
mod train;

use std::path::{Path, PathBuf};

use taper::data::SearchPath;

use crate::cli::{Cli, Command, DataFolders, Machine};
use crate::terminal;

/// Runs the command that was asked for.
///
/// # Errors
/// What went wrong; [`taper::Error`] inside decides the exit code.
pub fn run(cli: &Cli) -> anyhow::Result<()> {
    signals::survive_file_size_limit();
    if let Some(threads) = cli.threads() {
        limit_candle_threads(threads);
    }
    match &cli.command {
        Command::Train(options) => train::run(options, &cli.common),
        Command::Eval(options) => eval::run(options),
        Command::Predict(options) => predict::run(options),
        Command::Check(options) => check::run(options),
        Command::Bench(options) => bench::run(options),
        Command::Data(options) => data::run(options),
        Command::Config(options) => config::run(options),
    }
}

/// Where to look for data: `--data-dir`, `TAPER_DATA_DIR`, `data`; relative paths of the config start
/// in `config_folder`.
fn search_path(options: &DataFolders, config_folder: &Path) -> SearchPath {
    let environment =
        std::env::var_os("TAPER_DATA_DIR").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let mut folders: Vec<PathBuf> = options.data_dir.iter().cloned().chain(environment).collect();
    folders.push("data".into());
    folders.dedup();
    SearchPath { folders, config_folder: config_folder.to_path_buf(), fetch: !options.offline }
}

/// Applies `--threads` and opens `--device`.
///
/// # Errors
/// If the device is not there.
fn open_device(machine: &Machine) -> anyhow::Result<candle_core::Device> {
    taper::threads::configure(machine.threads.map(usize::from))?;
    Ok(machine.device.open()?)
}

/// Limits the threads of candle's own element-wise operations, too. candle reads their number from
/// the environment only, which a running program cannot change safely: the program starts itself
/// anew, in the same process.
fn limit_candle_threads(threads: u16) {
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
