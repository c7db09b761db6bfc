//! The gradients of a batch of images.

use super::Convolution;
use crate::fused::channels_last::pack::PackTransposed;
use crate::fused::channels_last::{Delta, Quads, WinnersGradient};
use crate::simd::disjoint::Disjoint;
use crate::simd::holds;
use crate::simd::lanes::{self, Isa, WIDTH};
use crate::simd::team::Team;

/// The arguments of [`Convolution::backward`].
pub struct BackwardPass<'a> {
    /// Images in the layout of the convolution's input.
    pub x: &'a [f32],
    /// Images in the layout of its output, of which there may be none with pooling.
    pub y: &'a [f32],
    /// The gradient of the output, as images or [flattened](Convolution::flattened).
    pub gradient: &'a [f32],
    /// The activation's slope below 0 (0 for `relu`); `None` without an activation.
    pub slope: Option<f32>,
    /// Written by the forward pass.
    pub argmax: &'a [u8],
    /// From [`Convolution::pack_transposed`]; unused without `x_gradient`.
    pub transposed: &'a [f32],
    /// The gradient of `x`, in the same layout, if it is needed.
    pub x_gradient: Option<&'a mut [f32]>,
    /// [`Convolution::delta_len`] zeros per thread, of one convolution: borders stay zero.
    pub delta: &'a mut [f32],
    /// [`Convolution::workspace_len`] values per thread, of any content.
    pub workspace: &'a mut [f32],
    /// [`Convolution::sums_len`] values: partial sums of the filters' gradient.
    pub sums: &'a mut [f32],
    /// `[filters, channels, height, width]`: the gradient of the filters.
    pub weight_gradient: &'a mut [f32],
    /// `[filters]`: the gradient of the bias.
    pub bias_gradient: &'a mut [f32],
}

impl Convolution {
    /// Converts `[filters, channels, height, width]` to the order of the backward pass; `transposed` must
    /// be zero in the padding.
    ///
    /// # Panics
    /// If a slice has the wrong size.
    pub fn pack_transposed(&self, team: &mut Team, isa: Isa, weight: &[f32], transposed: &mut [f32]) {
        let (sizes, channels, panels) = (self.sizes(), self.output.channels, self.input_panels());
        assert!(isa.available(), "{isa:?}");
        assert_eq!(weight.len(), sizes.filters * sizes.size(), "filters");
        assert_eq!(transposed.len(), self.transposed_len(), "transposed filters");
        let len = transposed.len() / panels;
        let transposed = Disjoint::new(transposed);
        team.run(panels, |panel, _| {
            let (weight, packed) = (weight.as_ptr(), transposed.at(0));
            // SAFETY: the slices have these sizes, and each panel its own places.
            unsafe {
                lanes::run(isa, PackTransposed { sizes, places: &self.places, panel, weight, packed });
                if let Some(tiles) = &self.winograd {
                    tiles.input_gradient.transform_filters(isa, channels, transposed.at(panel * len));
                }
            }
        });
    }

