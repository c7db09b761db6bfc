//! The samples of requests, in the form that a network takes.

use std::borrow::Cow;
use std::path::Path;

use super::model::Version;
use crate::data::Features;
use crate::data::input::{Inputs, Numbers, Units};
use crate::error::Error;

/// The samples of `numbers`, understood as `units`. A flat list of the pixels of a gray image is accepted for its
/// rows.
///
/// # Errors
/// If they do not fit the network; the message is for the client.
pub fn arrange(version: &Version, units: Units, mut numbers: Numbers) -> Result<Inputs, String> {
    if let Cow::Owned(shape) = unflattened(version, &numbers.shape) {
        numbers.shape = shape;
    }
    read(version.reader(units).numbers(place(), numbers))
}

/// The shape of an array, as rows and columns if it was one of flat gray images.
#[must_use]
pub fn unflattened<'a>(version: &Version, shape: &'a [usize]) -> Cow<'a, [usize]> {
    match (version.signature.shape.as_slice(), shape) {
        ([height, width, 1], [count, values]) if height.checked_mul(*width) == Some(*values) => {
            Cow::Owned(vec![*count, *height, *width])
        }
        _ => Cow::Borrowed(shape),
    }
}

/// The samples in the contents of PNG and JPEG files; `locate` completes an error with the number of the file.
///
/// # Errors
/// If one of them cannot be decoded, or there is none; the message is for the client.
pub fn pictures<C: AsRef<[u8]>>(
    version: &Version,
    files: impl Iterator<Item = Result<C, String>>,
    locate: impl Fn(usize, &str) -> String,
) -> Result<Inputs, String> {
    let mut all: Option<Inputs> = None;
    for (index, content) in files.enumerate() {
        let picture = content
            .and_then(|content| read(version.reader(Units::Auto).picture(place(), content.as_ref())))
            .map_err(|message| locate(index, &message))?;
        match (&mut all, picture) {
            (None, picture) => all = Some(picture),
            (Some(all), picture) => {
                all.count += 1;
                if let (Features::Bytes(all), Features::Bytes(more)) = (&mut all.features, picture.features) {
                    all.extend(more);
                }
            }
        }
    }
    all.ok_or_else(|| "No values in 'instances' array".to_owned())
}

/// The place in errors about samples, which is not sent: clients get only the messages.
pub fn place() -> &'static Path {
    Path::new("request")
}

/// The samples, or the message of the error.
///
/// # Errors
/// If reading failed.
pub fn read(inputs: crate::Result<Inputs>) -> Result<Inputs, String> {
    inputs.map_err(|error| match error {
        Error::Data { message, .. } => message,
        other => other.to_string(),
    })
}
