//! What a served network takes and returns, as clients see it.

use crate::checkpoint::Card;
use crate::data::input::Reader;
use crate::inference::Prediction;

/// The input and the outputs of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The name of the input.
    pub input: String,
    /// The shape of one sample: `[height, width, channels]` for images.
    pub shape: Vec<usize>,
    /// Whether samples are pixels.
    pub pixels: bool,
    /// Whether a sample can be a PNG or JPEG file.
    pub pictures: bool,
    /// The columns by which an object can name its values, if the network was trained on a table with a header.
    pub columns: Vec<String>,
    /// The names of the classes, by index; empty if numbers are predicted.
    pub classes: Vec<String>,
    /// The number of outputs per sample: one per class, a single one for the second of two classes if the network has
    /// one logit, or one per predicted number.
    pub outputs: usize,
    /// Whether the outputs are probabilities.
    pub probabilities: bool,
}

impl Signature {
    /// The signature of the network that `card` describes, which has this number of `outputs` and whose
    /// samples `reader` reads.
    #[must_use]
    pub fn new(input: &str, card: &Card, reader: &Reader<'_>, outputs: usize, probabilities: bool) -> Self {
        let shape = match card.sample_shape.image() {
            Some([channels, height, width]) => vec![height, width, channels],
            None => card.sample_shape.0.clone(),
        };
        let named = card.columns.iter().flat_map(|columns| &columns.0).map(|column| column.name.clone());
        Self {
            input: input.to_owned(),
            shape,
            pixels: card.pixels,
            pictures: reader.takes_pictures(),
            columns: named.collect(),
            classes: card.classes.clone(),
            outputs,
            probabilities,
        }
    }

    /// The name of the output with [`outputs`](Self::outputs) numbers per sample.
    #[must_use]
    pub fn output(&self) -> &'static str {
        if self.probabilities { "probabilities" } else { "outputs" }
    }

    /// The outputs of a prediction: a network with one logit for two classes has the probability of the second, as in
    /// Keras.
    #[must_use]
    pub fn values_of<'a>(&self, prediction: &'a Prediction) -> &'a [f32] {
        let superfluous = prediction.values.len().saturating_sub(self.outputs);
        &prediction.values[superfluous..]
    }

    /// The number of values of one sample.
    #[must_use]
    pub fn values(&self) -> usize {
        self.shape.iter().product()
    }
}
