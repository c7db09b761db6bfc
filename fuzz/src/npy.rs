//! NumPy arrays: refused in a line, or the same again after they were written.

use taper::internals::data::formats::npy::{Array, Values, parse};

/// Reads the bytes as an array.
pub fn run(data: &[u8]) {
    match parse(data.to_vec()) {
        Err(message) => assert!(!message.is_empty()),
        Ok(array) => {
            let (descr, values) = little_endian(&array.values);
            assert!(values.len() <= 8 * data.len(), "more values than the file holds");
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

fn little_endian(values: &Values) -> (&'static str, Vec<u8>) {
    match values {
        Values::Bytes(bytes) => ("|u1", bytes.clone()),
        Values::Integers(integers) => ("<i8", integers.iter().flat_map(|value| value.to_le_bytes()).collect()),
        Values::Floats(floats) => ("<f4", floats.iter().flat_map(|value| value.to_le_bytes()).collect()),
    }
}

fn check_count(array: &Array) {
    let floats = array.values.clone().into_floats();
    assert_eq!(floats.len(), array.shape.iter().product::<usize>());
    assert!(floats.iter().all(|value| value.is_finite()), "a value that is not finite");
}
