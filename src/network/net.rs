//! A network while its layers describe it.

use super::{Id, MOST_PARAMETERS, Node, Operation, ParameterSpec, Plan, Row};
use crate::ops::Activation;
use crate::shape::Shape;

/// The first number of layers within other layers. Those of `model.layers` are numbered by their index,
/// which decides their random numbers, so both kinds stay apart.
const NESTED: u64 = 1 << 32;

/// Layers add what they compute to it, one after the other.
pub struct Net {
    plan: Plan,
    /// The layer that is being described, and those that it is within.
    place: Vec<Place>,
    /// How many layers are within others.
    nested: u64,
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
    /// Among the rows of the plan.
    row: usize,
    number: u64,
}

impl Net {
    /// A network without layers, for samples of shape `input`.
    #[must_use]
    pub fn new(input: Shape) -> Self {
        let plan = Plan { input, rows: Vec::new(), nodes: Vec::new(), specs: Vec::new() };
        Self { plan, place: Vec::new(), nested: 0 }
    }

    /// What was described.
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

    /// The layer that is being described, or that was when an error came, after those that it is within.
    pub fn place(&self) -> impl Iterator<Item = (&'static str, usize, &'static str)> {
        self.place.iter().map(|place| (place.list, place.index, place.name))
    }

    /// The number of the layer that is being described, by which its random numbers differ from others'.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.place.last().map_or(0, |place| place.number)
    }

    /// Describes the layer called `name`, which is number `index` of `list`.
    ///
    /// # Errors
    /// That of `describe`. The [place](Self::place) is then left as it was when it came.
    pub fn layer(
        &mut self,
        (list, index, name): (&'static str, usize, &'static str),
        describe: impl FnOnce(&mut Self) -> Result<Id, String>,
    ) -> Result<Id, String> {
        let number = if self.place.is_empty() {
            index as u64
        } else {
            self.nested += 1;
            NESTED + self.nested - 1
        };
        let path = match self.path() {
            outer if outer.is_empty() => index.to_string(),
            outer => format!("{outer}.{list}.{index}"),
        };
        let row = self.plan.rows.len();
        let specs = self.plan.specs.len();
        let output = self.plan.input.clone();
        self.plan.rows.push(Row { path, name, output, specs: specs..specs, parameters: 0, flops: 0 });
        self.place.push(Place { list, index, name, row, number });
        let value = describe(self)?;
        self.place.pop();
        self.plan.rows[row].output = self.shape(value).clone();
        Ok(value)
    }

    fn path(&self) -> String {
        self.place.last().map_or_else(String::new, |place| self.plan.rows[place.row].path.clone())
    }

    /// Adds an operation of the layer that is being described; `parameters` have names within the layer.
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
        let Some(count) = count.filter(|count| *count <= MOST_PARAMETERS && output.elements().is_some())
        else {
            return Err(format!("more than {MOST_PARAMETERS} values; make the layer or its input smaller"));
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
