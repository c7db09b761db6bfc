//! A version of a model, loaded and ready.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use candle_core::Device;

use super::signature::Signature;
use crate::checkpoint::{Card, Checkpoint};
use crate::data::input::{Inputs, Reader, Units};
use crate::data::{self, Column, Samples};
use crate::engine::{Predictor, SharedTeam};
use crate::error::Result;
use crate::experiment::Experiment;
use crate::inference::{Prediction, batch_size, predict};
use crate::loss;
use crate::run::build::load_predictor;
use crate::run::config_of;

/// The batches that are predicted once before a version is served.
const WARM_UP: [usize; 3] = [1, 8, MOST];

/// The maximum number of samples of one pass. Passes of 256 held 28 MiB of activations of the MNIST CNN, and
/// those of 64 were no faster.
const MOST: usize = 32;

/// The longest time of a pass on one thread that counts as quick. Waking another thread takes about 50 us on
/// a virtual machine, so for shorter passes more threads gain little.
const QUICK: Duration = Duration::from_micros(200);

/// How often the timed pass is repeated: the first one allocates, and other passes may be running.
const TRIES: usize = 5;

/// A network with its weights, and all that predictions need.
pub struct Version {
    /// Its number: the step of a checkpoint, or the name of its folder.
    pub number: u64,
    /// Where it was loaded from.
    pub place: PathBuf,
    /// The SHA-256 of its weights file, in hexadecimal.
    pub digest: String,
    /// What it takes and returns.
    pub signature: Signature,
    /// How numbers are interpreted unless a request specifies it.
    pub units: Units,
    /// How long loading took.
    pub load_time: Duration,
    card: Card,
    data: data::Config,
    loss: loss::Config,
    /// Whether a sample's bits do not depend on the batch it is in.
    pub batches_freely: bool,
    /// How long a pass with one sample takes on one thread.
    pass_time: Duration,
    team: SharedTeam,
    predictor: Mutex<Box<dyn Predictor>>,
}

impl Version {
    /// Loads the network of `checkpoint`, whose weights have the given `digest`, to compute on `team`, and predicts with
    /// it once.
    ///
    /// # Errors
    /// [`Error::Checkpoint`](crate::Error::Checkpoint) if it cannot be used.
    pub fn load(
        checkpoint: Checkpoint,
        digest: &str,
        number: u64,
        input: &str,
        units: Units,
        team: SharedTeam,
    ) -> Result<Self> {
        let start = Instant::now();
        let experiment = config_of(&checkpoint)?;
        let mut predictor = load_predictor(&checkpoint, &experiment, &Device::Cpu, team.clone())?;
        // Its bytes, and those of the optimizer's state, are freed before the warm-up allocates.
        let (card, place) = checkpoint.into_card();
        let Experiment { mut data, loss, .. } = experiment;
        data.take_trained(card.columns.as_ref(), &card.classes);
        let reader = Reader::new(&card.sample_shape, card.pixels, &data);
        let probabilities = loss.member().link().is_some();
        let batches_freely = predictor.name() == "fused";
        let (outputs, pass_time) = warm_up(predictor.as_mut(), &team, &card)?;
        let signature = Signature::new(input, &card, &reader, outputs, probabilities);
        Ok(Self {
            number,
            place,
            digest: digest.to_owned(),
            signature,
            units,
            load_time: start.elapsed(),
            card,
            data,
            loss,
            batches_freely,
            pass_time,
            team,
            predictor: Mutex::new(predictor),
        })
    }

    /// A reader for samples of the network, with numbers interpreted as `units`.
    #[must_use]
    pub fn reader(&self, units: Units) -> Reader<'_> {
        Reader::new(&self.card.sample_shape, self.card.pixels, &self.data).in_units(units)
    }

    /// The columns by which an object can name its values; none unless the network was trained on a table with a header.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        self.card.columns.as_ref().map_or(&[], |columns| &columns.0)
    }

    /// The maximum number of samples of one pass.
    #[must_use]
    pub fn most_samples(&self) -> usize {
        most_samples(&self.card)
    }

    /// Whether `samples` samples fit into one pass, and one thread computes it so fast that waking others
    /// would not pay off.
    #[must_use]
    pub fn is_quick(&self, samples: usize) -> bool {
        samples <= self.most_samples() && self.pass_time.as_secs_f64() * samples as f64 <= QUICK.as_secs_f64()
    }

    /// Limits the next pass to `threads` threads.
    pub fn compute_with(&self, threads: usize) {
        self.team.set_limit(threads);
    }

    /// Predicts for `inputs`, in order.
    ///
    /// # Errors
    /// [`Error::Data`](crate::Error::Data) if a sample leads to values that are not finite, which names it.
    pub fn predict(&self, inputs: &Inputs) -> Result<Vec<Prediction>> {
        let scaling = self.card.scaling(&inputs.features);
        let mut predictor = self.predictor();
        let mut predictions = Vec::with_capacity(inputs.count);
        for batch in predict(predictor.as_mut(), self.loss.member(), inputs, scaling, |_| Ok(())) {
            predictions.extend(batch?);
        }
        Ok(predictions)
    }

    /// A pass that panicked leaves behind only memory that the next one writes before reading it.
    fn predictor(&self) -> MutexGuard<'_, Box<dyn Predictor>> {
        self.predictor.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn most_samples(card: &Card) -> usize {
    batch_size(&card.sample_shape).min(MOST)
}

/// Predicts for batches of zeros, which allocates what predictions need. Returns the number of outputs per sample, and the
/// shortest time of a pass with one sample on one thread.
fn warm_up(predictor: &mut dyn Predictor, team: &SharedTeam, card: &Card) -> Result<(usize, Duration)> {
    let shape = &card.sample_shape;
    let (values, most) = (shape.elements().unwrap_or(1), most_samples(card));
    let (mut outputs, mut pass_time) = (0, Duration::MAX);
    for count in WARM_UP.into_iter().filter(|count| *count <= most) {
        let features = if card.pixels {
            data::Features::Bytes(vec![0; values * count])
        } else {
            data::Features::Floats(vec![0.0; values * count])
        };
        let scaling = card.scaling(&features);
        let indices: Vec<usize> = (0..count).collect();
        let samples = Samples { features: &features, shape, indices: &indices, scaling: &scaling };
        let (threads, tries) = if count == 1 { (1, TRIES) } else { (usize::MAX, 1) };
        team.set_limit(threads);
        for _ in 0..tries {
            let start = Instant::now();
            outputs = predictor.logits(&samples)?.len() / count;
            pass_time = pass_time.min(start.elapsed());
        }
    }
    Ok((outputs, pass_time))
}
