//! A network of the fused engine with only its weights.

use taper_kernels::simd::lanes::Isa;

use super::compile::Compiled;
use super::network::Network;
use super::pass;
use super::stage::Weights;
use crate::data::Samples;
use crate::engine::{Predictor, SharedTeam};
use crate::error::Result;
use crate::layers::Mode;
use crate::network::Parameters;
use crate::ops::slices::Slices;

/// Runs a compiled network, in `f32`, on the CPU. It holds neither an optimizer nor memory for a backward
/// pass. Its parameters must not change after the first prediction, for which they are prepared.
pub struct FusedPredictor {
    network: Network,
    parameters: Parameters,
    values: Slices<f32>,
    team: SharedTeam,
    isa: Isa,
}

impl FusedPredictor {
    /// A predictor for `compiled` with `parameters`; `team` computes.
    ///
    /// # Errors
    /// If the parameters are not contiguous `f32` values on the CPU.
    pub fn new(compiled: Compiled, parameters: Parameters, team: SharedTeam) -> Result<Self> {
        let variables: Vec<_> = parameters.iter().map(|parameter| parameter.variable.clone()).collect();
        let values = Slices::new(&variables)?;
        Ok(Self { network: Network::new(compiled), parameters, values, team, isa: Isa::detect() })
    }
}

impl Predictor for FusedPredictor {
    fn name(&self) -> &'static str {
        "fused"
    }

    fn logits(&mut self, samples: &Samples<'_>) -> Result<&[f32]> {
        let Self { network, values, team, isa, .. } = self;
        let mut team = team.lend();
        values.lend(|parameters| {
            let weights = Weights { parameters, state: &mut [], trained: &[], fixed: true };
            pass::forward(network, (&mut team, *isa), samples, Mode::Inference, weights);
            Ok(())
        })?;
        Ok(&network.logits)
    }

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }
}
