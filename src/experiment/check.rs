//! Checks a run without training: its data, layers and costs.

use serde::Serialize;

use super::{Experiment, InitFrom, Initial, InitialWeights, ParameterGroup};
use std::path::{Path, PathBuf};

use crate::config::Problems;
use crate::data::{self, SearchPath, Surveyed, Target};
use crate::error::{Error, Result};
use crate::network::Plan;
use crate::shape::Shape;
use crate::train::parameters::groups;

/// The result of checking a run: its data, its layers and their costs. If the data set determines the shape of a
/// sample, the layers are known only if the data can be read.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    /// The name of the run.
    pub name: String,
    /// The location of its samples.
    pub data: Location,
    /// The shape of one sample.
    pub input_shape: Option<Shape>,
    /// The layers in order; nested layers follow the layer that contains them.
    pub layers: Option<Vec<Layer>>,
    /// The number of parameters, trainable or not.
    pub parameters: Option<u64>,
    /// The parameters that training can change, by the options that `[[parameters]]` sets for them.
    pub parameter_groups: Option<Vec<ParameterGroup>>,
    /// Floating-point operations of the forward pass for one sample.
    pub flops_per_sample: Option<u64>,
    /// The approximate memory for training in bytes, without the data set.
    pub training_bytes: Option<u64>,
    /// Whether averages of the weights are validated, tested and saved.
    pub averaged: bool,
    /// What the initial weights consist of, if `train.init_from` is set and the layers are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initial_weights: Option<InitialWeights>,
    /// The planned learning rates, if the number of training samples is known.
    pub learning_rates: Option<LearningRates>,
    /// What is wrong with the data: it is missing or damaged, or does not match the config.
    pub error: Option<String>,
    #[serde(skip)]
    failed: Option<(PathBuf, String, Vec<String>)>,
}

/// The learning rates of a run that ends as planned.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LearningRates {
    /// The schedule's key in the config.
    pub schedule: &'static str,
    /// The number of steps in an epoch.
    pub steps_per_epoch: u64,
    /// The number of steps in the run.
    pub steps: u64,
    /// Up to 61 steps, counted from 0 and evenly spaced from the first to the last, with their learning rates.
    pub rates: Vec<(u64, f64)>,
}

/// The most steps whose learning rates are listed.
const POINTS: u64 = 61;

/// The location of a data set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Location {
    /// The data set's key in the config.
    pub name: &'static str,
    /// Whether the data set is on disk, or can be downloaded.
    pub found: bool,
    /// The place of the data set, if found.
    pub place: Option<String>,
}

/// One layer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Layer {
    /// The index in `model.layers`, or for a nested layer a path such as `3.layers.0`.
    pub path: String,
    /// The layer's key in the config.
    pub layer: &'static str,
    /// The shape of the output for one sample.
    pub output_shape: Shape,
    /// The number of parameters, without those of nested layers.
    pub parameters: u64,
    /// Floating-point operations of the forward pass for one sample, without those of nested layers.
    pub flops: u64,
}

impl Check {
    /// Checks that the data was found and matches the config.
    ///
    /// # Errors
    /// [`Error::Data`] or [`Error::Missing`] if not.
    pub fn require_data(&self) -> Result<()> {
        match self.failed.clone() {
            None => Ok(()),
            Some((place, message, details)) if details.is_empty() => Err(Error::Data { place, message }),
            Some((place, message, details)) => Err(Error::Missing { place, message, details }),
        }
    }
}

impl Experiment {
    /// Looks for the data in `search`, and computes the network's shapes and costs. Files are read only as far as needed
    /// to check the last layer against them.
    ///
    /// # Errors
    /// [`Error::StoppedReading`] after a signal; [`Error::Checkpoint`] or [`Error::Usage`] if the weights of `train.init_from` cannot be
    /// used. Errors in the data are part of the result.
    pub fn check(&self, search: &SearchPath) -> Result<Check> {
        self.check_in(search, true)
    }

