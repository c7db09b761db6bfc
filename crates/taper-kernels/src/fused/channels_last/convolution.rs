//! A convolution of a batch of images, forward and backward, shared by a team.

use super::pack::{Filters, Pack, PackTurned, Unpack};
use super::{Delta, Filter, Forward, Groups, Image, WeightGradient, padded};
use crate::simd::disjoint::Disjoint;
use crate::simd::lanes::{self, Isa, WIDTH};
use crate::simd::team::Team;
use crate::window::Window;

/// The most parts that a batch's gradient is summed in: a fixed number, so that sums do not depend on
/// the threads. Of large filters there are fewer, because the parts' sums must be added up.
const PARTS: usize = 32;
const PARTS_OF_LARGE: usize = 16;

/// Sums of one part that make it large.
const LARGE: usize = 1 << 14;

/// Sums that one thread adds up at a time.
const RANGE: usize = 1 << 12;

/// The layouts of one convolution, worked out once.
pub struct Convolution {
    window: Window,
    /// Filters and the channels that they have.
    filters: [usize; 2],
    /// The input, with the border that the filters reach.
    input: Image,
    /// The output, after pooling if there is any.
    output: Image,
    groups: Groups,
    filter: Filter,
    pooled: bool,
    turned: Turned,
}

/// The layouts for the gradient of the input: the same product over the spread gradient.
struct Turned {
    /// The gradient of the sums, with steps of the filter as gaps, and a border.
    delta: Image,
    groups: Groups,
    filter: Filter,
}

/// What a forward pass reads and writes.
pub struct ForwardPass<'a> {
    /// Images in the layout of the convolution's input.
    pub x: &'a [f32],
    /// From [`Convolution::pack`].
    pub weights: &'a [f32],
    /// `[filters]`, padded to whole vectors.
    pub bias: Option<&'a [f32]>,
    /// What negative outputs are multiplied with, if anything: 0 for `relu`.
    pub slope: Option<f32>,
    /// Images in the layout of its output.
    pub y: &'a mut [f32],
    /// [`Convolution::winners`] for each image, if outputs are pooled.
    pub winners: &'a mut [u8],
}

/// What a backward pass reads and writes.
pub struct BackwardPass<'a> {
    /// Images in the layout of the convolution's input.
    pub x: &'a [f32],
    /// Images in the layout of its output.
    pub y: &'a [f32],
    /// The gradient of `y`, in the same layout.
    pub gradient: &'a [f32],
    /// What negative outputs were multiplied with, if anything.
    pub slope: Option<f32>,
    /// As the forward pass left them.
    pub winners: &'a [u8],
    /// From [`Convolution::pack_turned`]; not read without `x_gradient`.
    pub turned: &'a [f32],
    /// The gradient of `x`, in the same layout, if it is needed.
    pub x_gradient: Option<&'a mut [f32]>,
    /// [`Convolution::delta_len`] zeros for each thread; gaps and borders stay zero.
    pub delta: &'a mut [f32],
    /// [`Convolution::sums_len`] values: sums on their way to the filters' gradient.
    pub sums: &'a mut [f32],
    /// `[filters, channels, height, width]`: the gradient of the filters.
    pub weight_gradient: &'a mut [f32],
    /// `[filters]`: the gradient of the bias.
    pub bias_gradient: &'a mut [f32],
}

