//! Convolution of a batch of images, forward and backward, shared by a team.

mod backward;
mod forward;
mod gather;
mod products;
#[cfg(test)]
mod tests;
mod transposed;

pub use backward::BackwardPass;
pub use forward::ForwardPass;

use transposed::Transposed;

use super::pack::{Filters, TransposedTap};
use super::winograd::{self, Tiling};
use super::{Filter, Flattening, Groups, Image, MAX_VALUES, padded};
use crate::simd::arena::apart;
use crate::simd::holds;
use crate::simd::lanes::WIDTH;
use crate::window::Window;

/// The maximum number of partial sums of a batch's gradient: fixed, so that sums do not depend on the
/// number of threads. Large filters have fewer, because the partial sums must be added up.
const PARTS: usize = 32;
const PARTS_OF_LARGE: usize = 16;

/// Filters with this number of sums or more count as large.
const LARGE: usize = 1 << 14;

/// The layouts of one convolution, computed once.
pub struct Convolution {
    window: Window,
    /// The number of filters and of their input channels.
    filters: [usize; 2],
    /// The input, with the border that the filters reach.
    input: Image,
    /// The output, after pooling if any.
    output: Image,
    groups: Groups,
    filter: Filter,
    pooled: bool,
    /// The rows that the output images are flattened to, if they are.
    flattening: Option<Flattening>,
    transposed: Transposed,
    /// The places of the transposed filters' taps.
    places: Vec<TransposedTap>,
    winograd: Option<Winograd>,
}

/// The tiles of Winograd's algorithm.
struct Winograd {
    outputs: Tiling,
    input_gradient: Tiling,
    /// `None` if the gradient of the filters is summed up directly.
    weight_gradient: Option<Tiling>,
}

impl Winograd {
    fn new(window: &Window, input: &Image, output: &Image, pooled: bool) -> Self {
        let (filters, channels) = (output.channels, input.channels);
        let outputs = if pooled { output.size.map(|side| 2 * side) } else { output.size };
        Self {
            outputs: Tiling::new(outputs, channels),
            input_gradient: Tiling::new(input.size, filters),
            weight_gradient: winograd::suits_weight_gradient(filters, channels)
                .then(|| Tiling::of_weight_gradient(window.output, filters, channels)),
        }
    }
}

impl Convolution {
    /// `filters` filters over `channels` channels of images in the layout `input`. With `pooled`, the
    /// maximum of each 2x2 outputs is kept. `border` is the border that the output's reader needs.
    ///
    /// # Panics
    /// If there are no filters, `input` is not the window's image with the border that it reaches, or its
    /// pixels have neither exactly `channels` channels nor these padded to whole vectors.
    #[must_use]
    pub fn new(
        window: &Window,
        filters: usize,
        channels: usize,
        input: Image,
        pooled: bool,
        border: [[usize; 2]; 2],
    ) -> Self {
        let [before, after] = border;
        // Required by the kernels' pointers.
        assert!(filters > 0 && channels > 0, "{filters} filters over {channels} channels");
        // Sizes that overflow would wrap around to less in the checks of slices. Both numbers of channels
        // are rounded up to whole vectors, and each filter has a bias.
        let most = MAX_VALUES / (2 * WIDTH * WIDTH);
        let weights = [filters, channels, window.kernel[0], window.kernel[1]];
        assert!(holds(most, &weights), "{filters} filters over {channels} channels are too many");
        let (size, kernel, stride) = (window.input, window.kernel, window.stride);
        let possible = [Window::valid(size, kernel, stride), Window::same(size, kernel, stride)];
        assert!(possible.contains(&Ok(*window)), "{window:?} was not made by its constructors");
        assert!([channels, padded(channels)].contains(&input.channels), "values of a pixel");
        assert_eq!((input.size, input.before), (window.input, window.before), "the image and its border");
        for axis in [0, 1] {
            assert!(window.before[axis] < window.kernel[axis] && window.output[axis] > 0, "{window:?}");
            assert!(input.after[axis] >= window.after(axis), "the border after the image");
        }
        let size = if pooled { window.output.map(|side| side / 2) } else { window.output };
        let output = Image { channels: padded(filters), size, before, after };
        assert!(input.is_countable() && output.is_countable(), "{input:?} or {output:?} is too large");
        let groups = if pooled {
            Groups::windows(&input, window.kernel[0], window.stride, &output)
        } else {
            Groups::along_rows(&input, window.kernel[0], window.stride, &output)
        };
        let transposed = Transposed::new(window, output.channels, &input);
        assert!(transposed.delta.is_countable(), "{:?} is too large", transposed.delta);
        let filter = Filter::new(window.kernel, &input);
        // Images from a caller may have any number of values per pixel.
        let has_vectors = input.channels.is_multiple_of(WIDTH);
        let winograd = (has_vectors && winograd::suits(window, filters, channels))
            .then(|| Winograd::new(window, &input, &output, pooled));
        let mut places = transposed.places(input.channels / WIDTH, window.kernel[0] * window.kernel[1]);
        if let Some(tiles) = &winograd {
            // Transformed filters take more memory, and there is one class.
            for place in &mut places {
                place.panel = tiles.input_gradient.points() * output.channels;
            }
        }
        Self {
            window: *window,
            filters: [filters, channels],
            input,
            output,
            groups,
            filter,
            pooled,
            flattening: None,
            transposed,
            places,
            winograd,
        }
    }

