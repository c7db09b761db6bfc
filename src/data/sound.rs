//! Checks that samples made by a caller meet the assumptions of the library.

use super::{Dataset, Features, Source, Splits, Targets};

impl Splits {
    /// Checks the samples, and that validation and test samples match the training samples.
    ///
    /// # Errors
    /// A sentence that describes the problem.
    pub fn check(&self) -> Result<(), String> {
        let in_split = |name: &'static str| move |message| format!("{name} samples: {message}");
        self.train.check().map_err(in_split("training"))?;
        for (name, others) in [("validation", &self.validation), ("test", &self.test)] {
            if let Some(others) = others {
                others.check().and_then(|()| others.goes_with(&self.train)).map_err(in_split(name))?;
            }
        }
        Ok(())
    }
}

impl Dataset {
    /// Checks for missing samples, contradictory numbers of values, labels without a class, and non-finite
    /// numbers.
    ///
    /// # Errors
    /// A sentence that describes the problem.
    pub fn check(&self) -> Result<(), String> {
        let (samples, shape) = (self.len(), &self.sample_shape);
        self.check_targets()?;
        if samples == 0 {
            return Err("there are no samples".to_owned());
        }
        let size = shape.elements().filter(|&size| size > 0 && !shape.0.is_empty());
        let size = size.ok_or_else(|| format!("a sample of shape {:?} has no values", shape.0))?;
        let (values, odd) = match &self.features {
            Source::Memory(Features::Bytes(bytes)) => (bytes.len(), None),
            Source::Memory(Features::Floats(floats)) => {
                (floats.len(), floats.iter().position(|value| !value.is_finite()))
            }
            Source::Bytes(stored) => (size.saturating_mul(stored.samples()), None),
            Source::Floats(stored) => (size.saturating_mul(stored.samples()), None),
        };
        if size.checked_mul(samples) != Some(values) {
            return Err(format!("{values} values do not make {samples} samples of shape {shape}"));
        }
        odd.map_or(Ok(()), |at| {
            Err(format!("sample {} (counted from 0) contains a non-finite value", at / size))
        })
    }

    fn check_targets(&self) -> Result<(), String> {
        match &self.targets {
            Targets::Classes { names, .. } if names.is_empty() => Err("there are no class names".to_owned()),
            Targets::Classes { labels, names } => match labels.iter().max() {
                Some(&most) if most as usize >= names.len() => {
                    Err(format!("label {most} is out of range for {} classes, which start at 0", names.len()))
                }
                _ => Ok(()),
            },
            Targets::Values { values, width } if *width == 0 || values.len() % width != 0 => {
                Err(format!("{} numbers to predict do not make {width} per sample", values.len()))
            }
            Targets::Values { values, .. } if values.iter().any(|value| !value.is_finite()) => {
                Err("a number to predict is not finite".to_owned())
            }
            Targets::Values { .. } => Ok(()),
        }
    }

    /// Checks that a network trained on `train` can be evaluated on these samples.
    ///
    /// # Errors
    /// A sentence that describes the problem.
    pub fn goes_with(&self, train: &Self) -> Result<(), String> {
        let kind = |dataset: &Self| match dataset.features.buffer() {
            Features::Bytes(_) => "bytes (pixels, which are divided by 255)",
            Features::Floats(_) => "numbers of another type (which are used unscaled)",
        };
        let names = |dataset: &Self| match &dataset.targets {
            Targets::Classes { names, .. } => names.clone(),
            Targets::Values { .. } => Vec::new(),
        };
        let (given, expected) = if self.sample_shape != train.sample_shape {
            (format!("samples of shape {}", self.sample_shape), format!("shape {}", train.sample_shape))
        } else if kind(self) != kind(train) {
            (kind(self).to_owned(), kind(train).to_owned())
        } else if self.target() != train.target() {
            (self.target().to_string(), train.target().to_string())
        } else if names(self) != names(train) {
            return Err("has class names that differ from those of the training samples".to_owned());
        } else {
            return Ok(());
        };
        Err(format!("has {given}, but the training samples have {expected}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(shape: &[usize], values: usize, labels: &[u32], names: &[&str]) -> Dataset {
        Dataset {
            sample_shape: crate::shape::Shape(shape.to_vec()),
            features: Features::Bytes(vec![0; values]).into(),
            targets: Targets::Classes {
                labels: labels.to_vec(),
                names: names.iter().map(|name| (*name).to_owned()).collect(),
            },
        }
    }

    fn numbers(values: &[f32], targets: &[f32], width: usize) -> Dataset {
        Dataset {
            sample_shape: [2].into(),
            features: Features::Floats(values.to_vec()).into(),
            targets: Targets::Values { values: targets.to_vec(), width },
        }
    }

    #[test]
    fn problems_of_samples_are_described() {
        for (dataset, message) in [
            (classes(&[2], 3, &[0, 1], &["a", "b"]), "3 values do not make 2 samples of shape 2"),
            (classes(&[2], 4, &[0, 2], &["a", "b"]), "label 2 is out of range for 2 classes"),
            (classes(&[2], 4, &[0, 2], &[]), "no class names"),
            (classes(&[2], 0, &[], &["a"]), "there are no samples"),
            (classes(&[], 2, &[0, 0], &["a"]), "a sample of shape [] has no values"),
            (classes(&[0, 7], 0, &[0], &["a"]), "a sample of shape [0, 7] has no values"),
            (classes(&[usize::MAX, 2], 0, &[0], &["a"]), "has no values"),
            (classes(&[usize::MAX], 2, &[0, 0], &["a"]), "2 values do not make 2 samples"),
            (numbers(&[0.0; 4], &[0.0; 3], 2), "3 numbers to predict do not make 2 per sample"),
            (numbers(&[0.0; 4], &[0.0; 2], 0), "do not make 0 per sample"),
            (
                numbers(&[0.0, 1.0, 2.0, f32::NAN], &[0.0; 2], 1),
                "sample 1 (counted from 0) contains a non-finite value",
            ),
            (numbers(&[0.0; 4], &[0.0, f32::INFINITY], 1), "a number to predict is not finite"),
        ] {
            let error = dataset.check().unwrap_err();
            assert!(error.contains(message), "{error}");
        }
    }

    #[test]
    fn test_samples_must_match_the_training_samples() {
        let train = || classes(&[2], 4, &[0, 1], &["a", "b"]);
        let with =
            |test| Splits { train: train(), validation: None, test: Some(test), columns: None }.check();
        assert_eq!(with(train()), Ok(()));
        for (test, message) in [
            (
                classes(&[1], 2, &[0, 1], &["a", "b"]),
                "test samples: has samples of shape 1, but the training samples have shape 2",
            ),
            (
                classes(&[2], 2, &[0], &["a"]),
                "test samples: has 1 class, but the training samples have 2 classes",
            ),
            (classes(&[2], 2, &[0], &["b", "a"]), "test samples: has class names that differ from"),
            (classes(&[2], 0, &[], &["a", "b"]), "test samples: there are no samples"),
            (
                numbers(&[0.0; 4], &[0.0; 2], 1),
                "test samples: has numbers of another type (which are used unscaled), but the training samples have bytes",
            ),
        ] {
            let error = with(test).unwrap_err();
            assert!(error.contains(message), "{error}");
        }
    }
}
