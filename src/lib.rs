//! Trains, evaluates and runs neural networks defined in a TOML or JSON file, on candle.
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
//! Mistakes in a config are reported as a compiler would report them:
//!
//! ```
//! let error = taper::Experiment::from_toml("[optimizer.adam]\nlerning_rate = 0.1").unwrap_err();
//! assert!(error.to_string().contains("did you mean `learning_rate`?"));
//! ```
//!
//! The public modules:
//!
//! | module | contents |
//! | --- | --- |
//! | [`experiment`] | [`Experiment`], a whole config as plain data |
//! | [`data`], [`layers`], [`loss`], [`optimizer`], [`schedule`], [`metrics`] | the sections of a config, one file per member |
//! | [`run`] | [`train()`], a run from start to finish, and [`Model`], a trained network |
//! | [`callbacks`] | code that runs around training steps, taper's and yours |
//! | [`events`] | the log of a run, for writing and reading |
//! | `serve` (feature `serve`) | trained networks over HTTP |
//! | [`mod@bench`] | how fast a config is, and the limit of the hardware |
//! | [`network`], [`ops`], [`init`], [`shape`], [`random`] | building blocks of custom layers and data sets |
//! | [`config`] | parsing and checking of configs, independent of their sections |
//! | [`device`], [`threads`], [`interrupt`], [`panics`] | the machine and the process |
//!
//! `examples/` has programs with a custom callback, a custom [layer](layers::custom) and a custom
//! [data set](data::sets::custom).
//!
//! Everything else, such as the engines, the training loop and the checkpoint format, is private and may change
//! at any time; the feature `internals` opens it to taper's own tests. `ARCHITECTURE.md` in the repository
//! describes the layers of modules and how to add a member.
#![forbid(unsafe_code)]

pub mod augment;
pub mod bench;
pub mod callbacks;
pub mod config;
pub mod data;
pub mod device;
pub mod events;
pub mod experiment;
pub mod init;
pub mod interrupt;
pub mod layers;
pub mod loss;
pub mod metrics;
pub mod network;
pub mod ops;
pub mod optimizer;
pub mod panics;
pub mod random;
pub mod run;
pub mod schedule;
#[cfg(feature = "serve")]
pub mod serve;
pub mod shape;
pub mod threads;

mod checkpoint;
mod digest;
mod durable;
#[cfg_attr(
    not(feature = "internals"),
    expect(dead_code, reason = "only tests use gradients without an update, and teams of other sizes")
)]
mod engine;
mod error;
mod files;
mod gate;
mod inference;
mod model;
mod moved;
mod position;
mod presets;
mod run_folder;
mod system;
mod train;
mod wording;

#[cfg(feature = "internals")]
pub mod internals;

pub use candle_core;
pub use error::{Error, Result};
pub use experiment::Experiment;
pub use run::{Model, Options, Outcome, train};

/// Compiles the Rust code of this page in `cargo test`.
#[cfg(doctest)]
#[doc = include_str!("../docs/library.md")]
mod library_page {}
