//! Arranges arrays and tables as samples of the network's shape and unit.

use std::path::Path;

use super::{Inputs, Numbers, Reader, Units};
use crate::data::Features;
use crate::error::Error;

impl Reader<'_> {
    /// As [`numbers`](Self::numbers), for bytes in an array of `shape`, whose first dimension counts the samples.
    ///
    /// # Errors
    /// [`Error::Data`] if their shape or unit does not fit the network. There must be as many bytes as `shape` has
    /// elements.
    pub fn byte_array(&self, place: &Path, shape: &[usize], bytes: Vec<u8>) -> crate::Result<Inputs> {
        if self.pixels && self.units == Units::Fractions {
            let values = bytes.into_iter().map(f32::from).collect();
            return self
                .numbers(place, Numbers { shape: shape.to_vec(), counted: true, values, whole: true });
        }
        let unclear = self.pixels && self.units == Units::Auto && is_black_and_white(&bytes);
        let read = if unclear { Err(EITHER.to_owned()) } else { self.bytes(place, shape, true, bytes) };
        read.map_err(|message| Error::data(place, message))
    }

    /// The number of samples in an array of `shape`, whose first dimension counts them.
    ///
    /// # Errors
    /// If it does not fit the network; the text says what would.
    pub fn count(&self, shape: &[usize]) -> Result<usize, String> {
        self.arrange(shape, true).map(|(count, _)| count)
    }

    pub(super) fn bytes(
        &self,
        path: &Path,
        shape: &[usize],
        counted: bool,
        bytes: Vec<u8>,
    ) -> Result<Inputs, String> {
        let (count, channels_last) = self.arrange(shape, counted)?;
        if self.pixels {
            let bytes = self.channels_first(bytes, channels_last);
            return Ok(self.inputs(path, Features::Bytes(bytes), count));
        }
        // The network may have been trained on 0..=1 or on 0..=255; nothing shows which.
        if self.shape.image().is_some() {
            return Err("holds bytes, but this network was trained on numbers that are not pixels; \
                 give floating-point numbers in the unit of its training samples"
                .to_owned());
        }
        let floats = bytes.into_iter().map(f32::from).collect();
        Ok(self.inputs(path, Features::Floats(floats), count))
    }

    /// Arranges numbers as samples. If `rows` is given, each row of a table is a sample, whatever the shape.
    pub(super) fn rows(&self, path: &Path, numbers: Numbers, rows: Option<usize>) -> Result<Inputs, String> {
        let (count, channels_last) = match rows {
            Some(rows) => (rows, false),
            None => self.arrange(&numbers.shape, numbers.counted)?,
        };
        let Numbers { values, whole, .. } = numbers;
        // The column definition of a pixel table settles the unit.
        let of_table = rows.is_some() && self.table.is_some_and(|table| table.pixels);
        let known = of_table || self.units == Units::Pixels;
        let whole = match self.units {
            Units::Pixels => true,
            Units::Fractions => false,
            Units::Auto => {
                let pixels =
                    || values.iter().copied().all(is_pixel) && values.iter().any(|value| *value > 1.0);
                whole || self.pixels && pixels()
            }
        };
        let features = if self.pixels && (whole || known) {
            Features::Bytes(self.channels_first(pixels(&values, known)?, channels_last))
        } else {
            if self.pixels
                && let Some((i, value)) = values.iter().enumerate().find(|(_, v)| !(0.0..=1.0).contains(*v))
            {
                return Err(format!(
                    "value {i} is {value}; this network was trained on pixels: give integers from 0 to 255 \
                     (`.astype('uint8')`), or fractions from 0 to 1"
                ));
            }
            Features::Floats(self.channels_first(values, channels_last))
        };
        Ok(self.inputs(path, features, count))
    }

    pub(super) fn inputs(&self, place: &Path, features: Features, count: usize) -> Inputs {
        Inputs { place: place.to_path_buf(), sample_shape: self.shape.clone(), features, count }
    }

    /// The number of samples in an array of shape `found`, and whether their channels come last.
    pub(super) fn arrange(&self, found: &[usize], counted: bool) -> Result<(usize, bool), String> {
        let own = self.shape.0.as_slice();
        let count = |sample: &[usize]| match found.split_first() {
            _ if found == sample && !counted => Some(1),
            Some((&count, rest)) if rest == sample => Some(count),
            _ => None,
        };
        let (other, channels_last) = match *own {
            [1] => (count(&[]), false),
            [1, height, width] => (count(&[height, width]).or_else(|| count(&[height, width, 1])), false),
            [channels, height, width] => (count(&[height, width, channels]), true),
            _ => (None, false),
        };
        match (count(own), other) {
            (Some(count), _) => Ok((count, false)),
            (None, Some(count)) => Ok((count, channels_last)),
            (None, None) => {
                let last = match *own {
                    [channels, height, width] => format!(" (or {height} x {width} x {channels})"),
                    _ => String::new(),
                };
                Err(format!(
                    "shape {found:?}, but this network takes a sample of shape {}{last}, or a list of such samples",
                    self.shape
                ))
            }
        }
    }

    /// Moves the last dimension of each sample to the front.
    fn channels_first<T: Copy>(&self, values: Vec<T>, channels_last: bool) -> Vec<T> {
        let Some([channels, height, width]) = self.shape.image().filter(|_| channels_last) else {
            return values;
        };
        let channel = |sample, channel| <[T]>::iter(sample).skip(channel).step_by(channels).copied();
        values
            .chunks_exact(channels * height * width)
            .flat_map(|sample| (0..channels).flat_map(move |c| channel(sample, c)))
            .collect()
    }
}

/// The message for a file of zeros and ones.
pub(super) const EITHER: &str = "only 0 and 1, which could be pixels or fractions; write fractions with a decimal point (1.0), or \
     black and white as 0 and 255";

/// Whether bytes are only zeros and ones, with at least one 1.
pub(super) fn is_black_and_white(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte <= 1) && bytes.contains(&1)
}

fn is_pixel(value: f32) -> bool {
    (0.0..=255.0).contains(&value) && value.fract() == 0.0
}

/// Converts integers to pixels; unless they are `known` to be pixels, rejects those that could be fractions.
fn pixels(values: &[f32], known: bool) -> Result<Vec<u8>, String> {
    if let Some((i, value)) = values.iter().enumerate().find(|(_, value)| !is_pixel(**value)) {
        return Err(format!("value {i} is {value}; pixels are integers from 0 to 255"));
    }
    let largest = values.iter().copied().fold(0.0, f32::max);
    if !known && largest > 0.0 && largest <= 1.0 {
        return Err(EITHER.to_owned());
    }
    Ok(values.iter().map(|&value| value as u8).collect())
}