    /// The same as [`check`](Self::check) without reading the data, which may be missing.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn check_without_data(&self, search: &SearchPath) -> Result<Check> {
        self.check_in(search, false)
    }

    fn check_in(&self, search: &SearchPath, read: bool) -> Result<Check> {
        let data = self.data.member();
        let located = data.locate(search);
        let found = located.is_ok();
        let surveyed = match &located {
            Ok(place) if read && *place != SearchPath::PENDING => data.survey(self.classes(), search),
            _ => Ok(Surveyed { facts: data.facts(), ..Surveyed::default() }),
        };
        let (Surveyed { facts, classes, samples }, damaged) = match surveyed {
            Ok(surveyed) => (surveyed, None),
            Err(stopped @ Error::StoppedReading(_)) => return Err(stopped),
            Err(error) => (Surveyed { facts: data.facts(), ..Surveyed::default() }, Some(error)),
        };
        let (place, missing) = match located {
            Ok(place) => (Some(place), None),
            Err(error) => (None, Some(error)),
        };
        let shape = facts.sample_shape.as_ref();
        let suited = || self.require_classes(&classes);
        let fitted = shape.map(|shape| suited().and_then(|()| self.fit(shape, facts.target, &classes)));
        let (plan, unfit) = match fitted {
            Some(Ok(plan)) => (Some(plan), None),
            Some(Err(error)) => (
                shape.and_then(|shape| self.plan(shape, None, &mut Problems::new(&mut Vec::new()))),
                Some(error),
            ),
            None => (None, None),
        };
        let initial_weights = match &plan {
            Some(plan) => self.initial_weights(plan, search)?.map(|initial| initial.describe(plan)),
            None => None,
        };
        let error = missing.or(damaged).or(unfit);
        let failed = error.as_ref().map(|error| match error {
            Error::Data { place, message } => (place.clone(), message.clone(), Vec::new()),
            Error::Missing { place, message, details } => (place.clone(), message.clone(), details.clone()),
            other => (Path::new(self.data.name()).to_path_buf(), other.to_string(), Vec::new()),
        });
        let (batch_size, state_count) = (self.train.batch_size, self.state_count());
        Ok(Check {
            name: self.name.clone(),
            data: Location { name: self.data.name(), found, place },
            input_shape: plan.as_ref().map(|plan| plan.input.clone()),
            layers: plan.as_ref().map(layers),
            parameters: plan.as_ref().map(Plan::parameters),
            parameter_groups: plan.as_ref().map(|plan| groups(&self.parameters, plan)),
            flops_per_sample: plan.as_ref().map(Plan::flops),
            training_bytes: plan.as_ref().map(|plan| plan.training_bytes(batch_size, state_count)),
            averaged: self.average().is_some(),
            initial_weights,
            learning_rates: samples.and_then(|samples| self.learning_rates(samples)),
            error: error.map(|error| error.to_string()),
            failed,
        })
    }

    /// The weights of `train.init_from` for the network of `plan`, if it is set.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] or [`Error::Usage`] if they cannot be used.
    pub(crate) fn initial_weights(&self, plan: &Plan, search: &SearchPath) -> Result<Option<Initial>> {
        let open = |from: &InitFrom| from.open(plan, |path| search.resolve(path));
        self.train.init_from.as_ref().map(open).transpose()
    }

    /// The learning rates for a data set with this number of training samples before any are held out.
    fn learning_rates(&self, samples: usize) -> Option<LearningRates> {
        let course = self.course(self.split.remaining(samples)? as u64);
        let (schedule, last) = (self.schedule(course), course.all_steps.checked_sub(1)?);
        let points = POINTS.min(course.all_steps);
        let step =
            |point: u64| (u128::from(last) * u128::from(point) / u128::from((points - 1).max(1))) as u64;
        Some(LearningRates {
            schedule: self.schedule.name(),
            steps_per_epoch: course.steps,
            steps: course.all_steps,
            rates: (0..points).map(step).map(|step| (step, schedule.rate(step))).collect(),
        })
    }

    /// The plan for samples of `shape` with this `target`; `classes` are the names of the classes, if any.
    ///
    /// # Errors
    /// [`Error::Data`] with the places at which they do not match the config.
    pub(crate) fn fit(&self, shape: &Shape, target: Option<Target>, classes: &[String]) -> Result<Plan> {
        let mut found = Vec::new();
        self.plan(shape, target, &mut Problems::new(&mut found)).ok_or_else(|| {
            let texts = found.iter().map(|problem| match &problem.help {
                Some(help) => format!("{}: {} ({help})", problem.path, problem.message),
                None => format!("{}: {}", problem.path, problem.message),
            });
            let message = texts.collect::<Vec<_>>().join("; ");
            let rows = matches!(self.data, data::Config::csv(_)) && shape.image().is_none();
            let advice = if rows && message.starts_with("model.layers[0]") && message.contains("needs images")
            {
                "; to use rows as images, set `shape` in `[data.csv]`, such as `shape = [1, 28, 28]`"
            } else {
                ""
            };
            let named =
                if message.contains("class") { super::classes::found(classes) } else { String::new() };
            Error::data(
                self.data.name(),
                format!("the data does not match the config: {message}{advice}{named}"),
            )
        })
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
    fn costs_of_layers_add_up_and_missing_data_is_reported() {
        let experiment = Experiment::built_in("mnist_cnn").unwrap();
        let check = experiment.check(&SearchPath { fetch: false, ..SearchPath::default() }).unwrap();
        let message = check.require_data().unwrap_err().to_string();
        assert!(!check.data.found && message.contains("mnist"), "{message}");
        assert_eq!((check.data.place, check.error), (None, Some(message)));
        let layers = check.layers.unwrap();
        assert_eq!(layers.len(), experiment.model.layers.len());
        assert_eq!(Some(layers.iter().map(|layer| layer.parameters).sum()), check.parameters);
        assert_eq!(Some(layers.iter().map(|layer| layer.flops).sum()), check.flops_per_sample);
        assert!(check.training_bytes > check.parameters);
    }

    #[test]
    fn layers_are_unknown_if_only_the_data_determines_them() {
        let text = "[data.npz]\npath = 'none.npz'\n[model]\nlayers = [{ dense = { units = 2 } }]\n\
                    [loss.cross_entropy]\n[optimizer.sgd]";
        let check = Experiment::from_toml(text).unwrap().check(&SearchPath::default()).unwrap();
        assert_eq!((check.layers, check.parameters, check.training_bytes), (None, None, None));
    }
}
