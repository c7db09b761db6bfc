//! Loading, checking and documenting of configs, independent of their sections.
//!
//! ```
//! use taper::config::Input;
//!
//! # fn main() -> taper::Result<()> {
//! let overrides = vec![("--set".to_owned(), "train.epochs=many".to_owned())];
//! let text = taper::Experiment::built_in("digits_cnn")?.to_toml().into();
//! let input = Input { name: "digits.toml".to_owned(), text, overrides };
//! let error = taper::Experiment::load(&input).unwrap_err();
//! assert!(error.to_string().contains("expected an integer"), "{error}");
//! # Ok(())
//! # }
//! ```

mod check;
mod diagnostics;
mod document;
mod excerpt;
mod load;
mod moved;
mod overrides;
mod parse;
mod places;
mod problem;
mod reference;
mod registry;
mod suggest;
mod to_toml;

pub use diagnostics::{Diagnostics, Finding, Mistake};
pub use load::{Input, schema};
pub(crate) use load::{load, parse};
pub(crate) use moved::Moved;
pub use problem::{Path, Problem, Problems, Segment};
pub use reference::{reference, reference_of};
pub(crate) use registry::{admit_custom, registry};
pub(crate) use suggest::nearest;
pub(crate) use to_toml::to_toml;
