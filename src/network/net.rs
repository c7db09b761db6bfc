//! A network under construction, while its layers describe themselves.

use super::{Id, MAX_PARAMETERS, Node, Operation, ParameterSpec, Plan, Row};
use crate::ops::Activation;
use crate::shape::Shape;

/// The first number for nested layers. Layers in `model.layers` are numbered by their index, which
/// determines their random numbers, so the two ranges must not overlap.
const NESTED: u64 = 1 << 32;

/// The most layers of a network, with the copies of repeated ones: a short config could ask for any number.
const MAX_LAYERS: usize = 100_000;

/// A network under construction; layers add their operations in order.
pub struct Net {
    plan: Plan,
    /// The layer that is currently described, after its enclosing layers.
    place: Vec<Place>,
    /// The number of nested layers.
    nested: u64,
    /// The copy of the current layer's list of layers that is being described, if there are several.
    copy: Option<usize>,
}

/// A layer in a list of layers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The list: `layers` or `shortcut`.
    pub list: &'static str,
    /// Its index in the list.
    pub index: usize,
    /// The layer's key in the config.
    pub name: &'static str,
    /// Its row in the plan.
    row: usize,
    number: u64,
}

impl Net {
    /// A network without layers, for samples of shape `input`.
    #[must_use]
    pub fn new(input: Shape) -> Self {
        let plan = Plan { input, rows: Vec::new(), nodes: Vec::new(), specs: Vec::new() };
        Self { plan, place: Vec::new(), nested: 0, copy: None }
    }

    /// The finished plan.
    #[must_use]
    pub fn finish(self) -> Plan {
        self.plan
    }

    /// The number of parameters so far.
    #[must_use]
    pub fn parameters(&self) -> u64 {
        self.plan.parameters()
    }

    /// The shape of a value for one sample.
    #[must_use]
    pub fn shape(&self, value: Id) -> &Shape {
        self.plan.shape(value)
    }

    /// The layer that is currently described, or that failed, after its enclosing layers.
    pub fn place(&self) -> impl Iterator<Item = (&'static str, usize, &'static str)> {
        self.place.iter().map(|place| (place.list, place.index, place.name))
    }

    /// The number of the current layer, which makes its random numbers distinct.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.place.last().map_or(0, |place| place.number)
    }

    /// Describes the layer called `name`, which is number `index` of `list`.
    ///
    /// # Errors
    /// The error of `describe`. The [place](Self::place) then remains that of the error.
    pub fn layer(
        &mut self,
        (list, index, name): (&'static str, usize, &'static str),
        describe: impl FnOnce(&mut Self) -> Result<Id, String>,
    ) -> Result<Id, String> {
        if self.plan.rows.len() >= MAX_LAYERS {
            return Err(format!("more than {MAX_LAYERS} layers; repeat them less often"));
        }
        let number = if self.place.is_empty() {
            index as u64
        } else {
            self.nested += 1;
            NESTED + self.nested - 1
        };
        let copy = self.copy.take();
        let path = match (self.path(), copy) {
            (outer, _) if outer.is_empty() => index.to_string(),
            (outer, None) => format!("{outer}.{list}.{index}"),
            (outer, Some(copy)) => format!("{outer}.{copy}.{index}"),
        };
        let row = self.plan.rows.len();
        let specs = self.plan.specs.len();
        let output = self.plan.input.clone();
        self.plan.rows.push(Row { path, name, output, specs: specs..specs, parameters: 0, flops: 0 });
        self.place.push(Place { list, index, name, row, number });
        let value = describe(self)?;
        self.place.pop();
        self.copy = copy;
        self.plan.rows[row].output = self.shape(value).clone();
        Ok(value)
    }

    /// Describes number `copy` of several copies of the current layer's list of layers.
    ///
    /// # Errors
    /// The error of `describe`.
    pub fn copy(
        &mut self,
        copy: usize,
        describe: impl FnOnce(&mut Self) -> Result<Id, String>,
    ) -> Result<Id, String> {
        self.copy = Some(copy);
        let value = describe(self)?;
        self.copy = None;
        Ok(value)
    }

    fn path(&self) -> String {
        self.place.last().map_or_else(String::new, |place| self.plan.rows[place.row].path.clone())
    }

    /// Adds an operation of the current layer; `parameters` have names within the layer.
    ///
    /// # Errors
    /// If there are more values than fit into memory.
    pub fn add(
        &mut self,
        operation: Operation,
        inputs: &[Id],
        parameters: Vec<ParameterSpec>,
    ) -> Result<Id, String> {
        let input = self.shape(inputs.first().copied().unwrap_or(Id::INPUT));
        let (output, flops) = (operation.output(input), operation.flops(input, parameters.len()));
        let count = parameters.iter().try_fold(0_u64, |sum, spec| sum.checked_add(spec.count()?));
        let Some(count) = count.filter(|count| *count <= MAX_PARAMETERS && output.elements().is_some())
        else {
            return Err(format!("more than {MAX_PARAMETERS} values; make the layer or its input smaller"));
        };
        let (path, number) = (self.path(), self.number());
        let row = self.place.last().map_or(0, |place| place.row);
        let first = self.plan.specs.len();
        let own = self.plan.rows.get(row).map_or(0, |row| row.specs.len());
        self.plan.specs.extend(parameters.into_iter().enumerate().map(|(i, spec)| ParameterSpec {
            name: format!("layers.{path}.{}", spec.name),
            stream: [number, (own + i) as u64],
            ..spec
        }));
        let parameters = first..self.plan.specs.len();
        if let Some(row) = self.plan.rows.get_mut(row) {
            row.flops = row.flops.saturating_add(flops);
            row.parameters = row.parameters.saturating_add(count);
            if !parameters.is_empty() {
                let start = if row.specs.is_empty() { first } else { row.specs.start };
                row.specs = start..parameters.end;
            }
        }
        self.plan.nodes.push(Node { operation, inputs: inputs.to_vec(), parameters, output, row });
        Ok(Id(self.plan.nodes.len()))
    }

    /// Applies `function` to `value`, if there is one.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn activate(&mut self, value: Id, function: Option<Activation>) -> Result<Id, String> {
        match function {
            Some(function) => self.add(Operation::Activation(function), &[value], Vec::new()),
            None => Ok(value),
        }
    }
}
