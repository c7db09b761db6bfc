//! The command line: every command, flag and its help, as clap types.

mod environment;
mod examples;
mod shared;
mod tips;
mod trained;

pub use shared::{Common, DataFolders, Format, LogFormat, Machine, Overrides, Progress, Source};
pub use trained::{Eval, Predict, RowFormat};

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use taper::bench::Allowance;

/// Trains, evaluates and resumes neural networks from a TOML or JSON file.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, max_term_width = 100, after_help = examples::ALL)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Train a network, or resume a stopped run.
    #[command(after_help = examples::TRAIN)]
    Train(Train),
    /// Measure a checkpoint on a split of its data.
    #[command(after_help = examples::EVAL)]
    Eval(Eval),
    /// Predict with a checkpoint.
    #[command(after_help = examples::PREDICT)]
    Predict(Predict),
    /// Check a config without training: layers, parameters, memory, data.
    #[command(after_help = examples::CHECK)]
    Check(Check),
    /// Measure how fast a config trains and predicts on this machine.
    #[command(after_help = examples::BENCH)]
    Bench(Bench),
    /// List, fetch and verify data sets.
    #[command(subcommand, after_help = examples::DATA)]
    Data(Data),
    /// Write a config, show it with all defaults, or print its JSON Schema or reference.
    #[command(subcommand, after_help = examples::CONFIG)]
    Config(Config),
    #[cfg(feature = "pages")]
    #[command(flatten)]
    Pages(Pages),
}

/// What packages of the program are made with.
#[cfg(feature = "pages")]
#[derive(Debug, Subcommand)]
pub enum Pages {
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Write a man page for each command.
    Man {
        /// The folder to write them to.
        folder: PathBuf,
    },
}

impl Cli {
    /// Reads the program's `arguments`.
    ///
    /// # Errors
    /// What is wrong with them, or the help that they ask for.
    pub fn read(arguments: &[OsString]) -> Result<Self, clap::Error> {
        let mut cli = Self::try_parse_from(arguments).map_err(|error| tips::add(error, arguments))?;
        match &mut cli.command {
            Command::Train(train) => train.source.overrides.add_all("--gate", &mut train.gates),
            Command::Eval(eval) => eval.overrides.add_all("--gate", &mut eval.gates),
            _ => {}
        }
        cli.with_environment()
    }

    /// The number of threads that is asked for, if one is.
    pub fn threads(&self) -> Option<u16> {
        match &self.command {
            Command::Train(options) => options.machine.threads,
            Command::Eval(options) => options.machine.threads,
            Command::Predict(options) => options.machine.threads,
            Command::Bench(options) => options.machine.threads,
            Command::Check(_) | Command::Data(_) | Command::Config(_) => None,
            #[cfg(feature = "pages")]
            Command::Pages(_) => None,
        }
    }
}

#[derive(Debug, Args)]
pub struct Train {
    #[command(flatten)]
    pub source: Source,
    #[command(flatten)]
    pub machine: Machine,
    /// The run's folder [default: runs/NAME-0001, counting up].
    #[arg(long, value_name = "DIR")]
    pub run_dir: Option<PathBuf>,
    /// Clear the run folder if it holds a run.
    #[arg(long, conflicts_with = "resume")]
    pub force: bool,
    /// Resume a run: a run folder, a checkpoint folder, or `auto` for the latest run of the
    /// config's name (or --run-dir), starting anew if there is none.
    #[arg(long, value_name = "auto|PATH", num_args = 0..=1, default_missing_value = "auto")]
    pub resume: Option<PathBuf>,
    /// A condition that must hold at the end, such as 'test.accuracy >= 0.97', besides those of
    /// `[gate]`; else the exit code is 6. Repeatable.
    #[arg(long = "gate", value_name = "CONDITION", value_parser = shared::condition)]
    gates: Vec<String>,
    /// How the result is written to stdout.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

#[derive(Debug, Args)]
pub struct Check {
    #[command(flatten)]
    pub source: Source,
    #[command(flatten)]
    pub data: DataFolders,
    /// Check the config alone; else data that is missing or does not fit it ends with exit code 3.
    #[arg(long)]
    pub no_data: bool,
    /// How the result is written to stdout.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

#[derive(Debug, Args)]
pub struct Bench {
    #[command(flatten)]
    pub source: Source,
    #[command(flatten)]
    pub machine: Machine,
    /// How long to time training steps; the whole takes about twice as long.
    #[arg(long, value_name = "S", default_value = "3", value_parser = seconds)]
    pub seconds: f64,
    /// An earlier result, as --format json wrote it, to compare with; exits with 6 if training has
    /// become slower than --max-regression allows, or with 9 if that may be because the machine is busy.
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// How much slower than the baseline training may be, such as 10% or 0.1.
    #[arg(long, value_name = "SHARE", default_value = "10%", requires = "baseline")]
    pub max_regression: Allowance,
    /// How the result is written to stdout.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// A time to measure for.
fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if seconds > 0.0 && seconds <= 86_400.0 => Ok(seconds),
        _ => Err("expected a number of seconds above 0, at most 86400".to_owned()),
    }
}

#[derive(Debug, Subcommand)]
pub enum Data {
    /// The data sets that configs can name, and which are found.
    List(DataFolders),
    /// Fetch a data set into the data folder.
    Fetch {
        /// `mnist`, `fashion_mnist`, `kmnist` or `cifar10`.
        name: String,
        #[command(flatten)]
        folders: DataFolders,
    },
    /// Read the data sets that are found and check every file.
    Verify(DataFolders),
}

#[derive(Debug, Subcommand)]
pub enum Config {
    /// Write a commented config to start from.
    Init {
        /// Where to write it; `-` for stdout.
        #[arg(default_value = "taper.toml")]
        file: PathBuf,
        /// The built-in config to copy, or the file of an older taper to write anew, with keys that have
        /// moved in their new places.
        #[arg(long, default_value = "synthetic_mlp")]
        from: PathBuf,
    },
    /// Show a config with all defaults filled in.
    Show {
        #[command(flatten)]
        source: Source,
        /// TOML or JSON.
        #[arg(long, value_enum, default_value_t = ShowFormat::Toml)]
        format: ShowFormat,
    },
    /// Print the JSON Schema of configs, for editors.
    Schema,
    /// Print the reference of all sections and keys, in Markdown.
    Reference {
        /// Only this section or member, such as `optimizer`, `optimizer.adam` or `conv2d`.
        section: Option<String>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ShowFormat {
    Toml,
    Json,
}
