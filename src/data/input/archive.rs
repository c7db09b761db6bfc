//! Chooses the array to predict for in an archive of several.

use std::io::Cursor;
use std::path::Path;

use crate::data::formats::array::Array;
use crate::data::formats::npz::Archive;
use crate::error::{Error, Result};

/// Default names of the array to predict for.
const USUAL: [&str; 2] = ["x_test", "x"];

/// Reads the array `named`, else `x_test`, else `x`, else the only one.
pub(super) fn decode(path: &Path, content: Vec<u8>, named: Option<&str>) -> Result<Array> {
    let mut archive = Archive::new(path, Cursor::new(content))?;
    let names = archive.names();
    let wanted = named.into_iter().chain(USUAL).find(|name| archive.has(name));
    match (wanted, names.as_slice()) {
        (Some(name), _) => archive.array(name),
        (None, [only]) => archive.array(only),
        (None, _) => {
            let names: Vec<&str> = names.iter().take(20).map(String::as_str).collect();
            let message = format!(
                "has the arrays {}, but neither `{}` nor `x`; save the samples under one of these names, or as `.npy`",
                names.join(", "),
                named.unwrap_or("x_test")
            );
            Err(Error::data(path, message))
        }
    }
}
