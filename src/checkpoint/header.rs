//! Checks the header of a safetensors file before the library parses it.
//!
//! The library accepts duplicate names (the last tensor wins), adds offsets without checking for overflow,
//! and copies all names before counting them. Such headers are rejected here.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::path::Path;

use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer as _};

use crate::error::{Error, Result};

/// The longest header that is accepted: the format's own limit. Many class names make it long.
const LIMIT: u64 = 100_000_000;
/// Limit on the number of tensors; the largest valid config has fewer.
const MOST_TENSORS: usize = 1 << 18;
/// The one key that is not a tensor.
const METADATA: &str = "__metadata__";

/// Checks that the header is complete, has no duplicate names and stays within the file.
///
/// # Errors
/// [`Error::Checkpoint`] about `place`.
pub(super) fn check(bytes: &[u8], place: &Path) -> Result<()> {
    if let Some(kind) = foreign(bytes) {
        let message = format!("{kind}, not a safetensors file; save the weights with safetensors");
        return Err(Error::checkpoint(place, message));
    }
    let refuse =
        |message: String| Err(Error::checkpoint(place, format!("not a safetensors file: {message}")));
    let Some((size, rest)) = bytes.split_first_chunk::<8>() else {
        return refuse("shorter than 8 bytes".to_owned());
    };
    let size = u64::from_le_bytes(*size);
    if size > LIMIT {
        return refuse(format!("claims a header of {size} bytes; the limit is {LIMIT}"));
    }
    let Some((header, data)) = usize::try_from(size).ok().and_then(|size| rest.split_at_checked(size)) else {
        return refuse(format!("claims a header of {size} bytes, but {} follow", rest.len()));
    };
    let mut json = serde_json::Deserializer::from_slice(header);
    match json.deserialize_map(Header { data: data.len() }).and_then(|()| json.end()) {
        Ok(()) => Ok(()),
        Err(error) => refuse(format!("in its header, {error}")),
    }
}

/// The file type that `bytes` belong to, if not safetensors: of `torch.save` (a zip archive, formerly a pickle), or
/// another archive.
fn foreign(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        // The length of a safetensors header may start with the same bytes.
        [_, _, _, _, _, _, _, _, b'{', ..] => None,
        [b'P', b'K', 3, 4, start @ ..] => {
            let name = b"data.pkl";
            let is_pytorch = start.windows(name.len()).take(256).any(|part| part == name);
            Some(if is_pytorch { "a PyTorch file" } else { "a zip archive" })
        }
        // The protocol versions of Python's pickle.
        [0x80, 2..=5, ..] => Some("a PyTorch file or another pickle"),
        _ => None,
    }
}

/// The whole header, which `data` bytes follow.
struct Header {
    data: usize,
}

/// A key of an object.
#[derive(Deserialize, PartialEq, Eq, Hash)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// The fields of a tensor that are checked here; the library checks the rest.
#[derive(Deserialize)]
struct Tensor {
    data_offsets: [usize; 2],
}

impl<'de> Visitor<'de> for Header {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = map.next_key::<Name<'de>>()? {
            if name.0 == METADATA {
                map.next_value_seed(Strings)?;
            } else {
                let Tensor { data_offsets: [_, end] } = map.next_value()?;
                if end > self.data {
                    let message = format!("`{}` ends at byte {end} of {}", name.0, self.data);
                    return Err(A::Error::custom(message));
                }
            }
            insert(&mut names, name)?;
            if names.len() > MOST_TENSORS {
                return Err(A::Error::custom(format!("more than {MOST_TENSORS} tensors")));
            }
        }
        Ok(())
    }
}

/// The metadata object of strings.
struct Strings;

impl<'de> DeserializeSeed<'de> for Strings {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, value: D) -> Result<(), D::Error> {
        value.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Strings {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of strings as metadata")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = map.next_key::<Name<'de>>()? {
            map.next_value::<IgnoredAny>()?;
            insert(&mut names, name)?;
        }
        Ok(())
    }
}

fn insert<'a, E: serde::de::Error>(names: &mut HashSet<Name<'a>>, name: Name<'a>) -> Result<(), E> {
    if names.contains(&name) {
        return Err(E::custom(format!("`{}` twice", name.0)));
    }
    names.insert(name);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(header: &str, data: usize) -> Result<(), String> {
        let size = (header.len() as u64).to_le_bytes();
        let bytes = [&size, header.as_bytes(), &vec![0; data]].concat();
        check(&bytes, Path::new("x")).map_err(|error| error.to_string())
    }

    #[test]
    fn ambiguous_headers_and_offsets_beyond_the_file_are_refused() {
        let tensor = r#"{"dtype":"F32","shape":[1],"data_offsets":[0,4]}"#;
        checked(&format!(r#"{{"a":{tensor},"__metadata__":{{"k":"v"}}}}  "#), 4).unwrap();
        for (header, words) in [
            (format!(r#"{{"a":{tensor},"a":{tensor}}}"#), "`a` twice"),
            (format!(r#"{{"a":{tensor},"\u0061":{tensor}}}"#), "`a` twice"),
            (format!(r#"{{"a":{tensor},"__metadata__":{{"k":"v","k":"w"}}}}"#), "`k` twice"),
            (r#"{"__metadata__":{},"__metadata__":{}}"#.to_owned(), "`__metadata__` twice"),
            (r#"{"__metadata__":[]}"#.to_owned(), "expected an object of strings"),
            (r#"{"a":{"data_offsets":[0,5]}}"#.to_owned(), "`a` ends at byte 5 of 4"),
            (r#"{"a":{"data_offsets":[0,18446744073709551615]}}"#.to_owned(), "ends at byte"),
            (r#"{"a":{"data_offsets":[-1,4]}}"#.to_owned(), "invalid value"),
            (r#"{"a":{}}"#.to_owned(), "missing field"),
            ("[]".to_owned(), "expected an object"),
            ("{} {}".to_owned(), "trailing"),
        ] {
            let message = checked(&header, 4).unwrap_err();
            assert!(message.contains(words), "{header}: {message}");
        }
    }
}
