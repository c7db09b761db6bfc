//! What is done with a trained network: measuring it on samples with targets, and predicting.

mod evaluate;
mod link;
mod predict;
mod row;

pub use evaluate::{Split, batch_size, evaluate};
pub use predict::{Prediction, predict};
pub use row::{Answer, Row};
