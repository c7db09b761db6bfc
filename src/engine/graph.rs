//! The reference engine: candle's autograd over taper's corrected operations.

use candle_core::{Device, Tensor, Var};

use super::{Engine, Step, check_finite};
use crate::data::{Batch, Samples};
use crate::error::{Error, Result};
use crate::layers::Pass;
use crate::loss::{self, Loss};
use crate::model::{Model, Parameters};
use crate::ops;
use crate::optimizer::Optimizer;

/// Runs any network on any device.
pub struct Graph {
    model: Model,
    loss: loss::Config,
    optimizer: Box<dyn Optimizer>,
    trainable: Vec<Var>,
    /// What the layers themselves change: running statistics.
    untrained: Vec<Var>,
    device: Device,
    seed: u64,
    /// Those of the last call.
    logits: Vec<f32>,
}

impl Graph {
    /// An engine for `model`, which is on `device`; `seed` decides the dropout masks.
    #[must_use]
    pub fn new(
        model: Model,
        loss: loss::Config,
        optimizer: Box<dyn Optimizer>,
        device: Device,
        seed: u64,
    ) -> Self {
        let trainable = model.parameters().trainable();
        let untrained = model.parameters().iter().filter(|parameter| !parameter.trainable);
        let untrained = untrained.map(|parameter| parameter.variable.clone()).collect();
        Self { model, loss, optimizer, trainable, untrained, device, seed, logits: Vec::new() }
    }

    fn loss(&self) -> &dyn Loss {
        self.loss.member()
    }
}

impl Engine for Graph {
    fn name(&self) -> &'static str {
        "graph"
    }

    fn step(&mut self, batch: &Batch<'_>, step: u64, learning_rate: f64) -> Result<Step<'_>> {
        let features = batch.samples.tensor(&self.device)?;
        let targets = batch.truth.tensor(&self.device)?;
        let logits = self.model.forward(&features, Pass::Training { seed: self.seed, step })?;
        let loss = (self.loss().sum(&logits, &targets)? / batch.samples.len() as f64)?;
        let value = scalar(&loss)?; // waits for the GPU
        self.logits = logits.flatten_all()?.to_vec1()?;
        if !value.is_finite() {
            return Ok(Step { loss: value, logits: &self.logits });
        }
        let gradients = loss.backward()?;
        let gradients: Vec<Tensor> = self
            .trainable
            .iter()
            .map(|variable| gradients.get(variable).map_or_else(|| variable.zeros_like(), |g| Ok(g.detach())))
            .collect::<candle_core::Result<_>>()?;
        let finite = self.optimizer.step(&self.trainable, &gradients, learning_rate, step + 1)?;
        if !finite || !ops::all_finite(self.untrained.iter().map(Var::as_tensor))? {
            check_finite(self.model.parameters(), self.optimizer.as_ref(), step + 1)?;
        }
        Ok(Step { loss: value, logits: &self.logits })
    }

    fn logits(&mut self, samples: &Samples<'_>) -> Result<&[f32]> {
        let logits = self.model.forward(&samples.tensor(&self.device)?, Pass::Inference)?;
        self.logits = logits.flatten_all()?.to_vec1()?;
        Ok(&self.logits)
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
