//! Dropout that no dense layer does on its way.

use crate::layers::Pass;
use crate::random::{Purpose, Stream};
use taper_kernels::simd::arena::Arena;
use taper_kernels::simd::parts;

use super::layout::Layout;
use super::stage::{Stage, Turn, Update};

/// The stage.
pub struct Dropout {
    /// Among the phases.
    pub name: String,
    /// The share that is dropped.
    pub rate: f64,
    /// The number of the layer.
    pub layer: u64,
    /// Where inputs are.
    pub input: Layout,
    /// Where outputs go.
    pub output: Layout,
    /// The last step's factors, sample by sample in the order of the layer's shape.
    pub mask: Arena,
}

impl Dropout {
    /// Writes to `to`, of layout `output`, the values of `from`, of layout `input`, times the mask.
    fn apply(
        &self,
        turn: &mut Turn<'_, '_>,
        [input, output]: [&Layout; 2],
        from: &[f32],
        to: &mut [f32],
        masked: bool,
    ) {
        let (channels, pixels) = (input.channels(), input.pixels());
        let (mask, len) = (&self.mask, input.len());
        parts::for_each(turn.team, turn.samples, [(to, output.len())], |sample, [to]| {
            let from = &from[sample * len..][..len];
            let mask = if masked { &mask[sample * channels * pixels..][..channels * pixels] } else { &[] };
            for (pixel, (i, j)) in input.each_pixel().zip(output.each_pixel()).enumerate() {
                for channel in 0..channels {
                    let factor = if masked { mask[channel * pixels + pixel] } else { 1.0 };
                    to[j + channel] = from[i + channel] * factor;
                }
            }
        });
    }
}

impl Stage for Dropout {
    fn name(&self) -> &str {
        &self.name
    }

    fn output(&self) -> &Layout {
        &self.output
    }

    fn reserve(&mut self, samples: usize, _threads: usize, training: bool) {
        if training {
            self.mask.reserve(samples * self.input.channels() * self.input.pixels());
        }
    }

    fn forward(&mut self, turn: &mut Turn<'_, '_>, x: &[f32], y: &mut [f32]) {
        let masked = match turn.pass {
            Pass::Training { seed, step } => {
                let len = self.input.channels() * self.input.pixels();
                let (rate, layer) = (self.rate, self.layer);
                parts::for_each(turn.team, turn.samples, [(&mut self.mask, len)], |sample, [mask]| {
                    let mut stream = Stream::new(seed, Purpose::Dropout, [step, layer]);
                    stream.skip_to((sample * len) as u64);
                    stream.dropout_mask(rate, mask);
                });
                true
            }
            Pass::Inference => false,
        };
        self.apply(turn, [&self.input, &self.output], x, y, masked);
    }

    fn backward(
        &mut self,
        turn: &mut Turn<'_, '_>,
        _update: &Update<'_>,
        _x: &[f32],
        _y: &[f32],
        gradient: &mut [f32],
        x_gradient: Option<&mut [f32]>,
    ) {
        if let Some(x_gradient) = x_gradient {
            self.apply(turn, [&self.output, &self.input], gradient, x_gradient, true);
        }
    }
}
