//! Array names in files of other programs.

use std::io::{Read, Seek};

use crate::data::formats::npz::Archive;
use crate::error::{Error, Result};
use crate::wording;

/// Names of samples, in lower case.
const SAMPLES: [&str; 9] =
    ["x", "data", "images", "features", "samples", "inputs", "x_train", "train_images", "arr_0"];
/// Names of targets, in lower case.
const TARGETS: [&str; 9] =
    ["y", "labels", "label", "targets", "target", "classes", "y_train", "train_labels", "arr_1"];

/// Checks that the file has the array `name`, given by `key` in the config.
///
/// # Errors
/// [`Error::Data`] with the existing arrays, and the line for the config.
pub(super) fn require<R: Read + Seek>(archive: &Archive<'_, R>, key: &str, name: &str) -> Result<()> {
    if archive.has(name) {
        return Ok(());
    }
    let names = archive.names();
    let usual = if key.starts_with('x') { SAMPLES } else { TARGETS };
    let same = |found: &&String| found.eq_ignore_ascii_case(name);
    let of = |usual: &str| names.iter().find(|found| found.eq_ignore_ascii_case(usual));
    let guess = names.iter().find(same).or_else(|| usual.into_iter().find_map(of));
    let example = guess.map_or("NAME", String::as_str);
    let message = format!(
        "array `{name}`: not in the file, which has {}; set the right one in `[data.npz]`: `{key} = \"{example}\"`",
        wording::names(&names, 20)
    );
    Err(Error::data(archive.path(), message))
}
