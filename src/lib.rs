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
//! What there is for users of the library:
//!
//! | module | what it does |
//! | --- | --- |
//! | [`experiment`] | [`Experiment`]: the whole config as plain data |
//! | [`data`], [`layers`], [`loss`], [`optimizer`], [`metrics`] | its sections, one file for each member |
//! | [`run`] | a run from beginning to end, [`train()`], and a trained network, [`Model`] |
//! | [`callbacks`] | what happens around training steps; user code adds its own |
//! | [`events`] | what a run reports, read as it is written |
//! | [`mod@bench`] | how fast a config is, and how fast it could be |
//! | [`network`], [`ops`], [`init`], [`shape`], [`random`] | what layers and data of user code are made of |
//! | [`config`] | reads a file, explains what is wrong; knows no section |
//! | [`device`], [`threads`], [`interrupt`], [`panics`] | the machine and the process |
//!
//! `examples/` has programs with a callback, a [layer](layers::custom) and a [data set](data::sets::custom)
//! of their own.
//!
//! Everything else, such as engines, the loop and the format of checkpoints, may change at any time. With the
//! feature `internals` taper's own tests reach it. `ARCHITECTURE.md` in the repository says which module may
//! use which, and how to add a member.
#![forbid(unsafe_code)]

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
pub mod shape;
pub mod threads;

mod checkpoint;
mod digest;
mod durable;
#[cfg_attr(
    not(feature = "internals"),
    expect(dead_code, reason = "gradients apart from updates, and teams of other sizes, are what tests use")
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

/// The Rust code of a page, which `cargo test` compiles.
#[cfg(doctest)]
#[doc = include_str!("../docs/library.md")]
mod library_page {}
