//! Changes to single images, in `f32`, planes one after the other: resampling and blurring.
//!
//! Each call handles one image; the caller shares samples among threads.

mod blur;
mod resample;

pub use blur::Blur;
pub use resample::{Border, Map, Resampled};
