//! `[model]`: the list of layers, and the network built from it.
//!
//! ```
//! use taper::config::Problems;
//!
//! # fn main() -> taper::Result<()> {
//! let model = taper::Experiment::built_in("mnist_mlp_128")?.model;
//! let mut found = Vec::new();
//! let plan = model.plan(&[1, 28, 28].into(), &mut Problems::new(&mut found)).expect("it fits");
//! assert_eq!(plan.parameters(), (784 * 128 + 128) + (128 * 10 + 10));
//! # Ok(())
//! # }
//! ```

use serde::{Deserialize, Serialize};

use crate::config::{Path, Problems};
use crate::layers;
use crate::network::{Id, MAX_PARAMETERS, Net, Plan};
use crate::shape::Shape;

/// `[model]`: layers, applied in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The layers, from the input to the logits.
    #[schemars(length(min = 1, max = 10_000))]
    pub layers: Vec<layers::Config>,
}

impl Config {
    /// Determines the shapes of all layers for a sample of shape `input`; `None` if a problem was reported.
    pub fn plan(&self, input: &Shape, problems: &mut Problems<'_>) -> Option<Plan> {
        let mut net = Net::new(input.clone());
        if let Err(message) = layers::sequence("layers", &self.layers, Id::INPUT, &mut net) {
            let place = net
                .place()
                .fold(Path::default(), |path, (list, index, name)| path.key(list).index(index).key(name));
            problems.within(&place).report(message);
            return None;
        }
        if net.parameters() > MAX_PARAMETERS {
            problems.report(format!("more than {MAX_PARAMETERS} parameters; make the layers smaller"));
            return None;
        }
        Some(net.finish())
    }

    /// The number of outputs per sample, if the last layer with parameters determines it.
    #[must_use]
    pub fn outputs(&self) -> Option<usize> {
        let last = self.layers.iter().rev().find(|layer| {
            !matches!(
                layer,
                layers::Config::activation(_) | layers::Config::dropout(_) | layers::Config::flatten(_)
            )
        });
        match last? {
            layers::Config::dense(dense) => Some(dense.units),
            _ => None,
        }
    }

    /// The activation function of the last layer.
    #[must_use]
    pub fn final_activation(&self) -> Option<layers::Activation> {
        match self.layers.last()? {
            layers::Config::dense(dense) => dense.activation,
            layers::Config::batch_norm(norm) => norm.activation,
            layers::Config::residual(block) => block.activation,
            layers::Config::activation(activation) => Some(activation.function),
            _ => None,
        }
    }

    /// The same network without its last activation, which is left to the loss: training and evaluation use
    /// logits. The indices of layers, and thus the names of parameters, do not change.
    #[must_use]
    pub fn without_final_activation(&self) -> Self {
        let mut config = self.clone();
        match config.layers.last_mut() {
            Some(layers::Config::dense(dense)) => dense.activation = None,
            Some(layers::Config::batch_norm(norm)) => norm.activation = None,
            Some(layers::Config::residual(block)) => block.activation = None,
            Some(layers::Config::activation(_)) => {
                config.layers.pop();
            }
            _ => {}
        }
        config
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(layers: &str, input: &Shape) -> Result<Plan, String> {
        let config = Config { layers: serde_json::from_str(layers).map_err(|e| e.to_string())? };
        let mut found = Vec::new();
        let plan = config.plan(input, &mut Problems::new(&mut found));
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
    fn an_error_names_the_layer_that_does_not_fit() {
        let error = plan(r#"[{"dense": {"units": 64}}]"#, &[1, 28, 28].into()).unwrap_err();
        assert!(error.starts_with("layers[0].dense: dense needs a flat input"), "{error}");
    }

    #[test]
    fn refuses_layers_too_large_for_any_memory() {
        let huge = r#"[{"dense": {"units": 100000000}}]"#;
        let error = plan(huge, &[100_000_000].into()).unwrap_err();
        assert!(error.contains("make the layer or its input smaller"), "{error}");
    }

    #[test]
    fn nested_layers_have_their_own_names_and_random_numbers() -> Result<(), String> {
        let block =
            r#"{"residual": {"layers": [{"dense": {"units": 4}}], "shortcut": [{"dense": {"units": 4}}]}}"#;
        let plan = plan(&format!(r#"[{{"dense": {{"units": 3}}}}, {block}]"#), &[2].into())?;
        let names: Vec<&str> = plan.specs.iter().map(|spec| spec.name.as_str()).collect();
        assert_eq!(names[..2], ["layers.0.weight", "layers.0.bias"]);
        assert_eq!(names[2..4], ["layers.1.layers.0.weight", "layers.1.layers.0.bias"]);
        assert_eq!(names[4..], ["layers.1.shortcut.0.weight", "layers.1.shortcut.0.bias"]);
        let streams: std::collections::HashSet<_> = plan.specs.iter().map(|spec| spec.stream).collect();
        assert_eq!(streams.len(), names.len());
        assert_eq!(plan.specs[1].stream, [0, 1]);
        Ok(())
    }

    #[test]
    fn copies_of_layers_have_their_own_names_and_errors_name_their_place() -> Result<(), String> {
        let inner = r#"{"repeat": {"times": 2, "layers": [{"dense": {"units": 4}}, {"flatten": {}}]}}"#;
        let outer = format!(r#"[{{"repeat": {{"times": 2, "layers": [{inner}]}}}}]"#);
        let names: Vec<String> =
            plan(&outer, &[4].into())?.specs.iter().map(|spec| spec.name.clone()).collect();
        let weights = |name: &&String| name.ends_with("weight");
        let paths: Vec<&str> = names.iter().filter(weights).map(|name| &name[..name.len() - 7]).collect();
        assert_eq!(paths, ["layers.0.0.0.0.0", "layers.0.0.0.1.0", "layers.0.1.0.0.0", "layers.0.1.0.1.0"]);
        let images = r#"[{"repeat": {"times": 3, "layers": [{"flatten": {}}, {"conv2d": {"filters": 1, "kernel_size": 1}}]}}]"#;
        let error = plan(images, &[1, 2, 2].into()).unwrap_err();
        assert!(error.starts_with("layers[0].repeat.layers[1].conv2d: conv2d needs images"), "{error}");
        Ok(())
    }

    #[test]
    fn a_short_config_does_not_become_an_endless_network() {
        let mut layer = r#"{"activation": {"function": "relu"}}"#.to_owned();
        for _ in 0..6 {
            layer = format!(r#"{{"repeat": {{"times": 1000, "layers": [{layer}]}}}}"#);
        }
        let error = plan(&format!("[{layer}]"), &[4].into()).unwrap_err();
        assert!(error.contains("more than 100000 layers"), "{error}");
    }

    #[test]
    fn an_error_names_the_nested_layer_or_both_shapes_of_a_sum() {
        let within = r#"[{"residual": {"layers": [{"residual": {"layers": [{"conv2d": {"filters": 1, "kernel_size": 1}}]}}]}}]"#;
        let error = plan(within, &[4].into()).unwrap_err();
        let place = "layers[0].residual.layers[0].residual.layers[0].conv2d: conv2d needs images";
        assert!(error.starts_with(place), "{error}");
        let error =
            plan(r#"[{"residual": {"layers": [{"dense": {"units": 3}}]}}]"#, &[4].into()).unwrap_err();
        assert!(
            error.starts_with("layers[0].residual: residual: the layers give 3, but the input has 4"),
            "{error}"
        );
    }
}
