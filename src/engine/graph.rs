//! The reference engine: candle's autograd over taper's corrected operations.

use candle_core::{Tensor, Var};

use super::{Engine, Step};
use crate::data::Batch;
use crate::error::{Error, Result};
use crate::layers::Pass;
use crate::loss::{self, Loss};
use crate::model::{Model, Parameters};
use crate::optimizer::Optimizer;

/// Runs any network on any device.
pub struct Graph {
    model: Model,
    loss: loss::Config,
    optimizer: Box<dyn Optimizer>,
    trainable: Vec<Var>,
    seed: u64,
}

impl Graph {
    /// An engine for `model`; `seed` decides the dropout masks.
    #[must_use]
    pub fn new(model: Model, loss: loss::Config, optimizer: Box<dyn Optimizer>, seed: u64) -> Self {
        let trainable = model.parameters().trainable();
        Self { model, loss, optimizer, trainable, seed }
    }

    fn loss(&self) -> &dyn Loss {
        self.loss.member()
    }
}

impl Engine for Graph {
    fn name(&self) -> &'static str {
        "graph"
    }

    fn step(&mut self, batch: &Batch, step: u64, learning_rate: f64) -> Result<Step> {
        let logits = self.model.forward(&batch.features, Pass::Training { seed: self.seed, step })?;
        let loss = (self.loss().sum(&logits, &batch.targets)? / batch.samples as f64)?;
        let value = scalar(&loss)?; // waits for the GPU
        let report = Step { loss: value, logits: logits.detach() };
        if !value.is_finite() {
            return Ok(report);
        }
        let gradients = loss.backward()?;
        let gradients: Vec<Tensor> = self
            .trainable
            .iter()
            .map(|variable| gradients.get(variable).map_or_else(|| variable.zeros_like(), |g| Ok(g.detach())))
            .collect::<candle_core::Result<_>>()?;
        self.optimizer.step(&self.trainable, &gradients, learning_rate, step + 1)?;
        Ok(report)
    }

    fn logits(&self, features: &Tensor) -> Result<Tensor> {
        Ok(self.model.forward(features, Pass::Inference)?.detach())
    }

    fn parameters(&self) -> &Parameters {
        self.model.parameters()
    }

    fn optimizer(&self) -> &dyn Optimizer {
        self.optimizer.as_ref()
    }
}

fn scalar(tensor: &Tensor) -> Result<f64> {
    tensor.to_dtype(candle_core::DType::F64)?.to_scalar().map_err(Error::from)
}
