//! The network's named variables, in a fixed order.

use candle_core::{DType, Device, Tensor, Var};

use super::Plan;
use crate::error::Result;
use crate::optimizer::Optimizer;
use crate::random::{Purpose, Stream};

/// All variables of a network, in the order of its layers.
///
/// Initialization, updates and saving follow this order. (candle's `VarMap` has a random one.)
#[derive(Clone, Debug, Default)]
pub struct Parameters(Vec<Parameter>);

/// One variable of a network.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// `layers.INDEX.NAME`, as in a PyTorch module with a list called `layers`; in nested layers as in
    /// `layers.3.layers.0.weight`.
    pub name: String,
    /// The value, shared with the layer that uses it.
    pub variable: Var,
    /// Whether the optimizer updates it.
    pub trainable: bool,
    /// Whether training does not change it at all.
    pub frozen: bool,
}

impl Parameters {
    /// Initializes all parameters of `plan`.
    ///
    /// # Errors
    /// If the device cannot hold them.
    pub fn initialize(plan: &Plan, seed: u64, dtype: DType, device: &Device) -> Result<Self> {
        let mut all = Vec::with_capacity(plan.specs.len());
        for spec in &plan.specs {
            let mut stream = Stream::new(seed, Purpose::Init, spec.stream);
            let values = spec.initializer.draw(&spec.shape, spec.fan_in, spec.fan_out, &mut stream);
            let tensor = Tensor::from_vec(values, spec.shape.as_slice(), device)?.to_dtype(dtype)?;
            all.push(Parameter {
                name: spec.name.clone(),
                variable: Var::from_tensor(&tensor)?,
                trainable: spec.is_trained(),
                frozen: spec.frozen,
            });
        }
        Ok(Self(all))
    }

    /// All parameters, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Parameter> {
        self.0.iter()
    }

    /// The variables, in order.
    #[must_use]
    pub fn variables(&self) -> Vec<Var> {
        self.0.iter().map(|parameter| parameter.variable.clone()).collect()
    }

    /// The variables that the optimizer updates, in order.
    #[must_use]
    pub fn trainable(&self) -> Vec<Var> {
        self.0.iter().filter(|p| p.trainable).map(|p| p.variable.clone()).collect()
    }

    /// The names of the variables that the optimizer updates, in order.
    #[must_use]
    pub fn trainable_names(&self) -> Vec<&str> {
        self.0.iter().filter(|p| p.trainable).map(|p| p.name.as_str()).collect()
    }

    /// The state of `optimizer`, which was built for the trainable variables, under names such as
    /// `first_moment.layers.0.weight`.
    #[must_use]
    pub(crate) fn state_of(&self, optimizer: &dyn Optimizer) -> Vec<(String, Var)> {
        let names = self.trainable_names();
        let named = |(kind, variables): (&'static str, &[Var])| {
            let name = |(name, variable): (&&str, &Var)| (format!("{kind}.{name}"), variable.clone());
            names.iter().zip(variables).map(name).collect::<Vec<_>>()
        };
        optimizer.state().into_iter().flat_map(named).collect()
    }
}
