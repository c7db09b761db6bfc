//! Trains, evaluates and continues neural networks that a TOML or JSON file describes, on candle.
//!
//! The `taper` program is a thin layer over this library. In the order in which a run uses it:
//!
//! | module | what it does |
//! | --- | --- |
//! | [`config`] | reads a file, explains what is wrong; knows no section |
//! | [`experiment`] | [`Experiment`](experiment::Experiment): the whole config as plain data |
//! | [`run`] | turns it into live parts: data, network, engine |
//! | [`data`], [`model`], [`layers`], [`loss`], [`optimizer`], [`metrics`], [`init`] | these parts, one file for each member |
//! | [`engine`] | what predicts, and what takes a training step |
//! | [`ops`], [`taper_kernels`] | tensor operations with right gradients, and their CPU loops |
//! | [`inference`] | evaluation and prediction |
//! | [`train`] | the loop and its events |
//! | [`run_folder`], [`checkpoint`], [`gate`] | what a run leaves behind, and what it must reach |
//! | [`mod@bench`] | how fast it is, and how fast it could be |
//!
//! `ARCHITECTURE.md` in the repository says which module may use which, and how to add a member.
//!
//! ```
//! use taper::config::Input;
//! use taper::experiment::Experiment;
//!
//! let text = taper::presets::find("mnist_cnn").expect("a built-in config");
//! let input = Input {
//!     name: "mnist_cnn.toml".to_owned(),
//!     text: text.as_bytes().to_vec(),
//!     overrides: vec![("--set".to_owned(), "optimizer.adam.lerning_rate=0.1".to_owned())],
//! };
//! let error = Experiment::load(&input).expect_err("a typo");
//! assert!(error.to_string().contains("did you mean `learning_rate`?"));
//! ```
#![forbid(unsafe_code)]

pub mod bench;
pub mod callbacks;
pub mod checkpoint;
pub mod config;
pub mod data;
pub mod device;
pub mod digest;
pub mod durable;
pub mod engine;
pub mod error;
pub mod events;
pub mod experiment;
pub mod gate;
pub mod inference;
pub mod init;
pub mod interrupt;
pub mod layers;
pub mod loss;
pub mod metrics;
pub mod model;
pub mod ops;
pub mod optimizer;
pub mod panics;
pub mod position;
pub mod presets;
pub mod random;
pub mod run;
pub mod run_folder;
pub mod shape;
pub mod threads;
pub mod train;
pub use error::{Error, Result};
pub use run::{Model, Options, Outcome, train};
