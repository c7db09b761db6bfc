//! Live layers, one after the other.

use candle_core::{Tensor, Var};

use super::{Config, Parameters, Plan};
use crate::error::Result;
use crate::layers::{Layer, Mode};

/// A network that can be run.
pub struct Model {
    layers: Vec<Box<dyn Layer>>,
    parameters: Parameters,
}

impl Model {
    /// Builds the layers of `config`, whose shapes `plan` has worked out, over `parameters`.
    #[must_use]
    pub fn new(config: &Config, plan: &Plan, parameters: Parameters) -> Self {
        let mut variables = parameters.iter().map(|parameter| parameter.variable.clone());
        let mut layers = Vec::with_capacity(plan.rows.len());
        let mut input = &plan.input;
        for (index, (layer, row)) in config.layers.iter().zip(&plan.rows).enumerate() {
            let own: Vec<Var> = variables.by_ref().take(row.parameters.len()).collect();
            layers.push(layer.member().build(input, &own, index));
            input = &row.output;
        }
        drop(variables);
        Self { layers, parameters }
    }

    /// `[batch, input shape]` to logits `[batch, outputs]`.
    ///
    /// # Errors
    /// If the tensor library refuses.
    pub fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let mut y = x.clone();
        for layer in &self.layers {
            y = layer.forward(&y, mode)?;
        }
        Ok(y)
    }

    /// The variables of all layers.
    #[must_use]
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }
}
