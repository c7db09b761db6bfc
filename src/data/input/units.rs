//! The units of pixels.

use serde::{Deserialize, Serialize};

/// What numbers mean to a network that was trained on pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Units {
    /// Integers are pixels from 0 to 255, other numbers fractions from 0 to 1; integers that could be either are
    /// errors.
    #[default]
    Auto,
    /// Integers from 0 to 255, however they are written.
    Pixels,
    /// Numbers from 0 to 1, however they are written.
    Fractions,
}
