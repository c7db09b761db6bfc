//! One file per command, which parses, calls the library and prints. Shared by several commands: `source` and
//! `overrides` (the config), `machine` (threads, device, data folders), `start` (the run), `inputs` (of
//! `predict`), `system` (signals), and `text` (results as text).

mod bench;
mod check;
mod config;
mod data;
mod eval;
mod folds;
mod inputs;
mod machine;
mod overrides;
#[cfg(feature = "pages")]
mod pages;
mod predict;
#[cfg(feature = "serve")]
mod serve;
mod source;
mod start;
mod system;
mod text;
mod train;

use crate::cli::{Cli, Command, FoldChoice};

/// Runs the command given on the command line.
///
/// # Errors
/// If the command fails; a [`taper::Error`] inside determines the exit code.
pub fn run(cli: &Cli) -> anyhow::Result<()> {
    system::survive_file_size_limit();
    if let Some(threads) = cli.threads() {
        machine::limit_candle_threads(threads);
    }
    if let Some(isa) = cli.common.isa {
        anyhow::ensure!(isa.choose(), "an instruction set other than {} is in use", isa.name());
    }
    match &cli.command {
        Command::Train(options) => match options.fold {
            Some(FoldChoice::All(parts)) => folds::run(options, parts, &cli.common),
            _ => train::run(options, &cli.common),
        },
        Command::Eval(options) => eval::run(options, &cli.common),
        Command::Predict(options) => predict::run(options, &cli.common),
        #[cfg(feature = "serve")]
        Command::Serve(options) => serve::run(options, &cli.common),
        Command::Check(options) => check::run(options),
        Command::Bench(options) => bench::run(options, &cli.common),
        Command::Data(options) => data::run(options, &cli.common),
        Command::Config(options) => config::run(options),
        #[cfg(feature = "pages")]
        Command::Pages(options) => pages::run(options),
    }
}
