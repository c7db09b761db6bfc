//! Shapes, parameters and cost of a network, computed before anything is allocated.

use std::ops::Range;

use candle_core::{Result, Tensor, Var};

use super::{Id, Mode, Node, Operation, ParameterSpec};
use crate::shape::Shape;

/// The plan of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The shape of one input sample.
    pub input: Shape,
    /// One row per layer, in order; nested layers follow the layer that contains them.
    pub rows: Vec<Row>,
    /// The operations, in order. The last node computes the network's output.
    pub nodes: Vec<Node>,
    /// All parameters, in the order in which they are initialized, saved and updated.
    pub specs: Vec<ParameterSpec>,
}

/// One layer of a [`Plan`].
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its index in `model.layers`; for layers nested in layer 3 as in `3.layers.0`.
    pub path: String,
    /// The layer's key in the config.
    pub name: &'static str,
    /// The shape of its output for one sample.
    pub output: Shape,
    /// Its own parameters in `specs` of the plan, without those of nested layers.
    pub specs: Range<usize>,
    /// The number of their values.
    pub parameters: u64,
    /// Floating-point operations of its own forward pass for one sample.
    pub flops: u64,
}

impl Plan {
    /// The shape of a value for one sample.
    #[must_use]
    pub fn shape(&self, value: Id) -> &Shape {
        value.index().checked_sub(1).map_or(&self.input, |node| &self.nodes[node].output)
    }

    /// The shape of the network's output for one sample.
    #[must_use]
    pub fn output(&self) -> &Shape {
        self.nodes.last().map_or(&self.input, |node| &node.output)
    }

    /// The number of parameters, trained or not.
    #[must_use]
    pub fn parameters(&self) -> u64 {
        self.rows.iter().map(|row| row.parameters).fold(0, u64::saturating_add)
    }

    /// Floating-point operations of the forward pass for one sample.
    #[must_use]
    pub fn flops(&self) -> u64 {
        self.rows.iter().map(|row| row.flops).fold(0, u64::saturating_add)
    }

    /// A rough bound on the memory of training, in bytes: parameters, gradients, `state_count` values of
    /// optimizer state per parameter, and every layer's output and gradient for a batch.
    #[must_use]
    pub fn training_bytes(&self, batch_size: usize, state_count: usize) -> u64 {
        let activations = self.rows.iter().filter_map(|row| row.output.elements());
        let sample =
            activations.chain(self.input.elements()).fold(0_u64, |sum, n| sum.saturating_add(n as u64));
        let batch = sample.saturating_mul(batch_size as u64).saturating_mul(2);
        let fixed = self.parameters().saturating_mul(2 + state_count as u64);
        batch.saturating_add(fixed).saturating_mul(size_of::<f32>() as u64)
    }

    /// Excludes the parameters at these places of `specs` from training. A batch normalization whose scale and shift are frozen also keeps
    /// its running averages, and uses them in training: those of other samples would not fit the frozen layers around it.
    pub fn freeze(&mut self, places: &[usize]) {
        for place in places {
            self.specs[*place].frozen = true;
        }
        for node in &mut self.nodes {
            if let Operation::BatchNorm { momentum, .. } = &mut node.operation
                && !self.specs[node.parameters.clone()].iter().any(ParameterSpec::is_trained)
            {
                *momentum = None;
                self.specs[node.parameters.clone()].iter_mut().for_each(|spec| spec.frozen = true);
            }
        }
    }

    /// Computes the network node by node, from `[batch, input shape]` to `[batch, output shape]`.
    /// `variables` are those of all parameters, in order.
    ///
    /// # Errors
    /// If candle returns an error; it never does for a validated network.
    pub fn forward(&self, variables: &[Var], x: &Tensor, mode: Mode) -> Result<Tensor> {
        self.forward_with(variables, x, mode, |_, _| Ok(()))
    }

    /// The same, but calls `look` with each node and its inputs before it is computed.
    ///
    /// # Errors
    /// Also those of `look`.
    pub fn forward_with(
        &self,
        variables: &[Var],
        x: &Tensor,
        mode: Mode,
        mut look: impl FnMut(&Node, &[&Tensor]) -> Result<()>,
    ) -> Result<Tensor> {
        // Values are freed after their last use.
        let mut last_use = vec![0; self.nodes.len() + 1];
        for (i, node) in self.nodes.iter().enumerate() {
            for input in &node.inputs {
                last_use[input.index()] = i;
            }
        }
        // A value that depends on nothing trained is detached, so that the backward pass ends there.
        let mut traced = vec![x.track_op()];
        let mut values: Vec<Option<Tensor>> = vec![Some(x.clone())];
        for (i, node) in self.nodes.iter().enumerate() {
            let inputs: Vec<&Tensor> =
                node.inputs.iter().filter_map(|input| values[input.index()].as_ref()).collect();
            look(node, &inputs)?;
            let y = node.operation.forward(&inputs, &variables[node.parameters.clone()], mode)?;
            let trained = self.specs[node.parameters.clone()].iter().any(ParameterSpec::is_trained);
            let from_traced = node.inputs.iter().any(|input| traced[input.index()]);
            traced.push(trained || from_traced);
            for input in &node.inputs {
                if last_use[input.index()] == i {
                    values[input.index()] = None;
                }
            }
            values.push(Some(if trained || from_traced { y } else { y.detach() }));
        }
        Ok(values.pop().flatten().unwrap_or_else(|| x.clone()))
    }
}
