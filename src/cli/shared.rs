//! Flags shared by several commands.

use std::path::{Path, PathBuf};

use clap::{ArgAction, Args, ValueEnum};

use taper::device;
use taper_kernels::simd::lanes::Isa;

/// Flags of all commands.
#[derive(Debug, Args)]
pub struct Common {
    /// Print results and errors only.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print more detail: engine, data digest, checkpoints; with -vv also each file read.
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// The format of messages and progress on stderr.
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text, value_name = "FORMAT")]
    pub log_format: LogFormat,
    /// How to show progress: a bar, occasional lines, or nothing [default: bar on a terminal, else lines].
    #[arg(long, global = true, env = "TAPER_PROGRESS", hide_env_values = true, default_value = "auto")]
    #[arg(value_name = "auto|bar|lines|none", hide_default_value = true, value_parser = progress)]
    pub progress: Progress,
    /// The instruction set of the fused engine, for tests and measurements; avx512 and avx2 give the same bits.
    #[arg(long, global = true, hide = true, env = "TAPER_ISA", hide_env = true, value_parser = isa)]
    pub isa: Option<Isa>,
}

/// Parses `--isa`; an empty `TAPER_ISA` counts as unset.
fn isa(text: &str) -> Result<Isa, String> {
    if text.is_empty() { Ok(Isa::detect()) } else { text.parse() }
}

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// A bar on a terminal, otherwise lines.
    Auto,
    Bar,
    Lines,
    None,
}

/// Parses `--progress`; an empty `TAPER_PROGRESS` counts as unset.
fn progress(text: &str) -> Result<Progress, String> {
    match text {
        "" | "auto" => Ok(Progress::Auto),
        "bar" => Ok(Progress::Bar),
        "lines" => Ok(Progress::Lines),
        "none" => Ok(Progress::None),
        _ => Err("expected auto, bar, lines or none, in --progress or TAPER_PROGRESS".to_owned()),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Text,
    Json,
}

/// The config and the values on top of it.
#[derive(Clone, Debug, Args)]
pub struct ConfigArgs {
    #[arg(value_name = "CONFIG", conflicts_with = "flag")]
    #[arg(
        help = "A `.toml` or `.json` file, `-` for TOML on standard input, or the name of a built-in config \
                  [default: synthetic_mlp]"
    )]
    path: Option<PathBuf>,
    /// The same as CONFIG, as a flag.
    #[arg(short = 'c', long = "config", id = "flag", value_name = "FILE")]
    flag: Option<PathBuf>,
    #[command(flatten)]
    pub overrides: Overrides,
}

impl ConfigArgs {
    /// The config given by argument or flag, if any.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref().or(self.flag.as_deref())
    }
}

#[derive(Clone, Debug, Args)]
pub struct Overrides {
    /// Override one value, such as `train.epochs=3`, `optimizer=sgd` or `model.layers.0.dense.units=64`.
    /// `model.layers.+={dense={units=10}}` adds a layer; `KEY=null` resets KEY to its default. Repeatable.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = assignment)]
    set: Vec<String>,
    /// Assignments made by other flags: the flag and the assignment.
    #[arg(skip)]
    others: Vec<(String, String)>,
}

impl Overrides {
    /// Moves the `assignments` made by `flag` here.
    pub(super) fn add_all(&mut self, flag: &str, assignments: &mut Vec<String>) {
        self.others.extend(assignments.drain(..).map(|assignment| (flag.to_owned(), assignment)));
    }

    /// Whether `--gate` has a condition on `metric`.
    pub fn requires(&self, metric: &str) -> bool {
        let key = format!("gate.\"{metric}\"=");
        self.others.iter().any(|(_, assignment)| assignment.starts_with(&key))
    }

    /// Each assignment with its name in messages.
    pub fn assignments(&self) -> impl Iterator<Item = (String, String)> + '_ {
        let set = self.set.iter().map(|text| ("--set".to_owned(), text.clone()));
        set.chain(self.others.iter().cloned())
    }
}

/// Parses `KEY=VALUE`.
fn assignment(text: &str) -> Result<String, String> {
    match text.split_once('=') {
        Some((key, _)) if !key.trim().is_empty() => Ok(text.to_owned()),
        _ => {
            Err("expected KEY=VALUE in one argument, as in --set train.epochs=3 or --set 'train.epochs = 3'"
                .to_owned())
        }
    }
}

/// Parses a metric and a comparison into an assignment to a key of `[gate]`.
pub(super) fn condition(text: &str) -> Result<String, String> {
    let at = text.find(['<', '>', '=']).unwrap_or(text.len());
    let (metric, comparison) = (text[..at].trim(), text[at..].trim());
    if metric.is_empty() || !comparison.starts_with(['<', '>']) {
        return Err("expected a metric, a comparison and a number, as in 'test.accuracy >= 0.97'".to_owned());
    }
    Ok(format!("gate.\"{metric}\"={comparison}"))
}

/// The device, the threads and the data folders.
#[derive(Clone, Debug, Args)]
pub struct Machine {
    #[arg(long, help = "The device: auto, cpu, cuda or cuda:N [default: auto] [env: TAPER_DEVICE]")]
    pub device: Option<device::Choice>,
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    #[arg(
        help = "Number of CPU threads; results do not depend on it [default: all cores] [env: TAPER_THREADS]"
    )]
    pub threads: Option<u16>,
    #[command(flatten)]
    pub data: DataFolders,
}

impl Machine {
    /// The requested device.
    pub fn device(&self) -> device::Choice {
        self.device.unwrap_or(device::Choice::Auto)
    }
}

#[derive(Clone, Debug, Args)]
pub struct DataFolders {
    /// A folder with data sets; searched before the folder in `TAPER_DATA_DIR` and before `data`.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    #[arg(long, help = "Never download a data set [env: TAPER_OFFLINE]")]
    pub offline: bool,
}