    /// Flattens each output image to a row of `row` values while it is in the cache; its gradient comes in such rows.
    ///
    /// # Panics
    /// If outputs are not pooled (the backward pass would need them), or as for [`Flattening::new`].
    #[must_use]
    pub fn flattened(mut self, row: usize) -> Self {
        assert!(self.pooled, "outputs are needed as images");
        self.flattening = Some(Flattening::new(&self.output, self.filters[0], row));
        self
    }

    /// The number of values of one sample's output.
    fn output_len(&self) -> usize {
        self.flattening.map_or(self.output.len(), |flattening| flattening.row())
    }

    /// The number of values that each thread needs for an output image that is flattened.
    fn image_len(&self) -> usize {
        if self.flattening.is_some() { self.output.len() } else { 0 }
    }

    /// The layout of its input images.
    #[must_use]
    pub fn input(&self) -> &Image {
        &self.input
    }

    /// The number of filters.
    #[must_use]
    pub fn filters(&self) -> usize {
        self.filters[0]
    }

    /// The layout of its output images, before they are flattened if they are.
    #[must_use]
    pub fn output(&self) -> &Image {
        &self.output
    }

    fn panels(&self) -> usize {
        self.output.channels / WIDTH
    }

    fn input_panels(&self) -> usize {
        self.input.channels / WIDTH
    }

    fn sizes(&self) -> Filters {
        let [filters, channels] = self.filters;
        Filters { filters, channels, plane: self.window.kernel[0] * self.window.kernel[1] }
    }

    /// The number of values of the packed filters.
    #[must_use]
    pub fn packed_len(&self) -> usize {
        let points = self.winograd.as_ref().map(|tiles| tiles.outputs.points());
        let taps = points.map_or(self.filter.taps(), |points| points * self.input.channels);
        self.panels() * taps * WIDTH
    }

    /// The number of values of the transposed filters.
    #[must_use]
    pub fn transposed_len(&self) -> usize {
        let points = self.winograd.as_ref().map(|tiles| tiles.input_gradient.points());
        let taps = points.map_or(self.transposed.taps(), |points| points * self.output.channels);
        self.input_panels() * taps * WIDTH
    }

    /// The number of argmax bytes per image.
    #[must_use]
    pub fn argmax(&self) -> usize {
        if self.pooled { self.output.size[0] * self.output.size[1] * self.output.channels } else { 0 }
    }

    /// Whether the filters' gradient is computed only from the pixels that pooling has chosen.
    fn has_winners(&self) -> bool {
        self.pooled && self.input.channels == 1
    }

    /// The number of values that each thread needs for the backward pass: those of the gradient before pooling and activation, or of groups of four
    /// pixels.
    #[must_use]
    pub fn delta_len(&self) -> usize {
        apart(if self.has_winners() { 4 * padded(self.input.len()) } else { self.transposed.delta.len() })
    }

    /// The number of values that a batch of `samples` needs for partial sums.
    #[must_use]
    pub fn sums_len(&self, samples: usize) -> usize {
        self.parts(samples) * self.part_len()
    }

    /// The number of partial sums for a batch of `samples`.
    fn parts(&self, samples: usize) -> usize {
        samples.min(if self.part_len() < LARGE { PARTS } else { PARTS_OF_LARGE })
    }

    /// The length of one partial sum: filters, then bias.
    fn part_len(&self) -> usize {
        (self.filter.taps() + 1) * self.output.channels
    }
}
