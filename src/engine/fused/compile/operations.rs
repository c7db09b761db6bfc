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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{Id, Net};
    use crate::ops::Activation;

    /// A network of operations that are called by a function each.
    struct Sketch(Net);

    impl Sketch {
        fn new() -> Self {
            Self(Net::new([4].into()))
        }

        fn apply(&mut self, function: Activation, x: Id) -> Id {
            self.0.add(Operation::Activation(function), &[x], Vec::new()).unwrap()
        }

        fn sum(&mut self, a: Id, b: Id) -> Id {
            self.0.add(Operation::Add, &[a, b], Vec::new()).unwrap()
        }

        fn series(self) -> Result<String, String> {
            operations(&self.0.finish()).map(|items| text(&items))
        }
    }

    /// As in `tanh (relu + x)`.
    fn text(items: &[Item]) -> String {
        let item = |item: &Item| match &item.operation {
            Operation::Activation(function) => format!("{function:?}").to_lowercase(),
            Operation::Add => {
                let [a, b] = item.branches.each_ref().map(|items| text(items));
                format!("({a} + {b})")
            }
            other => panic!("{other:?}"),
        };
        let all: Vec<String> = items.iter().map(item).collect();
        if all.is_empty() { "x".to_owned() } else { all.join(" ") }
    }

    use Activation::{Elu, Gelu, Relu, Silu, Tanh};

    #[test]
    fn sums_hold_what_is_computed_side_by_side() {
        let mut net = Sketch::new();
        let x = net.apply(Tanh, Id::INPUT);
        let a = net.apply(Relu, x);
        let b = net.sum(a, x);
        let c = net.apply(Gelu, b);
        let d = net.sum(b, c);
        let e = net.apply(Silu, d);
        let f = net.apply(Elu, x);
        let sum = net.sum(e, f);
        net.apply(Tanh, sum);
        assert_eq!(net.series().unwrap(), "tanh ((relu + x) (x + gelu) silu + elu) tanh");
    }

    #[test]
    fn a_value_can_be_added_to_itself() {
        let mut net = Sketch::new();
        let x = net.sum(Id::INPUT, Id::INPUT);
        net.apply(Relu, x);
        assert_eq!(net.series().unwrap(), "(x + x) relu");
    }

    #[test]
    fn branches_that_meet_before_the_sum_are_declined() {
        let mut net = Sketch::new();
        let shared = net.apply(Relu, Id::INPUT);
        let (a, b) = (net.sum(shared, Id::INPUT), net.apply(Tanh, shared));
        net.sum(a, b);
        assert_eq!(net.series().unwrap_err(), "branches that share operations");
    }

    #[test]
    fn values_without_a_use_are_declined() {
        let mut net = Sketch::new();
        net.apply(Relu, Id::INPUT);
        net.apply(Tanh, Id::INPUT);
        assert_eq!(net.series().unwrap_err(), "values that nothing is computed from");
    }

    #[test]
    fn sums_of_other_shapes_or_numbers_are_declined() {
        let mut net = Sketch::new();
        net.0.add(Operation::Add, &[Id::INPUT], Vec::new()).unwrap();
        assert_eq!(net.series().unwrap_err(), "a sum of other than two equal shapes");
        let mut net = Sketch::new();
        let three = Operation::Dense { inputs: 4, units: 3 };
        let three = net.0.add(three, &[Id::INPUT], Vec::new()).unwrap();
        net.sum(three, Id::INPUT);
        assert_eq!(net.series().unwrap_err(), "a sum of other than two equal shapes");
        let mut net = Sketch::new();
        net.0.add(Operation::Flatten, &[Id::INPUT, Id::INPUT], Vec::new()).unwrap();
        assert_eq!(net.series().unwrap_err(), "an operation with 2 inputs");
    }

    #[test]
    fn sums_within_sums_are_followed_to_a_depth_that_no_stack_runs_out_of() {
        let nested = |depth: usize| {
            let mut net = Sketch::new();
            let mut sum = Id::INPUT;
            for _ in 0..depth {
                let term = net.apply(Relu, Id::INPUT);
                sum = net.sum(sum, term);
            }
            net.series()
        };
        assert!(nested(DEEPEST).is_ok());
        assert_eq!(nested(100_000).unwrap_err(), "sums within sums more than 64 deep");
    }
}
