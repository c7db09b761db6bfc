//! Parameters with the same options, for people.

use serde::Serialize;

use super::{Config, Options, resolve};
use crate::config::Problems;
use crate::network::Plan;

/// Parameters with the same options, in order.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Group {
    /// The names of the parameters.
    pub names: Vec<String>,
    /// The number of their values.
    pub values: u64,
    /// Their options.
    #[serde(flatten)]
    pub options: Options,
}

/// All parameters that can be trained, by their options; those without any are last.
#[must_use]
pub fn groups(entries: &[Config], plan: &Plan) -> Vec<Group> {
    let options = resolve(entries, plan, &mut Problems::new(&mut Vec::new()));
    let mut groups: Vec<Group> = Vec::new();
    for (spec, own) in plan.specs.iter().zip(options).filter(|(spec, _)| spec.trainable) {
        let place = groups.iter().position(|group| group.options == own).unwrap_or_else(|| {
            groups.push(Group { names: Vec::new(), values: 0, options: own });
            groups.len() - 1
        });
        groups[place].names.push(spec.name.clone());
        groups[place].values = groups[place].values.saturating_add(spec.count().unwrap_or(u64::MAX));
    }
    groups.sort_by_key(|group| group.options == Options::default());
    groups
}
