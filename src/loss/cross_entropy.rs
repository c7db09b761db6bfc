//! Cross-entropy between the classes' predicted probabilities and the true class.
//!
//! For logits z and class c: -log softmax(z)[c]. With label smoothing ε over K classes the target is
//! 1 - ε + ε/K for the true class and ε/K for the others; class weights multiply each target's term.
//! The mean divides by the number of samples, with or without class weights (as Keras does; PyTorch
//! divides by the sum of the weights).

use candle_core::{D, Result, Tensor};
use serde::{Deserialize, Serialize};

use super::Loss;
use crate::config::Problems;
use crate::data::Target;
use crate::layers::Activation;

/// `[loss.cross_entropy]`: for one class out of several.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The share of each target that is spread evenly over all classes.
    #[schemars(range(min = 0), extend("exclusiveMaximum" = 1))]
    pub label_smoothing: f64,
    /// A factor for each class, by index.
    pub class_weights: Option<Vec<f64>>,
}

impl Loss for Config {
    fn validate(&self, target: Target, outputs: usize, problems: &mut Problems<'_>) {
        match target {
            Target::Class { classes } => {
                if let Some(weights) = &self.class_weights
                    && weights.len() != classes
                {
                    problems
                        .key("class_weights")
                        .report(format!("{} weights for {classes} classes", weights.len()));
                }
                if outputs < classes {
                    problems.report(format!("the last layer has {outputs} outputs for {classes} classes"));
                }
            }
            Target::Value { .. } => problems.report_with_help(
                "cross_entropy needs classes, and this data set has numbers to predict",
                "use `mse`, `mae` or `huber`",
            ),
        }
        for (i, weight) in self.class_weights.iter().flatten().enumerate() {
            if *weight < 0.0 {
                problems.key("class_weights").index(i).report("must not be negative");
            }
        }
    }

    fn link(&self) -> Option<Activation> {
        Some(Activation::Softmax)
    }

    fn sum(&self, logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
        let classes = logits.dim(D::Minus1)?;
        let log_probabilities = candle_nn::ops::log_softmax(logits, D::Minus1)?; // [batch, classes]
        let weighted = match &self.class_weights {
            Some(weights) => {
                let weights = Tensor::new(weights.as_slice(), logits.device())?.to_dtype(logits.dtype())?;
                log_probabilities.broadcast_mul(&weights)?
            }
            None => log_probabilities,
        };
        let right = weighted.gather(&targets.unsqueeze(D::Minus1)?, D::Minus1)?.sum_all()?;
        let smoothing = self.label_smoothing;
        if smoothing == 0.0 {
            return right.neg();
        }
        let spread = (weighted.sum_all()? * (smoothing / classes as f64))?;
        ((right * (1.0 - smoothing))? + spread)?.neg()
    }
}
