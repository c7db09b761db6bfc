//! The options of each parameter, from all entries.

use serde::Serialize;

use super::pattern::{Patterns, instead, matches};
use super::{Config, Kind};
use crate::config::Problems;
use crate::network::{Node, Operation, Plan};
use crate::optimizer::Adjustment;

/// The options of one parameter.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Options {
    /// The factor of the learning rate.
    pub learning_rate_scale: f64,
    /// The factor of the optimizer's weight decay.
    pub weight_decay_scale: f64,
    /// The factor of the sum of absolute values, 0 for none.
    pub l1: f64,
    /// The factor of the sum of squares, 0 for none.
    pub l2: f64,
    /// The greatest norm of the weights of an output.
    pub max_norm: Option<f64>,
    /// Whether it is not trained.
    pub frozen: bool,
    /// The first epoch in which it is trained, counted from 1.
    pub from_epoch: Option<u64>,
    /// The last epoch in which it is trained.
    pub until_epoch: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            learning_rate_scale: 1.0,
            weight_decay_scale: 1.0,
            l1: 0.0,
            l2: 0.0,
            max_norm: None,
            frozen: false,
            from_epoch: None,
            until_epoch: None,
        }
    }
}

impl Options {
    /// These options, changed by those that `entry` sets.
    fn with(self, entry: &Config) -> Self {
        Self {
            learning_rate_scale: entry.learning_rate_scale.unwrap_or(self.learning_rate_scale),
            weight_decay_scale: entry.weight_decay_scale.unwrap_or(self.weight_decay_scale),
            l1: entry.l1.unwrap_or(self.l1),
            l2: entry.l2.unwrap_or(self.l2),
            max_norm: entry.max_norm.or(self.max_norm),
            frozen: entry.frozen.unwrap_or(self.frozen),
            from_epoch: entry.from_epoch.or(self.from_epoch),
            until_epoch: entry.until_epoch.or(self.until_epoch),
        }
    }

    fn contradict_each_other(&self) -> bool {
        self.frozen && self.from_epoch.or(self.until_epoch).is_some()
    }

    /// Whether it is trained in `epoch`, counted from 0.
    #[must_use]
    pub fn is_trained_in(&self, epoch: u64) -> bool {
        let number = epoch.saturating_add(1);
        let begun = self.from_epoch.is_none_or(|first| number >= first);
        !self.frozen && begun && self.until_epoch.is_none_or(|last| number <= last)
    }

    /// How the optimizer updates it in `epoch`, counted from 0, if an epoch has `steps` steps.
    #[must_use]
    pub fn adjustment(&self, epoch: u64, steps: u64) -> Adjustment {
        Adjustment {
            learning_rate: self.learning_rate_scale,
            weight_decay: self.weight_decay_scale,
            skipped: self.from_epoch.map_or(0, |first| first.saturating_sub(1).saturating_mul(steps)),
            updated: self.is_trained_in(epoch),
        }
    }

