//! Trains, evaluates and resumes neural networks from a TOML or JSON file, on candle.
#![deny(unsafe_code)]

pub mod config;
pub mod data;
pub mod error;
pub mod init;
#[allow(unsafe_code, reason = "the kernels call the matrix product of `gemm`, which takes pointers")]
pub mod kernels;
pub mod layers;
pub mod loss;
pub mod ops;
pub mod optimizer;
pub mod random;
pub mod shape;

pub use error::{Error, Result};
