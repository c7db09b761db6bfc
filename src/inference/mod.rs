//! What is done with a trained network: measuring it on samples with targets, and predicting.
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
mod predict;
mod row;

pub use evaluate::{Split, Watch, batch_size, evaluate};
pub use predict::{Prediction, predict};
pub use row::{Answer, Row};
