//! `[split]`: validation and test samples that are held out.

mod fold;
mod stratified;

pub use fold::Fold;

use std::path::PathBuf;

use serde::{Deserialize, Serialize, Serializer};

use super::{Dataset, Target, Targets};
use crate::config::Problems;
use crate::error::{Error, Result};
use crate::random::{Purpose, Stream};
use stratified::stratify;

/// `[split]`: validation and test samples, which are not trained on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The training samples to hold out for validation: a fraction below 1, or a number of samples. They are
    /// drawn at random from `seed`.
    #[serde(serialize_with = "share_or_number")]
    #[schemars(range(min = 0))]
    pub validation: f64,
    /// The training samples to hold out for the final test, if the data set has no test samples: a fraction
    /// of all samples (below 1), or a number of samples. They are drawn at random from `seed`, before the
    /// validation samples, and are the same in `eval --split test`.
    #[serde(serialize_with = "share_or_number", skip_serializing_if = "is_none")]
    #[schemars(range(min = 0))]
    pub test: f64,
    /// One of several parts of the training samples to hold out for validation in place of `validation`, for
    /// cross-validation: `"2/5"` is the second of five. The parts are drawn at random from `seed`, and each sample is in one
    /// of them. `taper train --fold all/5` trains with each.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", regex(pattern = "^[0-9]+/[0-9]+$"))]
    pub fold: Option<Fold>,
    /// Whether validation and test samples have the same class proportions as all samples.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub stratified: bool,
    /// A file of validation samples in the format of the data set (for `image_folder` a folder), in place of
    /// held-out training samples; a relative path is resolved against the config file's folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "path"))]
    pub file: Option<PathBuf>,
}

/// A number of samples is written without a fraction.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn share_or_number<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if *value >= 1.0 && value.fract() == 0.0 && *value < 2_f64.powi(53) {
        return serializer.serialize_u64(*value as u64);
    }
    serializer.serialize_f64(*value)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_none(samples: &f64) -> bool {
    *samples <= 0.0
}

/// The indices of training, validation and test samples, each ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Divided {
    /// The training samples.
    pub train: Vec<usize>,
    /// The validation samples.
    pub validation: Vec<usize>,
    /// The test samples.
    pub test: Vec<usize>,
}

impl Config {
    /// Reports options that contradict each other or the data set.
    pub fn validate(&self, data: &super::Config, problems: &mut Problems<'_>) {
        for (key, samples) in [("validation", self.validation), ("test", self.test)] {
            if samples >= 1.0 && samples.fract() != 0.0 {
                problems.key(key).report_with_help(
                    format!("must be a fraction below 1 or an integer, not {samples}"),
                    "0.2 holds out a fifth of the training samples",
                );
            }
        }
        let shares = [self.validation, self.test].into_iter().filter(|share| *share < 1.0);
        if shares.sum::<f64>() >= 1.0 {
            problems.key("test").report(format!(
                "{} for validation and {} for the test leave no training samples",
                self.validation, self.test
            ));
        }
        if self.stratified {
            if let Some(Target::Value { .. }) = data.member().facts().target {
                problems.key("stratified").report("only classes can be stratified, not numbers");
            } else if self.validation == 0.0 && self.test == 0.0 && self.fold.is_none() {
                problems.key("stratified").report("needs `validation`, `fold` or `test`");
            }
        }
        if self.fold == Some(Fold::NONE) {
            problems.key("fold").report_with_help(
                "not a part of the training samples",
                "write a part and the number of parts, 2 to 1000, such as \"2/5\"",
            );
        } else if self.fold.is_some() && (self.validation > 0.0 || self.file.is_some()) {
            let other = if self.file.is_some() { "file" } else { "validation" };
            problems.key("fold").report_with_help(
                format!("`{other}` has other validation samples"),
                format!("remove `fold` or `{other}`"),
            );
        }
        if self.file.is_some() {
            if self.validation > 0.0 {
                problems.key("file").report_with_help(
                    "validation samples come either from a file or from the training samples",
                    "remove `validation` or `file`",
                );
            } else if !data.member().takes_validation_file() {
                problems.key("file").report_with_help(
                    format!("`{}` cannot read validation samples from a file", data.name()),
                    "set `validation` to a fraction of the training samples",
                );
            }
        }
    }

    /// Whether any samples are validation samples.
    #[must_use]
    pub fn validates(&self) -> bool {
        self.validation > 0.0 || self.file.is_some() || self.fold.is_some()
    }

