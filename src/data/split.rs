//! `[split]`: which samples are set aside for validation and for the test.

use std::path::PathBuf;

use serde::{Deserialize, Serialize, Serializer};

use super::{Dataset, Target, Targets};
use crate::config::Problems;
use crate::error::{Error, Result};
use crate::random::{Purpose, Stream};

/// `[split]`: the samples to validate and to test on, which are not trained on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How many of the training samples to validate on: a share below 1, or a whole number of samples.
    /// They are drawn at random, by the seed.
    #[serde(serialize_with = "share_or_number")]
    #[schemars(range(min = 0))]
    pub validation: f64,
    /// How many of the training samples to test on at the end, for a data set without test samples of its own:
    /// a share of all below 1, or a whole number of samples. They are drawn at random, by the seed, before those
    /// to validate on, and `eval --split test` finds the same ones again.
    #[serde(serialize_with = "share_or_number", skip_serializing_if = "is_none")]
    #[schemars(range(min = 0))]
    pub test: f64,
    /// Whether each class has the same share of the validation samples, and of those of `test`, as of all.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub stratified: bool,
    /// Samples to validate on from a file like the data set's own (for `image_folder` a folder), in place
    /// of a share of the training samples; a relative path starts at the config file's folder.
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

/// The samples of a data set by what is done with them: their indices, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Divided {
    /// Those to train on.
    pub train: Vec<usize>,
    /// Those to validate on.
    pub validation: Vec<usize>,
    /// Those to test on.
    pub test: Vec<usize>,
}

impl Config {
    /// Reports what contradicts itself or does not go with the data set.
    pub fn validate(&self, data: &super::Config, problems: &mut Problems<'_>) {
        for (key, samples) in [("validation", self.validation), ("test", self.test)] {
            if samples >= 1.0 && samples.fract() != 0.0 {
                problems.key(key).report_with_help(
                    format!("must be below 1, or a whole number of samples, not {samples}"),
                    "0.2 is a fifth of the training samples",
                );
            }
        }
        let shares = [self.validation, self.test].into_iter().filter(|share| *share < 1.0);
        if shares.sum::<f64>() >= 1.0 {
            problems.key("test").report(format!(
                "{} to validate and {} to test on are all samples, and leave none to train on",
                self.validation, self.test
            ));
        }
        if self.stratified {
            if let Some(Target::Value { .. }) = data.member().facts().target {
                problems.key("stratified").report("only classes can be stratified, not numbers");
            } else if self.validation == 0.0 && self.test == 0.0 {
                problems
                    .key("stratified")
                    .report("needs `validation` or `test`, the share or number of samples");
            }
        }
        if self.file.is_some() {
            if self.validation > 0.0 {
                problems.key("file").report_with_help(
                    "the validation samples come from a file or from the training samples, not from both",
                    "remove `validation` or `file`",
                );
            } else if !data.member().takes_validation_file() {
                problems.key("file").report_with_help(
                    format!("`{}` has no validation samples in files", data.name()),
                    "set `validation` to a share of the training samples",
                );
            }
        }
    }

    /// Whether any sample is validated on.
    #[must_use]
    pub fn validates(&self) -> bool {
        self.validation > 0.0 || self.file.is_some()
    }

    /// Divides the indices of `dataset` into those to train, to validate and to test on.
    ///
    /// The order of the samples plays no part, because many files are sorted by class. Where a share is
    /// asked for and there are two samples or more, each side gets at least one. The samples to test on are drawn
    /// first, so that they stay the same when `validation` changes; without any, those to validate on are the
    /// ones that they always were.
    ///
    /// # Errors
    /// [`Error::Data`] if as many samples as there are, or more, are to be set aside, or numbers are to
    /// be stratified.
    pub fn divide(&self, dataset: &Dataset, seed: u64) -> Result<Divided> {
        let samples = dataset.len();
        let draw = |key, wanted, purpose, rest: Vec<usize>| {
            let count = count(key, wanted, samples, rest.len())?;
            self.draw(dataset, rest, count, Stream::new(seed, purpose, [0, 0]))
        };
        let (rest, test) = draw("split.test", self.test, Purpose::TestSplit, (0..samples).collect())?;
        let (train, validation) = draw("split.validation", self.validation, Purpose::ValidationSplit, rest)?;
        Ok(Divided { train, validation, test })
    }

    /// Sets `count` of the samples `rest` aside; first those that stay, both ascending.
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
            let Targets::Classes { labels, names } = &dataset.targets else {
                return Err(Error::data("split.stratified", "only classes can be stratified, not numbers"));
            };
            stratify(&rest, labels, names.len(), count)
        } else {
            let stay = rest.split_off(count);
            (stay, rest)
        };
        stay.sort_unstable();
        aside.sort_unstable();
        Ok((stay, aside))
    }
}

/// How many of the `rest` of `samples` are set aside where `wanted` is a share of all, or a number.
fn count(key: &str, wanted: f64, samples: usize, rest: usize) -> Result<usize> {
    if wanted <= 0.0 || (rest < 2 && wanted < 1.0) {
        return Ok(0);
    }
    if wanted < 1.0 {
        return Ok(((samples as f64 * wanted).round() as usize).clamp(1, rest - 1));
    }
    let count = wanted as usize;
    if count >= rest {
        let message = format!("sets {count} samples aside, but there are only {rest} to train on");
        return Err(Error::data(key, message));
    }
    Ok(count)
}

/// Takes `count` of the indices in `order` aside, from each class in proportion: the whole part
/// of its share, and one more where the rest is largest (the earlier class, where equal). A class keeps at
/// least one sample to train on, so there may be fewer than `count`.
fn stratify(order: &[usize], labels: &[u32], classes: usize, count: usize) -> (Vec<usize>, Vec<usize>) {
    let mut sizes = vec![0_usize; classes];
    for &index in order {
        sizes[labels[index] as usize] += 1;
    }
    let product = |size: usize| size as u128 * count as u128;
    let total = order.len().max(1) as u128;
    let mut quotas: Vec<usize> = sizes.iter().map(|&size| (product(size) / total) as usize).collect();
    let mut by_rest: Vec<usize> = (0..classes).filter(|&class| quotas[class] + 1 < sizes[class]).collect();
    by_rest.sort_by_key(|&class| std::cmp::Reverse(product(sizes[class]) % total));
    let missing = count - quotas.iter().sum::<usize>();
    for &class in by_rest.iter().take(missing) {
        quotas[class] += 1;
    }
    let mut left = quotas;
    order.iter().partition(|&&index| {
        let quota = &mut left[labels[index] as usize];
        let trained = *quota == 0;
        *quota = quota.saturating_sub(1);
        trained
    })
}

#[cfg(test)]
mod tests;
