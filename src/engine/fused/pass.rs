//! One forward and backward pass of a training step, or a forward pass alone.

use taper_kernels::simd::lanes::Isa;
use taper_kernels::simd::team::Team;

use super::clock::Clock;
use super::network::Network;
use super::stage::{Sink, StepContext, Weights};
use crate::data::{Batch, Samples};
use crate::layers::Mode;
use crate::loss::Loss;

/// The arguments of one forward and backward pass.
pub struct Pass<'a> {
    /// The network.
    pub network: &'a mut Network,
    /// The loss function.
    pub loss: &'a dyn Loss,
    /// The samples and their targets.
    pub batch: &'a Batch<'a>,
    /// The number of samples in the step's whole batch.
    pub whole: usize,
    /// The thread team.
    pub team: &'a mut Team,
    /// The instruction set.
    pub isa: Isa,
    /// The mode of the training step.
    pub mode: Mode,
    /// Measures the phases.
    pub clock: &'a mut Clock,
}

impl Pass<'_> {
    /// Returns the loss, and whether all values written are finite. Without a finite loss there is no
    /// backward pass.
    pub fn run(self, weights: Weights<'_, '_>, sink: &Sink<'_>) -> candle_core::Result<(f64, bool)> {
        let Self { network, loss, batch, whole, team, isa, mode, clock } = self;
        let samples = batch.samples.len();
        let mut context = StepContext { team, isa, samples, mode, weights, finite: true };
        clock.start();
        network.forward(&mut context, &batch.samples, clock);
        network.gradient.resize(network.logits.len(), 0.0);
        let sum = loss.sum_and_gradient(&network.logits, batch.targets, &mut network.gradient)?;
        let value = sum / whole as f64;
        if value.is_finite() {
            network.backward(&mut context, sink, whole, clock);
        }
        Ok((value, context.finite))
    }
}

/// A forward pass alone, with the weights as they are.
pub fn forward(
    network: &mut Network,
    (team, isa): (&mut Team, Isa),
    samples: &Samples<'_>,
    mode: Mode,
    weights: Weights<'_, '_>,
) {
    let training = matches!(mode, Mode::Training { .. });
    network.reserve(samples.len(), team.threads(), training);
    let mut context = StepContext { team, isa, samples: samples.len(), mode, weights, finite: true };
    network.forward(&mut context, samples, &mut Clock::default());
}
