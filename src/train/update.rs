//! What happens to the gradient of a step, and to the parameters after it: penalties, limits, and the options of parameters.

use super::parameters::{self, Options, resolve};
use super::{clip, penalty};
use crate::config::Problems;
use crate::data::Batch;
use crate::engine::{Engine, Part, Step};
use crate::error::Result;
use crate::network::Plan;

/// How the steps of a run update the parameters.
pub struct Update<'a> {
    /// The limits for gradients, if any.
    clip: Option<&'a clip::Config>,
    /// The options of each trained parameter.
    options: Vec<Options>,
    /// Whether each of them is trained in the current epoch.
    active: Vec<bool>,
    /// The number of steps in an epoch.
    steps: u64,
}

/// What is measured while parameters are updated.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Updated {
    /// The norm of the gradient before it was limited, if it was.
    pub gradient_norm: Option<f64>,
    /// The sum of the penalties, if there are any.
    pub penalty: Option<f64>,
}

impl<'a> Update<'a> {
    /// The updates of a network of `plan` with epochs of `steps` steps, with limits for gradients, and options of parameters.
    #[must_use]
    pub fn new(
        clip: Option<&'a clip::Config>,
        entries: &[parameters::Config],
        plan: &Plan,
        steps: u64,
    ) -> Self {
        let options = resolve(entries, plan, &mut Problems::new(&mut Vec::new()));
        let trained = plan.specs.iter().zip(options).filter(|(spec, _)| spec.is_trained());
        let options: Vec<Options> = trained.map(|(_, options)| options).collect();
        Self { clip, active: vec![true; options.len()], options, steps }
    }

    /// Whether gradients must be known before they update anything.
    fn stores(&self) -> bool {
        self.clip.is_some() || self.options.iter().any(has_penalty)
    }

    /// Begins `epoch`, counted from 0, or continues it.
    pub fn begin_epoch(&mut self, engine: &mut dyn Engine, epoch: u64) {
        let adjustments: Vec<_> = self.options.iter().map(|own| own.adjustment(epoch, self.steps)).collect();
        engine.adjust(&adjustments);
        self.active = self.options.iter().map(|own| own.is_trained_in(epoch)).collect();
    }

    /// The first part of a step, which returns its loss; if that is finite, [`finish`](Self::finish) completes it. `step` counts from 0.
    ///
    /// # Errors
    /// Those of the engine.
    pub fn begin<'e>(
        &self,
        engine: &'e mut dyn Engine,
        batch: &Batch<'_>,
        step: u64,
        learning_rate: f64,
    ) -> Result<Step<'e>> {
        if self.stores() {
            engine.gradients(batch, Part::whole(batch.samples.len()), step)
        } else {
            engine.step(batch, step, learning_rate)
        }
    }

    /// The rest of the step: penalties, limits for gradients, the update, and limits for norms of weights, in this order.
    ///
    /// # Errors
    /// Those of the engine, and [`Error::NotFinite`](crate::error::Error::NotFinite) if the norm of the gradient is not finite.
    pub fn finish(&self, engine: &mut dyn Engine, step: u64, learning_rate: f64) -> Result<Updated> {
        let mut updated = Updated::default();
        if self.stores() {
            updated.penalty = self.penalize(engine)?;
            updated.gradient_norm = match self.clip {
                Some(clip) => Some(clip.update(engine, step, learning_rate)?),
                None => engine.apply(step, learning_rate).map(|()| None)?,
            };
        }
        let parameters = engine.parameters().iter().filter(|parameter| parameter.trainable);
        let limited = parameters.zip(&self.options).zip(&self.active).filter(|(_, active)| **active);
        for ((parameter, options), _) in limited {
            if let Some(most) = options.max_norm {
                let shape = parameter.variable.dims().to_vec();
                penalty::with_values(&parameter.variable, true, |weights| {
                    penalty::limit(weights, &shape, most);
                })?;
            }
        }
        Ok(updated)
    }

    /// Adds the gradients of the penalties to the engine's gradient, and makes it 0 for parameters that this epoch does not train, so
    /// that no norm counts them. Returns the penalty, if there is one.
    fn penalize(&self, engine: &mut dyn Engine) -> Result<Option<f64>> {
        let trainable = engine.parameters().trainable();
        let mut sum = 0.0;
        let all = engine.gradient().each_mut().zip(&trainable).zip(&self.options).zip(&self.active);
        for (((gradient, variable), options), active) in all {
            if !active {
                gradient.fill(0.0);
            } else if has_penalty(options) {
                let Options { l1, l2, .. } = *options;
                let own =
                    penalty::with_values(variable, false, |weights| penalty::add(weights, gradient, l1, l2))?;
                sum += own.unwrap_or_default();
            }
        }
        Ok(self.options.iter().any(has_penalty).then_some(sum))
    }
}

fn has_penalty(options: &Options) -> bool {
    options.l1 > 0.0 || options.l2 > 0.0
}
