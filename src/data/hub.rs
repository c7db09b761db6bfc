//! Data sets from the Hugging Face hub, through `candle-datasets` (feature `hub`).
//!
//! The loader of `candle-datasets` does not validate files (it panics on a damaged image and drops unreadable
//! rows), so it runs on a thread of its own and its tensors are checked.

use crate::error::{Error, Result};

/// Whether this build can fetch.
pub const AVAILABLE: bool = cfg!(feature = "hub");

/// A data set that can be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Set {
    /// See [`mnist`](super::sets::mnist).
    Mnist,
    /// See [`fashion_mnist`](super::sets::fashion_mnist).
    FashionMnist,
    /// See [`cifar10`](super::sets::cifar10).
    Cifar10,
}

/// Samples as the original files have them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// The pixels, sample by sample, each as channels, rows, columns.
    pub pixels: Vec<u8>,
    /// The labels, each below 10; at least one.
    pub labels: Vec<u8>,
}

impl Set {
    /// The data set with the config key `name`, if the hub has it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Mnist, Self::FashionMnist, Self::Cifar10].into_iter().find(|set| set.name() == name)
    }

    /// The config key.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Mnist => "mnist",
            Self::FashionMnist => "fashion_mnist",
            Self::Cifar10 => "cifar10",
        }
    }

    /// The numbers of training and test samples.
    #[cfg(feature = "hub")]
    #[must_use]
    pub fn counts(self) -> [usize; 2] {
        match self {
            Self::Mnist | Self::FashionMnist => [60_000, 10_000],
            Self::Cifar10 => [50_000, 10_000],
        }
    }
}

/// Fetches the training and the test samples.
///
/// # Errors
/// [`Error::Data`] if the hub cannot be reached, if its files are not the data set, or if taper was built
/// without the feature `hub`.
#[cfg(feature = "hub")]
pub fn fetch(set: Set) -> Result<[Split; 2]> {
    use candle_datasets::vision::{cifar, fashion_mnist, mnist};

    tracing::info!("fetching {} from the Hugging Face hub", set.name());
    fetch_with(set, || match set {
        Set::Mnist => mnist::load(),
        Set::FashionMnist => fashion_mnist::load(),
        Set::Cifar10 => cifar::load(),
    })
}

/// Converts what `load` returns into bytes, and its errors and panics into one error.
#[cfg(feature = "hub")]
fn fetch_with(
    set: Set,
    load: impl FnOnce() -> candle_core::Result<candle_datasets::vision::Dataset>,
) -> Result<[Split; 2]> {
    let failed = |reason: String| {
        let place = format!("{} on the Hugging Face hub", set.name());
        // The rest is the address, twice.
        let reason = reason.lines().next().and_then(|line| line.split(" for url").next()).unwrap_or_default();
        let message = format!("cannot be fetched ({reason}); check the network");
        Error::data(place, message)
    };
    // candle's reader panics on a damaged file.
    let loaded = crate::panics::contain(load)
        .ok_or_else(|| failed("a damaged file".to_owned()))?
        .map_err(|error| failed(error.to_string()))?;
    let train = convert(set, &loaded.train_images, &loaded.train_labels).map_err(failed)?;
    let test = convert(set, &loaded.test_images, &loaded.test_labels).map_err(failed)?;
    let counts = [train.labels.len(), test.labels.len()];
    if counts != set.counts() {
        return Err(failed(format!("received {counts:?} samples instead of {:?}", set.counts())));
    }
    Ok([train, test])
}

/// Fails: this build cannot fetch.
///
/// # Errors
/// Always.
#[cfg(not(feature = "hub"))]
pub fn fetch(set: Set) -> Result<[Split; 2]> {
    Err(Error::data(
        set.name(),
        "this build of taper cannot fetch from the Hugging Face hub; build it with the feature `hub`",
    ))
}

