//! The reference engine: candle's autograd over taper's corrected operations.

use candle_core::backprop::GradStore;
use candle_core::{DType, Device, Tensor, Var};

use super::{Engine, Gradient, Part, Predictor, Step, check_finite};
use crate::data::{Batch, Samples};
use crate::error::{Error, Result};
use crate::layers::Mode;
use crate::loss;
use crate::network::{Parameters, Plan};
use crate::ops;
use crate::optimizer::{Adjustment, Optimizer};

/// Runs any network on any device; holds only its weights.
pub struct GraphPredictor {
    plan: Plan,
    parameters: Parameters,
    /// The variables of all parameters, in order.
    variables: Vec<Var>,
    device: Device,
    /// The logits of the last call.
    logits: Vec<f32>,
}

impl GraphPredictor {
    /// A predictor for the network of `plan` with `parameters`, which are on `device`.
    #[must_use]
    pub fn new(plan: Plan, parameters: Parameters, device: Device) -> Self {
        let variables = parameters.variables();
        Self { plan, parameters, variables, device, logits: Vec::new() }
    }
}

impl Predictor for GraphPredictor {
    fn name(&self) -> &'static str {
        "graph"
    }

    fn logits(&mut self, samples: &Samples<'_>) -> Result<&[f32]> {
        let logits = self.plan.forward(&self.variables, &samples.tensor(&self.device)?, Mode::Inference)?;
        self.logits = logits.flatten_all()?.to_vec1()?;
        Ok(&self.logits)
    }

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }
}

/// Trains any network on any device.
pub struct Graph {
    predictor: GraphPredictor,
    loss: loss::Config,
    optimizer: Box<dyn Optimizer>,
    trainable: Vec<Var>,
    /// The variables that layers update themselves: running statistics.
    untrained: Vec<Var>,
    seed: u64,
    /// Allocated on first use.
    gradient: Option<Gradient>,
}

impl Graph {
    /// An engine for the network of `plan` with `parameters`, which are on `device`; `seed` determines the
    /// dropout masks.
    #[must_use]
    pub fn new(
        plan: Plan,
        parameters: Parameters,
        loss: loss::Config,
        optimizer: Box<dyn Optimizer>,
        device: Device,
        seed: u64,
    ) -> Self {
        let trainable = parameters.trainable();
        let untrained = parameters.iter().filter(|parameter| !parameter.trainable);
        let untrained = untrained.map(|parameter| parameter.variable.clone()).collect();
        let predictor = GraphPredictor::new(plan, parameters, device);
        Self { predictor, loss, optimizer, trainable, untrained, seed, gradient: None }
    }

    /// Forward and backward pass for a part of a batch; returns the loss, and the gradients if it is
    /// finite.
    fn pass(&mut self, batch: &Batch<'_>, part: Part, step: u64) -> Result<(f64, Option<GradStore>)> {
        let GraphPredictor { plan, variables, device, logits, .. } = &mut self.predictor;
        let features = batch.samples.tensor(device)?;
        let targets = batch.targets.tensor(device)?;
        let mode = Mode::Training { seed: self.seed, step, first: part.first };
        let output = plan.forward(variables, &features, mode)?;
        let loss = (self.loss.member().sum(&output, &targets)? / part.whole as f64)?;
        let value = scalar(&loss)?; // waits for the GPU
        *logits = output.flatten_all()?.to_vec1()?;
        let gradients = if value.is_finite() { Some(loss.backward()?) } else { None };
        Ok((value, gradients))
    }

    /// Updates the parameters with `gradients`, one for each trainable variable.
    fn update(&mut self, gradients: &[Tensor], step: u64, learning_rate: f64) -> Result<()> {
        let finite = self.optimizer.step(&self.trainable, gradients, learning_rate, step + 1)?;
        if finite && self.is_untrained_finite()? {
            return Ok(());
        }
        check_finite(self.predictor.parameters(), self.optimizer.as_ref(), step + 1)
    }

