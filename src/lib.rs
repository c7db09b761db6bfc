//! Trains, evaluates and resumes neural networks from a TOML or JSON file, on candle.
#![deny(unsafe_code)]

pub mod checkpoint;
pub mod config;
pub mod data;
pub mod device;
pub mod digest;
pub mod engine;
pub mod error;
pub mod experiment;
pub mod gate;
pub mod init;
#[allow(unsafe_code, reason = "the kernels call the matrix product of `gemm`, which takes pointers")]
pub mod kernels;
pub mod layers;
pub mod loss;
pub mod metrics;
pub mod model;
pub mod ops;
pub mod optimizer;
pub mod presets;
pub mod random;
pub mod run;
pub mod run_folder;
pub mod shape;
pub mod threads;
pub mod train;

pub use error::{Error, Result};
