//! Differences between a config and the one a network was trained with, some of which are not allowed in
//! evaluation and resumed runs.

use serde_json::{Value, json};

use crate::data;
use crate::experiment::Experiment;

/// The maximum number of characters of a value that are shown.
const LONGEST: usize = 80;

/// A config value that differs from the one used in training.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Its key, such as `model.layers[2].dropout.rate`.
    pub key: String,
    /// The value used in training.
    pub before: Value,
    /// The present value.
    pub now: Value,
}

impl Change {
    /// Formats the change as in `train.epochs 5 -> 8`.
    #[must_use]
    pub fn to_arrow(&self) -> String {
        let show = |value: &Value| {
            let text = if value.is_null() { "not set".to_owned() } else { value.to_string() };
            match text.char_indices().nth(LONGEST) {
                Some((end, _)) => format!("{}…", &text[..end]),
                None => text,
            }
        };
        format!("{} {} -> {}", self.key, show(&self.before), show(&self.now))
    }
}

impl std::fmt::Display for Change {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(to, "`{}` was {} and is now {}", self.key, self.before, self.now)
    }
}

/// The first differing value that affects the meaning of the weights: the seed, which draws the validation
/// split, the network, the loss, the columns of a table, the split and the preprocessing. Everything else may
/// change: the length of training, optimizer options, the location of files.
#[must_use]
pub fn first_change(before: &Experiment, now: &Experiment) -> Option<Change> {
    parts(before)
        .into_iter()
        .zip(parts(now))
        .find_map(|((_, before), (key, now))| difference(key, &before, &now))
}

fn parts(experiment: &Experiment) -> [(String, Value); 16] {
    let split = &experiment.split;
    let table = if let data::Config::csv(table) = &experiment.data { Some(table) } else { None };
    [
        ("seed".to_owned(), json!(experiment.seed)),
        // As trained: it makes no difference whether the loss's own activation is written as the last layer's
        // activation.
        ("model".to_owned(), json!(experiment.network())),
        ("loss".to_owned(), json!(experiment.loss)),
        ("data.csv.features".to_owned(), json!(table.and_then(|table| table.features.as_ref()))),
        ("data.csv.ignore".to_owned(), json!(table.map_or(&[][..], |table| &table.ignore))),
        ("data.csv.categorical".to_owned(), json!(table.map_or(&[][..], |table| &table.categorical))),
        ("data.csv.missing".to_owned(), json!(table.map(|table| table.missing).unwrap_or_default())),
        ("data.csv.missing_indicator".to_owned(), json!(table.is_some_and(|table| table.missing_indicator))),
        ("data.csv.pixels".to_owned(), json!(table.is_some_and(|table| table.pixels))),
        ("split.validation".to_owned(), json!(split.validation)),
        ("split.test".to_owned(), json!(split.test)),
        ("split.fold".to_owned(), json!(split.fold)),
        ("split.stratified".to_owned(), json!(split.stratified)),
        ("split.file".to_owned(), json!(split.file)),
        ("preprocess.normalize".to_owned(), json!(experiment.preprocess.normalize)),
        ("preprocess.targets".to_owned(), json!(experiment.preprocess.targets)),
    ]
}

/// All differences between two configs, value by value.
#[must_use]
pub fn all_changes(before: &Experiment, now: &Experiment) -> Vec<Change> {
    let mut found = Vec::new();
    differences(String::new(), &before.to_json(), &now.to_json(), &mut found);
    found
}