    fn is_untrained_finite(&self) -> Result<bool> {
        Ok(ops::all_finite(self.untrained.iter().map(Var::as_tensor))?)
    }
}

impl Predictor for Graph {
    fn name(&self) -> &'static str {
        self.predictor.name()
    }

    fn logits(&mut self, samples: &Samples<'_>) -> Result<&[f32]> {
        self.predictor.logits(samples)
    }

    fn parameters(&self) -> &Parameters {
        self.predictor.parameters()
    }
}

impl Engine for Graph {
    fn step(&mut self, batch: &Batch<'_>, step: u64, learning_rate: f64) -> Result<Step<'_>> {
        let (loss, gradients) = self.pass(batch, Part::whole(batch.samples.len()), step)?;
        if let Some(found) = gradients {
            let gradients = self.trainable.iter().map(|variable| gradient_of(&found, variable));
            let gradients = gradients.collect::<Result<Vec<Tensor>>>()?;
            self.update(&gradients, step, learning_rate)?;
        }
        Ok(Step { loss, logits: &self.predictor.logits })
    }

    fn observe(&mut self, batch: &Batch<'_>, step: u64) -> Result<()> {
        let GraphPredictor { plan, variables, device, .. } = &self.predictor;
        let mode = Mode::Training { seed: self.seed, step, first: 0 };
        plan.forward(variables, &batch.samples.tensor(device)?, mode)?;
        Ok(())
    }

    fn gradients(&mut self, batch: &Batch<'_>, part: Part, step: u64) -> Result<Step<'_>> {
        let (loss, gradients) = self.pass(batch, part, step)?;
        if let Some(found) = gradients {
            let kept = self.gradient.get_or_insert_with(|| Gradient::new(self.predictor.parameters()));
            for (variable, kept) in self.trainable.iter().zip(kept.each_mut()) {
                let values = gradient_of(&found, variable)?.flatten_all()?.to_dtype(DType::F32)?;
                for (kept, value) in kept.iter_mut().zip(values.to_vec1::<f32>()?) {
                    *kept += value;
                }
            }
            if let Some((name, value)) = kept.not_finite() {
                return Err(Error::NotFinite { name: format!("gradient of {name}"), value, step: step + 1 });
            }
            if !self.is_untrained_finite()? {
                check_finite(self.predictor.parameters(), self.optimizer.as_ref(), step + 1)?;
            }
        }
        Ok(Step { loss, logits: &self.predictor.logits })
    }

    fn gradient(&mut self) -> &mut Gradient {
        self.gradient.get_or_insert_with(|| Gradient::new(self.predictor.parameters()))
    }

    fn apply(&mut self, step: u64, learning_rate: f64) -> Result<()> {
        let mut gradient = match self.gradient.take() {
            Some(gradient) => gradient,
            None => Gradient::new(self.predictor.parameters()),
        };
        let tensors = self.trainable.iter().zip(gradient.each_mut()).map(|(variable, values)| {
            let tensor = Tensor::from_slice(values, variable.shape(), variable.device())?;
            Ok(tensor.to_dtype(variable.dtype())?)
        });
        let tensors = tensors.collect::<Result<Vec<Tensor>>>()?;
        gradient.clear();
        self.gradient = Some(gradient);
        self.update(&tensors, step, learning_rate)
    }

    fn adjust(&mut self, adjustments: &[Adjustment]) {
        self.optimizer.adjust(adjustments);
    }

    fn optimizer(&self) -> &dyn Optimizer {
        self.optimizer.as_ref()
    }
}

/// The gradient of `variable`; 0 if the loss does not depend on it.
fn gradient_of(gradients: &GradStore, variable: &Var) -> Result<Tensor> {
    Ok(match gradients.get(variable) {
        Some(gradient) => gradient.detach(),
        None => variable.zeros_like()?,
    })
}

fn scalar(tensor: &Tensor) -> Result<f64> {
    tensor.to_dtype(DType::F64)?.to_scalar().map_err(Error::from)
}
