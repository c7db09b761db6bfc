//! `train.init_from`: the initial weights of a run, from a checkpoint or from another program.

mod matching;

pub use matching::{How, Matching};

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::parameters::{instead, matches};
use crate::checkpoint::Tensors;
use crate::error::{Error, Result};
use crate::network::{Parameters, Plan};

/// Where initial weights come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum InitFrom {
    /// A file or a folder.
    Path(#[schemars(extend("format" = "path"))] PathBuf),
    /// The same with options.
    Options(Source),
}

/// A source of initial weights.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// A run folder, a checkpoint folder, or a safetensors file.
    #[schemars(extend("format" = "path"))]
    pub path: PathBuf,
    /// Patterns of the parameters that keep their random values if the file has none of the right shape.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skip_mismatched: Vec<String>,
    /// The parameters for tensors of other names: `{ "fc.weight" = "layers.5.weight" }`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub map: BTreeMap<String, String>,
}

/// Initial weights that fit a network.
pub struct Initial {
    tensors: Tensors,
    /// Which tensor belongs to which parameter.
    matching: Matching,
}

/// What initial weights consist of.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Loaded {
    /// The file or the checkpoint folder.
    pub place: PathBuf,
    /// The SHA-256 of the weights file.
    pub sha256: String,
    /// The parameters with values from the file.
    pub loaded: Vec<String>,
    /// Whether parameters were found by their order and shapes, because the file has other names.
    pub by_order: bool,
    /// The parameters that keep their random values.
    pub fresh: Vec<String>,
    /// The tensors of the file that belong to no parameter.
    pub unused: Vec<String>,
}

impl InitFrom {
    /// The path, and the options, if there are any.
    fn source(&self) -> Source {
        match self {
            Self::Path(path) => Source { path: path.clone(), ..Source::default() },
            Self::Options(source) => source.clone(),
        }
    }

    /// Opens the file, whose path `resolve` makes one that can be opened, and finds the tensors for the parameters of `plan`.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if it cannot be used or its tensors do not fit, with all differences; [`Error::Usage`] if options name
    /// parameters or tensors that do not exist.
    pub fn open(&self, plan: &Plan, resolve: impl Fn(&Path) -> PathBuf) -> Result<Initial> {
        let source = self.source();
        source.check_names(plan)?;
        let warn = |damaged: &Error| tracing::warn!("{damaged}");
        let tensors = Tensors::open(&resolve(&source.path), warn)?;
        let stored = tensors.list()?;
        let names: Vec<&str> = stored.iter().map(|own| own.name.as_str()).collect();
        if let Some(name) = source.map.keys().find(|name| !names.contains(&name.as_str())) {
            let (help, place) = (instead(name, &names), tensors.place.display());
            return Err(refuse(&format!("map: {place} has no tensor `{name}`; {help}")));
        }
        let matching = Matching::find(&plan.specs, &stored, &source)
            .map_err(|message| Error::checkpoint(&tensors.place, message))?;
        Ok(Initial { tensors, matching })
    }
}

impl Source {
    /// Checks the names of parameters that the options contain.
    fn check_names(&self, plan: &Plan) -> Result<()> {
        let names: Vec<&str> = plan.specs.iter().map(|spec| spec.name.as_str()).collect();
        let lost = |pattern: &&String| !names.iter().any(|name| matches(pattern, name));
        if let Some(pattern) = self.skip_mismatched.iter().find(lost) {
            let help = instead(pattern, &names);
            return Err(refuse(&format!("skip_mismatched: `{pattern}` matches no parameter; {help}")));
        }
        let mut mapped = HashSet::new();
        for name in self.map.values() {
            if !names.contains(&name.as_str()) {
                let help = instead(name, &names);
                return Err(refuse(&format!("map: the network has no parameter `{name}`; {help}")));
            }
            if !mapped.insert(name) {
                return Err(refuse(&format!(
                    "map: there is more than one tensor for `{name}`; remove all but one"
                )));
            }
        }
        Ok(())
    }
}

/// The error about an option.
fn refuse(message: &str) -> Error {
    Error::Usage(format!("train.init_from.{message}"))
}

impl Initial {
    /// Sets the weights of `parameters`, which are those of the plan.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if a value is not finite; then nothing is changed.
    pub fn load(&self, parameters: &Parameters) -> Result<()> {
        let all: Vec<_> = parameters.iter().collect();
        let pairs = self.matching.pairs.iter();
        let variables: Vec<_> =
            pairs.filter_map(|(place, name)| Some((name.as_str(), &all.get(*place)?.variable))).collect();
        self.tensors.load(&variables)
    }

    /// What the weights of a network of `plan` consist of.
    #[must_use]
    pub fn describe(&self, plan: &Plan) -> Loaded {
        let name = |place: &usize| plan.specs.get(*place).map(|spec| spec.name.clone());
        let Matching { pairs, fresh, unused, how } = &self.matching;
        Loaded {
            place: self.tensors.place.clone(),
            sha256: self.tensors.digest(),
            loaded: pairs.iter().filter_map(|(place, _)| name(place)).collect(),
            by_order: *how == How::Order,
            fresh: fresh.iter().filter_map(name).collect(),
            unused: unused.clone(),
        }
    }
}

impl Loaded {
    /// One line for people.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { place, loaded, by_order, fresh, unused, .. } = self;
        let mut text = format!(
            "initial weights from {}: {} of {} tensors{}",
            place.display(),
            loaded.len(),
            loaded.len() + fresh.len(),
            if *by_order { ", by order and shape, because the file has other names" } else { "" },
        );
        for (what, names) in [("random", fresh), ("unused", unused)] {
            if !names.is_empty() {
                let _ = write!(text, "; {what}: {}", names.join(", "));
            }
        }
        text
    }
}
