//! Labels, as numbers or as words, and the classes that they stand for.

use std::collections::HashMap;

use super::super::classes::{self, MOST_CLASSES};
use super::Classes;
use crate::data::Targets;
use crate::data::formats::array::{Array, Values, Words};
use crate::data::formats::csv;

/// The labels of some samples.
pub(super) enum Labels {
    /// Classes by index.
    Numbers(Vec<i64>),
    /// Classes by name.
    Words(Words),
}

/// What decides which classes there are.
#[derive(Clone, Copy)]
pub(super) enum Known<'a> {
    /// The config.
    Config(&'a Classes),
    /// The outputs of the last layer.
    Outputs(usize),
    /// The labels themselves.
    Labels,
}

impl Labels {
    /// Reads an array of labels.
    pub fn new(Array { shape, values }: Array) -> Result<Self, String> {
        if shape.iter().skip(1).product::<usize>() != 1 {
            return Err(format!(
                "shape {shape:?}; labels have one dimension (use `.argmax(1)` on one-hot labels)"
            ));
        }
        Ok(Self::Numbers(match values {
            Values::Words(words) => return Ok(Self::Words(words)),
            Values::Bytes(labels) => labels.into_iter().map(i64::from).collect(),
            Values::Integers(labels) => labels,
            Values::Floats(labels) => {
                if let Some((row, label)) = labels.iter().enumerate().find(|(_, label)| label.fract() != 0.0)
                {
                    return Err(format!(
                        "label {label} in row {row}; labels are whole numbers (or set `task = \"regression\"`)"
                    ));
                }
                labels.into_iter().map(|label| label as i64).collect()
            }
        }))
    }

    /// What they are, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Numbers(_) => "numbers",
            Self::Words(_) => "words",
        }
    }

    /// The names of the classes of a file whose training samples have these labels and the others `others`.
    pub fn classes(&self, others: &[&Self], known: Known<'_>) -> Vec<String> {
        match (known, self) {
            (Known::Config(classes), _) => classes.names(),
            (_, Self::Words(words)) => {
                let present: Vec<String> =
                    words.texts.iter().filter(|text| !csv::is_missing(text)).cloned().collect();
                csv::sorted(present)
            }
            (Known::Outputs(outputs), Self::Numbers(_)) => classes::numbers(outputs),
            (Known::Labels, Self::Numbers(_)) => {
                let largest = |labels: &Self| match labels {
                    Self::Numbers(labels) => labels.iter().max().copied().unwrap_or(0),
                    Self::Words(_) => 0,
                };
                let most = others.iter().map(|labels| largest(labels)).fold(largest(self), i64::max);
                // A label beyond all limits is found when it is looked for among the classes.
                classes::numbers(usize::try_from(most).unwrap_or(0).min(MOST_CLASSES - 1) + 1)
            }
        }
    }

    /// Each sample's class among those called `names`.
    pub fn targets(self, names: &[String], known: Known<'_>) -> Result<Targets, String> {
        let labels = match self {
            Self::Words(words) => by_name(&words, names)?,
            Self::Numbers(labels) => {
                let count = names.len();
                let wrong = classes::outside(&labels, count, |needed| match known {
                    _ if i128::from(needed) > MOST_CLASSES as i128 => {
                        format!("labels are 0 to {}, and at most {MOST_CLASSES} classes are known", count - 1)
                    }
                    Known::Config(_) => {
                        format!("or there are {needed} classes, where the config has {count}")
                    }
                    Known::Outputs(_) => {
                        format!("or let the last `dense` layer have `units = {needed}`, where it has {count}")
                    }
                    Known::Labels => format!("labels are 0 to {}", count - 1),
                });
                if let Some(wrong) = wrong {
                    return Err(wrong);
                }
                labels.into_iter().filter_map(|label| u32::try_from(label).ok()).collect()
            }
        };
        Ok(Targets::Classes { labels, names: names.to_vec() })
    }
}

/// The index of each word among `names`.
fn by_name(words: &Words, names: &[String]) -> Result<Vec<u32>, String> {
    let known: HashMap<&str, u32> = names.iter().map(String::as_str).zip(0..).collect();
    let classes: Vec<Option<u32>> =
        words.texts.iter().map(|text| known.get(text.as_str()).copied()).collect();
    let mut labels = Vec::with_capacity(words.indices.len());
    for (row, &word) in words.indices.iter().enumerate() {
        let word = word as usize;
        let label = classes[word].ok_or_else(|| {
            let text = csv::shown(&words.texts[word]);
            if csv::is_missing(&words.texts[word]) {
                return format!("the label of row {row} is missing ({text}); leave the sample out, or list it in `classes`");
            }
            let known = if names.len() <= 20 { names.join(", ") } else { format!("{} others", names.len()) };
            format!("label {text} in row {row} is none of the classes, which are {known}")
        })?;
        labels.push(label);
    }
    Ok(labels)
}
