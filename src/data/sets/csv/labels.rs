//! The targets of the samples of a file.

use std::collections::HashMap;
use std::path::Path;

use super::{Config, Task};
use crate::data::Targets;
use crate::data::columns;
use crate::data::formats::csv::{is_missing, number, shown};
use crate::error::{Error, Result};

use super::line_numbers::LineNumbers;

/// The targets as they were read.
pub(super) enum Labels {
    /// Each is the index of its text, in order of occurrence.
    Classes { indices: Vec<u32>, texts: HashMap<Box<str>, u32> },
    /// `wrong` is the first that is not a number, and its place among all. It is reported after other errors.
    Values { values: Vec<f32>, wrong: Option<(usize, String)> },
}

impl Labels {
    pub fn new(task: Task) -> Self {
        match task {
            Task::Classification => Self::Classes { indices: Vec::new(), texts: HashMap::new() },
            Task::Regression => Self::Values { values: Vec::new(), wrong: None },
        }
    }

    /// Without targets, for those of other samples.
    pub fn part(&self) -> Self {
        Self::new(match self {
            Self::Classes { .. } => Task::Classification,
            Self::Values { .. } => Task::Regression,
        })
    }

    pub fn push(&mut self, text: &str) {
        match self {
            Self::Classes { indices, texts } => {
                let index = texts.get(text).copied().unwrap_or_else(|| add(texts, text.into()));
                indices.push(index);
            }
            Self::Values { values, wrong } => {
                let value = columns::number(text);
                if value.is_none() && wrong.is_none() {
                    *wrong = Some((values.len(), text.to_owned()));
                }
                values.push(value.unwrap_or(f32::NAN));
            }
        }
    }

    /// Adds the targets of `others`, which are of the same task.
    pub fn append(&mut self, others: Self) {
        match (self, others) {
            (Self::Classes { indices, texts }, Self::Classes { indices: others, texts: theirs }) => {
                let known = |text: Box<str>| texts.get(&text).copied().unwrap_or_else(|| add(texts, text));
                let own: Vec<u32> = in_order(theirs).into_iter().map(known).collect();
                indices.extend(others.into_iter().map(|index| own[index as usize]));
            }
            (Self::Values { values, wrong }, Self::Values { values: others, wrong: theirs }) => {
                if wrong.is_none() {
                    *wrong = theirs.map(|(place, text)| (values.len() + place, text));
                }
                values.extend(others);
            }
            _ => {}
        }
    }

    /// Prepares for `times` as many targets.
    pub fn reserve(&mut self, times: f64) {
        let more = |count: usize| (count as f64 * times) as usize;
        // It only saves time.
        let _ = match self {
            Self::Classes { indices, .. } => indices.try_reserve(more(indices.len())),
            Self::Values { values, .. } => values.try_reserve(more(values.len())),
        };
    }

    /// The distinct texts that are classes; none for numbers.
    pub fn classes(&self) -> Vec<String> {
        match self {
            Self::Classes { texts, .. } => {
                texts.keys().filter(|text| !is_missing(text)).cloned().map(String::from).collect()
            }
            Self::Values { .. } => Vec::new(),
        }
    }
}

/// Adds a text that is new; returns its index. There is not memory for more than an index can count.
fn add(texts: &mut HashMap<Box<str>, u32>, text: Box<str>) -> u32 {
    let index = texts.len() as u32;
    texts.insert(text, index);
    index
}

/// The texts by index.
fn in_order(texts: HashMap<Box<str>, u32>) -> Vec<Box<str>> {
    let mut texts: Vec<(Box<str>, u32)> = texts.into_iter().collect();
    texts.sort_unstable_by_key(|(_, index)| *index);
    texts.into_iter().map(|(text, _)| text).collect()
}

impl Config {
    /// The targets of the samples on `lines`, as numbers or as indices of `classes`.
    ///
    /// # Errors
    /// [`Error::Data`] about the first target that is neither.
    pub(super) fn targets(
        &self,
        path: &Path,
        labels: Labels,
        lines: &LineNumbers,
        classes: &[String],
    ) -> Result<Targets> {
        let names = self.target.names();
        let at = |place: usize| {
            let width = names.len().max(1);
            (lines.of(place / width), names.get(place % width).map_or("", String::as_str))
        };
        let (mut indices, texts) = match labels {
            Labels::Values { values, wrong: None } => {
                return Ok(Targets::Values { values, width: names.len() });
            }
            Labels::Values { wrong: Some((place, text)), .. } => {
                let (line, name) = at(place);
                let explained = number(path, line, name, Some(&text));
                return Err(explained.err().unwrap_or_else(|| Error::data(path, "holds a wrong number")));
            }
            Labels::Classes { indices, texts } => (indices, in_order(texts)),
        };
        let places: HashMap<&str, u32> = classes.iter().map(String::as_str).zip(0..).collect();
        let known: Vec<Option<u32>> = texts.iter().map(|text| places.get(&**text).copied()).collect();
        // Texts are in order of occurrence.
        if let Some(unknown) = known.iter().position(Option::is_none) {
            let place = indices.iter().position(|index| *index as usize == unknown).unwrap_or(0);
            let ((line, name), text) = (at(place), &texts[unknown]);
            let message = if is_missing(text) {
                format!("the label is missing; remove the line, or add {} to `classes`", shown(text))
            } else {
                let known =
                    if classes.len() <= 20 { classes.join(", ") } else { "too many to list".to_owned() };
                format!("unknown class {}; the classes are {known}", shown(text))
            };
            return Err(Error::data(path, format!("line {line}, column `{name}`: {message}")));
        }
        for index in &mut indices {
            *index = known[*index as usize].unwrap_or_default();
        }
        Ok(Targets::Classes { labels: indices, names: classes.to_vec() })
    }
}
