//! Arrays as samples and targets.

use super::{Layout, MOST_CLASSES};
use crate::data::formats::npy::{Array, Values};
use crate::data::{Dataset, Features, Targets, Task};
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
        other => Features::Floats(channels_first(other.into_floats(), sample, channels)),
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

/// What is to be predicted. The names of the classes are their numbers.
pub(super) fn targets(Array { shape, values }: Array, task: Task) -> Result<Targets, String> {
    let width: usize = shape.iter().skip(1).product();
    if task == Task::Regression {
        if shape.len() > 2 {
            return Err(format!("shape {shape:?}; the numbers to predict have one or two dimensions"));
        }
        return Ok(Targets::Values { values: values.into_floats(), width });
    }
    if width != 1 {
        return Err(format!(
            "shape {shape:?}; labels have one dimension (use `.argmax(1)` on one-hot labels)"
        ));
    }
    let labels: Vec<i64> = match values {
        Values::Bytes(labels) => labels.into_iter().map(i64::from).collect(),
        Values::Integers(labels) => labels,
        Values::Floats(labels) => {
            if let Some(fraction) = labels.iter().find(|label| label.fract() != 0.0) {
                return Err(format!(
                    "label {fraction}; labels are whole numbers (or set `task = \"regression\"`)"
                ));
            }
            labels.into_iter().map(|label| label as i64).collect()
        }
    };
    if let Some(label) = labels.iter().find(|label| !(0..MOST_CLASSES).contains(label)) {
        return Err(format!("label {label}; labels are 0 to {}", MOST_CLASSES - 1));
    }
    let classes = labels.iter().max().map_or(0, |largest| largest + 1);
    Ok(Targets::Classes {
        labels: labels.into_iter().filter_map(|label| u32::try_from(label).ok()).collect(),
        names: (0..classes).map(|class| class.to_string()).collect(),
    })
}

/// Other samples, `kind` in messages, must look like training samples; they get their classes.
pub(super) fn agree(train: &Dataset, kind: &str, other: &mut Dataset) -> Result<(), String> {
    if train.sample_shape != other.sample_shape {
        return Err(format!(
            "training samples are {} and {kind} samples {}",
            train.sample_shape, other.sample_shape
        ));
    }
    match (&train.targets, &mut other.targets) {
        (Targets::Classes { names, .. }, Targets::Classes { names: test_names, .. }) => {
            if test_names.len() > names.len() {
                let unseen = test_names.len() - 1;
                return Err(format!("{kind} label {unseen} occurs in no training sample"));
            }
            test_names.clone_from(names);
            Ok(())
        }
        (Targets::Values { width, .. }, Targets::Values { width: test_width, .. }) if width != test_width => {
            Err(format!("{width} numbers to predict in training samples and {test_width} in {kind} samples"))
        }
        _ => Ok(()),
    }
}