impl Convolution {
    /// `filters` filters over `channels` channels of the images of `input`. With `pooled`, the largest
    /// of each 2x2 outputs is kept. `border` is what the output's reader needs around it.
    ///
    /// # Panics
    /// If there are no filters, the input is not the window's image with the border that it reaches, or
    /// its pixels have neither exactly the channels nor these in whole vectors.
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
        // What the kernels' pointers rely on.
        assert!(filters > 0 && channels > 0, "{filters} filters over {channels} channels");
        assert!([channels, padded(channels)].contains(&input.channels), "values of a pixel");
        assert_eq!((input.size, input.before), (window.input, window.before), "the image and its border");
        for axis in [0, 1] {
            assert!(window.before[axis] < window.kernel[axis] && window.output[axis] > 0, "{window:?}");
            assert!(input.after[axis] >= window.after(axis), "the border behind the image");
        }
        let size = if pooled { window.output.map(|side| side / 2) } else { window.output };
        let output = Image { channels: padded(filters), size, before, after };
        let groups = if pooled {
            Groups::windows(&input, window.kernel[0], window.stride, &output)
        } else {
            Groups::along_rows(&input, window.kernel[0], window.stride, &output)
        };
        let spread = [0, 1].map(|axis| (window.output[axis] - 1) * window.stride[axis] + 1);
        let delta = Image {
            channels: output.channels,
            size: spread,
            before: [0, 1].map(|axis| window.kernel[axis] - 1 - window.before[axis]),
            after: [0, 1].map(|axis| (window.input[axis] + window.before[axis]).saturating_sub(spread[axis])),
        };
        let turned = Turned {
            groups: Groups::along_rows(&delta, window.kernel[0], [1, 1], &input),
            filter: Filter::new(window.kernel, &delta),
            delta,
        };
        let filter = Filter::new(window.kernel, &input);
        Self { window: *window, filters: [filters, channels], input, output, groups, filter, pooled, turned }
    }

    /// Where the images are that it reads.
    #[must_use]
    pub fn input(&self) -> &Image {
        &self.input
    }

    /// Where the images are that it writes.
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

    /// Values of the packed filters.
    #[must_use]
    pub fn packed_len(&self) -> usize {
        self.panels() * self.filter.taps() * WIDTH
    }

    /// Values of the turned filters.
    #[must_use]
    pub fn turned_len(&self) -> usize {
        self.input_panels() * self.turned.filter.taps() * WIDTH
    }

    /// Bytes that say where each largest output of one image was.
    #[must_use]
    pub fn winners(&self) -> usize {
        if self.pooled { self.output.size[0] * self.output.size[1] * self.output.channels } else { 0 }
    }

    /// Values that each thread needs on the way back.
    #[must_use]
    pub fn delta_len(&self) -> usize {
        self.turned.delta.len()
    }

    /// Values that a batch of `samples` needs for sums.
    #[must_use]
    pub fn sums_len(&self, samples: usize) -> usize {
        self.parts(samples) * self.part_len()
    }

    /// Parts that a batch of `samples` is summed in.
    fn parts(&self, samples: usize) -> usize {
        samples.min(if self.part_len() < LARGE { PARTS } else { PARTS_OF_LARGE })
    }

    /// Sums of one part: of the filters, then of the bias.
    fn part_len(&self) -> usize {
        (self.filter.taps() + 1) * self.output.channels
    }

    /// Brings `[filters, channels, height, width]` into the order of the forward pass; `packed` must
    /// be zero where no channel counts.
    ///
    /// # Panics
    /// If a slice has the wrong size.
    pub fn pack(&self, team: &mut Team, isa: Isa, weight: &[f32], packed: &mut [f32]) {
        let (sizes, stride, len) = (self.sizes(), self.input.channels, self.filter.taps() * WIDTH);
        assert!(isa.available(), "{isa:?}");
        assert_eq!(weight.len(), sizes.filters * sizes.size(), "filters");
        assert_eq!(packed.len(), self.packed_len(), "packed filters");
        let packed = Disjoint::new(packed);
        team.run(self.panels(), |panel, _| {
            let packed = packed.at(panel * len);
            // SAFETY: the slices have the sizes, and each panel its own part.
            unsafe { lanes::run(isa, Pack { sizes, stride, panel, weight: weight.as_ptr(), packed }) }
        });
    }

    /// Brings `[filters, channels, height, width]` into the order of the backward pass; `turned` must
    /// be zero where no channel counts.
    ///
    /// # Panics
    /// If a slice has the wrong size.
    pub fn pack_turned(&self, team: &mut Team, isa: Isa, weight: &[f32], turned: &mut [f32]) {
        let (sizes, stride) = (self.sizes(), self.output.channels);
        let len = self.turned.filter.taps() * WIDTH;
        assert!(isa.available(), "{isa:?}");
        assert_eq!(weight.len(), sizes.filters * sizes.size(), "filters");
        assert_eq!(turned.len(), self.turned_len(), "turned filters");
        let turned = Disjoint::new(turned);
        team.run(self.input_panels(), |panel, _| {
            let packed = turned.at(panel * len);
            // SAFETY: the slices have the sizes, and each panel its own part.
            unsafe { lanes::run(isa, PackTurned { sizes, stride, panel, weight: weight.as_ptr(), packed }) }
        });
    }

    /// Computes the outputs of `samples` images.
    ///
    /// # Panics
    /// If a slice is too short.
    pub fn forward(&self, team: &mut Team, isa: Isa, samples: usize, pass: ForwardPass<'_>) {
        let ForwardPass { x, weights, bias, slope, y, winners } = pass;
        let (input, output, windows) = (self.input.len(), self.output.len(), self.winners());
        assert!(isa.available(), "{isa:?}");
        assert!(x.len() >= samples * input && y.len() >= samples * output, "images");
        assert!(winners.len() >= samples * windows, "winners");
        assert_eq!(weights.len(), self.packed_len(), "packed filters");
        assert!(bias.is_none_or(|bias| bias.len() >= self.output.channels), "one bias for each filter");
        let (y, winners) = (Disjoint::new(y), Disjoint::new(winners));
        team.run(samples, |sample, _| {
            let work = Forward {
                groups: &self.groups,
                filter: self.filter,
                panels: self.panels(),
                image: x[sample * input..].as_ptr(),
                weights: weights.as_ptr(),
                bias: bias.map_or(std::ptr::null(), <[f32]>::as_ptr),
                slope,
                output: y.at(sample * output),
                winners: if self.pooled { winners.at(sample * windows) } else { std::ptr::null_mut() },
            };
            // SAFETY: the slices were checked to hold what the layouts say, and every sample has its
            // own output.
            unsafe { lanes::run(isa, work) }
        });
    }

    /// Computes the gradients of a batch of `samples` images.
    ///
    /// # Panics
    /// If a slice is too short.
    pub fn backward(&self, team: &mut Team, isa: Isa, samples: usize, pass: BackwardPass<'_>) {
        let BackwardPass { x, y, gradient, slope, winners, turned, x_gradient, delta, sums, .. } = pass;
        let (input, output, windows) = (self.input.len(), self.output.len(), self.winners());
        let (delta_len, part_len) = (self.delta_len(), self.part_len());
        assert!(isa.available(), "{isa:?}");
        assert!(x.len() >= samples * input, "images");
        assert!(y.len() >= samples * output && gradient.len() >= samples * output, "outputs");
        assert!(winners.len() >= samples * windows, "winners");
        assert!(delta.len() >= team.threads() * delta_len, "memory for each thread");
        assert!(sums.len() >= self.sums_len(samples), "memory for each part");
        if let Some(x_gradient) = &x_gradient {
            assert!(x_gradient.len() >= samples * input, "gradients of images");
            assert!(self.input.channels.is_multiple_of(WIDTH), "whole vectors of channels");
            assert_eq!(turned.len(), self.turned_len(), "turned filters");
        }
        let x_gradient = x_gradient.map(Disjoint::new);
        let (delta, sums) = (Disjoint::new(delta), Disjoint::new(sums));
        let (panels, parts) = (self.panels(), self.parts(samples));
        let (row, column) = (self.turned.delta.row(), self.turned.delta.channels);
        let [down, right] = self.window.stride;
        team.run(parts, |part, thread| {
            // SAFETY: each part has its own sums.
            let sums = unsafe { sums.part(part * part_len..(part + 1) * part_len) };
            sums.fill(0.0);
            let (filter_sums, bias_sums) = sums.split_at_mut(part_len - self.output.channels);
            for sample in part * samples / parts..(part + 1) * samples / parts {
                let start = thread * delta_len;
                let first = self.output.pixel(0, 0);
                let to_delta = Delta {
                    size: self.output.size,
                    panels,
                    gradient: gradient[sample * output + first..].as_ptr(),
                    output: y[sample * output + first..].as_ptr(),
                    row: self.output.row(),
                    slope,
                    winners: if self.pooled {
                        winners[sample * windows..].as_ptr()
                    } else {
                        std::ptr::null()
                    },
                    delta: delta.at(start + self.turned.delta.pixel(0, 0)),
                    delta_steps: [down * row, right * column],
                    sums: bias_sums.as_mut_ptr(),
                };
                let to_filters = WeightGradient {
                    filter: self.filter,
                    panels,
                    positions: self.window.output,
                    image: x[sample * input..].as_ptr(),
                    image_steps: [down * self.input.row(), right * self.input.channels],
                    delta: delta.at(start + self.turned.delta.pixel(0, 0)),
                    delta_steps: [down * row, right * column],
                    sums: filter_sums.as_mut_ptr(),
                };
                let to_input = x_gradient.map(|x_gradient| Forward {
                    groups: &self.turned.groups,
                    filter: self.turned.filter,
                    panels: self.input_panels(),
                    image: delta.at(start),
                    weights: turned.as_ptr(),
                    bias: std::ptr::null(),
                    slope: None,
                    output: x_gradient.at(sample * input),
                    winners: std::ptr::null_mut(),
                });
                // SAFETY: the slices were checked to hold what the layouts say; every thread has its
                // own `delta`, every part its own sums, and every sample its own gradient.
                unsafe {
                    lanes::run(isa, to_delta);
                    lanes::run(isa, to_filters);
                    if let Some(to_input) = to_input {
                        lanes::run(isa, to_input);
                    }
                }
            }
        });
        self.gather(team, isa, parts, sums, pass.weight_gradient, pass.bias_gradient);
    }

    /// Adds the parts' sums, in order, and brings them into PyTorch's order.
    fn gather(
        &self,
        team: &mut Team,
        isa: Isa,
        parts: usize,
        sums: Disjoint<'_, f32>,
        weight_gradient: &mut [f32],
        bias_gradient: &mut [f32],
    ) {
        let (sizes, part_len, row) = (self.sizes(), self.part_len(), self.output.channels);
        assert_eq!(weight_gradient.len(), sizes.filters * sizes.size(), "gradients of filters");
        assert_eq!(bias_gradient.len(), sizes.filters, "gradients of the bias");
        team.run(part_len.div_ceil(RANGE), |range, _| {
            let range = range * RANGE..part_len.min((range + 1) * RANGE);
            // SAFETY: each range of the first part has one thread, and nobody writes to the others.
            let total = unsafe { sums.part(range.clone()) };
            for part in 1..parts {
                let start = part * part_len;
                // SAFETY: as above.
                let values = unsafe { sums.part(start + range.start..start + range.end) };
                total.iter_mut().zip(values).for_each(|(total, value)| *total += *value);
            }
        });
        // SAFETY: nobody writes to the sums any more.
        let sums: &[f32] = unsafe { sums.part(0..part_len) };
        bias_gradient.copy_from_slice(&sums[part_len - row..][..sizes.filters]);
        let gradient = Disjoint::new(weight_gradient);
        team.run(self.panels(), |panel, _| {
            let (stride, gradient) = (self.input.channels, gradient.at(0));
            // SAFETY: the slices have the sizes, and each panel its own filters.
            unsafe { lanes::run(isa, Unpack { sizes, stride, panel, sums: sums.as_ptr(), row, gradient }) }
        });
    }
}