    /// The options that differ from the defaults, as in `learning_rate_scale 0.1, frozen`.
    #[must_use]
    pub fn text(&self) -> String {
        let factor = |name: &str, value: f64, default: f64| {
            (value.to_bits() != default.to_bits()).then(|| format!("{name} {value}"))
        };
        let count = |name: &str, value: Option<u64>| value.map(|value| format!("{name} {value}"));
        let all = [
            self.frozen.then(|| "frozen".to_owned()),
            factor("learning_rate_scale", self.learning_rate_scale, 1.0),
            factor("weight_decay_scale", self.weight_decay_scale, 1.0),
            factor("l1", self.l1, 0.0),
            factor("l2", self.l2, 0.0),
            self.max_norm.map(|most| format!("max_norm {most}")),
            count("from_epoch", self.from_epoch),
            count("until_epoch", self.until_epoch),
        ];
        all.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

/// The options of each parameter of `plan`, in order. Running statistics, which no optimizer trains, have the defaults. Reports
/// patterns and roles that select nothing.
pub fn resolve(entries: &[Config], plan: &Plan, problems: &mut Problems<'_>) -> Vec<Options> {
    let kinds = kinds(plan);
    let trainable = || plan.specs.iter().enumerate().filter(|(_, spec)| spec.trainable);
    let names: Vec<&str> = trainable().map(|(_, spec)| spec.name.as_str()).collect();
    let mut options = vec![Options::default(); plan.specs.len()];
    for (number, entry) in entries.iter().enumerate() {
        let mut place = problems.index(number);
        let lost = report_lost(entry, &names, &mut place.key("match"));
        let (mut selected, mut contradicts) = (0, None);
        for (index, spec) in trainable() {
            let named = entry.matches.as_ref().is_none_or(|patterns| patterns.matches(&spec.name));
            if named && entry.kind.is_none_or(|kind| kinds[index] == Some(kind)) {
                selected += 1;
                options[index] = options[index].with(entry);
                if options[index].contradict_each_other() {
                    contradicts.get_or_insert(&spec.name);
                }
            }
        }
        if selected == 0 && !lost {
            place.report_with_help(
                "selects no parameters",
                "no parameter has this `kind`, or none of those that `match` selects; remove the entry, or change it",
            );
        }
        // An entry that contradicts itself is reported anyway.
        if let Some(name) = contradicts.filter(|_| !Options::default().with(entry).contradict_each_other()) {
            place.report_with_help(
                format!("`{name}` is frozen, and trained in some epochs, by different entries"),
                "let only one of the entries select it",
            );
        }
    }
    options
}

/// Reports each pattern of `entry` that matches none of `names`, and returns whether there is one.
fn report_lost(entry: &Config, names: &[&str], problems: &mut Problems<'_>) -> bool {
    let mut lost = false;
    let patterns = entry.matches.as_ref().map_or(&[][..], |patterns| patterns.each());
    for (i, pattern) in patterns.iter().enumerate() {
        if names.iter().any(|name| matches(pattern, name)) {
            continue;
        }
        lost = true;
        let (message, help) = (format!("`{pattern}` matches no trained parameter"), instead(pattern, names));
        match entry.matches {
            Some(Patterns::Several(_)) => problems.index(i).report_with_help(message, help),
            _ => problems.report_with_help(message, help),
        }
    }
    lost
}

/// Excludes the frozen parameters of `entries` from the training of `plan`, and reports what [`resolve`] does, and a network of which
/// nothing is left to train.
pub fn freeze(entries: &[Config], plan: &mut Plan, problems: &mut Problems<'_>) {
    let options = resolve(entries, plan, problems);
    let frozen: Vec<usize> =
        options.iter().enumerate().filter(|(_, own)| own.frozen).map(|(index, _)| index).collect();
    if frozen.is_empty() {
        return;
    }
    if plan.specs.iter().filter(|spec| spec.trainable).count() == frozen.len() {
        problems.report_with_help(
            "all parameters are frozen",
            "leave some to train, such as those of the last layer",
        );
    }
    plan.freeze(&frozen);
}

/// The role of each parameter, if it has one of those that can be selected.
fn kinds(plan: &Plan) -> Vec<Option<Kind>> {
    let mut kinds = vec![None; plan.specs.len()];
    for Node { operation, parameters, .. } in &plan.nodes {
        for (place, index) in parameters.clone().enumerate() {
            kinds[index] = match operation {
                Operation::Dense { .. } | Operation::Convolution { .. } => (place == 1).then_some(Kind::Bias),
                Operation::BatchNorm { .. } | Operation::LayerNorm { .. } => Some(Kind::Norm),
                Operation::Custom(_) => {
                    let last = plan.specs[index].name.rsplit('.').next();
                    (last == Some("bias")).then_some(Kind::Bias)
                }
                _ => None,
            };
        }
    }
    kinds
}
