//! `[clip]`: limits for gradients, after Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks" (2013).
//!
//! With `value` v, each value g becomes min(max(g, -v), v). With `norm` n, the gradient g of each parameter is multiplied by
//! min(1, n / ‖g‖), as with Keras's `clipnorm`. With `global_norm` n, all gradients are multiplied by min(1, n / ‖all‖), as with Keras's
//! `global_clipnorm` and, except for its 1e-6 in the denominator, PyTorch's `clip_grad_norm_`.

use serde::{Deserialize, Serialize};

use crate::config::Problems;
use crate::engine::{Engine, Gradient};
use crate::error::{Error, Result};

/// `[clip]`: limits the gradient of each step before the optimizer uses it; one of the three.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The greatest absolute value.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub value: Option<f64>,
    /// The greatest Euclidean norm of the gradient of each parameter tensor.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub norm: Option<f64>,
    /// The greatest Euclidean norm of all gradients together.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub global_norm: Option<f64>,
}

impl Config {
    /// Reports more than one limit, or none.
    pub fn validate(&self, problems: &mut Problems<'_>) {
        let limits = [self.value, self.norm, self.global_norm];
        let given = limits.iter().flatten().count();
        if given != 1 {
            let found = if given == 0 { "no limit is set" } else { "more than one limit is set" };
            problems.report_with_help(found, "set one of `value`, `norm` and `global_norm`");
        }
    }

    /// Limits the engine's gradient, updates the parameters with it, and returns the norm of all gradients before; `step`
    /// counts from 0.
    ///
    /// # Errors
    /// As [`apply`](Self::apply), and those of the update.
    pub fn update(&self, engine: &mut dyn Engine, step: u64, learning_rate: f64) -> Result<f64> {
        let norm = self.apply(engine.gradient(), step)?;
        engine.apply(step, learning_rate)?;
        Ok(norm)
    }

    /// Limits `gradient` and returns the norm of all gradients before.
    ///
    /// # Errors
    /// [`Error::NotFinite`] if that norm is infinite; `step` counts from 0.
    pub fn apply(&self, gradient: &mut Gradient, step: u64) -> Result<f64> {
        let norm = gradient.norm();
        if !norm.is_finite() {
            let name = "norm of the gradient".to_owned();
            return Err(Error::NotFinite { name, value: norm, step: step + 1 });
        }
        if let Some(most) = self.value {
            let most = most as f32;
            gradient.values_mut().iter_mut().for_each(|value| *value = value.clamp(-most, most));
        }
        if let Some(most) = self.norm {
            gradient.each_mut().for_each(|own| limit(own, most));
        }
        if let Some(most) = self.global_norm.filter(|most| norm > *most) {
            gradient.scale((most / norm) as f32);
        }
        Ok(norm)
    }
}

/// Scales a gradient to the norm `most` if its norm is greater.
fn limit(gradient: &mut [f32], most: f64) {
    let norm = Gradient::norm_of(gradient);
    if norm > most {
        let factor = (most / norm) as f32;
        for value in gradient {
            *value *= factor;
        }
    }
}
