//! Shapes, parameters and cost of a network, worked out before anything is allocated.

use crate::config::Problems;
use crate::layers::ParameterSpec;
use crate::shape::Shape;

use super::Config;

/// The most parameters that a network may have: 16 GiB of `f32` with Adam's moments.
const MOST_PARAMETERS: u64 = 1 << 30;

/// What each layer does to a sample's shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The shape of one input.
    pub input: Shape,
    /// One row for each layer, in order.
    pub rows: Vec<Row>,
}

/// One layer of a [`Plan`].
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The layer's key in the config.
    pub name: &'static str,
    /// The shape of its output for one sample.
    pub output: Shape,
    /// Its parameters, in order.
    pub parameters: Vec<ParameterSpec>,
    /// Floating-point operations of its forward pass for one sample.
    pub flops: u64,
}

impl Plan {
    /// Follows a sample of shape `input` through the layers; `None` if a problem was reported.
    pub fn new(config: &Config, input: &Shape, problems: &mut Problems<'_>) -> Option<Self> {
        let mut rows = Vec::with_capacity(config.layers.len());
        let mut shape = input.clone();
        for (i, layer) in config.layers.iter().enumerate() {
            let mut layers = problems.key("layers");
            let mut element = layers.index(i);
            let mut place = element.key(layer.name());
            let output = match layer.member().output_shape(&shape) {
                Ok(output) => output,
                Err(message) => {
                    place.report(message);
                    return None;
                }
            };
            let row = Row {
                name: layer.name(),
                parameters: layer.member().parameters(&shape),
                flops: layer.member().flops(&shape),
                output: output.clone(),
            };
            if output.elements().is_none() || row.count().is_none_or(|count| count > MOST_PARAMETERS) {
                place.report(format!(
                    "more than {MOST_PARAMETERS} values; make the layer or its input smaller"
                ));
                return None;
            }
            rows.push(row);
            shape = output;
        }
        let plan = Self { input: input.clone(), rows };
        if plan.parameters() > MOST_PARAMETERS {
            problems.report(format!("more than {MOST_PARAMETERS} parameters; make the layers smaller"));
            return None;
        }
        Some(plan)
    }

    /// The shape of the network's output for one sample.
    #[must_use]
    pub fn output(&self) -> &Shape {
        self.rows.last().map_or(&self.input, |row| &row.output)
    }

    /// The number of parameters, trained or not.
    #[must_use]
    pub fn parameters(&self) -> u64 {
        self.rows.iter().map(|row| row.count().unwrap_or(u64::MAX)).fold(0, u64::saturating_add)
    }

    /// Floating-point operations of the forward pass for one sample.
    #[must_use]
    pub fn flops(&self) -> u64 {
        self.rows.iter().map(|row| row.flops).fold(0, u64::saturating_add)
    }

    /// A rough bound on the memory of training, in bytes: parameters, gradients and `slots` values
    /// of optimizer state for each, and every layer's output and gradient for a batch.
    #[must_use]
    pub fn training_bytes(&self, batch_size: usize, slots: usize) -> u64 {
        let activations = self.rows.iter().filter_map(|row| row.output.elements());
        let sample =
            activations.chain(self.input.elements()).fold(0_u64, |sum, n| sum.saturating_add(n as u64));
        let batch = sample.saturating_mul(batch_size as u64).saturating_mul(2);
        let fixed = self.parameters().saturating_mul(2 + slots as u64);
        batch.saturating_add(fixed).saturating_mul(size_of::<f32>() as u64)
    }
}

impl Row {
    /// The number of parameters, or `None` where it exceeds `u64`.
    #[must_use]
    pub fn count(&self) -> Option<u64> {
        self.parameters.iter().try_fold(0_u64, |sum, parameter| {
            let elements = parameter.shape.iter().try_fold(1_u64, |n, &size| n.checked_mul(size as u64))?;
            sum.checked_add(elements)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(layers: &str, input: &Shape) -> Result<Plan, String> {
        let config = Config { layers: serde_json::from_str(layers).map_err(|e| e.to_string())? };
        let mut found = Vec::new();
        let plan = Plan::new(&config, input, &mut Problems::new(&mut found));
        plan.ok_or_else(|| found.first().map_or_else(String::new, |p| format!("{}: {}", p.path, p.message)))
    }

    #[test]
    fn counts_the_parameters_of_an_mlp() -> Result<(), String> {
        let plan =
            plan(r#"[{"dense": {"units": 64}}, {"dense": {"units": 10, "bias": false}}]"#, &[784].into())?;
        assert_eq!(plan.parameters(), 784 * 64 + 64 + 640);
        assert_eq!(plan.output(), &[10].into());
        Ok(())
    }

    #[test]
    fn names_the_layer_that_cannot_follow() {
        let error = plan(r#"[{"dense": {"units": 64}}]"#, &[1, 28, 28].into()).unwrap_err();
        assert!(error.starts_with("layers[0].dense: dense needs a flat input"), "{error}");
    }

    #[test]
    fn refuses_what_no_memory_holds() {
        let huge = r#"[{"dense": {"units": 100000000}}]"#;
        let error = plan(huge, &[100_000_000].into()).unwrap_err();
        assert!(error.contains("make the layer or its input smaller"), "{error}");
    }
}
