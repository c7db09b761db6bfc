//! Changes the samples of batches as `[augment]` says, on the threads that also compute the steps.

use std::sync::{Mutex, PoisonError};

use taper_kernels::simd::parts;

use super::Order;
use crate::augment::{Chain, Config, Sample};
use crate::data::{Batch, BatchTargets, Dataset, Features, Samples, Scaling, Targets};
use crate::engine::SharedTeam;
use crate::error::Result;
use crate::position::Course;
use crate::random::{Purpose, Stream};

/// Makes the batches of a run from those of the data set.
pub struct Augmenter<'a> {
    config: &'a Config,
    seed: u64,
    data: &'a Dataset,
    team: SharedTeam,
    /// The number of samples, over all epochs, that are changed.
    changed: f64,
    /// One for each thread.
    chains: Vec<Mutex<Chain<'a>>>,
    /// The samples of the current batch, one after the other.
    features: Features,
    /// The samples to be mixed with them, unless all are in memory, and their indices.
    others: (Features, Vec<usize>),
    /// The indices of the samples in `features`.
    indices: Vec<usize>,
    /// The share of each sample in its mixture with another one.
    shares: Vec<f32>,
    mixture: Mixture,
}

/// Memory for the targets of mixed samples.
#[derive(Default)]
struct Mixture {
    labels: Vec<u32>,
    others: Vec<u32>,
    values: Vec<f32>,
}

impl<'a> Augmenter<'a> {
    /// Changes samples of `data`, in a run of this `course`.
    #[must_use]
    pub fn new(config: &'a Config, seed: u64, data: &'a Dataset, course: Course, team: SharedTeam) -> Self {
        let chain = || Mutex::new(Chain::new(config, &data.sample_shape, seed));
        let epochs = course.all_steps as f64 / course.steps.max(1) as f64;
        Self {
            config,
            seed,
            data,
            chains: std::iter::repeat_with(chain).take(team.threads()).collect(),
            team,
            changed: config.until * epochs * course.samples as f64,
            features: Features::Floats(Vec::new()),
            others: (data.features.buffer(), Vec::new()),
            indices: Vec::new(),
            shares: Vec::new(),
            mixture: Mixture::default(),
        }
    }

    /// Returns `batch` with its samples changed; they start at place `first` of the epoch, which is given by
    /// its number and its samples.
    ///
    /// # Errors
    /// If a sample on disk, which is to be mixed with one of the batch, cannot be read.
    pub fn run<'b>(
        &'b mut self,
        batch: Batch<'b>,
        (epoch, order): (u64, &Order),
        first: usize,
    ) -> Result<Batch<'b>> {
        let Samples { shape, indices, scaling, .. } = batch.samples;
        let samples = order.indices.len();
        let before = epoch as f64 * samples as f64;
        let is_changed = |place: usize| before + (place as f64) < self.changed;
        if self.config.operations.is_empty() || !is_changed(first) {
            return Ok(batch);
        }
        let size = shape.elements().unwrap_or(0);
        let distance = self.distance(epoch, samples);
        let partner = |place: usize| (place + distance) % samples;
        let mixes = Chain::mixes(self.config);
        let others = (first..first + indices.len()).map(|place| order.indices[partner(place)]);
        if mixes && self.data.features.memory().is_none() {
            self.others.1.clear();
            self.others.1.extend(others.clone());
            self.data.features.read(&self.others.1, size, &mut self.others.0)?;
        }
        let stored = &self.others.0;
        let Features::Floats(values) = &mut self.features else { return Ok(batch) };
        values.resize(indices.len() * size, 0.0);
        self.shares.resize(indices.len(), 1.0);
        let (chains, data) = (&self.chains, self.data);
        // Repetitions of a sample have random numbers of their own.
        let repeats = |place: usize| order.repeats.get(place).copied().unwrap_or(0);
        let index = |place: usize| order.indices[place] + repeats(place) * data.len();
        let own =
            |i: usize| Sample { features: batch.samples.features, row: indices[i], index: index(first + i) };
        let other = |i: usize| {
            let place = partner(first + i);
            let (features, row) = match data.features.memory() {
                Some(features) => (features, order.indices[place]),
                None => (stored, i),
            };
            Sample { features, row, index: index(place) }
        };
        let slices = [(&mut values[..], size), (&mut self.shares[..], 1)];
        parts::for_each_by_thread(&mut self.team.lend(), indices.len(), slices, |i, thread, [to, share]| {
            let mut chain = chains[thread].lock().unwrap_or_else(PoisonError::into_inner);
            share[0] = if is_changed(first + i) {
                chain.run(own(i), other(i), epoch, to).unwrap_or(1.0) as f32
            } else {
                chain.copy(own(i), to);
                1.0
            };
        });
        self.indices.clear();
        self.indices.extend(0..indices.len());
        let samples = Samples { features: &self.features, shape, indices: &self.indices, scaling };
        let mut targets = batch.targets;
        if mixes {
            targets = self.mixture.targets(batch.targets, &mut self.shares, (data, scaling), others);
        }
        Ok(Batch { samples, targets })
    }

    /// The distance in the order of an epoch of `samples` between those that are mixed.
    fn distance(&self, epoch: u64, samples: usize) -> usize {
        let mut draws = Stream::new(self.seed, Purpose::Partner, [epoch, 0]);
        let others = (samples as u64).saturating_sub(1);
        usize::try_from(1 + draws.below(others)).unwrap_or(1)
    }
}

