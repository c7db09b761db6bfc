//! The config of a checkpoint with overrides.

use super::config_of;
use crate::checkpoint::Checkpoint;
use crate::config::Input;
use crate::data::Target;
use crate::error::{Error, Result};
use crate::experiment::Experiment;

/// The config of `checkpoint` with overrides: the name of each in messages, and `path=value`.
///
/// # Errors
/// [`Error::Checkpoint`] if this version of taper does not support its own config; [`Error::Config`] with all
/// problems of the new config; [`Error::Usage`] if its data does not fit the network.
pub fn override_config(checkpoint: &Checkpoint, overrides: Vec<(String, String)>) -> Result<Experiment> {
    config_of(checkpoint)?;
    // Formatted as a user would write it, so that errors can show a line of it.
    let text = format!("{:#}", checkpoint.card.experiment).into_bytes();
    let input = Input { name: format!("{}.json", checkpoint.place.display()), text, overrides };
    Experiment::from_input(&input).map_err(|error| other_data(checkpoint, &input).unwrap_or(error))
}

/// The error if `input` names data with other samples or targets than those of the training.
fn other_data(checkpoint: &Checkpoint, input: &Input) -> Option<Error> {
    let data = Experiment::data_of(input)?;
    let (facts, card) = (data.member().facts(), &checkpoint.card);
    let (found, trained) = match (facts.sample_shape, facts.target) {
        (Some(shape), _) if shape != card.sample_shape => {
            (format!("samples of shape {shape}"), format!("samples of shape {}", card.sample_shape))
        }
        (_, Some(target)) if target != card.target() => (described(target), described(card.target())),
        _ => return None,
    };
    let (name, own) = (data.name(), config_of(checkpoint).ok()?.data);
    Some(Error::Usage(format!(
        "data.{name}: has {found}, but this network was trained on {trained} from data.{}; use similar data",
        own.name()
    )))
}

fn described(target: Target) -> String {
    match target {
        Target::Class { classes } => format!("{classes} classes"),
        Target::Value { width: 1 } => "one number to predict".to_owned(),
        Target::Value { width } => format!("{width} numbers to predict"),
    }
}
