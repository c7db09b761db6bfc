//! The classes of numeric labels, as configured.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::config::Problems;

/// Limit on the number of classes; a greater label is a mistake.
pub(super) const MOST_CLASSES: usize = 100_000;

/// The number of classes, or their names by index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum Classes {
    /// The number of classes, which are named by their indices.
    Number(#[schemars(range(min = 1, max = 100_000))] u32),
    /// The names of labels 0, 1, ….
    Names(#[schemars(length(min = 1))] Vec<String>),
}

impl Classes {
    /// Reports duplicate names and too many classes.
    pub(super) fn validate(&self, problems: &mut Problems<'_>) {
        let Self::Names(names) = self else { return };
        if names.len() > MOST_CLASSES {
            problems.report(format!("must have at most {MOST_CLASSES} names"));
        }
        let mut known = HashSet::new();
        for (i, name) in names.iter().enumerate() {
            if !known.insert(name) {
                problems.index(i).report(format!("`{name}` is listed twice"));
            }
        }
    }

    /// The number of classes.
    #[must_use]
    pub fn count(&self) -> usize {
        match self {
            Self::Number(count) => *count as usize,
            Self::Names(names) => names.len(),
        }
    }

    /// The names of the classes, by index.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        match self {
            Self::Number(count) => numbers(*count as usize),
            Self::Names(names) => names.clone(),
        }
    }
}

/// The names of `count` unnamed classes: their indices.
pub(super) fn numbers(count: usize) -> Vec<String> {
    (0..count).map(|class| class.to_string()).collect()
}

/// Why one of `labels` is not one of `count` classes, if so. Given the number of classes needed, `known_by`
/// explains where `count` is from and how to change it.
pub(super) fn outside<T: Copy + Into<i64>>(
    labels: &[T],
    count: usize,
    known_by: impl FnOnce(i64) -> String,
) -> Option<String> {
    let each = || labels.iter().map(|&label| label.into());
    let (row, label) =
        each().enumerate().find(|(_, label)| usize::try_from(*label).map_or(true, |label| label >= count))?;
    if label < 0 {
        return Some(format!(
            "label {label} in row {row}; labels start at 0; remove such samples, or add {} to each label",
            label.unsigned_abs()
        ));
    }
    let (least, most) = (each().min().unwrap_or(label), each().max().unwrap_or(label));
    let needed = most.saturating_add(1);
    let cause = if least == 0 {
        format!("label {label} in row {row}")
    } else if least == most {
        format!(
            "every label is {label}: no sample has label 0, but labels start at 0; subtract {least} from each"
        )
    } else {
        format!(
            "the labels are {least} to {most}: no sample has label 0, but labels start at 0; subtract {least} from each"
        )
    };
    Some(format!("{cause}; {}", known_by(needed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_that_do_not_start_at_0_are_distinguished_from_too_many_classes() {
        let known_by = |needed| format!("needs {needed}");
        assert_eq!(outside(&[0, 2, 1], 3, known_by), None);
        assert_eq!(outside(&[0, 2, 3], 3, known_by).unwrap(), "label 3 in row 2; needs 4");
        let shifted = outside(&[3, 2, 1], 3, known_by).unwrap();
        assert!(shifted.starts_with("the labels are 1 to 3: no sample has label 0"), "{shifted}");
        assert!(
            outside(&[7_u8, 7], 3, known_by).unwrap().starts_with("every label is 7: no sample has label 0")
        );
        assert_eq!(
            outside(&[0, -1], 3, known_by).unwrap(),
            "label -1 in row 1; labels start at 0; remove such samples, or add 1 to each label"
        );
        assert!(outside(&[0, i64::MAX], 3, known_by).unwrap().contains("needs 9223372036854775807"));
    }
}
