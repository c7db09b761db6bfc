//! The order in which an epoch takes the training samples, and how often it takes each.

use serde::{Deserialize, Serialize};

use super::Config;
use crate::config::Problems;
use crate::data::{Prepared, Target, Targets};
use crate::random::{Purpose, Stream};
use crate::wording::counted;

/// How often an epoch takes the samples of each class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum Sampling {
    /// The share of each class, by index, relative to the others.
    Shares(#[schemars(length(min = 1), inner(range(min = 0)))] Vec<f64>),
    /// A rule for the shares.
    Rule(Rule),
}

/// A rule for the shares of classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Each class as often as any other.
    Balanced,
}

/// The samples of an epoch.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// The index of each sample, in order.
    pub indices: Vec<usize>,
    /// How often the epoch took this sample before; empty if it takes each once.
    pub repeats: Vec<usize>,
}

impl Sampling {
    /// Reports shares that do not fit `target`, what is to be predicted, if it is known.
    pub fn validate(&self, target: Option<Target>, problems: &mut Problems<'_>) {
        if let Some(message) = target.and_then(|target| self.misfit(target)) {
            problems.report(message);
        } else if let Self::Shares(shares) = self
            && shares.iter().sum::<f64>() <= 0.0
        {
            problems.report("at least one share must be above 0");
        }
    }

    /// Why the shares do not fit `target`, if they do not.
    #[must_use]
    pub fn misfit(&self, target: Target) -> Option<String> {
        let Target::Class { classes } = target else {
            return Some("needs classes, not numbers to predict; remove it".to_owned());
        };
        let Self::Shares(shares) = self else { return None };
        (shares.len() != classes)
            .then(|| format!("{} for {}", counted(shares.len(), "share"), counted(classes, "class")))
    }

    fn share(&self, class: usize) -> f64 {
        match self {
            Self::Shares(shares) => shares.get(class).copied().unwrap_or(0.0),
            Self::Rule(Rule::Balanced) => 1.0,
        }
    }

    /// The number of samples of each class among `total`, where the classes have `sizes`: the integer part of its share,
    /// and one more where the fractional part is largest. A class without samples gets none.
    fn quotas(&self, sizes: &[usize], total: usize) -> Vec<usize> {
        let share = |(class, size): (usize, &usize)| if *size == 0 { 0.0 } else { self.share(class) };
        let mut shares: Vec<f64> = sizes.iter().enumerate().map(share).collect();
        let sum: f64 = shares.iter().sum();
        if sum <= 0.0 {
            // Only classes without samples have shares.
            return sizes.to_vec();
        }
        for share in &mut shares {
            *share *= total as f64 / sum;
        }
        let mut quotas: Vec<usize> = shares.iter().map(|share| *share as usize).collect();
        let mut by_rest: Vec<usize> = (0..sizes.len()).filter(|&class| shares[class] > 0.0).collect();
        by_rest.sort_by(|a, b| shares[*b].fract().total_cmp(&shares[*a].fract()));
        let missing = total.saturating_sub(quotas.iter().sum());
        for &class in by_rest.iter().cycle().take(missing) {
            quotas[class] += 1;
        }
        quotas
    }
}

