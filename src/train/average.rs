//! Averaged weights beside those that are trained.

use candle_core::{Tensor, Var};
use taper_kernels::average::blend;
use taper_kernels::simd::lanes::Isa;

use super::{ema, swa};
use crate::engine::SharedTeam;
use crate::error::Result;
use crate::network::Parameters;
use crate::ops::slices::Slices;

/// What is averaged.
#[derive(Clone, Debug)]
pub enum Kind {
    /// All weights so far, recent ones more.
    Moving(ema::Config),
    /// The weights at the ends of the last epochs.
    Last(swa::Config),
}

/// The averages of all parameters. To validate or save them, they change places with the parameters.
pub struct Average {
    kind: Kind,
    /// Whether the averages differ from the parameters.
    begun: bool,
    parameters: Vec<Var>,
    /// Whether each of them is frozen: their average is themselves, to the last bit.
    frozen: Vec<bool>,
    /// The averages, or the parameters while these have changed places.
    others: Vec<(String, Var)>,
    /// The values of both, parameters first; `None` on a GPU.
    values: Option<Slices<f32>>,
    team: SharedTeam,
    isa: Isa,
}

impl Average {
    /// Averages that are equal to `parameters`.
    ///
    /// # Errors
    /// If the device cannot hold them.
    pub fn new(kind: Kind, parameters: &Parameters, team: SharedTeam) -> Result<Self> {
        let named = |parameter: &crate::network::Parameter| {
            let copy = Var::from_tensor(&parameter.variable.copy()?)?;
            Ok((format!("raw.{}", parameter.name), copy))
        };
        let others = parameters.iter().map(named).collect::<Result<Vec<_>>>()?;
        let frozen = parameters.iter().map(|parameter| parameter.frozen).collect();
        let parameters = parameters.variables();
        let all = parameters.iter().chain(others.iter().map(|(_, other)| other)).cloned();
        let on_cpu = parameters.iter().all(|parameter| parameter.device().is_cpu());
        let values = if on_cpu { Some(Slices::new(&all.collect::<Vec<_>>())?) } else { None };
        let begun = matches!(kind, Kind::Moving(_));
        Ok(Self { kind, begun, parameters, frozen, others, values, team, isa: Isa::detect() })
    }

    /// Updates the averages after step `step`, counted from 0.
    ///
    /// # Errors
    /// If candle returns an error.
    pub fn after_step(&mut self, step: u64) -> Result<()> {
        match &self.kind {
            Kind::Moving(config) => config.kept(step).map_or(Ok(()), |kept| self.update(kept)),
            Kind::Last(_) => Ok(()),
        }
    }

    /// Updates the averages at the end of epoch `epoch`, counted from 1, of `epochs`. Returns whether the running statistics of batch
    /// normalization must then be measured again.
    ///
    /// # Errors
    /// If candle returns an error.
    pub fn after_epoch(&mut self, epoch: u64, epochs: u64) -> Result<bool> {
        let Kind::Last(config) = &self.kind else { return Ok(false) };
        let Some(kept) = config.kept(epoch, epochs) else { return Ok(false) };
        self.begun = true;
        self.update(kept)?;
        Ok(true)
    }

    /// Continues after `epoch` finished epochs of `epochs`.
    pub fn resume(&mut self, epoch: u64, epochs: u64) {
        if let Kind::Last(config) = &self.kind {
            self.begun = config.kept(epoch, epochs).is_some();
        }
    }

    fn update(&mut self, kept: f64) -> Result<()> {
        let Some(values) = &mut self.values else {
            let all = self.parameters.iter().zip(&self.others).zip(&self.frozen);
            for ((parameter, (_, average)), _) in all.filter(|(_, frozen)| !**frozen) {
                let new = (parameter.as_tensor() * (1.0 - kept))?;
                average.set(&((average.as_tensor() * kept)? + new)?)?;
            }
            return Ok(());
        };
        let (count, shares) = (self.parameters.len(), [kept as f32, (1.0 - kept) as f32]);
        let (mut team, isa) = (self.team.lend(), self.isa);
        values.lend(|slices| {
            let (parameters, averages) = slices.split_at_mut(count);
            let all = averages.iter_mut().zip(parameters).zip(&self.frozen);
            for ((average, parameter), _) in all.filter(|(_, frozen)| !**frozen) {
                blend(&mut team, isa, average, parameter, shares);
            }
            Ok(())
        })?;
        Ok(())
    }

