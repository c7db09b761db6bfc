//! Trains, evaluates and resumes neural networks defined in a TOML or JSON file, on candle.
//!
//! The `taper` program is a thin layer over this library. Training, evaluating and predicting take a
//! few lines:
//!
//! ```no_run
//! use taper::Experiment;
//! use taper::data::SearchPath;
//!
//! fn main() -> taper::Result<()> {
//!     let experiment = Experiment::built_in("digits_cnn")?;
//!     let outcome = taper::train(&experiment, taper::Options::default())?;
//!
//!     let mut model = taper::Model::load(&outcome.folder)?;
//!     let evaluation = model.evaluate(None, &SearchPath::default())?;
//!     println!("loss {}", evaluation.running.loss());
//!     let inputs = model.read("digit.png")?;
//!     for prediction in model.predict(&inputs)? {
//!         println!("{}", model.classes()[prediction.class()]);
//!     }
//!     Ok(())
//! }
//! ```
//!
//! A wrong config is explained as a compiler would:
//!
//! ```
//! let error = taper::Experiment::from_toml("[optimizer.adam]\nlerning_rate = 0.1").unwrap_err();
//! assert!(error.to_string().contains("did you mean `learning_rate`?"));
//! ```
//!
//! In the order in which a run uses them:
//!
//! | module | what it does |
//! | --- | --- |
//! | [`config`] | reads a file, explains what is wrong; knows no section |
//! | [`experiment`] | [`Experiment`]: the whole config as plain data |
//! | [`run`] | turns it into live parts, and takes a run from beginning to end: [`train()`], [`Model`] |
//! | [`data`], [`model`], [`layers`], [`network`], [`loss`], [`optimizer`], [`metrics`], [`init`] | these parts, one file for each member |
//! | [`engine`] | what predicts, and what takes a training step |
//! | [`ops`], [`taper_kernels`] | tensor operations with right gradients, and their CPU loops |
//! | [`mod@train`] | the loop |
//! | [`callbacks`] | what happens around its steps; user code adds its own |
//! | [`events`] | what a run reports, read as it is written |
//! | [`inference`] | evaluation and prediction |
//! | [`run_folder`], [`checkpoint`], [`gate`] | what a run leaves behind, and what it must reach |
//! | [`mod@bench`] | how fast it is, and how fast it could be |
//!
//! `examples/` has programs with a callback, a [layer](layers::custom) and a [data set](data::sets::custom)
//! of their own.
//! `ARCHITECTURE.md` in the repository says which module may use which, and how to add a member.
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
pub mod files;
pub mod gate;
pub mod inference;
pub mod init;
pub mod interrupt;
pub mod layers;
pub mod loss;
pub mod metrics;
pub mod model;
pub mod moved;
pub mod network;
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
pub use candle_core;
pub use error::{Error, Result};
pub use experiment::Experiment;
pub use run::{Model, Options, Outcome, train};
