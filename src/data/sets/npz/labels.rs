//! Labels, as numbers or strings, and their classes.

use std::collections::HashMap;

use super::super::classes::{self, MOST_CLASSES};
use super::Classes;
use crate::data::Targets;
use crate::data::formats::array::{Array, Strings, Values};
use crate::data::formats::csv;

/// The labels of some samples.
pub(super) enum Labels {
    /// Class indices.
    Numbers(Vec<i64>),
    /// Class names.
    Strings(Strings),
}

/// What determines the classes.
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
    /// Converts an array of labels.
    pub fn new(Array { shape, values }: Array) -> Result<Self, String> {
        if shape.iter().skip(1).product::<usize>() != 1 {
            return Err(format!(
                "shape {shape:?}; labels have one dimension (use `.argmax(1)` on one-hot labels)"
            ));
        }
        Ok(Self::Numbers(match values {
            Values::Strings(strings) => return Ok(Self::Strings(strings)),
            Values::Bytes(labels) => labels.into_iter().map(i64::from).collect(),
            Values::Integers(labels) => labels,
            Values::Floats(labels) => {
                if let Some((row, label)) = labels.iter().enumerate().find(|(_, label)| label.fract() != 0.0)
                {
                    return Err(format!(
                        "label {label} in row {row}; labels are integers (or set `task = \"regression\"`)"
                    ));
                }
                labels.into_iter().map(|label| label as i64).collect()
            }
        }))
    }

    /// The type of the labels, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Numbers(_) => "numbers",
            Self::Strings(_) => "strings",
        }
    }

    /// The names of the classes of a file whose training samples have these labels, and other samples
    /// `others`.
    pub fn classes(&self, others: &[&Self], known: Known<'_>) -> Vec<String> {
        match (known, self) {
            (Known::Config(classes), _) => classes.names(),
            (_, Self::Strings(strings)) => {
                let present: Vec<String> =
                    strings.texts.iter().filter(|text| !csv::is_missing(text)).cloned().collect();
                csv::sorted(present)
            }
            (Known::Outputs(outputs), Self::Numbers(_)) => classes::numbers(outputs),
            (Known::Labels, Self::Numbers(_)) => {
                let largest = |labels: &Self| match labels {
                    Self::Numbers(labels) => labels.iter().max().copied().unwrap_or(0),
                    Self::Strings(_) => 0,
                };
                let most = others.iter().map(|labels| largest(labels)).fold(largest(self), i64::max);
                // A label beyond the limit is reported when it is looked up among the classes.
                classes::numbers(usize::try_from(most).unwrap_or(0).min(MOST_CLASSES - 1) + 1)
            }
        }
    }

    /// The class of each sample, as an index into `names`.
    pub fn targets(self, names: &[String], known: Known<'_>) -> Result<Targets, String> {
        let labels = match self {
            Self::Strings(strings) => by_name(&strings, names)?,
            Self::Numbers(labels) => {
                let count = names.len();
                let wrong = classes::outside(&labels, count, |needed| match known {
                    _ if i128::from(needed) > MOST_CLASSES as i128 => {
                        format!(
                            "labels are 0 to {}, and at most {MOST_CLASSES} classes are supported",
                            count - 1
                        )
                    }
                    Known::Config(_) => {
                        format!("or set `classes` to {needed}, where the config has {count}")
                    }
                    Known::Outputs(_) => {
                        format!("or set `units = {needed}` in the last `dense` layer, which has {count}")
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

/// The index of each string in `names`.
fn by_name(strings: &Strings, names: &[String]) -> Result<Vec<u32>, String> {
    let known: HashMap<&str, u32> = names.iter().map(String::as_str).zip(0..).collect();
    let classes: Vec<Option<u32>> =
        strings.texts.iter().map(|text| known.get(text.as_str()).copied()).collect();
    let mut labels = Vec::with_capacity(strings.indices.len());
    for (row, &string) in strings.indices.iter().enumerate() {
        let string = string as usize;
        let label = classes[string].ok_or_else(|| {
            let text = csv::shown(&strings.texts[string]);
            if csv::is_missing(&strings.texts[string]) {
                return format!(
                    "the label of row {row} is missing ({text}); remove the sample, or add it to `classes`"
                );
            }
            let known = if names.len() <= 20 { names.join(", ") } else { format!("{} others", names.len()) };
            format!("label {text} in row {row} is not one of the classes, which are {known}")
        })?;
        labels.push(label);
    }
    Ok(labels)
}
