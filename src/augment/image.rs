//! One sample while it is changed.

use std::ops::Range;

use taper_kernels::augment::{Blur, Border, Map, Resampled};
use taper_kernels::simd::lanes::Isa;

use super::{Config, Draws};
use crate::data::Features;
use crate::shape::Shape;

/// The map that moves nothing.
const IDENTITY: Map = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]];

/// A sample of which some movements are still pending, so that they are applied together. Its memory is reused for the
/// next one.
pub struct Image {
    /// Channels, height and width; samples of another shape are one line.
    shape: [usize; 3],
    values: Vec<f32>,
    /// The least and the greatest value, for bytes.
    range: Option<[f32; 2]>,
    border: Border,
    fill: f32,
    isa: Isa,
    /// Where the value of each pixel comes from, as far as it is pending.
    map: Option<Map>,
    /// Whether the offsets are pending; they are added to the coordinates before the map.
    bent: bool,
    offsets: [Vec<f32>; 2],
    blur: Option<(f64, Blur)>,
    resampled: Resampled,
}

impl Image {
    /// An image without values, for samples of `shape`.
    #[must_use]
    pub fn new(shape: &Shape, config: &Config) -> Self {
        let line = [1, 1, shape.elements().unwrap_or(0)];
        let fill = config.fill as f32;
        let border = match config.border {
            super::Border::Constant => Border::Constant(fill),
            super::Border::Edge => Border::Edge,
            super::Border::Reflect => Border::Reflect,
        };
        Self {
            shape: shape.image().unwrap_or(line),
            values: Vec::new(),
            range: None,
            border,
            fill,
            isa: Isa::detect(),
            map: None,
            bent: false,
            offsets: [Vec::new(), Vec::new()],
            blur: None,
            resampled: Resampled::default(),
        }
    }

    /// Takes sample `index` of `features`.
    ///
    /// # Panics
    /// If there is no such sample.
    pub fn load(&mut self, features: &Features, index: usize) {
        let len = self.shape.iter().product::<usize>();
        let range = index * len..(index + 1) * len;
        self.values.clear();
        (self.map, self.bent) = (None, false);
        match features {
            Features::Bytes(bytes) => {
                self.range = Some([0.0, 255.0]);
                self.values.extend(bytes[range].iter().map(|byte| f32::from(*byte)));
            }
            Features::Floats(floats) => {
                self.range = None;
                self.values.extend_from_slice(&floats[range]);
            }
        }
    }

    /// Channels, height and width.
    #[must_use]
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// The height and the width.
    #[must_use]
    pub fn size(&self) -> [usize; 2] {
        [self.shape[1], self.shape[2]]
    }

    /// The value in holes.
    #[must_use]
    pub fn fill(&self) -> f32 {
        self.fill
    }

    /// Moves pixels: that at column x and line y comes from `map`(x, y).
    pub fn transform(&mut self, map: Map) {
        if self.bent {
            self.settle();
        }
        self.map = Some(combine(self.map.unwrap_or(IDENTITY), map));
    }

    /// The same about the center of the image, for a `matrix` of factors of column and line.
    pub fn transform_about_center(&mut self, matrix: [[f64; 2]; 2]) {
        let [height, width] = self.size().map(|size| (size as f64 - 1.0) / 2.0);
        let row = |[a, b]: [f64; 2], center: f64| [a, b, center - a * width - b * height];
        self.transform([row(matrix[0], width), row(matrix[1], height)]);
    }

    /// Moves each pixel by its own offset: uniform numbers in [-1, 1), blurred with `deviation` in pixels, times
    /// `strength`.
    pub fn bend(&mut self, strength: f64, deviation: f64, draws: &Draws) {
        if self.bent {
            self.settle();
        }
        let size = self.size();
        let blur = match &mut self.blur {
            Some((own, blur)) if *own == deviation => blur,
            other => &mut other.insert((deviation, Blur::new(bell(deviation)))).1,
        };
        let mut numbers = draws.many();
        for offsets in &mut self.offsets {
            offsets.resize(size[0] * size[1], 0.0);
            numbers.symmetric(offsets);
            blur.run(self.isa, offsets, size);
            for offset in offsets {
                *offset *= strength as f32;
            }
        }
        self.bent = true;
    }

    /// Applies what is pending and returns all values, planes one after the other.
    pub fn values(&mut self) -> &mut [f32] {
        self.settle();
        &mut self.values
    }

    /// Calls `change` with the part of each line of `lines`, in all planes, that lies in `columns`, and with the index of its
    /// first value. Parts outside of the image are left out.
    pub fn each_line(
        &mut self,
        lines: Range<usize>,
        columns: Range<usize>,
        mut change: impl FnMut(&mut [f32], usize),
    ) {
        let [channels, height, width] = self.shape;
        let (lines, columns) = (lines.start..lines.end.min(height), columns.start..columns.end.min(width));
        let values = self.values();
        for line in (0..channels).flat_map(|channel| lines.clone().map(move |line| channel * height + line)) {
            let range = line * width + columns.start..line * width + columns.end.max(columns.start);
            change(&mut values[range.clone()], range.start);
        }
    }

    /// Limits the values to those that the data can have, after arithmetic.
    pub fn clamp(&mut self) {
        if let Some([least, most]) = self.range {
            self.values.iter_mut().for_each(|value| *value = value.clamp(least, most));
        }
    }

    fn settle(&mut self) {
        let bent = std::mem::take(&mut self.bent);
        let map = self.map.take();
        if map.is_none() && !bent {
            return;
        }
        let offsets = bent.then(|| [&self.offsets[0][..], &self.offsets[1][..]]);
        let (size, map) = (self.size(), map.unwrap_or(IDENTITY));
        self.resampled.run(self.isa, &mut self.values, size, map, offsets, self.border);
    }
}

/// The map that applies `second` and then `first` to the coordinates of an output pixel.
fn combine(first: Map, second: Map) -> Map {
    first.map(|[a, b, c]| {
        let column = |i: usize| a * second[0][i] + b * second[1][i];
        [column(0), column(1), column(2) + c]
    })
}

/// The factors of a Gaussian filter over three standard deviations to both sides.
pub(super) fn bell(deviation: f64) -> Vec<f32> {
    let radius = (3.0 * deviation + 0.5).floor();
    let power = |at: f64| libm::exp(-0.5 * (at / deviation) * (at / deviation));
    let powers: Vec<f64> = (0..=2 * radius as usize).map(|i| power(i as f64 - radius)).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|power| (power / sum) as f32).collect()
}
