//! JSON as requests have it: read once, without recursion, with lists of numbers straight into floats.
//!
//! A tree of a request's numbers would cost more than the network that they are for. [`Cursor`] therefore reads a document
//! member by member, and [`Cursor::value`] reads a regular list of numbers as [`Numbers`]; everything else is kept as
//! text, which is small in practice and read by `serde_json`.

mod cursor;
mod float;
mod list;
mod number;

pub use cursor::{Cursor, Invalid};
pub use float::write_float;

use crate::data::input::Numbers;

/// The value of a member.
#[derive(Debug)]
pub enum Value<'a> {
    /// A regular list of finite numbers, or a number, whose shape is empty.
    Numbers(Numbers),
    /// Anything else: its text, which is valid JSON.
    Text(&'a str),
}
