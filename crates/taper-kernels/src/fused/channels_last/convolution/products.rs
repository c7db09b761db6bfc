//! The products of one image: directly, or by Winograd's algorithm where it applies.

use super::{Convolution, Winograd};
use crate::fused::channels_last::winograd;
use crate::fused::channels_last::{Epilogue, Forward, WeightGradient};
use crate::simd::arena::apart;
use crate::simd::lanes::{self, Isa, WIDTH};

/// One image of a batch, in the layouts of the convolution.
pub struct Sample {
    /// The image, with its border.
    pub image: *const f32,
    /// The outputs, with their border.
    pub output: *mut f32,
    /// The indices of the largest of each window, or null without pooling.
    pub argmax: *mut u8,
}

impl Convolution {
    /// The number of values that each thread needs for intermediate results, with or without the gradients of the backward pass.
    #[must_use]
    pub fn workspace_len(&self, with_gradients: bool) -> usize {
        apart(self.image_len() + self.products_len(with_gradients))
    }

    /// The part of the workspace that the products need, at its end.
    fn products_len(&self, with_gradients: bool) -> usize {
        let Some(Winograd { outputs, input_gradient, weight_gradient }) = &self.winograd else { return 0 };
        let (filters, channels) = (self.output.channels, self.input.channels);
        let forward = winograd::Forward::workspace_len(outputs, channels);
        if !with_gradients {
            return forward;
        }
        let input = winograd::Forward::workspace_len(input_gradient, filters);
        let weights = weight_gradient
            .as_ref()
            .map_or(0, |tiling| winograd::WeightGradient::workspace_len(tiling, channels, filters));
        forward.max(self.transformed_sums() + input.max(weights))
    }

    /// The number of sums of the filters' gradient in transformed form, at the beginning of a thread's workspace.
    fn transformed_sums(&self) -> usize {
        let tiling = self.winograd.as_ref().and_then(|tiles| tiles.weight_gradient);
        tiling.map_or(0, |tiling| tiling.points() * self.input.channels * self.output.channels)
    }

    /// The outputs of an image.
    ///
    /// # Safety
    /// The machine must have the instructions; filters must be packed, the layouts and the workspace in memory.
    pub(super) unsafe fn outputs(
        &self,
        isa: Isa,
        Sample { image, output, argmax }: Sample,
        filters: *const f32,
        epilogue: Epilogue,
        workspace: *mut f32,
    ) {
        let panels = self.panels();
        if let Some(tiles) = &self.winograd {
            let work = winograd::Forward {
                tiling: tiles.outputs,
                input: &self.input,
                outputs: &self.output,
                panels,
                image,
                filters,
                epilogue,
                output,
                argmax,
                workspace,
            };
            // SAFETY: guaranteed by the caller.
            unsafe { lanes::run(isa, work) }
        } else {
            let work = Forward {
                groups: &self.groups,
                filter: self.filter,
                panels,
                image,
                weights: filters,
                epilogue,
                output,
                argmax,
                // The background of images with one channel is often 0; with several, or after an activation,
                // it is hardly ever 0 in all of them.
                has_zeros: self.input.channels == 1,
            };
            // SAFETY: guaranteed by the caller.
            unsafe { lanes::run(isa, work) }
        }
    }

    /// The gradient of an image from that of its outputs, `delta`, with its border.
    ///
    /// # Safety
    /// The machine must have the instructions; filters must be packed, the layouts and the workspace in memory.
    pub(super) unsafe fn input_gradient(
        &self,
        isa: Isa,
        delta: *const f32,
        filters: *const f32,
        output: *mut f32,
        workspace: *mut f32,
    ) {
        let (panels, argmax, epilogue) = (self.input_panels(), std::ptr::null_mut(), Epilogue::NONE);
        if let Some(tiles) = &self.winograd {
            let work = winograd::Forward {
                tiling: tiles.input_gradient,
                input: &self.transposed.delta,
                outputs: &self.input,
                panels,
                image: delta,
                filters,
                epilogue,
                output,
                argmax,
                // SAFETY: guaranteed by the caller.
                workspace: unsafe { workspace.add(self.transformed_sums()) },
            };
            // SAFETY: guaranteed by the caller.
            unsafe { lanes::run(isa, work) }
        } else {
            for class in &self.transposed.classes {
                let work = Forward {
                    groups: &class.groups,
                    filter: class.filter,
                    panels,
                    image: delta,
                    // SAFETY: guaranteed by the caller.
                    weights: unsafe { filters.add(panels * class.start * WIDTH) },
                    epilogue,
                    output,
                    argmax,
                    has_zeros: false,
                };
                // SAFETY: guaranteed by the caller.
                unsafe { lanes::run(isa, work) }
            }
        }
    }

    /// Adds the gradient of the filters from an image and that of its outputs, `delta`, with its border, to
    /// `sums`, or to those in the workspace, which the `first` image initializes and
    /// [`finish_filters`](Self::finish_filters) transforms.
    ///
    /// # Safety
    /// The machine must have the instructions; the layouts and the workspace must be in memory.
    pub(super) unsafe fn add_filters(
        &self,
        isa: Isa,
        image: *const f32,
        delta: *const f32,
        sums: *mut f32,
        first: bool,
        workspace: *mut f32,
    ) {
        let gradients = &self.transposed.delta;
        // SAFETY: guaranteed by the caller.
        let delta = unsafe { delta.add(gradients.pixel(0, 0)) };
        if let Some(tiling) = self.winograd.as_ref().and_then(|tiles| tiles.weight_gradient) {
            let work = winograd::WeightGradient {
                tiling,
                input: &self.input,
                gradients,
                image,
                gradient: delta,
                sums: workspace,
                adds: !first,
                // SAFETY: guaranteed by the caller.
                workspace: unsafe { workspace.add(self.transformed_sums()) },
            };
            // SAFETY: guaranteed by the caller.
            unsafe { lanes::run(isa, work) }
        } else {
            let [down, right] = self.window.stride;
            let work = WeightGradient {
                filter: self.filter,
                panels: self.panels(),
                positions: self.window.output,
                image,
                image_steps: [down * self.input.row(), right * self.input.channels],
                delta,
                delta_steps: [gradients.row(), gradients.channels],
                sums,
            };
            // SAFETY: guaranteed by the caller.
            unsafe { lanes::run(isa, work) }
        }
    }

    /// Transforms the sums of the filters' gradient in the workspace into `sums`, if they are there.
    ///
    /// # Safety
    /// The machine must have the instructions; sums and workspace must be in memory.
    pub(super) unsafe fn finish_filters(&self, isa: Isa, sums: *mut f32, workspace: *const f32) {
        if self.transformed_sums() > 0 {
            let values = self.input.channels * self.output.channels;
            // SAFETY: guaranteed by the caller.
            unsafe { lanes::run(isa, winograd::ToFilters { values, sums: workspace, gradient: sums }) }
        }
    }
}