    /// Sets the averages to the parameters.
    ///
    /// # Errors
    /// If candle returns an error.
    pub fn restart(&self) -> Result<()> {
        for (parameter, (_, average)) in self.parameters.iter().zip(&self.others) {
            average.set(&parameter.copy()?)?;
        }
        Ok(())
    }

    /// Exchanges the averages and the parameters. Averages that have not begun are equal to the parameters.
    ///
    /// # Errors
    /// If candle returns an error.
    pub fn swap(&mut self) -> Result<()> {
        if !self.begun {
            self.update(0.0)?;
        }
        let Some(values) = &mut self.values else {
            for (parameter, (_, other)) in self.parameters.iter().zip(&self.others) {
                let own: Tensor = parameter.copy()?;
                parameter.set(&other.copy()?)?;
                other.set(&own)?;
            }
            return Ok(());
        };
        let count = self.parameters.len();
        values.lend(|slices| {
            let (parameters, others) = slices.split_at_mut(count);
            for (parameter, other) in parameters.iter_mut().zip(others) {
                parameter.swap_with_slice(other);
            }
            Ok(())
        })?;
        Ok(())
    }

    /// What changes places with the parameters, as `raw.NAME`: in a checkpoint, whose weights are the averages, the parameters.
    #[must_use]
    pub fn others(&self) -> &[(String, Var)] {
        &self.others
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};

    use super::*;
    use crate::Experiment;
    use crate::shape::Shape;

    fn parameters() -> Parameters {
        let experiment = Experiment::built_in("mnist_mlp_64").expect("a config");
        let plan = experiment.plan(
            &Shape::from([1, 28, 28]),
            None,
            &mut crate::config::Problems::new(&mut Vec::new()),
        );
        Parameters::initialize(&plan.expect("a plan"), 1, DType::F32, &Device::Cpu).expect("parameters")
    }

    fn values(variable: &Var) -> Vec<f32> {
        variable.flatten_all().and_then(|flat| flat.to_vec1()).expect("values")
    }

    #[test]
    fn the_average_follows_its_closed_form() -> Result<()> {
        let parameters = parameters();
        let config = ema::Config { decay: 0.9, ..ema::Config::default() };
        let mut average = Average::new(Kind::Moving(config), &parameters, SharedTeam::new(2))?;
        let first: Vec<f64> = parameters.iter().flat_map(|p| values(&p.variable)).map(f64::from).collect();
        let mut expected = first.clone();
        for step in 0..100_u64 {
            let factor = 1.0 + step as f64 / 50.0;
            let mut at = 0;
            for parameter in parameters.iter() {
                let len = parameter.variable.elem_count();
                let new: Vec<f32> = first[at..at + len].iter().map(|value| (value * factor) as f32).collect();
                parameter.variable.set(&Tensor::from_vec(new, parameter.variable.shape(), &Device::Cpu)?)?;
                at += len;
            }
            average.after_step(step)?;
            let kept = f64::min(0.9, (1.0 + step as f64) / (10.0 + step as f64));
            for (expected, first) in expected.iter_mut().zip(&first) {
                *expected = kept * *expected + (1.0 - kept) * first * factor;
            }
        }
        let found = average.others().iter().flat_map(|(_, other)| values(other));
        for (found, expected) in found.zip(&expected) {
            assert!((f64::from(found) - expected).abs() < 1e-6, "{found} {expected}");
        }
        Ok(())
    }

    #[test]
    fn without_decay_the_average_has_the_bits_of_the_weights_and_swapping_twice_changes_nothing() -> Result<()>
    {
        let parameters = parameters();
        let config = ema::Config { decay: 0.0, ..ema::Config::default() };
        let mut average = Average::new(Kind::Moving(config), &parameters, SharedTeam::new(1))?;
        let weight = &parameters.iter().next().expect("a weight").variable;
        weight.set(&(weight.as_tensor() * 1.7)?)?;
        average.after_step(0)?;
        assert_eq!(values(&average.others()[0].1), values(weight));
        weight.set(&(weight.as_tensor() * 3.0)?)?;
        let before = [values(weight), values(&average.others()[0].1)];
        average.swap()?;
        assert_eq!([values(&average.others()[0].1), values(weight)], before);
        average.swap()?;
        assert_eq!([values(weight), values(&average.others()[0].1)], before);
        Ok(())
    }
}
