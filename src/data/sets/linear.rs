//! Points on a straight line, y = slope x + intercept + noise: the smallest regression task.
//!
//! Training points are evenly spaced; test points lie halfway between them.

use serde::{Deserialize, Serialize};

use super::DataConfig;
use crate::config::Problems;
use crate::data::{Dataset, Facts, Features, SearchPath, Splits, Target, Targets};
use crate::error::Result;
use crate::random::{Purpose, Stream};
use crate::shape::Shape;

/// `[data.linear]`: points on a line, one number in and one number out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The number of training points; there is one fewer test point.
    #[schemars(range(min = 1, max = 100_000_000))]
    pub samples: usize,
    /// The slope of the line.
    pub slope: f64,
    /// The value of y at x = 0.
    pub intercept: f64,
    /// The standard deviation of the normal noise added to y.
    #[schemars(range(min = 0))]
    pub noise: f64,
    /// The first x.
    pub x_min: f64,
    /// The last x; greater than `x_min`.
    pub x_max: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self { samples: 10, slope: 2.0, intercept: 0.0, noise: 0.0, x_min: -1.0, x_max: 1.0 }
    }
}

impl DataConfig for Config {
    fn validate(&self, problems: &mut Problems<'_>) {
        if self.x_min >= self.x_max {
            let message = format!("must be greater than `x_min`, which is {}", self.x_min);
            problems.key("x_max").report(message);
        }
    }

    fn facts(&self) -> Facts {
        Facts { sample_shape: Some([1].into()), target: Some(Target::Value { width: 1 }) }
    }

    fn samples(&self, _search: &SearchPath) -> Option<usize> {
        Some(self.samples)
    }

    fn locate(&self, _search: &SearchPath) -> Result<String> {
        Ok("generated".to_owned())
    }

    fn load(&self, _search: &SearchPath, seed: u64) -> Result<Splits> {
        let train = (0..self.samples).map(|i| i as f64);
        let test = (1..self.samples).map(|i| i as f64 - 0.5);
        Ok(Splits {
            train: self.points(train, Stream::new(seed, Purpose::Data, [1, 0])),
            validation: None,
            columns: None,
            test: (self.samples > 1).then(|| self.points(test, Stream::new(seed, Purpose::Data, [2, 0]))),
        })
    }
}

impl Config {
    /// The points at `places`, in steps from `x_min`.
    fn points(&self, places: impl Iterator<Item = f64>, mut stream: Stream) -> Dataset {
        let steps = self.samples.saturating_sub(1).max(1) as f64;
        let (x, y) = places
            .map(|place| {
                let x = self.x_min + (self.x_max - self.x_min) * (place / steps);
                let y = self.slope * x + self.intercept + self.noise * stream.normal();
                (x as f32, y as f32)
            })
            .unzip();
        Dataset {
            sample_shape: Shape::from([1]),
            features: Features::Floats(x).into(),
            targets: Targets::Values { values: y, width: 1 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(dataset: &Dataset) -> (Vec<f32>, Vec<f32>) {
        match (dataset.features.memory(), &dataset.targets) {
            (Some(Features::Floats(x)), Targets::Values { values, width: 1 }) => (x.clone(), values.clone()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn test_points_lie_between_training_points_on_the_same_line() {
        let config = Config { samples: 3, slope: 3.0, intercept: 1.0, ..Config::default() };
        let splits = config.load(&SearchPath::default(), 0).unwrap();
        assert_eq!(numbers(&splits.train), (vec![-1.0, 0.0, 1.0], vec![-2.0, 1.0, 4.0]));
        assert_eq!(numbers(&splits.test.unwrap()), (vec![-0.5, 0.5], vec![-0.5, 2.5]));
    }

    #[test]
    fn a_single_point_has_no_test_point() {
        let splits = Config { samples: 1, ..Config::default() }.load(&SearchPath::default(), 0).unwrap();
        assert_eq!(numbers(&splits.train), (vec![-1.0], vec![-2.0]));
        assert!(splits.test.is_none());
    }

    #[test]
    fn noise_has_the_given_standard_deviation() {
        let config = Config { samples: 10_000, slope: 0.0, noise: 0.5, ..Config::default() };
        let (_, y) = numbers(&config.load(&SearchPath::default(), 3).unwrap().train);
        let variance = y.iter().map(|y| f64::from(*y).powi(2)).sum::<f64>() / y.len() as f64;
        assert!((variance - 0.25).abs() < 0.02, "{variance}");
    }

    #[test]
    fn an_empty_range_is_reported() {
        let mut found = Vec::new();
        Config { x_min: 1.0, ..Config::default() }.validate(&mut Problems::new(&mut found));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].path.to_string(), "x_max");
    }
}