impl Mixture {
    /// The targets of samples, mixed with those of their partners. Where a label has the smaller share, it changes places with the other.
    fn targets<'b>(
        &'b mut self,
        own: BatchTargets<'b>,
        shares: &'b mut [f32],
        (data, scaling): (&Dataset, &Scaling),
        partners: impl Iterator<Item = usize>,
    ) -> BatchTargets<'b> {
        let Self { labels, others, values } = self;
        match (own, &data.targets) {
            (BatchTargets::Classes(own), Targets::Classes { labels: all, .. }) => {
                labels.clear();
                others.clear();
                for ((own, share), partner) in own.iter().zip(shares.iter_mut()).zip(partners) {
                    let other = all[partner];
                    let swapped = *share < 0.5;
                    if swapped {
                        *share = 1.0 - *share;
                    }
                    labels.push(if swapped { other } else { *own });
                    others.push(if swapped { *own } else { other });
                }
                BatchTargets::Mixed { labels, others, shares }
            }
            (BatchTargets::Values { values: own, width }, Targets::Values { values: all, .. }) => {
                values.clear();
                for ((own, share), partner) in own.chunks_exact(width).zip(shares.iter()).zip(partners) {
                    let start = values.len();
                    scaling.append_targets(values, &all[partner * width..(partner + 1) * width]);
                    for (value, own) in values[start..].iter_mut().zip(own) {
                        *value = share * own + (1.0 - share) * *value;
                    }
                }
                BatchTargets::Values { values, width }
            }
            _ => own,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Loader;
    use crate::shape::Shape;

    fn data() -> Dataset {
        let bytes = (0..50 * 81).map(|i: u64| (i * i * 7 % 253) as u8).collect();
        let labels = (0..50).map(|i| i % 3).collect();
        Dataset {
            sample_shape: Shape::from([1, 9, 9]),
            features: Features::Bytes(bytes).into(),
            targets: Targets::Classes { labels, names: ["a", "b", "c"].map(String::from).to_vec() },
        }
    }

    fn config(mixing: bool, until: f64) -> Config {
        let mixing = if mixing { ", { mixup = { probability = 0.6 } }, { cutmix = {} }" } else { "" };
        let operations =
            format!("{{ rotate = {{ degrees = 20 }} }}, {{ elastic = {{ alpha = 8 }} }}{mixing}");
        toml::from_str(&format!("operations = [ {operations} ]\nuntil = {until}")).expect("a config")
    }

    /// The samples, and the parts of the targets, of epoch 1 of 2 from place `used` on.
    fn epoch(config: &Config, batch_size: usize, threads: usize, used: usize) -> (Vec<f32>, Vec<f32>) {
        let data = data();
        let scaling = Scaling::new(&data.features.buffer(), None);
        let order = Order { indices: (0..50).map(|i| i * 7 % 50).collect(), repeats: Vec::new() };
        let course = Course::new(50, batch_size as u64, 2, None);
        let mut augmenter = Augmenter::new(config, 5, &data, course, SharedTeam::new(threads));
        let mut loader = Loader::new(&data, &order.indices[used..], batch_size, &scaling);
        let (mut samples, mut targets, mut first) = (Vec::new(), Vec::new(), used);
        while let Some(batch) = loader.next().expect("a batch") {
            let count = batch.samples.len();
            let batch = augmenter.run(batch, (1, &order), first).expect("a batch");
            let device = candle_core::Device::Cpu;
            let flat = |tensor: candle_core::Tensor| {
                let numbers =
                    tensor.to_dtype(candle_core::DType::F32).and_then(|tensor| tensor.flatten_all());
                numbers.and_then(|tensor| tensor.to_vec1::<f32>()).expect("numbers")
            };
            samples.extend(flat(batch.samples.tensor(&device).expect("samples")));
            targets.extend(flat(batch.targets.tensor(&device).expect("targets")));
            first += count;
        }
        (samples, targets)
    }

    #[test]
    fn batches_threads_and_interruptions_change_nothing() {
        for mixing in [false, true] {
            let config = config(mixing, 1.0);
            let whole = epoch(&config, 50, 1, 0);
            for (batch_size, threads) in [(1, 1), (7, 3), (32, 2), (50, 4)] {
                assert_eq!(epoch(&config, batch_size, threads, 0), whole, "{batch_size} {threads}");
            }
            let rest = epoch(&config, 8, 2, 16);
            assert_eq!(rest.0, whole.0[16 * 81..]);
            assert_eq!(rest.1, whole.1[whole.1.len() / 50 * 16..]);
        }
    }

    #[test]
    fn targets_are_mixed_as_their_samples() {
        let (_, targets) = epoch(&config(true, 1.0), 10, 1, 0);
        let rows = targets.chunks_exact(3);
        assert!(rows.clone().all(|row| row[2] >= 0.5 && row[0] < 3.0 && row[1] < 3.0));
        assert!(rows.clone().filter(|row| row[2] < 1.0).count() > 40);
        let mixed = rows.filter(|row| row[0] != row[1]).count();
        assert!(mixed > 5, "{mixed} of 50 with two classes");
    }

    #[test]
    fn after_a_share_of_training_samples_are_clean() {
        let clean = epoch(&Config { operations: Vec::new(), ..config(false, 1.0) }, 10, 1, 0);
        assert_eq!(epoch(&config(false, 0.0), 10, 1, 0), clean);
        assert_eq!(epoch(&config(false, 0.5), 10, 1, 0), clean, "in the second epoch of two");
        let (samples, _) = epoch(&config(false, 0.75), 10, 1, 0);
        assert_eq!(samples[25 * 81..], clean.0[25 * 81..]);
        assert!((0..25).all(|i| samples[i * 81..(i + 1) * 81] != clean.0[i * 81..(i + 1) * 81]));
    }

    #[test]
    fn a_single_sample_is_mixed_with_itself() {
        let mut data = data();
        data.features = Features::Bytes(vec![9; 81]).into();
        data.targets = Targets::Classes { labels: vec![2], names: vec!["a".into(), "b".into(), "c".into()] };
        let (config, scaling) = (config(true, 1.0), Scaling::new(&data.features.buffer(), None));
        let mut augmenter = Augmenter::new(&config, 1, &data, Course::new(1, 1, 1, None), SharedTeam::new(1));
        let mut loader = Loader::new(&data, &[0], 1, &scaling);
        let batch = loader.next().expect("samples in memory").expect("a batch");
        let order = Order { indices: vec![0], repeats: Vec::new() };
        let batch = augmenter.run(batch, (0, &order), 0).expect("samples in memory");
        let BatchTargets::Mixed { labels: [2], others: [2], .. } = batch.targets else { panic!() };
    }

    #[test]
    fn repetitions_of_a_sample_are_changed_in_different_ways() {
        let (data, config) = (data(), config(false, 1.0));
        let scaling = Scaling::new(&data.features.buffer(), None);
        let order = Order { indices: vec![3, 3, 3, 3], repeats: vec![0, 1, 1, 2] };
        let course = Course::new(4, 4, 1, None);
        let mut augmenter = Augmenter::new(&config, 5, &data, course, SharedTeam::new(1));
        let mut loader = Loader::new(&data, &order.indices, 4, &scaling);
        let batch = loader.next().expect("samples in memory").expect("a batch");
        let batch = augmenter.run(batch, (0, &order), 0).expect("samples in memory");
        let Features::Floats(values) = batch.samples.features else { panic!("floats") };
        let [a, b, c, d] = [0, 1, 2, 3].map(|row| &values[row * 81..(row + 1) * 81]);
        assert!(a != b && b == c && c != d && a != d);
    }
}
