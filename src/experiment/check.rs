//! What is known of a run before anything of it is done.

use serde::Serialize;

use super::Experiment;
use crate::config::Problems;
use crate::data::SearchPath;
use crate::network::Plan;
use crate::shape::Shape;

/// What is known of a run before it: its data, its layers and what they cost. Where the data set decides
/// the shape of a sample, the network is not known until the data is read.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    /// What the run is called.
    pub name: String,
    /// Where its samples are.
    pub data: Location,
    /// The shape of one sample.
    pub input_shape: Option<Shape>,
    /// One for each layer, in order; those within a layer follow it.
    pub layers: Option<Vec<Layer>>,
    /// The number of parameters, trained or not.
    pub parameters: Option<u64>,
    /// Floating-point operations of the forward pass for one sample.
    pub flops_per_sample: Option<u64>,
    /// About how much memory training needs besides the samples.
    pub training_bytes: Option<u64>,
}

/// Where samples are.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Location {
    /// The data set's key in the config.
    pub name: &'static str,
    /// Whether they are there, or can be fetched.
    pub found: bool,
    /// Where, or what is missing and how to get it.
    pub place: String,
}

/// One layer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Layer {
    /// Where it is: its index in `model.layers`, or as in `3.layers.0` within layer 3.
    pub path: String,
    /// Its key in the config.
    pub layer: &'static str,
    /// The shape of its output for one sample.
    pub output_shape: Shape,
    /// The number of its own parameters.
    pub parameters: u64,
    /// Floating-point operations of its own forward pass for one sample.
    pub flops: u64,
}

impl Experiment {
    /// Looks for the data in `search`, without reading it, and works out the network's shapes and costs.
    #[must_use]
    pub fn check(&self, search: &SearchPath) -> Check {
        let data = self.data.member();
        let facts = data.facts();
        let plan = facts
            .sample_shape
            .and_then(|shape| self.plan(&shape, facts.target, &mut Problems::new(&mut Vec::new())));
        let (found, place) = match data.locate(search) {
            Ok(place) => (true, place),
            Err(error) => (false, error.to_string()),
        };
        let (batch_size, slots) = (self.train.batch_size, self.optimizer.member().slots());
        Check {
            name: self.name.clone(),
            data: Location { name: self.data.name(), found, place },
            input_shape: plan.as_ref().map(|plan| plan.input.clone()),
            layers: plan.as_ref().map(layers),
            parameters: plan.as_ref().map(Plan::parameters),
            flops_per_sample: plan.as_ref().map(Plan::flops),
            training_bytes: plan.as_ref().map(|plan| plan.training_bytes(batch_size, slots)),
        }
    }
}

fn layers(plan: &Plan) -> Vec<Layer> {
    let rows = plan.rows.iter().map(|row| Layer {
        path: row.path.clone(),
        layer: row.name,
        output_shape: row.output.clone(),
        parameters: row.parameters,
        flops: row.flops,
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_costs_of_layers_add_up_and_missing_data_is_explained() {
        let experiment = Experiment::built_in("mnist_cnn").unwrap();
        let check = experiment.check(&SearchPath { fetch: false, ..SearchPath::default() });
        let layers = check.layers.unwrap();
        assert_eq!(layers.len(), experiment.model.layers.len());
        assert_eq!(Some(layers.iter().map(|layer| layer.parameters).sum()), check.parameters);
        assert_eq!(Some(layers.iter().map(|layer| layer.flops).sum()), check.flops_per_sample);
        assert!(check.training_bytes > check.parameters);
        assert!(!check.data.found && check.data.place.contains("mnist"), "{}", check.data.place);
    }

    #[test]
    fn what_only_the_data_decides_is_left_open() {
        let text = "[data.npz]\npath = 'none.npz'\n[model]\nlayers = [{ dense = { units = 2 } }]\n\
                    [loss.cross_entropy]\n[optimizer.sgd]";
        let check = Experiment::from_toml(text).unwrap().check(&SearchPath::default());
        assert_eq!((check.layers, check.parameters, check.training_bytes), (None, None, None));
    }
}
