//! How configs are read, explained and documented; knows no section.
//!
//! ```
//! use taper::config::Input;
//!
//! let overrides = vec![("--set".to_owned(), "train.epochs=many".to_owned())];
//! let text = taper::presets::find("digits_cnn").unwrap_or_default().into();
//! let input = Input { name: "digits.toml".to_owned(), text, overrides };
//! let error = taper::Experiment::load(&input).unwrap_err();
//! assert!(error.to_string().contains("expected a whole number"), "{error}");
//! ```

mod check;
mod diagnostics;
mod document;
mod excerpt;
mod load;
mod moved;
mod overrides;
mod parse;
mod problem;
mod reference;
mod registry;
mod suggest;

pub use diagnostics::{Diagnostics, Finding};
pub use load::{Input, load, parse, schema};
pub use moved::Moved;
pub use problem::{Path, Problem, Problems, Segment};
pub use reference::reference;
pub(crate) use registry::{admit_custom, registry};
pub use suggest::nearest;
