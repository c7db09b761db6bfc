//! The command line: every command, flag and its help, as clap types.

mod shared;

pub use shared::{Common, DataFolders, Format, LogFormat, Machine, Overrides, Source};

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use taper::bench::Allowance;

/// Trains, evaluates and resumes neural networks from a TOML or JSON file.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, disable_help_subcommand = true, max_term_width = 100)]
#[command(after_help = "Exit codes: 0 done, 1 run failed, 2 usage or config, 3 data, 4 checkpoint, \
    5 diverged, 6 gate failed, 7 run folder in use, 129/130/143 stopped by a signal.")]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Train a network, or resume a stopped run.
    Train(Train),
    /// Measure a checkpoint on a split of its data.
    Eval(Eval),
    /// Predict with a checkpoint.
    Predict(Predict),
    /// Check a config without training: layers, parameters, memory, data.
    Check(Check),
    /// Measure how fast a config trains and predicts on this machine.
    Bench(Bench),
    /// List, fetch and verify data sets.
    #[command(subcommand)]
    Data(Data),
    /// Write a config, show it with all defaults, or print its JSON Schema or reference.
    #[command(subcommand)]
    Config(Config),
}

impl Cli {
    /// The number of threads that is asked for, if one is.
    pub fn threads(&self) -> Option<u16> {
        match &self.command {
            Command::Train(options) => options.machine.threads,
            Command::Eval(options) => options.machine.threads,
            Command::Predict(options) => options.machine.threads,
            Command::Bench(options) => options.machine.threads,
            Command::Check(_) | Command::Data(_) | Command::Config(_) => None,
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
    /// How the result is written to stdout.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

#[derive(Debug, Args)]
pub struct Eval {
    /// A run folder (its best checkpoint, else the latest), a checkpoint folder, or a
    /// `.safetensors` file that taper wrote.
    #[arg(long, value_name = "PATH")]
    pub checkpoint: PathBuf,
    /// Which samples [default: test where there are any, else validation, else train].
    #[arg(long, value_enum)]
    pub split: Option<SplitName>,
    #[command(flatten)]
    pub overrides: Overrides,
    #[command(flatten)]
    pub machine: Machine,
    /// How the result is written to stdout.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SplitName {
    Train,
    Validation,
    Test,
}

impl From<SplitName> for taper::run::SplitName {
    fn from(name: SplitName) -> Self {
        match name {
            SplitName::Train => Self::Train,
            SplitName::Validation => Self::Validation,
            SplitName::Test => Self::Test,
        }
    }
}

#[derive(Debug, Args)]
pub struct Predict {
    /// A run folder, a checkpoint folder, or a `.safetensors` file that taper wrote.
    #[arg(long, value_name = "PATH")]
    pub checkpoint: PathBuf,
    /// What to predict for: PNG or JPEG, .npy, .csv, IDX images (.gz too) or .json; `-` for JSON on
    /// standard input. Repeatable. Pixels are bytes, whole numbers 0 to 255 or fractions 0 to 1.
    #[arg(long, value_name = "FILE", required = true)]
    pub input: Vec<PathBuf>,
    #[command(flatten)]
    pub machine: Machine,
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
    /// become slower than --max-regression allows.
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
        /// `mnist`, `fashion_mnist` or `cifar10`.
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
    Reference,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ShowFormat {
    Toml,
    Json,
}
