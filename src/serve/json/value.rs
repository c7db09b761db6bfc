//! The value of a member.

use super::cursor::{Cursor, Invalid};
use super::list;
use crate::data::input::Numbers;

/// A JSON value.
#[derive(Debug)]
pub enum Value<'a> {
    /// A regular list of finite numbers, or a number, whose shape is empty.
    Numbers(Numbers),
    /// Anything else: its text, which is valid JSON.
    Text(&'a str),
}

impl<'a> Value<'a> {
    /// Reads the next value.
    ///
    /// # Errors
    /// If it is malformed.
    pub fn read(cursor: &mut Cursor<'a>) -> Result<Self, Invalid> {
        let start = cursor.clone();
        if matches!(cursor.peek(), Some(b'[' | b'-' | b'0'..=b'9'))
            && let Some(numbers) = list::read(cursor)
        {
            return Ok(Self::Numbers(numbers));
        }
        *cursor = start;
        cursor.skip().map(Self::Text)
    }
}
