//! The computation of a network as one series of operations; parallel branches are nested in a sum.

use crate::network::{Operation, Plan};
use crate::shape::Shape;

/// The maximum nesting depth of sums. Configs stay far below it; custom code may not.
const MAX_DEPTH: usize = 64;

/// An operation of a layer, with its place in the network.
pub struct Item {
    /// The operation.
    pub operation: Operation,
    /// The row of its layer in the plan.
    pub layer: usize,
    /// The index of the layer's first parameter, and the number of its parameters.
    pub parameters: (usize, usize),
    /// The shape of the output.
    pub output: Shape,
    /// The terms of a sum: two series that start from the same value, the input of the sum.
    pub branches: [Vec<Item>; 2],
}

/// All operations in order, without those that change nothing.
pub fn operations(plan: &Plan) -> Result<Vec<Item>, String> {
    let taken = vec![false; plan.nodes.len()];
    let mut series = Series { plan, origins: origins(plan)?, taken };
    let items = series.between(0, plan.nodes.len(), 0)?;
    if series.taken.contains(&false) {
        return Err("values that are not used".to_owned());
    }
    Ok(items)
}

/// For each value, the last value before it through which all paths from the network's input lead.
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
            (Operation::Add, _) => {
                return Err("a sum of anything but two values of the same shape".to_owned());
            }
            (_, &[input]) => input,
            (_, inputs) => return Err(format!("an operation with {} inputs", inputs.len())),
        };
        origins.push(origin);
    }
    Ok(origins)
}

struct Series<'a> {
    plan: &'a Plan,
    /// The result of [`origins`].
    origins: Vec<usize>,
    /// Which nodes have become items.
    taken: Vec<bool>,
}

impl Series<'_> {
    /// The operations that lead from one value to another, within `depth` sums.
    fn between(&mut self, from: usize, to: usize, depth: usize) -> Result<Vec<Item>, String> {
        if depth > MAX_DEPTH {
            return Err(format!("sums nested more than {MAX_DEPTH} deep"));
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

    /// A network of operations, each added by a method call.
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
    fn parallel_branches_become_sums() {
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
    fn branches_that_join_before_the_sum_are_refused() {
        let mut net = Sketch::new();
        let shared = net.apply(Relu, Id::INPUT);
        let (a, b) = (net.sum(shared, Id::INPUT), net.apply(Tanh, shared));
        net.sum(a, b);
        assert_eq!(net.series().unwrap_err(), "branches that share operations");
    }

    #[test]
    fn unused_values_are_refused() {
        let mut net = Sketch::new();
        net.apply(Relu, Id::INPUT);
        net.apply(Tanh, Id::INPUT);
        assert_eq!(net.series().unwrap_err(), "values that are not used");
    }

    #[test]
    fn sums_of_other_shapes_or_counts_are_refused() {
        let mut net = Sketch::new();
        net.0.add(Operation::Add, &[Id::INPUT], Vec::new()).unwrap();
        assert_eq!(net.series().unwrap_err(), "a sum of anything but two values of the same shape");
        let mut net = Sketch::new();
        let three = Operation::Dense { inputs: 4, units: 3 };
        let three = net.0.add(three, &[Id::INPUT], Vec::new()).unwrap();
        net.sum(three, Id::INPUT);
        assert_eq!(net.series().unwrap_err(), "a sum of anything but two values of the same shape");
        let mut net = Sketch::new();
        net.0.add(Operation::Flatten, &[Id::INPUT, Id::INPUT], Vec::new()).unwrap();
        assert_eq!(net.series().unwrap_err(), "an operation with 2 inputs");
    }

    #[test]
    fn nested_sums_are_supported_to_a_depth_that_fits_the_stack() {
        let nested = |depth: usize| {
            let mut net = Sketch::new();
            let mut sum = Id::INPUT;
            for _ in 0..depth {
                let term = net.apply(Relu, Id::INPUT);
                sum = net.sum(sum, term);
            }
            net.series()
        };
        assert!(nested(MAX_DEPTH).is_ok());
        assert_eq!(nested(100_000).unwrap_err(), "sums nested more than 64 deep");
    }
}
