//! Uses of a trained network: evaluation on samples with targets, and prediction.
//!
//! ```
//! use taper::run::Prediction;
//!
//! let prediction = Prediction { logits: vec![1.0, 3.0, 2.0], values: vec![0.09, 0.67, 0.24] };
//! assert_eq!(prediction.class(), 1);
//! assert_eq!(prediction.top(2), [1, 2]);
//! ```

mod evaluate;
mod link;
mod mistakes;
mod predict;
mod prediction;
mod row;
mod sample_result;
mod threshold;
mod views;

pub use evaluate::{Split, batch_size, evaluate, evaluate_each};
pub use mistakes::{Mistake, Mistakes, Wrong};
pub use predict::predict;
pub use prediction::Prediction;
pub use row::{Answer, Row};
pub use sample_result::{Each, SampleResult, SampleTarget};
pub use threshold::Threshold;
pub use views::{Viewed, Views};