    /// Computes the gradients of a batch of `samples` images.
    ///
    /// # Panics
    /// If a slice is too short.
    pub fn backward(&self, team: &mut Team, isa: Isa, samples: usize, pass: BackwardPass<'_>) {
        let BackwardPass { x, y, gradient, slope, argmax, transposed, x_gradient, .. } = pass;
        let BackwardPass { delta, workspace, sums, .. } = pass;
        let (input, output, windows) = (self.input.len(), self.output_len(), self.argmax());
        let (delta_len, part_len, workspace_len) =
            (self.delta_len(), self.part_len(), self.workspace_len(true));
        assert!(isa.available(), "{isa:?}");
        assert!(holds(x.len(), &[samples, input]), "images");
        let outputs = |values: &[f32]| holds(values.len(), &[samples, output]);
        assert!((self.pooled || outputs(y)) && outputs(gradient), "outputs");
        let (image_len, first) = (self.image_len(), self.output.pixel(0, 0));
        assert!(holds(argmax.len(), &[samples, windows]), "argmax");
        assert!(holds(delta.len(), &[team.threads(), delta_len]), "memory for each thread");
        assert!(holds(workspace.len(), &[team.threads(), workspace_len]), "memory for each thread");
        assert!(holds(sums.len(), &[self.parts(samples), part_len]), "memory for each part");
        if let Some(x_gradient) = &x_gradient {
            assert!(holds(x_gradient.len(), &[samples, input]), "gradients of images");
            assert!(self.input.channels.is_multiple_of(WIDTH), "whole vectors of channels");
            assert_eq!(transposed.len(), self.transposed_len(), "transposed filters");
        }
        let x_gradient = x_gradient.map(Disjoint::new);
        let (delta, workspace, sums) = (Disjoint::new(delta), Disjoint::new(workspace), Disjoint::new(sums));
        let (panels, parts) = (self.panels(), self.parts(samples));
        let (row, column) = (self.transposed.delta.row(), self.transposed.delta.channels);
        let [down, right] = self.window.stride;
        team.run(parts, |part, thread| {
            // SAFETY: each part has its own sums.
            let sums = unsafe { sums.part(part * part_len..(part + 1) * part_len) };
            sums.fill(0.0);
            let (filter_sums, bias_sums) = sums.split_at_mut(part_len - self.output.channels);
            let (delta, gradient_image) =
                (delta.at(thread * delta_len), workspace.at(thread * workspace_len));
            let workspace = gradient_image.wrapping_add(image_len);
            let first_sample = part * samples / parts;
            for sample in first_sample..(part + 1) * samples / parts {
                let image = x[sample * input..].as_ptr();
                let mut gradient = gradient[sample * output..].as_ptr();
                if let Some(flattening) = self.flattening {
                    // SAFETY: the slice holds the row, the thread's workspace an image.
                    unsafe { flattening.to_image(isa, gradient, gradient_image) }
                    gradient = gradient_image;
                }
                let gradient = gradient.wrapping_add(first);
                if self.has_winners() {
                    let (steps, quads) = ([down * self.input.row(), right], delta);
                    let to_quads = Quads { len: input, image, steps, groups: quads };
                    let to_filters = WinnersGradient {
                        filter: self.filter,
                        panels,
                        size: self.output.size,
                        quads,
                        steps: steps.map(|step| 2 * step),
                        gradient,
                        row: self.output.row(),
                        slope,
                        argmax: argmax[sample * windows..].as_ptr(),
                        sums: filter_sums.as_mut_ptr(),
                        bias: bias_sums.as_mut_ptr(),
                    };
                    // SAFETY: the slices were checked to hold the layouts; every thread has its own groups, every part its own sums.
                    unsafe {
                        lanes::run(isa, to_quads);
                        lanes::run(isa, to_filters);
                    }
                    continue;
                }
                let to_delta = Delta {
                    size: self.output.size,
                    panels,
                    gradient,
                    output: if self.pooled {
                        std::ptr::null()
                    } else {
                        y[sample * output + first..].as_ptr()
                    },
                    row: self.output.row(),
                    slope,
                    argmax: if self.pooled { argmax[sample * windows..].as_ptr() } else { std::ptr::null() },
                    // SAFETY: the slice was checked to hold this thread's image.
                    delta: unsafe { delta.add(self.transposed.delta.pixel(0, 0)) },
                    delta_steps: [row, column],
                    sums: bias_sums.as_mut_ptr(),
                };
                let filters = filter_sums.as_mut_ptr();
                // SAFETY: the slices were checked to hold the layouts; every thread has its own `delta` and workspace, every part
                // its own sums, and every sample its own gradient.
                unsafe {
                    lanes::run(isa, to_delta);
                    self.add_filters(isa, image, delta, filters, sample == first_sample, workspace);
                    if let Some(x_gradient) = x_gradient {
                        let output = x_gradient.at(sample * input);
                        self.input_gradient(isa, delta, transposed.as_ptr(), output, workspace);
                    }
                }
            }
            // SAFETY: as above.
            unsafe { self.finish_filters(isa, filter_sums.as_mut_ptr(), workspace) };
        });
        self.gather(team, isa, parts, sums, pass.weight_gradient, pass.bias_gradient);
    }
}
