//! Not tests: an engine with a non-finite value at one step.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use candle_core::{Device, Result, Tensor, Var};
use taper::internals::data::{Batch, BatchTargets, Features, Samples};
use taper::internals::engine::{Engine, Gradient, Part, Predictor, Step};
use taper::internals::optimizer::{Adjustment, Optimizer};
use taper::network::Parameters;
use taper::random::Stream;

/// Where the non-finite value is placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A weight, between two steps.
    Weight,
    /// A running mean or variance, between two steps.
    Statistic,
    /// A value of a sample of the batch.
    Input,
    /// The loss, by a non-finite target, or else in the engine's report.
    Loss,
    /// The gradient of a hidden value, which overflows while the loss is finite.
    Gradient,
    /// The optimizer's state, between two steps.
    Moment,
}

pub const FAULTS: [Fault; 6] =
    [Fault::Weight, Fault::Statistic, Fault::Input, Fault::Loss, Fault::Gradient, Fault::Moment];

/// An engine with a fault at one step.
pub struct Poisoned {
    pub inner: Box<dyn Engine>,
    pub fault: Fault,
    /// The step, counted from 0.
    pub at: u64,
    pub value: f32,
    pub draw: Stream,
    pub taken: u64,
    pub run: PathBuf,
    /// The checkpoints just before the fault.
    pub before: BTreeMap<PathBuf, Vec<u8>>,
}

pub fn values(variable: &Var) -> Result<Vec<f32>> {
    variable.flatten_all()?.to_vec1()
}

pub fn set(variable: &Var, values: Vec<f32>) -> Result<()> {
    variable.set(&Tensor::from_vec(values, variable.shape(), &Device::Cpu)?)
}

impl Poisoned {
    /// Puts the value into a random place of one of `variables`.
    fn spoil(&mut self, variables: &[Var]) -> Result<()> {
        let variable = &variables[self.draw.below(variables.len() as u64) as usize];
        let mut values = values(variable)?;
        let place = self.draw.below(values.len() as u64) as usize;
        values[place] = self.value;
        set(variable, values)
    }

    /// Makes the gradient of one value before the last layer overflow: the value is 0 for any input, and two
    /// outputs take it times a very large number and its negative. The loss does not show it, but the value's
    /// gradient is the difference of the outputs' gradients times that number.
    fn make_gradients_overflow(&self) -> Result<()> {
        let all: Vec<Var> = self.inner.parameters().trainable();
        let [.., weight, bias, last, _] = &all[..] else { panic!("two dense layers with biases") };
        let inputs = weight.dim(1)?;
        let mut rows = values(weight)?;
        rows[..inputs].fill(0.0);
        set(weight, rows)?;
        let mut shifts = values(bias)?;
        shifts[0] = 0.0;
        set(bias, shifts)?;
        let mut rows = values(last)?;
        (rows[0], rows[last.dim(1)?]) = (3e38, -3e38);
        set(last, rows)
    }
}

impl Predictor for Poisoned {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn logits(&mut self, samples: &Samples<'_>) -> taper::Result<&[f32]> {
        self.inner.logits(samples)
    }

    fn parameters(&self) -> &Parameters {
        self.inner.parameters()
    }
}

impl Engine for Poisoned {
    fn step(&mut self, batch: &Batch<'_>, step: u64, learning_rate: f64) -> taper::Result<Step<'_>> {
        self.taken += 1;
        if step != self.at {
            return self.inner.step(batch, step, learning_rate);
        }
        self.before = files(&self.run.join("checkpoints"));
        match self.fault {
            Fault::Weight => self.spoil(&self.inner.parameters().trainable())?,
            Fault::Statistic => {
                let all = self.inner.parameters().iter().filter(|parameter| !parameter.trainable);
                let all: Vec<Var> = all.map(|parameter| parameter.variable.clone()).collect();
                self.spoil(&all)?;
            }
            Fault::Moment => {
                let all = self.inner.optimizer().state().into_iter().flat_map(|(_, vars)| vars.to_vec());
                self.spoil(&all.collect::<Vec<_>>())?;
            }
            Fault::Gradient => self.make_gradients_overflow()?,
            Fault::Input => {
                let Features::Floats(mut values) = batch.samples.features.clone() else { panic!("floats") };
                let size = batch.samples.shape.elements().expect("few");
                let sample = batch.samples.indices[self.draw.below(batch.samples.len() as u64) as usize];
                values[sample * size + self.draw.below(size as u64) as usize] = self.value;
                let features = Features::Floats(values);
                let samples = Samples { features: &features, ..batch.samples };
                return self.inner.step(&Batch { samples, targets: batch.targets }, step, learning_rate);
            }
            Fault::Loss => {
                if let BatchTargets::Values { values, width } = batch.targets {
                    let mut values = values.to_vec();
                    let place = self.draw.below(values.len() as u64) as usize;
                    values[place] = self.value;
                    let targets = BatchTargets::Values { values: &values, width };
                    return self.inner.step(&Batch { samples: batch.samples, targets }, step, learning_rate);
                }
                let step = self.inner.step(batch, step, learning_rate)?;
                return Ok(Step { loss: f64::from(self.value), ..step });
            }
        }
        self.inner.step(batch, step, learning_rate)
    }

    fn observe(&mut self, batch: &Batch<'_>, step: u64) -> taper::Result<()> {
        self.inner.observe(batch, step)
    }

    fn gradients(&mut self, batch: &Batch<'_>, part: Part, step: u64) -> taper::Result<Step<'_>> {
        self.inner.gradients(batch, part, step)
    }

    fn gradient(&mut self) -> &mut Gradient {
        self.inner.gradient()
    }

    fn apply(&mut self, step: u64, learning_rate: f64) -> taper::Result<()> {
        self.inner.apply(step, learning_rate)
    }

    fn adjust(&mut self, adjustments: &[Adjustment]) {
        self.inner.adjust(adjustments);
    }

    fn optimizer(&self) -> &dyn Optimizer {
        self.inner.optimizer()
    }
}

/// All files below `folder`.
pub fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.clone(), std::fs::read(path).expect("a file"));
        }
    }
    found
}
