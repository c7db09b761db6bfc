//! What a network computes, as one series of operations: what is computed side by side is within a sum.

use crate::network::{Operation, Plan};
use crate::shape::Shape;

/// Sums within sums are followed down to this depth. Configs stay far above it; code may not.
const DEEPEST: usize = 64;

/// An operation of a layer, with its place in the network.
pub struct Item {
    /// What is computed.
    pub operation: Operation,
    /// The layer, among the plan's rows.
    pub layer: usize,
    /// The first parameter of the layer, and how many it has.
    pub parameters: (usize, usize),
    /// The shape of the output.
    pub output: Shape,
    /// What a sum adds: two series that begin with the same value, which is the sum's input.
    pub branches: [Vec<Item>; 2],
}

/// All operations in order, without those that change nothing.
pub fn operations(plan: &Plan) -> Result<Vec<Item>, String> {
    let taken = vec![false; plan.nodes.len()];
    let mut series = Series { plan, origins: origins(plan)?, taken };
    let items = series.between(0, plan.nodes.len(), 0)?;
    if series.taken.contains(&false) {
        return Err("values that nothing is computed from".to_owned());
    }
    Ok(items)
}

/// For each value the last one before it that all ways from the network's input lead through.
fn origins(plan: &Plan) -> Result<Vec<usize>, String> {
    let mut origins = vec![0];
    for node in &plan.nodes {
        let inputs = node.inputs.iter().map(|input| input.index()).collect::<Vec<_>>();
        let origin = match (&node.operation, &inputs[..]) {
            (Operation::Custom(custom), _) => {
                return Err(format!("the custom layer `{}`", custom.layer.name()));
            }
            (Operation::Add, &[mut a, mut b]) if plan.shape(node.inputs[0]) == plan.shape(node.inputs[1]) => {
                while a != b {
                    let later = if a > b { &mut a } else { &mut b };
                    *later = origins[*later];
                }
                a
            }
            (Operation::Add, _) => return Err("a sum of other than two equal shapes".to_owned()),
            (_, &[input]) => input,
            (_, inputs) => return Err(format!("an operation with {} inputs", inputs.len())),
        };
        origins.push(origin);
    }
    Ok(origins)
}

struct Series<'a> {
    plan: &'a Plan,
    /// As [`origins`] finds them.
    origins: Vec<usize>,
    /// Which nodes have become items.
    taken: Vec<bool>,
}

impl Series<'_> {
    /// What leads from one value to another, within `depth` sums.
    fn between(&mut self, from: usize, to: usize, depth: usize) -> Result<Vec<Item>, String> {
        if depth > DEEPEST {
            return Err(format!("sums within sums more than {DEEPEST} deep"));
        }
        let values = std::iter::successors(Some(to), |value| Some(self.origins[*value]));
        let mut nodes: Vec<usize> =
            values.take_while(|value| *value != from).map(|value| value - 1).collect();
        nodes.reverse();
        let mut items = Vec::with_capacity(nodes.len());
        for node in nodes {
            if std::mem::replace(&mut self.taken[node], true) {
                return Err("branches that share operations".to_owned());
            }
            self.push(node, depth, &mut items)?;
        }
        Ok(items)
    }

    fn push(&mut self, index: usize, depth: usize, items: &mut Vec<Item>) -> Result<(), String> {
        let node = &self.plan.nodes[index];
        let input = self.plan.shape(node.inputs[0]);
        let nothing = match node.operation {
            Operation::Flatten => *input == node.output,
            Operation::Dropout { rate, .. } => rate <= 0.0,
            _ => false,
        };
        if nothing {
            return Ok(());
        }
        let parameters = (node.parameters.start, node.parameters.len());
        let mut push = |operation: Operation, output: Shape, branches: [Vec<Item>; 2]| {
            items.push(Item { operation, layer: node.row, parameters, output, branches });
        };
        match &node.operation {
            Operation::GlobalAverage(window) => {
                push(Operation::AveragePool(*window), [input.0[0], 1, 1].into(), Default::default());
                push(Operation::Flatten, node.output.clone(), Default::default());
            }
            Operation::Add => {
                let from = self.origins[index + 1];
                let [a, b] = [0, 1].map(|side| self.between(from, node.inputs[side].index(), depth + 1));
                push(Operation::Add, node.output.clone(), [a?, b?]);
            }
            operation => push(operation.clone(), node.output.clone(), Default::default()),
        }
        Ok(())
    }
}
