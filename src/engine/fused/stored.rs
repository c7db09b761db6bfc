//! Steps that store their gradient before they use it.

use taper_kernels::work::Work;

use super::stage::Weights;
use super::{Fused, check_finite};
use crate::data::Batch;
use crate::engine::{Engine, Part, Step};
use crate::error::Result;

impl Fused {
    /// A step in which parameters are updated differently.
    pub(super) fn stored_step(
        &mut self,
        batch: &Batch<'_>,
        step: u64,
        learning_rate: f64,
    ) -> Result<Step<'_>> {
        let loss = self.gradients(batch, Part::whole(batch.samples.len()), step)?.loss;
        if loss.is_finite() {
            self.apply_stored(step, learning_rate)?;
        }
        Ok(Step { loss, logits: &self.network.logits })
    }

    /// Updates all parameters with the stored gradient, and resets it to 0.
    pub(super) fn apply_stored(&mut self, step: u64, learning_rate: f64) -> Result<()> {
        self.gradient();
        let Self { trained, variables, optimizer, team, isa, gradient, .. } = self;
        optimizer.begin(learning_rate, step + 1);
        let Some(gradient) = gradient else { return Ok(()) };
        let (mut team, mut finite) = (team.lend(), true);
        variables.lend(|slices| {
            let (parameters, state) = slices.split_at_mut(trained.len());
            let mut weights = Weights { parameters, state, trained, fixed: false };
            let owners = (0..trained.len()).filter(|index| trained[*index].is_some());
            for (index, gradient) in owners.zip(gradient.each_mut()) {
                let Some(weight) = weights.train(index) else { continue };
                finite &= optimizer.update(trained[index], Work::Values(&mut team, *isa, weight, gradient));
            }
            Ok(())
        })?;
        gradient.clear();
        if !finite {
            check_finite(&self.parameters, self.optimizer.as_ref(), step + 1)?;
        }
        Ok(())
    }
}
