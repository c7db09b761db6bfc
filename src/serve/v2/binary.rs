//! The binary tensor extension: elements as bytes, in little-endian order and row by row, after the JSON.

use super::datatype::Datatype;

/// The parts of a body.
#[derive(Debug, PartialEq, Eq)]
pub enum Parts<'a> {
    /// JSON, and what follows it.
    Document(&'a str, &'a [u8]),
    /// The elements of the only input.
    Elements(&'a [u8]),
}

/// Numbers that were sent as bytes.
#[derive(Debug, PartialEq)]
pub enum Elements {
    /// Bytes as they were sent.
    Bytes(Vec<u8>),
    /// Numbers, as 32-bit floats.
    Floats(Vec<f32>),
}

/// Splits a body at the end of its JSON, whose length is in `header`. Without a header, all of it is JSON.
///
/// # Errors
/// If the length is none, or the JSON is not UTF-8; the message is for the client.
pub fn split<'a>(body: &'a [u8], header: Option<&str>) -> Result<Parts<'a>, String> {
    let (json, rest) = match header.map(str::trim) {
        None => (body, &[][..]),
        Some(text) => {
            let length = text.parse::<i128>();
            let length = length.map_err(|_| {
                format!("Inference-Header-Content-Length must be a number of bytes, got '{text}'")
            })?;
            let length = usize::try_from(length).ok().filter(|length| *length <= body.len());
            let length = length.ok_or_else(|| {
                format!("inference header size should be in range (0, {}), got: {text}", body.len())
            })?;
            if length == 0 {
                return Ok(Parts::Elements(body));
            }
            body.split_at(length)
        }
    };
    match std::str::from_utf8(json) {
        Ok(text) => Ok(Parts::Document(text, rest)),
        Err(error) => {
            let hint = match header {
                Some(_) => "",
                None => {
                    "; if binary data follow the JSON, `Inference-Header-Content-Length` gives its length"
                }
            };
            let at = error.valid_up_to();
            Err(format!("failed to parse the request JSON buffer: Invalid UTF-8. at offset {at}{hint}"))
        }
    }
}

/// The numbers in `bytes`; `None` if `datatype` is not one of numbers.
#[must_use]
pub fn numbers(datatype: Datatype, bytes: &[u8]) -> Option<Elements> {
    let floats = match datatype {
        Datatype::Bytes => return None,
        Datatype::Uint8 => return Some(Elements::Bytes(bytes.to_vec())),
        Datatype::Fp32 => decode(bytes, f32::from_le_bytes),
        Datatype::Fp64 => decode(bytes, |number| f64::from_le_bytes(number) as f32),
        Datatype::Int32 => decode(bytes, |number| i32::from_le_bytes(number) as f32),
        Datatype::Int64 => decode(bytes, |number| i64::from_le_bytes(number) as f32),
    };
    Some(Elements::Floats(floats))
}

fn decode<const SIZE: usize>(bytes: &[u8], number: impl Fn([u8; SIZE]) -> f32) -> Vec<f32> {
    bytes.as_chunks::<SIZE>().0.iter().map(|chunk| number(*chunk)).collect()
}

/// The `count` strings in `bytes`, each after its length in four bytes.
///
/// # Errors
/// If there are fewer or more; the message is for the client.
pub fn strings(bytes: &[u8], count: usize) -> Result<Vec<&[u8]>, String> {
    let mut strings = Vec::new();
    let mut rest = bytes;
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let length = u32::from_le_bytes(*length) as usize;
        let Some((string, after)) = after.split_at_checked(length) else { break };
        strings.push(string);
        rest = after;
    }
    if rest.is_empty() && strings.len() == count {
        return Ok(strings);
    }
    let (found, left) = (strings.len(), rest.len());
    Err(format!(
        "expected {count} strings, each after its length in 4 bytes, got {found} and {left} bytes more"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_split_at_the_end_of_its_json() {
        assert_eq!(split(b"{}", None), Ok(Parts::Document("{}", b"")));
        assert_eq!(split(b"{}ab", Some("2")), Ok(Parts::Document("{}", b"ab")));
        assert_eq!(split(b"{}", Some(" 2 ")), Ok(Parts::Document("{}", b"")));
        assert_eq!(split(b"abcd", Some("0")), Ok(Parts::Elements(b"abcd")));
        for header in ["3", "-1", "99999999999999999999999999"] {
            let error = split(b"{}", Some(header)).unwrap_err();
            assert_eq!(error, format!("inference header size should be in range (0, 2), got: {header}"));
        }
        for header in ["abc", "", "1.0", "0x2"] {
            let error = split(b"{}", Some(header)).unwrap_err();
            assert!(error.ends_with(&format!("must be a number of bytes, got '{header}'")), "{error}");
        }
        let error = split(b"{}\xff", None).unwrap_err();
        assert!(error.contains("at offset 2; if binary data follow"), "{error}");
    }

    #[test]
    fn numbers_are_little_endian() {
        let floats = |datatype, bytes: &[u8]| match numbers(datatype, bytes) {
            Some(Elements::Floats(floats)) => floats,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            floats(Datatype::Fp32, &[1.5_f32.to_le_bytes(), (-0.1_f32).to_le_bytes()].concat()),
            [1.5, -0.1]
        );
        assert_eq!(floats(Datatype::Fp64, &0.1_f64.to_le_bytes()), [0.1]);
        assert_eq!(floats(Datatype::Int32, &(-7_i32).to_le_bytes()), [-7.0]);
        assert_eq!(floats(Datatype::Int64, &255_i64.to_le_bytes()), [255.0]);
        assert_eq!(numbers(Datatype::Uint8, &[1, 2]), Some(Elements::Bytes(vec![1, 2])));
        assert_eq!(numbers(Datatype::Bytes, &[1, 2]), None);
    }

    #[test]
    fn strings_come_after_their_lengths() {
        let bytes = b"\x02\0\0\0ab\0\0\0\0\x01\0\0\0c";
        assert_eq!(strings(bytes, 3), Ok(vec![&b"ab"[..], b"", b"c"]));
        assert_eq!(strings(b"", 0), Ok(vec![]));
        assert!(strings(bytes, 2).is_err());
        assert!(strings(&bytes[..bytes.len() - 1], 3).is_err());
        assert!(strings(b"\xff\xff\xff\xffab", 1).is_err());
        assert!(strings(b"\x01\0", 1).is_err());
    }
}
