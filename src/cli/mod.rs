//! The command line as clap types: every command and flag with its help.

mod environment;
mod examples;
mod folds;
#[cfg(feature = "serve")]
mod serve;
mod shared;
mod tips;
mod trained;

pub use folds::FoldChoice;
#[cfg(feature = "serve")]
pub use serve::Serve;
pub use shared::{Common, ConfigArgs, DataFolders, Format, LogFormat, Machine, Overrides, Progress};
pub use trained::{Eval, Predict, RowFormat};

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ColorChoice, CommandFactory, FromArgMatches as _, Parser, Subcommand, ValueEnum};

use taper::bench::Allowance;

/// Train, evaluate and run neural networks defined in a TOML or JSON file.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, max_term_width = 100, after_help = examples::ALL)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten, next_help_heading = "Global options")]
    pub common: Common,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Train a network, or resume a stopped run.
    #[command(after_help = examples::TRAIN)]
    Train(Train),
    /// Evaluate a checkpoint on a split of its data.
    #[command(after_help = examples::EVAL)]
    Eval(Eval),
    /// Make predictions for new inputs with a checkpoint.
    #[command(after_help = examples::PREDICT)]
    Predict(Predict),
    /// Serve trained networks over HTTP, with TensorFlow Serving's protocol and others.
    #[cfg(feature = "serve")]
    #[command(after_help = examples::SERVE)]
    Serve(Box<Serve>),
    /// Check a config and its data without training; show layers and memory.
    #[command(after_help = examples::CHECK)]
    Check(Check),
    /// Measure how fast a config trains and predicts on this machine.
    #[command(after_help = examples::BENCH)]
    Bench(Bench),
    /// List, download and verify data sets.
    #[command(subcommand, after_help = examples::DATA)]
    Data(Data),
    /// Create or show a config; print the JSON Schema or the reference.
    #[command(subcommand, after_help = examples::CONFIG)]
    Config(Config),
    #[cfg(feature = "pages")]
    #[command(flatten)]
    Pages(Pages),
}

/// Commands for building packages.
#[cfg(feature = "pages")]
#[derive(Debug, Subcommand)]
pub enum Pages {
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Write the man pages of all commands.
    Man {
        /// The folder to write to.
        folder: PathBuf,
    },
}

impl Cli {
    /// Parses the program's `arguments`. Unless help and errors `may_color`, they are plain even where clap
    /// would color them: clap takes the variable `CI` as a sign that colors are supported, whatever the value
    /// of `TERM`.
    ///
    /// # Errors
    /// If they are invalid, or if they request help or the version.
    pub fn read(arguments: &[OsString], may_color: bool) -> Result<Self, clap::Error> {
        let mut command = <Self as CommandFactory>::command();
        if !may_color {
            command = command.color(ColorChoice::Never);
        }
        let parsed = command.try_get_matches_from_mut(arguments);
        let parsed = parsed.and_then(|matches| Self::from_arg_matches(&matches));
        let mut cli = parsed.map_err(|error| tips::add(error.format(&mut command), arguments))?;
        match &mut cli.command {
            Command::Train(train) => {
                train.config.overrides.add_all("--gate", &mut train.gates);
                if let Some(FoldChoice::One(fold)) = train.fold {
                    train.hold_out(fold);
                }
            }
            Command::Eval(eval) => eval.overrides.add_all("--gate", &mut eval.gates),
            _ => {}
        }
        cli.with_environment()
    }

    /// The requested number of threads, if any.
    pub fn threads(&self) -> Option<u16> {
        match &self.command {
            Command::Train(options) => options.machine.threads,
            Command::Eval(options) => options.machine.threads,
            Command::Predict(options) => options.machine.threads,
            Command::Bench(options) => options.machine.threads,
            #[cfg(feature = "serve")]
            Command::Serve(options) => options.threads,
            Command::Check(_) | Command::Data(_) | Command::Config(_) => None,
            #[cfg(feature = "pages")]
            Command::Pages(_) => None,
        }
    }
}

