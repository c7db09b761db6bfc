//! Converts arrays to samples and targets.

use super::Layout;
use crate::data::formats::array::{Array, Values};
use crate::data::{Dataset, Features, Targets};
use crate::shape::Shape;

/// Arranges samples in taper's order of dimensions: features; or channels, rows, columns.
pub(super) fn arrange(Array { shape, values }: Array, layout: Layout) -> Result<(Shape, Features), String> {
    let (sample_shape, channels) = match *shape {
        [_] => (vec![1], 1),
        [_, features] => (vec![features], 1),
        [_, height, width] => (vec![1, height, width], 1),
        [_, height, width, channels] if layout == Layout::ChannelsLast => {
            (vec![channels, height, width], channels)
        }
        [_, channels, height, width] => (vec![channels, height, width], 1),
        _ => {
            return Err(format!(
                "shape {shape:?}; samples have 1, 2 or 3 dimensions, after the one that counts samples"
            ));
        }
    };
    let sample = sample_shape.iter().product();
    let features = match values {
        Values::Bytes(bytes) => Features::Bytes(channels_first(bytes, sample, channels)),
        other => Features::Floats(channels_first(other.into_floats()?, sample, channels)),
    };
    Ok((Shape(sample_shape), features))
}

/// Moves the last dimension of each sample to the front.
fn channels_first<T: Copy>(values: Vec<T>, sample: usize, channels: usize) -> Vec<T> {
    if channels == 1 {
        return values;
    }
    let channel = |pixels, channel| <[T]>::iter(pixels).skip(channel).step_by(channels).copied();
    values
        .chunks_exact(sample)
        .flat_map(|pixels| (0..channels).flat_map(move |c| channel(pixels, c)))
        .collect()
}

/// The numbers to predict.
pub(super) fn numbers(Array { shape, values }: Array) -> Result<Targets, String> {
    if shape.len() > 2 {
        return Err(format!("shape {shape:?}; numbers to predict have one or two dimensions"));
    }
    Ok(Targets::Values { values: values.into_floats()?, width: shape.iter().skip(1).product() })
}

/// Checks that other samples, called `kind` in messages, have the form of the training samples.
pub(super) fn agree(train: &Dataset, kind: &str, other: &Dataset) -> Result<(), String> {
    if train.sample_shape != other.sample_shape {
        return Err(format!(
            "training samples have shape {}, {kind} samples {}",
            train.sample_shape, other.sample_shape
        ));
    }
    match (&train.targets, &other.targets) {
        (Targets::Values { width, .. }, Targets::Values { width: other_width, .. })
            if width != other_width =>
        {
            Err(format!("training samples have {width} numbers to predict, {kind} samples {other_width}"))
        }
        _ => Ok(()),
    }
}
