//! The JSON of requests: read once, without recursion, with lists of numbers converted straight to floats.
//!
//! A tree of a request's numbers would cost more than the network that they are for. [`Cursor`] therefore reads a document
//! member by member, and [`Value::read`] reads a regular list of numbers as `Numbers`; everything else is kept as
//! text, which is small in practice and read by `serde_json`.

mod cursor;
mod float;
mod list;
mod number;
mod value;

pub use cursor::{Cursor, Invalid};
pub use float::write_float;
pub use value::Value;

/// The first 256 bytes of `text`, as errors quote it.
#[must_use]
pub fn shortened(text: &str) -> String {
    const MOST: usize = 256;
    match text.char_indices().find(|(at, char)| at + char.len_utf8() > MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