/// Collects all differences between two values, by their paths from `key`.
fn differences(key: String, before: &Value, now: &Value, found: &mut Vec<Change>) {
    let within = |name: &str| if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") };
    match (before, now) {
        (Value::Object(a), Value::Object(b)) => {
            for (name, before) in a {
                differences(within(name), before, b.get(name).unwrap_or(&Value::Null), found);
            }
            for (name, now) in b.iter().filter(|(name, _)| !a.contains_key(*name)) {
                differences(within(name), &Value::Null, now, found);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (i, (before, now)) in a.iter().zip(b).enumerate() {
                differences(format!("{key}[{i}]"), before, now, found);
            }
        }
        _ if before == now => {}
        _ => found.push(Change { key, before: before.clone(), now: now.clone() }),
    }
}

/// The first difference between two values, by its path from `key`.
fn difference(key: String, before: &Value, now: &Value) -> Option<Change> {
    match (before, now) {
        (Value::Object(a), Value::Object(b)) if a.keys().eq(b.keys()) => {
            a.iter().zip(b.values()).find_map(|((name, a), b)| difference(format!("{key}.{name}"), a, b))
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let mut pairs = a.iter().zip(b).enumerate();
            pairs.find_map(|(i, (a, b))| difference(format!("{key}[{i}]"), a, b))
        }
        _ if before == now => None,
        _ => Some(Change { key, before: before.clone(), now: now.clone() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn experiment(data: &str, layers: &str, rest: &str) -> Experiment {
        let text =
            format!("[data.digits]\n{data}\n[model]\nlayers = [{layers}]\n[loss.cross_entropy]\n{rest}");
        Experiment::from_toml(&text).expect("a config")
    }

    const LAYERS: &str = "{ flatten = {} }, { dropout = { rate = 0.2 } }, { dense = { units = 10 } }";
    const REST: &str = "[optimizer.adam]";

    #[test]
    fn a_change_that_affects_the_meaning_of_weights_is_named_by_its_key() {
        let before = experiment("[split]\nvalidation = 0.2", LAYERS, REST);
        for (data, layers, rest, key) in [
            ("[split]\nvalidation = 0.3", LAYERS, REST, "split.validation"),
            (
                "[split]\nvalidation = 0.2\n[preprocess]\nnormalize = { mean = [0.5], std = [0.5] }",
                LAYERS,
                REST,
                "preprocess.normalize",
            ),
            (
                "[split]\nvalidation = 0.2",
                &LAYERS.replace("0.2", "0.3"),
                REST,
                "model.layers[1].dropout.rate",
            ),
            (
                "[split]\nvalidation = 0.2",
                &LAYERS.replace("units = 10", "units = 10, bias = false"),
                REST,
                "model.layers[2].dense.bias",
            ),
            (
                "[split]\nvalidation = 0.2",
                &LAYERS.replace(", { dropout = { rate = 0.2 } }", ""),
                REST,
                "model.layers",
            ),
            (
                "[split]\nvalidation = 0.2",
                LAYERS,
                "label_smoothing = 0.1\n[optimizer.adam]",
                "loss.cross_entropy.label_smoothing",
            ),
        ] {
            let change = first_change(&before, &experiment(data, layers, rest)).expect("a change");
            assert_eq!(change.key, key);
        }
    }

    #[test]
    fn every_change_is_shown_by_its_key() {
        let before = experiment("", LAYERS, "[optimizer.adam]\n[gate]\n'test.loss' = '< 1'");
        let now = experiment(
            "test_samples = 7",
            LAYERS,
            "[optimizer.adam]\nlearning_rate = 1e-4\n[train]\nmax_steps = 5\n[gate]\n'train.loss' = '< 1'",
        );
        let shown: Vec<String> = all_changes(&before, &now).iter().map(Change::to_arrow).collect();
        assert_eq!(
            shown,
            [
                "data.digits.test_samples 1000 -> 7",
                "optimizer.adam.learning_rate 0.001 -> 0.0001",
                "train.max_steps not set -> 5",
                "gate.test.loss \"< 1\" -> not set",
                "gate.train.loss not set -> \"< 1\"",
            ]
        );
        assert_eq!(all_changes(&now, &now), []);
        let long = Change { key: "a".to_owned(), before: json!("é".repeat(500)), now: Value::Null };
        assert!(long.to_arrow().chars().count() < 100 && long.to_arrow().ends_with("… -> not set"));
    }

    #[test]
    fn allowed_changes_are_not_reported() {
        let before = experiment("", LAYERS, REST);
        let now = experiment(
            "test_samples = 7",
            &LAYERS.replace("units = 10", "units = 10, activation = \"softmax\""),
            "[optimizer.adam]\nlearning_rate = 0.5\n[train]\nepochs = 3\nbatch_size = 7\nengine = \"graph\"",
        );
        assert_eq!(first_change(&before, &now), None);
    }
}
