//! Reads checkpoints from disk and verifies them before anything is used.

use std::path::{Path, PathBuf};

use candle_core::Var;

use super::folder::named_step;
use super::manifest::Manifest;
use super::{Card, MODEL, OPTIMIZER, STATE, State, manifest, migrate, weights};
use crate::config::Problems;
use crate::data::Normalize;
use crate::digest::sha256;
use crate::error::{Error, Result};
use crate::network::Parameters;
use crate::optimizer::Optimizer;

/// Limit on the values per sample, so that no layer's sizes or cost overflow.
const MOST_VALUES: usize = 1 << 30;

/// A verified checkpoint in memory.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// The checkpoint folder, or the lone weights file.
    pub place: PathBuf,
    /// The description of the weights.
    pub card: Card,
    /// The state of the run; a lone weights file has none.
    pub state: Option<State>,
    model: Vec<u8>,
    optimizer: Option<Vec<u8>>,
}

impl Checkpoint {
    /// The description of the weights and their place, without the weights.
    #[must_use]
    pub fn into_card(self) -> (Card, PathBuf) {
        (self.card, self.place)
    }

    /// The content of the weights file.
    #[must_use]
    pub(super) fn into_weights(self) -> Vec<u8> {
        self.model
    }

    /// Reads and verifies a checkpoint folder.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] naming the file that is missing or damaged, or the folder if it has the name of
    /// another step.
    pub fn read(folder: &Path) -> Result<Self> {
        let manifest = Manifest::read(folder)?;
        if let Some(named) = folder.file_name().and_then(named_step)
            && named != manifest.step
        {
            return Err(Error::checkpoint(
                folder,
                format!(
                    "its manifest.json is for step {}, not the step in its name; rename it",
                    manifest.step
                ),
            ));
        }
        let model = manifest.verified(folder, MODEL)?;
        let optimizer = manifest.verified(folder, OPTIMIZER)?;
        let state = migrate::state(&folder.join(STATE), &manifest.verified(folder, STATE)?, manifest.format)?;
        if state.position.step != manifest.step {
            return Err(Error::checkpoint(folder, "manifest.json and state.json belong to different steps"));
        }
        let card = read_card(&model, &folder.join(MODEL))?;
        Ok(Self { place: folder.to_path_buf(), card, state: Some(state), model, optimizer: Some(optimizer) })
    }

    /// The checkpoint of a lone weights file with the content `model`. `path` is used in errors, and relative
    /// paths of the config are resolved against its folder.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if taper did not write it.
    pub fn from_weights(path: &Path, model: Vec<u8>) -> Result<Self> {
        let card = read_card(&model, path)?;
        Ok(Self { place: path.to_path_buf(), card, state: None, model, optimizer: None })
    }

    /// The size of the weights file in bytes.
    #[must_use]
    pub fn model_bytes(&self) -> usize {
        self.model.len()
    }

    /// The SHA-256 of the weights file, in hexadecimal.
    #[must_use]
    pub fn digest(&self) -> String {
        sha256(&self.model)
    }

    /// Sets the weights of a network with the same config.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if a tensor does not fit; then nothing is changed.
    pub fn restore_weights(&self, parameters: &Parameters) -> Result<()> {
        let own: Vec<(String, Var)> =
            parameters.iter().map(|p| (p.name.clone(), p.variable.clone())).collect();
        weights::restore(&own, &self.model, &self.place)
    }

    /// Sets the state of an optimizer of the same kind, and the trained weights `raw` if those of the checkpoint are averages.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if there is none or a tensor does not fit.
    #[doc(hidden)]
    pub fn restore_optimizer(
        &self,
        parameters: &Parameters,
        optimizer: &dyn Optimizer,
        raw: &[(String, Var)],
    ) -> Result<()> {
        let bytes = self.optimizer.as_ref().ok_or_else(|| {
            Error::checkpoint(&self.place, "holds weights only; resume from a checkpoint folder")
        })?;
        let all = [&parameters.state_of(optimizer)[..], raw].concat();
        weights::restore(&all, bytes, &self.place.join(OPTIMIZER))
    }
}

fn read_card(model: &[u8], place: &Path) -> Result<Card> {
    let text = weights::metadata(model, place)?;
    let mut card: Card = serde_json::from_str(&text)
        .map_err(|error| Error::checkpoint(place, format!("its config cannot be read: {error}")))?;
    let refuse = |message: String| Err(Error::checkpoint(place, message));
    if !(1..=manifest::FORMAT).contains(&card.format) {
        let most = manifest::FORMAT;
        return refuse(format!(
            "has format {}, but this version of taper supports formats 1 to {most}",
            card.format
        ));
    }
    if card.sample_shape.0.len() > 3 {
        return refuse(format!(
            "claims samples of {} dimensions; 1 to 3 are supported",
            card.sample_shape.0.len()
        ));
    }
    let values = card.sample_shape.elements().filter(|_| !card.sample_shape.0.is_empty());
    if !values.is_some_and(|values| (1..=MOST_VALUES).contains(&values)) {
        let shape = &card.sample_shape.0;
        return refuse(format!("claims samples of shape {shape:?}; 1 to {MOST_VALUES} values are supported"));
    }
    if card.format == 1 {
        migrate::card(&mut card)
            .map_err(|error| Error::checkpoint(place, format!("its config cannot be read: {error}")))?;
    }
    if let Some(columns) = &card.columns {
        let sizes = || format!("{} values for samples of shape {}", columns.width(), card.sample_shape);
        let width = if Some(columns.width()) == values { Ok(()) } else { Err(sizes()) };
        if let Err(message) = columns.check().and(width) {
            return refuse(format!("its `columns` are wrong: {message}"));
        }
    }
    let mut found = Vec::new();
    if let Some(normalize) = &card.normalize {
        normalize.validate(&mut Problems::new(&mut found), card.sample_shape.0.first().copied());
    }
    if let Some(problem) = found.first() {
        return refuse(format!("its `normalize` is wrong: {}: {}", problem.path, problem.message));
    }
    if let Some(Normalize { mean, std }) = &card.targets {
        let sound = mean.iter().chain(std).all(|value| value.is_finite()) && std.iter().all(|std| *std > 0.0);
        if !sound || [mean.len(), std.len()] != [card.width; 2] || card.width == 0 {
            return refuse(
                "its `targets` do not hold a mean and a standard deviation for each number to predict"
                    .to_owned(),
            );
        }
    }
    Ok(card)
}