impl Order {
    /// The order of the training samples in `epoch`: determined by the seed and the epoch alone.
    #[must_use]
    pub fn new(config: &Config, data: &Prepared, seed: u64, epoch: u64) -> Self {
        let stream = |part| Stream::new(seed, Purpose::Shuffle, [epoch, part]);
        if let (Some(sampling), Targets::Classes { labels, names }) = (&config.sampling, &data.train.targets)
        {
            let mut classes = vec![Vec::new(); names.len()];
            for &index in &data.train_indices {
                classes[labels[index] as usize].push(index);
            }
            let sizes: Vec<usize> = classes.iter().map(Vec::len).collect();
            let mut taken = Vec::with_capacity(data.train_indices.len());
            for (class, quota) in sampling.quotas(&sizes, data.train_indices.len()).into_iter().enumerate() {
                // Each sample of a class is taken equally often, except for the rest, which is drawn.
                let samples = &mut classes[class];
                stream(1 + class as u64).shuffle(samples);
                taken.extend((0..quota).map(|i| (samples[i % samples.len()], i / samples.len())));
            }
            // By sample, so that an epoch without shuffling has the order of the data set.
            taken.sort_unstable();
            if config.shuffle {
                stream(0).shuffle(&mut taken);
            }
            let (indices, repeats) = taken.into_iter().unzip();
            return Self { indices, repeats };
        }
        let mut indices = data.train_indices.clone();
        if config.shuffle {
            stream(0).shuffle(&mut indices);
        }
        Self { indices, repeats: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Dataset, Features, Loading, Splits, preprocess, split};

    /// Training samples with these labels.
    fn data(labels: &[u32]) -> Prepared {
        let names = ["a", "b", "c"].map(String::from).to_vec();
        let train = Dataset {
            sample_shape: [1].into(),
            features: Features::Floats(vec![0.0; labels.len()]).into(),
            targets: Targets::Classes { labels: labels.to_vec(), names },
        };
        let splits = Splits { train, validation: None, test: None, columns: None };
        let (split, preprocess) = (split::Config::default(), preprocess::Config::default());
        Prepared::new(splits, &split, &preprocess, 1, &Loading::default()).unwrap()
    }

    /// How often epoch `epoch` takes each sample.
    fn counts(sampling: &str, labels: &[u32], epoch: u64) -> Vec<usize> {
        let config = Config { sampling: Some(serde_json::from_str(sampling).unwrap()), ..Config::default() };
        let order = Order::new(&config, &data(labels), 7, epoch);
        assert_eq!(order, Order::new(&config, &data(labels), 7, epoch), "it is determined");
        assert_eq!((order.indices.len(), order.repeats.len()), (labels.len(), labels.len()));
        let mut seen = vec![Vec::new(); labels.len()];
        for (index, repeat) in order.indices.iter().zip(order.repeats) {
            seen[*index].push(repeat);
        }
        for repeats in &mut seen {
            repeats.sort_unstable();
            assert_eq!(*repeats, (0..repeats.len()).collect::<Vec<_>>(), "repeats are counted");
        }
        seen.iter().map(Vec::len).collect()
    }

    #[test]
    fn balanced_classes_have_as_many_samples_and_each_sample_of_a_class_as_many_repeats() {
        let labels = [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2];
        let found = counts("\"balanced\"", &labels, 0);
        assert_eq!(found[..9].iter().sum::<usize>(), 4);
        assert!(found[..9].iter().all(|count| *count <= 1));
        assert_eq!(found[9..], [2, 2, 4]);
        let others = (1..20).filter(|epoch| counts("\"balanced\"", &labels, *epoch) != found);
        assert!(others.count() > 15, "other epochs take other samples of the first class");
    }

    #[test]
    fn shares_are_relative_and_classes_without_samples_or_share_get_none() {
        let sum = |counts: &[usize]| counts.iter().sum::<usize>();
        let found = counts("[3, 1, 0]", &[0, 0, 1, 1, 1, 1, 2, 2], 0);
        assert_eq!((found[0], found[1], sum(&found[2..6]), sum(&found[6..])), (3, 3, 2, 0));
        assert_eq!(counts("[1, 1, 98]", &[0, 1, 0, 1], 3), [1; 4], "class 2 has no samples");
        assert_eq!(counts("[0, 0, 1]", &[0, 1, 0, 1], 3), [1; 4], "no other class has a share");
        let found = counts("\"balanced\"", &[0, 0, 1, 1, 2], 0);
        assert_eq!([sum(&found[..2]), sum(&found[2..4]), found[4]], [2, 2, 1], "ties go to the first");
    }

    #[test]
    fn without_shares_each_sample_comes_once() {
        let order = Order::new(&Config::default(), &data(&[0, 1, 2, 0]), 7, 0);
        let mut sorted = order.indices.clone();
        sorted.sort_unstable();
        assert_eq!((sorted, order.repeats), (vec![0, 1, 2, 3], Vec::new()));
    }

    #[test]
    fn shares_that_do_not_fit_are_reported() {
        let message = |sampling: &str, target| {
            let mut found = Vec::new();
            let sampling: Sampling = serde_json::from_str(sampling).unwrap();
            sampling.validate(Some(target), &mut Problems::new(&mut found));
            found.first().map(|problem| problem.message.clone()).unwrap_or_default()
        };
        let classes = Target::Class { classes: 3 };
        assert_eq!(message("\"balanced\"", classes), "");
        assert_eq!(message("[1, 2]", classes), "2 shares for 3 classes");
        assert_eq!(message("[0, 0, 0]", classes), "at least one share must be above 0");
        assert!(message("\"balanced\"", Target::Value { width: 1 }).contains("needs classes"));
    }
}
