//! How configs are read, explained and documented; knows no section.

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
