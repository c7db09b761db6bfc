//! The arguments of the commands that use a trained network.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use taper::run::Views;

use super::shared::{Format, Machine, Overrides, condition};

#[derive(Debug, Args)]
pub struct Eval {
    /// A run folder (its best checkpoint, else its latest), a checkpoint folder, or a `.safetensors`
    /// file written by taper.
    #[arg(value_name = "CHECKPOINT", required_unless_present = "flag", conflicts_with = "flag")]
    path: Option<PathBuf>,
    /// The same as CHECKPOINT, as a flag.
    #[arg(long = "checkpoint", id = "flag", value_name = "PATH")]
    flag: Option<PathBuf>,
    /// The split to evaluate [default: test if there is one, else validation, else train].
    #[arg(long, value_enum)]
    pub split: Option<SplitName>,
    /// Show the N most confident wrong predictions; for regression, the N largest errors.
    #[arg(long, value_name = "N")]
    pub errors: Option<usize>,
    /// Write the prediction for each sample (and the path of each image) to this `.csv` or `.jsonl` file, which
    /// is replaced.
    #[arg(long, value_name = "FILE")]
    pub predictions: Option<PathBuf>,
    /// With two classes, predict the second if its probability is above P [default: 0.5].
    #[arg(long, value_name = "P", value_parser = threshold, conflicts_with_all = ["errors", "predictions"])]
    pub threshold: Option<f64>,
    /// Also evaluate with the mean of the logits over several views of each image: reflected (`flip`), moved by N pixels
    /// (`shift=N`), or both (`flip,shift=1`).
    #[arg(long, value_name = "VIEWS")]
    pub tta: Option<Views>,
    /// Exit with code 6 unless this condition holds, such as 'test.accuracy >= 0.97'; in addition to those of
    /// `[gate]`. Repeatable.
    #[arg(long = "gate", value_name = "CONDITION", value_parser = condition)]
    pub(super) gates: Vec<String>,
    #[command(flatten)]
    pub overrides: Overrides,
    #[command(flatten)]
    pub machine: Machine,
    /// The format of the result on stdout.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

impl Eval {
    /// The checkpoint given by argument or flag.
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
    /// A run folder, a checkpoint folder, or a `.safetensors` file written by taper.
    #[arg(value_name = "CHECKPOINT", required_unless_present = "flag")]
    path: Option<PathBuf>,
    /// The inputs: PNG, JPEG, .npy, .npz, .csv, .json or IDX files (also .gz), or folders of them; `-` for
    /// JSON on standard input. Pixels are bytes, integers from 0 to 255, or floats from 0 to 1.
    #[arg(value_name = "INPUT", conflicts_with = "listed")]
    inputs: Vec<PathBuf>,
    /// The same as CHECKPOINT, as a flag; all positional arguments are then inputs.
    #[arg(long = "checkpoint", id = "flag", value_name = "PATH")]
    flag: Option<PathBuf>,
    /// The same as INPUT, as a flag; takes one or more files. Repeatable.
    #[arg(long = "input", id = "listed", value_name = "FILE", num_args = 1..)]
    listed: Vec<PathBuf>,
    /// Copy this column of CSV inputs to the results, such as a customer number. Repeatable.
    #[arg(long = "id", value_name = "COLUMN")]
    pub ids: Vec<String>,
    /// With two classes, predict the second if its probability is above P [default: 0.5].
    #[arg(long, value_name = "P", value_parser = threshold)]
    pub threshold: Option<f64>,
    /// Predict with the mean of the logits over several views of each image: reflected (`flip`), moved by N pixels
    /// (`shift=N`), or both (`flip,shift=1`).
    #[arg(long, value_name = "VIEWS")]
    pub tta: Option<Views>,
    /// Write the results to this file, which is replaced once they are complete.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// The format of the results: `json` is one document, `jsonl` one object per line; all except `text`
    /// include all probabilities [default: by the extension of --output, else text].
    #[arg(long, value_enum)]
    pub format: Option<RowFormat>,
    #[command(flatten)]
    pub machine: Machine,
}

/// The format of predictions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RowFormat {
    Text,
    Json,
    Jsonl,
    Csv,
}

impl RowFormat {
    /// The format for the extension of a file; none for `.txt`.
    pub fn of(path: &Path) -> Option<Self> {
        Self::from_str(path.extension()?.to_str()?, true).ok().filter(|format| *format != Self::Text)
    }
}

impl Predict {
    /// The format of the results.
    pub fn format(&self) -> RowFormat {
        let named = || self.output.as_deref().and_then(RowFormat::of);
        self.format.or_else(named).unwrap_or(RowFormat::Text)
    }

    /// The checkpoint and the inputs.
    ///
    /// # Errors
    /// If one of them is missing, or given both as a flag and as an argument.
    pub fn paths(&self) -> Result<(&Path, Vec<&Path>), taper::Error> {
        let mut places = self.path.iter().chain(&self.inputs).map(PathBuf::as_path);
        let checkpoint = self.flag.as_deref().or_else(|| places.next()).unwrap_or(Path::new(""));
        let inputs: Vec<&Path> = places.collect();
        let refuse = |message: String| Err(taper::Error::Usage(message));
        match (inputs.first(), self.listed.is_empty()) {
            (Some(first), false) => refuse(format!(
                "{}: unexpected argument, as --checkpoint and --input are both given; leave out one of them",
                first.display()
            )),
            (None, true) => refuse(format!(
                "no input given; add one or more files, as in `taper predict {} FILE…`",
                checkpoint.display()
            )),
            (Some(_), true) => Ok((checkpoint, inputs)),
            (None, false) => Ok((checkpoint, self.listed.iter().map(PathBuf::as_path).collect())),
        }
    }
}

/// Parses a probability that decides between two classes.
fn threshold(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(threshold) if threshold > 0.0 && threshold < 1.0 => Ok(threshold),
        _ => Err("expected a probability between 0 and 1, such as 0.3".to_owned()),
    }
}
