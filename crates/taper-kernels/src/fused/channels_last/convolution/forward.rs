//! The outputs of a batch of images.

use super::Convolution;
use super::products::Sample;
use crate::fused::channels_last::Epilogue;
use crate::fused::channels_last::pack::Pack;
use crate::simd::disjoint::Disjoint;
use crate::simd::holds;
use crate::simd::lanes::{self, Isa};
use crate::simd::team::Team;

/// The arguments of [`Convolution::forward`].
pub struct ForwardPass<'a> {
    /// Images in the layout of the convolution's input.
    pub x: &'a [f32],
    /// From [`Convolution::pack`].
    pub weights: &'a [f32],
    /// `[filters]`, padded to whole vectors.
    pub bias: Option<&'a [f32]>,
    /// The activation's slope below 0 (0 for `relu`); `None` without an activation.
    pub slope: Option<f32>,
    /// Images in the layout of the convolution's output, or rows if they are [flattened](Convolution::flattened).
    pub y: &'a mut [f32],
    /// [`Convolution::argmax`] bytes per image, if outputs are pooled.
    pub argmax: &'a mut [u8],
    /// [`Convolution::workspace_len`] values per thread, of any content.
    pub workspace: &'a mut [f32],
}

impl Convolution {
    /// Converts `[filters, channels, height, width]` to the order of the forward pass; `packed` must be
    /// zero in the padding.
    ///
    /// # Panics
    /// If a slice has the wrong size.
    pub fn pack(&self, team: &mut Team, isa: Isa, weight: &[f32], packed: &mut [f32]) {
        let (sizes, stride, len) = (self.sizes(), self.input.channels, self.packed_len() / self.panels());
        assert!(isa.available(), "{isa:?}");
        assert_eq!(weight.len(), sizes.filters * sizes.size(), "filters");
        assert_eq!(packed.len(), self.packed_len(), "packed filters");
        let packed = Disjoint::new(packed);
        team.run(self.panels(), |panel, _| {
            let packed = packed.at(panel * len);
            // SAFETY: the slices have these sizes, and each panel its own part.
            unsafe {
                lanes::run(isa, Pack { sizes, stride, panel, weight: weight.as_ptr(), packed });
                if let Some(tiles) = &self.winograd {
                    tiles.outputs.transform_filters(isa, stride, packed);
                }
            }
        });
    }

    /// Computes the outputs of `samples` images.
    ///
    /// # Panics
    /// If a slice is too short.
    pub fn forward(&self, team: &mut Team, isa: Isa, samples: usize, pass: ForwardPass<'_>) {
        let ForwardPass { x, weights, bias, slope, y, argmax, workspace } = pass;
        let (input, output, windows) = (self.input.len(), self.output_len(), self.argmax());
        assert!(isa.available(), "{isa:?}");
        assert!(holds(x.len(), &[samples, input]) && holds(y.len(), &[samples, output]), "images");
        assert!(holds(argmax.len(), &[samples, windows]), "argmax");
        assert_eq!(weights.len(), self.packed_len(), "packed filters");
        assert!(bias.is_none_or(|bias| bias.len() >= self.output.channels), "one bias for each filter");
        let len = self.workspace_len(false);
        assert!(holds(workspace.len(), &[team.threads(), len]), "memory for each thread");
        let (y, argmax, workspace) = (Disjoint::new(y), Disjoint::new(argmax), Disjoint::new(workspace));
        team.run(samples, |sample, thread| {
            let epilogue = Epilogue { bias: bias.map_or(std::ptr::null(), <[f32]>::as_ptr), slope };
            let (own, workspace) = (y.at(sample * output), workspace.at(thread * len));
            let image = Sample {
                image: x[sample * input..].as_ptr(),
                output: if self.flattening.is_some() { workspace } else { own },
                argmax: if self.pooled { argmax.at(sample * windows) } else { std::ptr::null_mut() },
            };
            // SAFETY: the slices were checked to hold the layouts; every sample has its own output, every thread its own workspace,
            // which begins with an image if images are flattened.
            unsafe {
                self.outputs(isa, image, weights.as_ptr(), epilogue, workspace.add(self.image_len()));
                if let Some(flattening) = self.flattening {
                    flattening.to_row(isa, workspace, own);
                }
            }
        });
    }
}
