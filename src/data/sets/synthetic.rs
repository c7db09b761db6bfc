//! Points around seeded class centres: a classification task with nothing to download.
//!
//! Each class has a centre drawn from a standard normal distribution in every feature; a sample is
//! its class's centre plus normal noise. With the defaults the classes hardly overlap. Training and
//! test samples share the centres and nothing else.

use serde::{Deserialize, Serialize};

use super::DataConfig;
use crate::config::Problems;
use crate::data::{Dataset, Facts, Features, SearchPath, Splits, Target, Targets};
use crate::error::Result;
use crate::random::{Purpose, Stream};
use crate::shape::Shape;

/// `[data.synthetic]`: normally distributed points around one centre for each class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The number of training samples.
    #[schemars(range(min = 1, max = 100_000_000))]
    pub samples: usize,
    /// The number of test samples.
    #[schemars(range(min = 0, max = 100_000_000))]
    pub test_samples: usize,
    /// The number of values in each sample.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub features: usize,
    /// The number of classes; samples take them in turn.
    #[schemars(range(min = 2, max = 100_000))]
    pub classes: usize,
    /// The standard deviation of the noise; centres have 1.
    #[schemars(range(min = 0))]
    pub noise: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self { samples: 1000, test_samples: 1000, features: 100, classes: 10, noise: 1.5 }
    }
}

impl DataConfig for Config {
    fn validate(&self, problems: &mut Problems<'_>) {
        let largest = self.samples.max(self.test_samples);
        if largest.checked_mul(self.features).is_none_or(|values| values > 1 << 32) {
            problems
                .key("samples")
                .report(format!("{largest} samples of {} features are more than 2^32 values", self.features));
        }
    }

    fn facts(&self) -> Facts {
        Facts {
            sample_shape: Some([self.features].into()),
            target: Some(Target::Class { classes: self.classes }),
        }
    }

    fn locate(&self, _search: &SearchPath) -> Result<String> {
        Ok("generated".to_owned())
    }

    fn load(&self, _search: &SearchPath, seed: u64) -> Result<Splits> {
        let mut stream = Stream::new(seed, Purpose::Data, [0, 0]);
        let centres: Vec<f64> = (0..self.classes * self.features).map(|_| stream.normal()).collect();
        Ok(Splits {
            train: self.draw(&centres, self.samples, Stream::new(seed, Purpose::Data, [1, 0])),
            validation: None,
            columns: None,
            test: (self.test_samples > 0)
                .then(|| self.draw(&centres, self.test_samples, Stream::new(seed, Purpose::Data, [2, 0]))),
        })
    }
}

impl Config {
    fn draw(&self, centres: &[f64], samples: usize, mut stream: Stream) -> Dataset {
        let mut features = Vec::with_capacity(samples * self.features);
        let mut labels = Vec::with_capacity(samples);
        for centre in centres.chunks_exact(self.features).enumerate().cycle().take(samples) {
            let (label, centre) = centre;
            features.extend(centre.iter().map(|c| (c + self.noise * stream.normal()) as f32));
            labels.push(u32::try_from(label).unwrap_or(u32::MAX));
        }
        Dataset {
            sample_shape: Shape(vec![self.features]),
            features: Features::Floats(features),
            targets: Targets::Classes {
                labels,
                names: (0..self.classes).map(|class| class.to_string()).collect(),
            },
        }
    }
}
