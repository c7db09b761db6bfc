//! Factors for the losses of classes.

use serde::{Deserialize, Serialize};

use crate::config::Problems;

/// A factor for each class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum ClassWeights {
    /// The factors, by index.
    List(Vec<f64>),
    /// Factors that follow from the training samples.
    Rule(Rule),
}

/// A rule for the factors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// n / (K `n_c`) for the class c with `n_c` of the n training samples of K classes, as in scikit-learn; 0 for a class
    /// without samples.
    Balanced,
}

impl ClassWeights {
    /// The factors, unless they are still to be determined.
    #[must_use]
    pub fn list(&self) -> Option<&[f64]> {
        match self {
            Self::List(weights) => Some(weights),
            Self::Rule(_) => None,
        }
    }

    /// The factors for training samples with these `labels`, which are below `classes`.
    #[must_use]
    pub fn resolve(&self, labels: impl Iterator<Item = u32>, classes: usize) -> Self {
        match self {
            Self::List(_) => self.clone(),
            Self::Rule(Rule::Balanced) => {
                let mut counts = vec![0_u64; classes];
                for label in labels {
                    counts[label as usize] += 1;
                }
                let even = counts.iter().sum::<u64>() as f64 / classes.max(1) as f64;
                let weight = |count: u64| if count == 0 { 0.0 } else { even / count as f64 };
                Self::List(counts.into_iter().map(weight).collect())
            }
        }
    }

    /// Reports negative factors; `problems` is at the key of the factors.
    pub fn validate(&self, problems: &mut Problems<'_>) {
        for (i, weight) in self.list().into_iter().flatten().enumerate() {
            if *weight < 0.0 {
                problems.index(i).report("must not be negative");
            }
        }
    }
}

impl From<Vec<f64>> for ClassWeights {
    fn from(weights: Vec<f64>) -> Self {
        Self::List(weights)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn balanced_factors_are_those_of_scikit_learn() {
        // compute_class_weight("balanced", classes=[0, 1, 2], y=[0, 0, 0, 1, 1, 2])
        let balanced: ClassWeights = serde_json::from_str("\"balanced\"").expect("a rule");
        let found = balanced.resolve([0, 0, 0, 1, 1, 2].into_iter(), 3);
        assert_eq!(found.list(), Some(&[2.0 / 3.0, 1.0, 2.0][..]));
        assert_eq!(balanced.resolve([1, 1].into_iter(), 2).list(), Some(&[0.0, 0.5][..]));
        assert_eq!(found.resolve(std::iter::empty(), 3), found, "a list remains as it is");
    }
}
