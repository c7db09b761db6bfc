//! Points around random class centers: a classification task that needs no download.
//!
//! The center of each class is drawn from a standard normal distribution; a sample is the center of its class
//! plus normal noise. With the defaults, classes hardly overlap. Training and test samples share only the
//! centers.

use serde::{Deserialize, Serialize};

use super::DataConfig;
use crate::config::Problems;
use crate::data::{Dataset, Facts, Features, SearchPath, Splits, Target, Targets};
use crate::error::Result;
use crate::random::{Purpose, Stream};
use crate::shape::Shape;

/// `[data.synthetic]`: normally distributed points around one center per class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The number of training samples.
    #[schemars(range(min = 1, max = 100_000_000))]
    pub samples: usize,
    /// The number of test samples.
    #[schemars(range(min = 0, max = 100_000_000))]
    pub test_samples: usize,
    /// The number of values per sample.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub features: usize,
    /// The number of classes; samples belong to them in turn.
    #[schemars(range(min = 2, max = 100_000))]
    pub classes: usize,
    /// The standard deviation of the noise; that of the centers is 1.
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

    fn samples(&self, _search: &SearchPath) -> Option<usize> {
        Some(self.samples)
    }

    fn locate(&self, _search: &SearchPath) -> Result<String> {
        Ok("generated".to_owned())
    }

    fn load(&self, _search: &SearchPath, seed: u64) -> Result<Splits> {
        let mut stream = Stream::new(seed, Purpose::Data, [0, 0]);
        let centers: Vec<f64> = (0..self.classes * self.features).map(|_| stream.normal()).collect();
        Ok(Splits {
            train: self.draw(&centers, self.samples, Stream::new(seed, Purpose::Data, [1, 0])),
            validation: None,
            columns: None,
            test: (self.test_samples > 0)
                .then(|| self.draw(&centers, self.test_samples, Stream::new(seed, Purpose::Data, [2, 0]))),
        })
    }
}

impl Config {
    fn draw(&self, centers: &[f64], samples: usize, mut stream: Stream) -> Dataset {
        let mut features = Vec::with_capacity(samples * self.features);
        let mut labels = Vec::with_capacity(samples);
        for center in centers.chunks_exact(self.features).enumerate().cycle().take(samples) {
            let (label, center) = center;
            features.extend(center.iter().map(|c| (c + self.noise * stream.normal()) as f32));
            labels.push(u32::try_from(label).unwrap_or(u32::MAX));
        }
        Dataset {
            sample_shape: Shape(vec![self.features]),
            features: Features::Floats(features).into(),
            targets: Targets::Classes {
                labels,
                names: (0..self.classes).map(|class| class.to_string()).collect(),
            },
        }
    }
}
