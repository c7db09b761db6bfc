//! TensorFlow Serving's REST protocol, version 1.
//!
//! What follows its documentation and its own tests is in `tests/it/serve/tensorflow.jsonl`, case by case, with the deviations
//! and their reasons.

mod answer;
mod element;
mod examples;
mod metadata;
mod reply;
mod request;
mod route;
mod samples;
mod status;
mod tree;

pub use answer::answer;
pub use request::Document;
pub use route::route;
pub use status::{ModelStatus, VersionState, VersionStatus, versions};

use examples::examples;
use metadata::metadata;
use reply::{classified, predicted, regressed};
use request::{Form, Request};
use route::{Method, Route};

use super::model::Version;
use super::registry::Which;
use crate::data::input::Units;

/// A way to call a model: what its input is, and its output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// The input.
    pub input: Input,
    /// The output.
    pub output: Output,
}

/// The input of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// Numbers, in these units.
    Numbers(Units),
    /// PNG and JPEG files.
    Pictures,
}

/// The output of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// Probabilities, or predicted numbers.
    Values,
    /// The class, its index and its probability.
    Labels,
    /// The outputs of the network before the loss's own function.
    Logits,
}

/// The default signature.
pub const DEFAULT: &str = "serving_default";

/// The signatures of a version by name, the default first.
#[must_use]
pub fn signatures(version: &Version) -> Vec<(&'static str, Call)> {
    let signature = &version.signature;
    let numbers = |output| Call { input: Input::Numbers(version.units), output };
    let mut all = vec![(DEFAULT, numbers(Output::Values))];
    if signature.pixels {
        let of = |units| Call { input: Input::Numbers(units), output: Output::Values };
        all.extend([("pixels", of(Units::Pixels)), ("fractions", of(Units::Fractions))]);
    }
    if signature.pictures {
        all.push(("images", Call { input: Input::Pictures, output: Output::Values }));
    }
    if !signature.classes.is_empty() {
        all.push(("labels", numbers(Output::Labels)));
    }
    if signature.probabilities {
        all.push(("logits", numbers(Output::Logits)));
    }
    all
}

/// The signature called `name`, by default the default one.
///
/// # Errors
/// If there is none; the message is for the client.
pub fn call(version: &Version, name: Option<&str>) -> Result<Call, String> {
    let all = signatures(version);
    let wanted = name.filter(|name| !name.is_empty()).unwrap_or(DEFAULT);
    let found = all.iter().find(|(known, _)| *known == wanted).map(|(_, call)| *call);
    found.ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
        format!(
            "Serving signature name: \"{wanted}\" not found in signature def; this model has {}",
            names.join(", ")
        )
    })
}

/// The text for a model or a version that does not exist.
#[must_use]
pub fn not_found(model: &str, which: &Which) -> String {
    match which {
        Which::Number(number) => format!("Servable not found for request: Specific({model}, {number})"),
        Which::Latest | Which::Label(_) => format!("Servable not found for request: Latest({model})"),
    }
}

/// The text for a label that does not exist.
#[must_use]
pub fn no_label(label: &str) -> String {
    format!("Unrecognized servable version label: {label}")
}
