//! The task for which a user's own data is prepared.

use serde::{Deserialize, Serialize};

/// What to predict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// One class per sample.
    #[default]
    Classification,
    /// Real numbers.
    Regression,
}