/// Converts images of 0..=1 and labels back into the original bytes.
#[cfg(feature = "hub")]
fn convert(set: Set, images: &candle_core::Tensor, labels: &candle_core::Tensor) -> Result<Split, String> {
    let shape = images.dims().to_vec();
    let samples = shape.first().copied().unwrap_or(0);
    let (wanted, images) = match set {
        Set::Mnist | Set::FashionMnist => (vec![samples, 28 * 28], images.clone()),
        // The hub's loader swaps rows and columns, unlike the loader for files.
        Set::Cifar10 if shape.len() == 4 => {
            (vec![samples, 3, 32, 32], images.transpose(2, 3).map_err(|error| error.to_string())?)
        }
        Set::Cifar10 => (vec![samples, 3, 32, 32], images.clone()),
    };
    if samples == 0 || shape != wanted || labels.dims() != [samples] {
        return Err(format!("images of shape {shape:?} with labels of shape {:?}", labels.dims()));
    }
    let pixels =
        images.flatten_all().and_then(|pixels| pixels.to_vec1::<f32>()).map_err(|e| e.to_string())?;
    let labels = labels.to_vec1::<u8>().map_err(|error| error.to_string())?;
    if pixels.iter().any(|pixel| !(0.0..=1.0).contains(pixel)) {
        return Err("a pixel outside of 0..=1".to_owned());
    }
    if let Some(label) = labels.iter().find(|label| **label > 9) {
        return Err(format!("label {label}; labels are 0 to 9"));
    }
    Ok(Split { pixels: pixels.iter().map(|pixel| (pixel * 255.0).round() as u8).collect(), labels })
}

#[cfg(test)]
#[cfg(feature = "hub")]
mod tests {
    use super::*;
    use candle_core::{Device, Tensor};

    fn labels(labels: &[u8]) -> Tensor {
        Tensor::new(labels, &Device::Cpu).unwrap()
    }

    #[test]
    fn every_byte_survives_the_way_through_floats() {
        let bytes: Vec<u8> = (0..784_u32).map(|i| (i % 256) as u8).collect();
        let images = Tensor::from_vec(bytes.clone(), (1, 784), &Device::Cpu).unwrap();
        let images = (images.to_dtype(candle_core::DType::F32).unwrap() / 255.0).unwrap();
        let split = convert(Set::Mnist, &images, &labels(&[9])).unwrap();
        assert_eq!(split, Split { pixels: bytes, labels: vec![9] });
    }

    #[test]
    fn cifar_rows_and_columns_are_swapped_back() {
        let place = |row: usize, column: usize| (row * 32 + column) % 251;
        let swapped: Vec<f32> = (0..3 * 32 * 32).map(|i| place(i % 32, i / 32 % 32) as f32 / 255.0).collect();
        let images = Tensor::from_vec(swapped, (1, 3, 32, 32), &Device::Cpu).unwrap();
        let split = convert(Set::Cifar10, &images, &labels(&[0])).unwrap();
        let upright: Vec<u8> = (0..3 * 32 * 32).map(|i| place(i / 32 % 32, i % 32) as u8).collect();
        assert_eq!(split.pixels, upright);
    }

    #[test]
    fn errors_and_panics_of_the_loader_become_one_line() {
        let failed =
            fetch_with(Set::Mnist, || Err(candle_core::Error::Msg("no route\n  to host".to_owned())));
        let message = failed.unwrap_err().to_string();
        assert!(
            message.contains("mnist on the Hugging Face hub: cannot be fetched (no route);"),
            "{message}"
        );
        let panicked = fetch_with(Set::Cifar10, || panic!("a bad picture")).unwrap_err();
        assert_eq!(panicked.exit_code(), 3);
        assert!(panicked.to_string().contains("a damaged file"));
        let images = Tensor::zeros((1, 784), candle_core::DType::F32, &Device::Cpu).unwrap();
        let few = candle_datasets::vision::Dataset {
            train_images: images.clone(),
            train_labels: labels(&[1]),
            test_images: images,
            test_labels: labels(&[1]),
            labels: 10,
        };
        let message = fetch_with(Set::Mnist, || Ok(few)).unwrap_err().to_string();
        assert!(message.contains("received [1, 1] samples instead of [60000, 10000]"), "{message}");
    }

    #[test]
    fn what_is_not_the_data_set_is_refused() {
        let zeros = |shape: &[usize]| Tensor::zeros(shape, candle_core::DType::F32, &Device::Cpu).unwrap();
        let refused =
            |set, images: &Tensor, classes: &[u8]| convert(set, images, &labels(classes)).unwrap_err();
        assert!(refused(Set::Mnist, &zeros(&[2, 784]), &[1]).contains("shape"));
        assert!(refused(Set::Mnist, &zeros(&[1, 783]), &[1]).contains("shape"));
        assert!(refused(Set::Cifar10, &zeros(&[1, 3072]), &[1]).contains("shape"));
        assert!(refused(Set::Mnist, &zeros(&[1, 784]), &[10]).contains("label 10"));
        assert!(refused(Set::Mnist, &(zeros(&[1, 784]) + 2.0).unwrap(), &[1]).contains("pixel"));
        assert!(refused(Set::Mnist, &(zeros(&[1, 784]) + f64::NAN).unwrap(), &[1]).contains("pixel"));
    }
}