#[derive(Clone, Debug, Args)]
pub struct Train {
    #[command(flatten)]
    pub config: ConfigArgs,
    #[command(flatten)]
    pub machine: Machine,
    /// The run folder [default: runs/NAME-0001, then -0002, …].
    #[arg(long, value_name = "DIR")]
    pub run_dir: Option<PathBuf>,
    /// Delete the run in the run folder and start over.
    #[arg(long, conflicts_with = "resume")]
    pub force: bool,
    /// Resume a run: a run folder, a checkpoint folder, or `auto` for the run in --run-dir or else the
    /// latest run with the config's name; starts a new run if there is none.
    #[arg(long, value_name = "auto|PATH", num_args = 0..=1, default_missing_value = "auto")]
    pub resume: Option<PathBuf>,
    /// Hold out one of several parts of the training samples for validation, such as 2/5 for the second of
    /// five; `all/5` trains five runs, one for each part, in fold-1 to fold-5 of the run folder.
    #[arg(long, value_name = "N/PARTS")]
    pub fold: Option<FoldChoice>,
    /// Exit with code 6 unless this condition holds at the end, such as 'test.accuracy >= 0.97'; in addition
    /// to those of `[gate]`. Repeatable.
    #[arg(long = "gate", value_name = "CONDITION", value_parser = shared::condition)]
    gates: Vec<String>,
    /// The format of the result on stdout.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

#[derive(Debug, Args)]
pub struct Check {
    #[command(flatten)]
    pub config: ConfigArgs,
    #[command(flatten)]
    pub data: DataFolders,
    /// Check the config only; otherwise missing or mismatched data is an error (exit code 3).
    #[arg(long)]
    pub no_data: bool,
    /// The format of the result on stdout.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

#[derive(Debug, Args)]
pub struct Bench {
    #[command(flatten)]
    pub config: ConfigArgs,
    #[command(flatten)]
    pub machine: Machine,
    /// Time to spend on training steps, in seconds; the command takes about twice as long.
    #[arg(long, value_name = "SECONDS", default_value = "3", value_parser = seconds)]
    pub seconds: f64,
    /// Compare with an earlier result of --format json. Exits with code 6 if training is slower than
    /// --max-regression allows, or 9 if other busy processes may be the reason.
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// How much slower than the baseline training may be, such as 10% or 0.1.
    #[arg(long, value_name = "PERCENT", default_value = "10%", requires = "baseline")]
    pub max_regression: Allowance,
    /// The format of the result on stdout.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Parses a measuring time.
fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if seconds > 0.0 && seconds <= 86_400.0 => Ok(seconds),
        _ => Err("expected seconds, above 0 and at most 86400".to_owned()),
    }
}

#[derive(Debug, Subcommand)]
pub enum Data {
    /// List the data sets and where they are found.
    List(DataFolders),
    /// Download a data set into the data folder.
    Fetch {
        /// The data set: `mnist`, `fashion_mnist`, `kmnist` or `cifar10`.
        name: String,
        #[command(flatten)]
        folders: DataFolders,
    },
    /// Read and check every file of the data sets that are found.
    Verify(DataFolders),
}

#[derive(Debug, Subcommand)]
pub enum Config {
    /// Create a config to start from, or update an old one.
    Init {
        /// The file to write; `-` for stdout.
        #[arg(default_value = "taper.toml")]
        file: PathBuf,
        /// The built-in config to copy, or the config file of an older taper version to update, with moved
        /// keys in their new places.
        #[arg(long, value_name = "CONFIG", default_value = "synthetic_mlp")]
        from: PathBuf,
    },
    /// Print a config with all defaults filled in.
    Show {
        #[command(flatten)]
        config: ConfigArgs,
        /// The format of the output.
        #[arg(long, value_enum, default_value_t = ShowFormat::Toml)]
        format: ShowFormat,
    },
    /// Print the JSON Schema of configs, for editors.
    Schema,
    /// Print the reference of all sections and keys as Markdown.
    Reference {
        /// A section or member, such as `optimizer`, `optimizer.adam` or `conv2d` [default: all].
        section: Option<String>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ShowFormat {
    Toml,
    Json,
}
