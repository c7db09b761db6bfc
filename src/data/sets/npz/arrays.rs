//! Arrays as samples and targets.

use super::Layout;
use crate::data::formats::array::{Array, Values};
use crate::data::{Dataset, Features, Targets};
use crate::shape::Shape;

/// Brings samples into taper's order of dimensions: features, or channels, rows, columns.
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
                "shape {shape:?}; samples have 1, 2 or 3 dimensions, after the one that counts them"
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

/// Moves the fastest of the dimensions of each sample to its front.
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

/// Numbers to predict.
pub(super) fn numbers(Array { shape, values }: Array) -> Result<Targets, String> {
    if shape.len() > 2 {
        return Err(format!("shape {shape:?}; the numbers to predict have one or two dimensions"));
    }
    Ok(Targets::Values { values: values.into_floats()?, width: shape.iter().skip(1).product() })
}

/// Other samples, `kind` in messages, must look like training samples.
pub(super) fn agree(train: &Dataset, kind: &str, other: &Dataset) -> Result<(), String> {
    if train.sample_shape != other.sample_shape {
        return Err(format!(
            "training samples are {} and {kind} samples {}",
            train.sample_shape, other.sample_shape
        ));
    }
    match (&train.targets, &other.targets) {
        (Targets::Values { width, .. }, Targets::Values { width: other_width, .. })
            if width != other_width =>
        {
            Err(format!("{width} numbers to predict in training samples and {other_width} in {kind} samples"))
        }
        _ => Ok(()),
    }
}
