//! Decodes nested JSON lists of numbers to one flat list.

mod problem;

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::Numbers;
use super::array::position;
pub(in crate::data) use problem::explain;

/// The byte order mark that some programs write before UTF-8 text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The text after a byte order mark.
pub(in crate::data) fn without_mark(content: &[u8]) -> &[u8] {
    content.strip_prefix(BYTE_ORDER_MARK).unwrap_or(content)
}

/// Whether a text starts like a list of objects, an object, or `{"instances": [objects]}`.
pub(in crate::data) fn holds_objects(content: &[u8]) -> bool {
    fn skip(rest: &mut &[u8], text: &[u8]) -> bool {
        let after = rest.trim_ascii_start().strip_prefix(text);
        *rest = after.unwrap_or(rest);
        after.is_some()
    }
    let mut rest = content;
    if skip(&mut rest, b"[") {
        return skip(&mut rest, b"{");
    }
    if !skip(&mut rest, b"{") {
        return false;
    }
    if !skip(&mut rest, b"\"instances\"") {
        return rest.trim_ascii_start().starts_with(b"\"");
    }
    skip(&mut rest, b":") && skip(&mut rest, b"[") && skip(&mut rest, b"{")
}

/// Decodes a nested list, or `{"instances": [...]}`.
pub(in crate::data) fn parse(content: &[u8]) -> Result<Numbers, String> {
    let content = without_mark(content);
    let mut json = serde_json::Deserializer::from_slice(content);
    let numbers = json.deserialize_any(Text).and_then(|numbers| json.end().map(|()| numbers));
    numbers.map_err(|error| explain(content, &error))
}

/// The lists and numbers read so far.
#[derive(Default)]
struct Found {
    /// The lengths of the lists at each depth; `None` while a list is open.
    lengths: Vec<Option<usize>>,
    /// The depth of the numbers.
    depth: Option<usize>,
    values: Vec<f32>,
    fraction: bool,
}

impl Found {
    fn numbers(self, counted: bool) -> Numbers {
        let shape = self.lengths.into_iter().flatten().collect();
        Numbers { shape, counted, values: self.values, whole: !self.fraction }
    }

    /// The position of the next number, counted from 0, if all lists are as long as the first.
    fn place(&self, depth: usize) -> String {
        let mut shape: Vec<usize> =
            self.lengths.iter().copied().map(|length| length.unwrap_or(usize::MAX)).collect();
        shape.truncate(depth);
        format!("{} (counted from 0)", position(&shape, self.values.len()))
    }

    fn push<E: Error>(&mut self, value: f64, depth: usize) -> Result<(), E> {
        if depth == 0 {
            return Err(E::custom("a number in place of a list"));
        }
        if self.depth.is_some_and(|known| known != depth) || self.lengths.len() != depth {
            return Err(E::custom("a number where other lists have a list"));
        }
        self.depth = Some(depth);
        let float = value as f32;
        if !float.is_finite() {
            return Err(E::custom(format!(
                "{} is {value:?}, which is out of range for a 32-bit float",
                self.place(depth)
            )));
        }
        self.values.push(float);
        Ok(())
    }
}

/// The whole document.
struct Text;

impl<'de> Visitor<'de> for Text {
    type Value = Numbers;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of numbers or {\"instances\": [...]}")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Numbers, A::Error> {
        let mut found = Found::default();
        Nested { found: &mut found, depth: 0 }.visit_seq(list)?;
        Ok(found.numbers(false))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Numbers, A::Error> {
        let mut found = Found::default();
        while let Some(key) = map.next_key::<String>()? {
            if key != "instances" || found.depth.is_some() {
                return Err(A::Error::custom(format!("key {key:?}; expected `instances`, once")));
            }
            map.next_value_seed(Nested { found: &mut found, depth: 0 })?;
        }
        if found.lengths.is_empty() {
            return Err(A::Error::custom("no list `instances`"));
        }
        Ok(found.numbers(true))
    }
}

/// A list or a number within `depth` lists.
struct Nested<'a> {
    found: &'a mut Found,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Nested<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<(), D::Error> {
        value.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Nested<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number or a list of numbers")
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.found.push(value as f64, self.depth)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.found.push(value as f64, self.depth)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.found.fraction = true;
        self.found.push(value, self.depth)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Self { found, depth } = self;
        if found.depth.is_some_and(|numbers| numbers <= depth) {
            return Err(A::Error::custom("a list where other lists have a number"));
        }
        if found.lengths.len() == depth {
            found.lengths.push(None);
        }
        let mut length = 0;
        while list.next_element_seed(Nested { found, depth: depth + 1 })?.is_some() {
            length += 1;
        }
        match found.lengths[depth] {
            _ if length == 0 => Err(A::Error::custom("an empty list")),
            Some(other) if other != length => {
                Err(A::Error::custom(format!("a list of {length} where others have {other}")))
            }
            _ => {
                found.lengths[depth] = Some(length);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(Vec<usize>, Vec<f32>, bool), String> {
        parse(text.as_bytes()).map(|numbers| (numbers.shape, numbers.values, numbers.whole))
    }

    #[test]
    fn lists_become_shapes() {
        assert_eq!(read("[1, -2]").unwrap(), (vec![2], vec![1.0, -2.0], true));
        assert_eq!(read("[[1.5], [2]]").unwrap(), (vec![2, 1], vec![1.5, 2.0], false));
        assert_eq!(read("[[[1,2,3],[4,5,6]]]").unwrap().0, [1, 2, 3]);
        let instances = parse(br#"{"instances": [[7, 1.0]]}"#).unwrap();
        assert_eq!((instances.shape, instances.counted), (vec![1, 2], true));
    }

    #[test]
    fn text_that_is_not_an_array_is_explained() {
        for (text, words) in [
            ("", "is empty; expected a list of numbers"),
            ("[1, 2]\n[3, 4]", "contains several JSON values, as in JSON Lines; put them in one list"),
            ("[", "EOF"),
            ("[1, 2] 3", "trailing"),
            ("[]", "an empty list"),
            ("[[1], []]", "an empty list"),
            ("[[1], [2, 3]]", "a list of 2 where others have 1"),
            ("[[1], 2]", "a number where other lists have a list"),
            ("[1, [2]]", "a list where other lists have a number"),
            ("[[[1]], [2]]", "a number where other lists"),
            ("[[], [1]]", "an empty list"),
            ("[NaN]", "NaN at line 1 column 2 is not a JSON number; replace it"),
            ("[1e39]", "row 0 (counted from 0) is 1e39, which is out of range for a 32-bit float"),
            ("[[1, 2], [3, -1e39]]", "row 1, column 1 (counted from 0) is -1e39"),
            ("[1e999]", "1e999 is out of range for a 32-bit float at line 1 column"),
            ("[1,\n -5e999,2]", "-5e999 is out of range for a 32-bit float at line 2 column"),
            ("[null]", "invalid type: null, expected a number or a list"),
            ("[\"1\"]", "expected a number or a list"),
            ("3", "expected a list of numbers or"),
            ("{}", "no list `instances`"),
            ("{\"inputs\": [1]}", "key \"inputs\"; expected `instances`"),
            ("{\"instances\": [1], \"instances\": [1]}", "once"),
            ("{\"instances\": 1}", "a number in place of a list"),
        ] {
            let message = read(text).unwrap_err();
            assert!(message.contains(words) && !message.contains('\n'), "{text}: {message}");
        }
        assert!(read(&"[".repeat(100_000)).unwrap_err().contains("recursion limit"));
    }
}
