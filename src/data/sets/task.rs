//! What the last column or the label array of a user's own data stands for.

use serde::{Deserialize, Serialize};

/// What is to be predicted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// One class for each sample.
    #[default]
    Classification,
    /// Real numbers.
    Regression,
}
