//! The layouts for the gradient of the input: products of the gradient of the outputs with transposed filters.
//!
//! With a stride of s, a pixel lies under every s-th row and column of a filter only. Pixels of the same remainder form a class
//! whose gradients are a product of stride one with these weights: in all, as many products as the outputs took. (Spreading the
//! gradient of the outputs out, with zeros in between, takes s² times as many.)

use std::ops::Range;

use crate::fused::channels_last::pack::TransposedTap;
use crate::fused::channels_last::{Filter, Groups, Image};
use crate::window::Window;

/// The gradient of the outputs in memory, and the products of all classes of pixels.
pub struct Transposed {
    /// The gradient of the pre-activations, with a border.
    pub delta: Image,
    /// The classes, of at least one pixel each.
    pub classes: Vec<Class>,
}

/// The pixels of one class.
pub struct Class {
    pub groups: Groups,
    pub filter: Filter,
    /// The weights of a filter before those of this class.
    pub start: usize,
    /// For each of its taps, in the order of memory, the index in the filter.
    taps: Vec<usize>,
}

/// One axis of a class.
struct Axis {
    /// The pixels.
    pixels: Range<usize>,
    /// The taps over them, last first.
    taps: Vec<usize>,
    /// The output to which the last of these taps leads from the first pixel.
    output: usize,
}

impl Axis {
    /// The pixels over which tap `remainder` and every `stride`-th behind it lie.
    fn new(window: &Window, axis: usize, remainder: usize) -> Self {
        let (kernel, stride) = (window.kernel[axis], window.stride[axis]);
        let before = window.before[axis];
        let taps: Vec<usize> = (remainder..kernel).step_by(stride).rev().collect();
        // The least pixel i for which i + before - remainder is a multiple of the stride; not below 0, because remainder < stride.
        let start = (remainder + stride - before % stride) % stride;
        let output = (start + before - remainder) / stride;
        Self { pixels: start..window.input[axis], taps, output }
    }

    /// How many outputs before that one the first of the taps leads to.
    fn reach(&self) -> usize {
        self.taps.len().saturating_sub(1)
    }

    /// The number of pixels.
    fn count(&self, stride: usize) -> usize {
        self.pixels.len().div_ceil(stride)
    }
}

impl Transposed {
    /// The gradient of images in the layout `input`, from that of `channels` outputs.
    pub fn new(window: &Window, channels: usize, input: &Image) -> Self {
        let axes = [0, 1].map(|axis| {
            let all = (0..window.stride[axis]).map(|remainder| Axis::new(window, axis, remainder));
            all.filter(|class| !class.pixels.is_empty()).collect::<Vec<_>>()
        });
        let border = |axis: usize| {
            let before = axes[axis].iter().map(|class| class.reach().saturating_sub(class.output));
            let end = axes[axis].iter().map(|class| class.output + class.count(window.stride[axis]));
            [before.max().unwrap_or(0), end.max().unwrap_or(0).saturating_sub(window.output[axis])]
        };
        let [rows, columns] = [0, 1].map(border);
        let delta = Image {
            channels,
            size: window.output,
            before: [rows[0], columns[0]],
            after: [rows[1], columns[1]],
        };
        let mut classes: Vec<Class> = Vec::new();
        for row in &axes[0] {
            for column in &axes[1] {
                let start = classes.last().map_or(0, |last| last.start + last.filter.taps());
                classes.push(Class::new(window, &delta, input, [row, column], start));
            }
        }
        Self { delta, classes }
    }

    /// The number of weights of a filter in memory.
    pub fn taps(&self) -> usize {
        self.classes.iter().map(|class| class.filter.taps()).sum()
    }

    /// The place of every tap of a filter in the packed weights of `panels` panels, which hold class after class.
    pub fn places(&self, panels: usize, plane: usize) -> Vec<TransposedTap> {
        let mut places = vec![TransposedTap::default(); plane];
        for class in &self.classes {
            for (place, tap) in class.taps.iter().enumerate() {
                places[*tap] = TransposedTap {
                    start: panels * class.start + place * self.delta.channels,
                    panel: class.filter.taps(),
                };
            }
        }
        places
    }
}

impl Class {
    fn new(window: &Window, delta: &Image, input: &Image, axes: [&Axis; 2], start: usize) -> Self {
        let [rows, columns] = axes;
        let width = window.kernel[1];
        let taps =
            rows.taps.iter().flat_map(|row| columns.taps.iter().map(move |column| row * width + column));
        let taps: Vec<usize> = taps.collect();
        // Without taps the gradient is 0.
        let kernel = if taps.is_empty() { [0, 0] } else { [rows.taps.len(), columns.taps.len()] };
        let origin = [0, 1].map(|axis| delta.before[axis] + axes[axis].output - axes[axis].reach());
        let pixels = [0, 1].map(|axis| (axes[axis].pixels.start, axes[axis].count(window.stride[axis])));
        Self {
            groups: Groups::of_class(delta, kernel[0], origin, input, pixels, window.stride),
            filter: Filter::new(kernel, delta),
            start,
            taps,
        }
    }
}
