//! The samples for a measurement: those of the data set, or random ones of its shape.

use crate::config::Problems;
use crate::data::{self, Dataset, Features, SearchPath, Splits, Target, Targets};
use crate::error::{Error, Result};
use crate::experiment::Experiment;
use crate::random::{Purpose, Stream};
use crate::shape::Shape;

/// The number of random samples, and the maximum number of values in them; there is always at least one
/// batch.
const SAMPLES: usize = 2048;
const MOST_VALUES: usize = 1 << 26;

/// Loads the samples of `experiment`. If they are not on disk and cannot be downloaded, generates random ones of the
/// shape declared in the config, and returns the reason with them.
///
/// # Errors
/// If files are damaged, or missing while the config does not declare their shape.
pub fn load(experiment: &Experiment, search: &SearchPath) -> Result<(Splits, Option<Error>)> {
    let source = experiment.data.member();
    let missing = match source.locate(search) {
        Err(missing) => missing,
        Ok(place) => {
            match experiment.data.load_for(experiment.classes(), &experiment.split, search, experiment.seed) {
                Ok(splits) => return Ok((splits, None)),
                Err(stopped @ Error::StoppedReading(_)) => return Err(stopped),
                Err(failed) if place == SearchPath::PENDING => failed,
                Err(damaged) => return Err(damaged),
            }
        }
    };
    match declared(experiment) {
        Some((shape, target)) => Ok((random(experiment, shape, target), Some(missing))),
        None => Err(missing),
    }
}

/// The declared shape of a sample and its target. If the data set does not declare a target, it follows from the last
/// layer.
fn declared(experiment: &Experiment) -> Option<(Shape, Target)> {
    let facts = experiment.data.member().facts();
    let shape = facts.sample_shape?;
    let fits = |target: &Target| {
        let mut found = Vec::new();
        experiment.plan(&shape, Some(*target), &mut Problems::new(&mut found)).is_some()
    };
    let plan = experiment.plan(&shape, None, &mut Problems::new(&mut Vec::new()))?;
    let outputs = plan.output().elements()?;
    let guesses =
        [Target::Class { classes: outputs }, Target::Class { classes: 2 }, Target::Value { width: outputs }];
    let target = facts.target.or_else(|| guesses.into_iter().find(fits))?;
    Some((shape, target))
}

fn random(experiment: &Experiment, shape: Shape, target: Target) -> Splits {
    let size = shape.elements().unwrap_or(1).max(1);
    let split = [experiment.split.validation, experiment.split.test];
    let share: f64 = split.iter().filter(|share| **share < 1.0).sum();
    let number: f64 = split.iter().filter(|number| **number >= 1.0).sum();
    let batch = ((experiment.train.batch_size as f64 + number) / (1.0 - share)).ceil() as usize;
    let samples = SAMPLES.min(MOST_VALUES / size).max(batch);
    let mut stream = Stream::new(experiment.seed, Purpose::Data, [0, 0]);
    let numbers = matches!(&experiment.data, data::Config::csv(table) if !table.pixels);
    let features = match shape.image() {
        Some(_) if !numbers => {
            Features::Bytes((0..samples * size).map(|_| stream.below(256) as u8).collect())
        }
        _ => Features::Floats((0..samples * size).map(|_| stream.normal() as f32).collect()),
    };
    let targets = match target {
        Target::Class { classes } => Targets::Classes {
            labels: (0..samples).map(|_| stream.below(classes as u64) as u32).collect(),
            names: (0..classes).map(|class| class.to_string()).collect(),
        },
        Target::Value { width } => {
            Targets::Values { values: (0..samples * width).map(|_| stream.normal() as f32).collect(), width }
        }
    };
    Splits {
        train: Dataset { sample_shape: shape, features: features.into(), targets },
        validation: None,
        test: None,
        columns: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Input;

    fn experiment(text: &str) -> Experiment {
        let input = Input { name: "a.toml".to_owned(), text: text.into(), ..Input::default() };
        Experiment::load(&input).unwrap()
    }

    const REST: &str = "[optimizer.sgd]\n[train]\nbatch_size = 3000\n";

    #[test]
    fn the_target_follows_from_the_last_layer() {
        let images = "[data.image_folder]\npath = 'none'\nheight = 2\nwidth = 2\n[split]\nvalidation = 0.5";
        let layers =
            |units| format!("[model]\nlayers = [{{ flatten = {{}} }}, {{ dense = {{ units = {units} }} }}]");
        for (units, loss, classes) in [(5, "cross_entropy", 5), (1, "binary_cross_entropy", 2)] {
            let config = experiment(&format!("{images}\n{}\n[loss.{loss}]\n{REST}", layers(units)));
            let (splits, missing) = load(&config, &SearchPath::default()).unwrap();
            assert!(matches!(missing, Some(Error::Data { .. })), "{missing:?}");
            assert_eq!(splits.train.target(), Target::Class { classes });
            assert_eq!(splits.train.sample_shape, [3, 2, 2].into());
            assert_eq!(splits.train.len(), 6000, "one batch, after half was held out");
        }
    }

    #[test]
    fn samples_of_a_table_are_numbers_even_if_shaped_like_images() {
        let text = format!(
            "[data.csv]\npath = 'none'\ntarget = 'y'\nshape = [1, 1, 2]\ntask = 'regression'\n\
             [model]\nlayers = [{{ flatten = {{}} }}, {{ dense = {{ units = 1 }} }}]\n[loss.mse]\n{REST}"
        );
        let (splits, _) = load(&experiment(&text), &SearchPath::default()).unwrap();
        assert_eq!(splits.train.target(), Target::Value { width: 1 });
        assert!(
            matches!(splits.train.features.memory(), Some(Features::Floats(values)) if values.len() == 2 * 3000)
        );
    }

    #[test]
    fn an_unknown_shape_is_a_data_error() {
        let text = format!(
            "[data.npz]\npath = 'none.npz'\n[model]\nlayers = [{{ dense = {{ units = 2 }} }}]\n\
             [loss.cross_entropy]\n{REST}"
        );
        let error = load(&experiment(&text), &SearchPath::default()).unwrap_err();
        assert!(matches!(error, Error::Data { .. }), "{error}");
    }
}
