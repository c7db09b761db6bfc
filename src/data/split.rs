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
mod tests {
    use super::*;
    use crate::data::Features;

    /// Samples of these classes, with no values.
    fn dataset(labels: Vec<u32>) -> Dataset {
        let names = (0..=labels.iter().max().copied().unwrap_or(0)).map(|class| class.to_string()).collect();
        Dataset {
            sample_shape: [0].into(),
            features: Features::Floats(Vec::new()),
            targets: Targets::Classes { labels, names },
        }
    }

    fn divide(samples: usize, validation: f64, seed: u64) -> (Vec<usize>, Vec<usize>) {
        let config = Config { validation, ..Config::default() };
        let Divided { train, validation, test } = config.divide(&dataset(vec![0; samples]), seed).unwrap();
        assert_eq!(test, [0_usize; 0]);
        (train, validation)
    }

    #[test]
    fn every_sample_is_on_exactly_one_side() {
        for (samples, validation) in
            [(2, 0.001), (2, 0.999), (3, 0.5), (10, 0.25), (1000, 0.2), (1001, 0.9999), (9, 8.0), (9, 1.0)]
        {
            let (train, validation) = divide(samples, validation, 1);
            assert!(train.is_sorted() && validation.is_sorted());
            assert!(!train.is_empty() && !validation.is_empty());
            let mut all = [train, validation].concat();
            all.sort_unstable();
            assert_eq!(all, (0..samples).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_share_is_rounded_and_drawn_from_everywhere() {
        let (train, validation) = divide(1000, 0.2, 42);
        assert_eq!((train.len(), validation.len()), (800, 200));
        let late = validation.iter().filter(|&&index| index >= 500).count();
        assert!((60..140).contains(&late), "{late} of 200 come from the second half");
        assert_eq!(divide(7, 0.5, 0).1.len(), 4);
        // A number of samples draws the same ones as the share that rounds to it.
        assert_eq!(divide(1000, 200.0, 42).1, validation);
    }

    #[test]
    fn the_seed_decides() {
        assert_eq!(divide(100, 0.3, 5), divide(100, 0.3, 5));
        assert_ne!(divide(100, 0.3, 5), divide(100, 0.3, 6));
    }

    #[test]
    fn nothing_is_set_aside_without_need() {
        assert_eq!(divide(3, 0.0, 0), (vec![0, 1, 2], vec![]));
        assert_eq!(divide(1, 0.5, 0), (vec![0], vec![]));
        assert_eq!(divide(0, 0.5, 0), (vec![], vec![]));
    }

    #[test]
    fn no_more_samples_are_set_aside_than_can_be_spared() {
        let all = Config { validation: 5.0, ..Config::default() };
        let message = all.divide(&dataset(vec![0; 5]), 0).unwrap_err().to_string();
        assert!(message.contains("5 samples aside, but there are only 5"), "{message}");
    }

    #[test]
    fn each_class_has_its_share_of_a_stratified_split() {
        // 60, 30 and 9 samples, and one class with a single one, sorted by class.
        let labels: Vec<u32> = [60, 30, 9, 1].into_iter().zip(0..).flat_map(|(n, c)| vec![c; n]).collect();
        for (validation, counts) in [(0.1, [6, 3, 1, 0]), (20.0, [12, 6, 2, 0]), (0.99, [59, 29, 8, 0])] {
            let config = Config { validation, stratified: true, ..Config::default() };
            let Divided { train, validation: aside, .. } =
                config.divide(&dataset(labels.clone()), 7).unwrap();
            let mut found = [0; 4];
            for &index in &aside {
                found[labels[index] as usize] += 1;
            }
            assert_eq!(found, counts);
            assert_eq!(train.len() + aside.len(), labels.len());
            assert!(aside.iter().any(|&index| index > 4), "not the first ones of each class");
        }
    }

    #[test]
    fn every_sample_trains_validates_or_tests() {
        for (samples, validation, test) in
            [(1000, 0.2, 0.1), (10, 0.5, 0.4), (3, 0.001, 0.001), (3, 1.0, 1.0), (9, 0.3, 5.0), (2, 0.4, 0.4)]
        {
            let config = Config { validation, test, ..Config::default() };
            let divided = config.divide(&dataset(vec![0; samples]), 3).unwrap();
            let Divided { train, validation, test } = divided;
            assert!(!train.is_empty() && !test.is_empty() && (samples == 2 || !validation.is_empty()));
            assert!(train.is_sorted() && validation.is_sorted() && test.is_sorted());
            let mut all = [train, validation, test].concat();
            all.sort_unstable();
            assert_eq!(all, (0..samples).collect::<Vec<_>>());
        }
    }

    #[test]
    fn both_shares_are_of_all_samples_and_the_test_samples_stay() {
        let divide = |validation, test, seed| {
            Config { validation, test, ..Config::default() }.divide(&dataset(vec![0; 1000]), seed).unwrap()
        };
        let first = divide(0.25, 0.1, 1);
        assert_eq!([&first.train, &first.validation, &first.test].map(Vec::len), [650, 250, 100]);
        assert_eq!(first.test, divide(0.0, 0.1, 1).test);
        assert_eq!(first.test, divide(300.0, 100.0, 1).test);
        assert_ne!(first.test, divide(0.25, 0.1, 2).test);
        let late = first.test.iter().filter(|&&index| index >= 500).count();
        assert!((25..75).contains(&late), "{late} of 100 come from the second half");
    }

    #[test]
    fn the_validation_samples_are_those_of_before() {
        // What taper drew before there was `test`.
        let divided = divide(12, 0.25, 42);
        assert_eq!(divided.1, [4, 5, 7]);
    }

    #[test]
    fn each_class_has_its_share_of_what_is_tested_on() {
        let labels: Vec<u32> = [60, 30, 10].into_iter().zip(0..).flat_map(|(n, c)| vec![c; n]).collect();
        let config = Config { validation: 0.1, test: 0.2, stratified: true, ..Config::default() };
        let divided = config.divide(&dataset(labels.clone()), 7).unwrap();
        for (indices, counts) in
            [(divided.train, [42, 21, 7]), (divided.validation, [6, 3, 1]), (divided.test, [12, 6, 2])]
        {
            let mut found = [0; 3];
            for index in indices {
                found[labels[index] as usize] += 1;
            }
            assert_eq!(found, counts);
        }
    }

    #[test]
    fn what_both_set_aside_leaves_some_to_train_on() {
        for (validation, test, key) in
            [(5.0, 5.0, "split.validation"), (1.0, 10.0, "split.test"), (0.0, 12.0, "split.test")]
        {
            let config = Config { validation, test, ..Config::default() };
            let message = config.divide(&dataset(vec![0; 10]), 0).unwrap_err().to_string();
            assert!(message.starts_with(key) && message.contains("only"), "{message}");
        }
    }
}