    /// The number of training samples that remain of `samples`; with `stratified`, more may remain.
    #[must_use]
    pub fn remaining(&self, samples: usize) -> Option<usize> {
        let rest = samples - count("split.test", self.test, samples, samples).ok()?;
        let held = self.fold.map(|fold| Ok(fold.size(rest)));
        let held = held.unwrap_or_else(|| count("split.validation", self.validation, samples, rest));
        Some(rest - held.ok()?)
    }

    /// Divides the indices of `dataset` into training, validation and test samples.
    ///
    /// Samples are drawn at random, because many files are sorted by class. If a fraction is given and there
    /// are at least two samples, each side gets at least one. Test samples are drawn first, so that they stay
    /// the same when `validation` changes; without them, the validation samples are those of earlier
    /// versions.
    ///
    /// # Errors
    /// [`Error::Data`] if no training sample would be left, or numbers are to be stratified.
    pub fn divide(&self, dataset: &Dataset, seed: u64) -> Result<Divided> {
        let samples = dataset.len();
        let draw = |key, wanted, purpose, rest: Vec<usize>| {
            let count = count(key, wanted, samples, rest.len())?;
            self.draw(dataset, rest, count, Stream::new(seed, purpose, [0, 0]))
        };
        let (rest, test) = draw("split.test", self.test, Purpose::TestSplit, (0..samples).collect())?;
        let (train, validation) = match self.fold {
            Some(fold) => {
                self.fold(dataset, rest, fold, Stream::new(seed, Purpose::ValidationSplit, [0, 0]))?
            }
            None => draw("split.validation", self.validation, Purpose::ValidationSplit, rest)?,
        };
        Ok(Divided { train, validation, test })
    }

    /// Holds out the part `fold` of the samples `rest`, which are dealt in turn in random order, by class if stratified;
    /// returns the remaining and the held-out ones, both ascending.
    fn fold(
        &self,
        dataset: &Dataset,
        mut rest: Vec<usize>,
        fold: Fold,
        mut stream: Stream,
    ) -> Result<(Vec<usize>, Vec<usize>)> {
        if rest.len() < fold.parts() {
            let message =
                format!("{} parts, but there are only {} training samples", fold.parts(), rest.len());
            return Err(Error::data("split.fold", message));
        }
        stream.shuffle(&mut rest);
        if self.stratified {
            let labels = Self::labels(dataset)?;
            rest.sort_by_key(|&index| labels[index]);
        }
        let dealt = rest.into_iter().enumerate();
        let (mut aside, mut stay): (Vec<_>, Vec<_>) = dealt.partition(|(place, _)| fold.holds(*place));
        for part in [&mut aside, &mut stay] {
            part.sort_unstable_by_key(|(_, index)| *index);
        }
        let indices = |part: Vec<(usize, usize)>| part.into_iter().map(|(_, index)| index).collect();
        Ok((indices(stay), indices(aside)))
    }

    /// The labels by which samples are stratified.
    fn labels(dataset: &Dataset) -> Result<&[u32]> {
        match &dataset.targets {
            Targets::Classes { labels, .. } => Ok(labels),
            Targets::Values { .. } => {
                Err(Error::data("split.stratified", "only classes can be stratified, not numbers"))
            }
        }
    }

    /// Holds out `count` of the samples `rest`; returns the remaining and the held-out ones, both ascending.
    fn draw(
        &self,
        dataset: &Dataset,
        mut rest: Vec<usize>,
        count: usize,
        mut stream: Stream,
    ) -> Result<(Vec<usize>, Vec<usize>)> {
        if count == 0 {
            return Ok((rest, Vec::new()));
        }
        stream.shuffle(&mut rest);
        let (mut stay, mut aside) = if self.stratified {
            let labels = Self::labels(dataset)?;
            let classes = labels.iter().max().map_or(0, |&label| label as usize + 1);
            stratify(&rest, labels, classes, count)
        } else {
            let stay = rest.split_off(count);
            (stay, rest)
        };
        stay.sort_unstable();
        aside.sort_unstable();
        Ok((stay, aside))
    }
}

/// The number of samples to hold out if `rest` of all `samples` are left. `wanted` is that number or, below 1, a
/// fraction of `samples`.
fn count(key: &str, wanted: f64, samples: usize, rest: usize) -> Result<usize> {
    if wanted <= 0.0 || (rest < 2 && wanted < 1.0) {
        return Ok(0);
    }
    if wanted < 1.0 {
        return Ok(((samples as f64 * wanted).round() as usize).clamp(1, rest - 1));
    }
    let count = wanted as usize;
    if count >= rest {
        let message = format!("holds out {count} samples, but there are only {rest} training samples");
        return Err(Error::data(key, message));
    }
    Ok(count)
}

#[cfg(test)]
mod tests;
