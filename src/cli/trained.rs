//! The commands that use a trained network.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::shared::{Format, Machine, Overrides, condition};

#[derive(Debug, Args)]
pub struct Eval {
    /// A run folder (its best checkpoint, else the latest), a checkpoint folder, or a `.safetensors`
    /// file that taper wrote.
    #[arg(value_name = "CHECKPOINT", required_unless_present = "flag", conflicts_with = "flag")]
    path: Option<PathBuf>,
    /// The same as a flag.
    #[arg(long = "checkpoint", id = "flag", value_name = "PATH")]
    flag: Option<PathBuf>,
    /// Which samples [default: test where there are any, else validation, else train].
    #[arg(long, value_enum)]
    pub split: Option<SplitName>,
    /// Show the N most confident wrong predictions, or the N largest errors of numbers.
    #[arg(long, value_name = "N")]
    pub errors: Option<usize>,
    /// Write what was predicted for each sample, with the file of an image: a `.csv` or `.jsonl` file, which is replaced.
    #[arg(long, value_name = "FILE")]
    pub predictions: Option<PathBuf>,
    /// Of two classes, predict the second where its probability is above this [default: 0.5].
    #[arg(long, value_name = "P", value_parser = threshold, conflicts_with_all = ["errors", "predictions"])]
    pub threshold: Option<f64>,
    /// A condition that must hold, such as 'test.accuracy >= 0.97', besides those of `[gate]`; else the exit
    /// code is 6. Repeatable.
    #[arg(long = "gate", value_name = "CONDITION", value_parser = condition)]
    pub(super) gates: Vec<String>,
    #[command(flatten)]
    pub overrides: Overrides,
    #[command(flatten)]
    pub machine: Machine,
    /// How the result is written to stdout.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

impl Eval {
    /// What to measure.
    pub fn checkpoint(&self) -> &Path {
        self.path.as_deref().or(self.flag.as_deref()).unwrap_or(Path::new(""))
    }
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
    #[arg(value_name = "CHECKPOINT", required_unless_present = "flag")]
    path: Option<PathBuf>,
    /// What to predict for: PNG or JPEG, .npy, .npz, .csv, IDX files (.gz too) or .json, or folders of
    /// them; `-` for JSON on standard input. Pixels are bytes, whole numbers 0 to 255 or fractions 0 to 1.
    #[arg(value_name = "INPUT", conflicts_with = "listed")]
    inputs: Vec<PathBuf>,
    /// The checkpoint as a flag; all positional arguments are then inputs.
    #[arg(long = "checkpoint", id = "flag", value_name = "PATH")]
    flag: Option<PathBuf>,
    /// The inputs as a flag, one or several; repeatable.
    #[arg(long = "input", id = "listed", value_name = "FILE", num_args = 1..)]
    listed: Vec<PathBuf>,
    /// Carry a column of CSV inputs over into the results, such as a customer's number. Repeatable.
    #[arg(long = "id", value_name = "COLUMN")]
    pub ids: Vec<String>,
    /// Of two classes, predict the second where its probability is above this [default: 0.5].
    #[arg(long, value_name = "P", value_parser = threshold)]
    pub threshold: Option<f64>,
    /// Write the results to a file, which is replaced once they are complete; its name decides the format.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// How the results are written: text, or with all probabilities as one JSON document, a JSON object for
    /// each line, or CSV [default: by the name of --output, else text].
    #[arg(long, value_enum)]
    pub format: Option<RowFormat>,
    #[command(flatten)]
    pub machine: Machine,
}

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RowFormat {
    Text,
    Json,
    Jsonl,
    Csv,
}

impl RowFormat {
    /// The format that the name of a file asks for.
    pub fn of(path: &Path) -> Option<Self> {
        Self::from_str(path.extension()?.to_str()?, true).ok().filter(|format| *format != Self::Text)
    }
}

impl Predict {
    /// How the results are written.
    pub fn format(&self) -> RowFormat {
        let named = || self.output.as_deref().and_then(RowFormat::of);
        self.format.or_else(named).unwrap_or(RowFormat::Text)
    }

    /// The checkpoint, and what to predict for.
    ///
    /// # Errors
    /// If one of them is missing, or given both as a flag and without one.
    pub fn paths(&self) -> Result<(&Path, Vec<&Path>), taper::Error> {
        let mut places = self.path.iter().chain(&self.inputs).map(PathBuf::as_path);
        let checkpoint = self.flag.as_deref().or_else(|| places.next()).unwrap_or(Path::new(""));
        let inputs: Vec<&Path> = places.collect();
        let refuse = |message: String| Err(taper::Error::Usage(message));
        match (inputs.first(), self.listed.is_empty()) {
            (Some(first), false) => refuse(format!(
                "{}: --checkpoint and --input are given as flags already; leave out one of them",
                first.display()
            )),
            (None, true) => refuse(format!(
                "nothing to predict for; give files, as in `taper predict {} FILE…`",
                checkpoint.display()
            )),
            (Some(_), true) => Ok((checkpoint, inputs)),
            (None, false) => Ok((checkpoint, self.listed.iter().map(PathBuf::as_path).collect())),
        }
    }
}

/// A probability that decides between two classes.
fn threshold(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(threshold) if threshold > 0.0 && threshold < 1.0 => Ok(threshold),
        _ => Err("expected a probability between 0 and 1, such as 0.3".to_owned()),
    }
}
