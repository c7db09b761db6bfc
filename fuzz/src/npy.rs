//! NumPy arrays, of words too: refused in a line, or the same again after they were written.

use taper::internals::data::formats::array::{Array, Values};
use taper::internals::data::formats::npy::parse;

/// Reads the bytes as an array.
pub fn run(data: &[u8]) {
    match parse(data.to_vec()) {
        Err(message) => assert!(!message.is_empty()),
        Ok(array) => {
            let (descr, values) = little_endian(&array.values);
            assert!(matches!(array.values, Values::Strings(_)) || values.len() <= 8 * data.len(), "more values than the file holds");
            let sizes: Vec<String> = array.shape.iter().map(usize::to_string).collect();
            let comma = if sizes.len() == 1 { "," } else { "" };
            let sizes = format!("{}{comma}", sizes.join(", "));
            let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({sizes})}}");
            let length = u32::try_from(header.len()).expect("a short header").to_le_bytes();
            let written = [b"\x93NUMPY\x02\x00", length.as_slice(), header.as_bytes(), &values].concat();
            let again = parse(written).unwrap_or_else(|message| panic!("{header}: {message}"));
            assert_eq!(again, array);
            check_count(&array);
        }
    }
}

fn little_endian(values: &Values) -> (String, Vec<u8>) {
    match values {
        Values::Bytes(bytes) => ("|u1".to_owned(), bytes.clone()),
        Values::Integers(integers) => {
            ("<i8".to_owned(), integers.iter().flat_map(|value| value.to_le_bytes()).collect())
        }
        Values::Floats(floats) => {
            ("<f4".to_owned(), floats.iter().flat_map(|value| value.to_le_bytes()).collect())
        }
        Values::Strings(words) => {
            let texts: Vec<Vec<u32>> =
                words.texts.iter().map(|text| text.chars().map(u32::from).collect()).collect();
            let longest = texts.iter().map(Vec::len).max().unwrap_or(0).max(1);
            let padded = words.indices.iter().flat_map(|&index| {
                let text = &texts[index as usize];
                (0..longest).map(|place| text.get(place).copied().unwrap_or(0))
            });
            (format!("<U{longest}"), padded.flat_map(u32::to_le_bytes).collect())
        }
    }
}

fn check_count(array: &Array) {
    let count: usize = array.shape.iter().product();
    match (&array.values, array.values.clone().into_floats()) {
        (Values::Strings(words), Err(message)) => {
            assert!(!message.is_empty());
            assert_eq!(words.indices.len(), count);
            let known = words.texts.len();
            assert!(words.indices.iter().all(|&index| (index as usize) < known), "a word that is not there");
        }
        (_, Ok(floats)) => {
            assert_eq!(floats.len(), count);
            assert!(floats.iter().all(|value| value.is_finite()), "a value that is not finite");
        }
        (_, Err(message)) => panic!("numbers that are none: {message}"),
    }
}
