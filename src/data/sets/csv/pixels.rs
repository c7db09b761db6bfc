//! Rows of pixels.

use std::path::Path;

use super::line_numbers::LineNumbers;
use crate::data::Features;
use crate::data::columns::Columns;
use crate::error::{Error, Result};

/// The values as pixels.
pub(super) fn pixels(
    path: &Path,
    values: &[f32],
    lines: &LineNumbers,
    columns: &Columns,
) -> Result<Features> {
    let pixel = |value: &f32| (0.0..=255.0).contains(value) && value.fract() == 0.0;
    if let Some(i) = values.iter().position(|value| !pixel(value)) {
        let width = columns.width();
        let (line, name) = (lines.of(i / width), columns.value_names().swap_remove(i % width));
        let message =
            format!("line {line}, column `{name}`: {} is not a pixel, an integer from 0 to 255", values[i]);
        return Err(Error::data(path, message));
    }
    Ok(Features::Bytes(values.iter().map(|value| *value as u8).collect()))
}
