//! The NPY format: one NumPy array of numbers or strings.
//!
//! A magic string, a version, the length of the header, the header (a Python dictionary with element type,
//! order and shape) and the values, as in NumPy's `numpy.lib.format`. Both orders of dimensions and of bytes
//! are supported; Python objects, records, complex numbers and times are not.

mod header;

pub(in crate::data) use header::Header;

use super::array::{self, Array};
use super::foreign;

/// The largest array that is accepted, in bytes.
pub(in crate::data) const LIMIT: u64 = 1 << 34;
/// The longest header that is accepted; real ones have a few hundred bytes.
const LONGEST_HEADER: usize = 1 << 16;

/// The number of bytes at the start of a file that must contain its header.
pub(in crate::data) const LONGEST_START: u64 = 12 + LONGEST_HEADER as u64;

/// Parses the header of a file of `whole` bytes that begins with `content`, and returns where it ends.
///
/// # Errors
/// If it is not a header, or does not promise exactly the bytes that follow it.
pub(in crate::data) fn header(content: &[u8], whole: u64) -> Result<(Header, usize), String> {
    let cut_off = || "the NPY header is cut off; replace the file".to_owned();
    if !content.starts_with(b"\x93NUMPY") {
        let other = foreign::explain(content).map_or_else(String::new, |what| format!(": it {what}"));
        return Err(format!("not an NPY file{other}"));
    }
    let (length, start) = match *content.get(6..8).ok_or_else(cut_off)? {
        [1, 0] => (content.get(8..10).map(|b| usize::from(b[0]) | usize::from(b[1]) << 8), 10),
        [2 | 3, 0] => {
            (content.get(8..12).map(|b| b.iter().rev().fold(0, |n, &b| n << 8 | usize::from(b))), 12)
        }
        ref version => {
            return Err(format!("NPY version {version:?} is unsupported; versions 1 to 3 are supported"));
        }
    };
    let length = length.ok_or_else(cut_off)?;
    if length > LONGEST_HEADER {
        return Err(format!("an NPY header of {length} bytes; the limit is {LONGEST_HEADER}"));
    }
    let end = start + length;
    let header = std::str::from_utf8(content.get(start..end).ok_or_else(cut_off)?);
    let header = Header::parse(header.map_err(|_| "the NPY header is not text".to_owned())?)?;
    let Header { element, shape, .. } = &header;
    let elements = shape.iter().try_fold(1_usize, |product, &size| product.checked_mul(size));
    let expected = elements.and_then(|elements| elements.checked_mul(element.size)).map(|bytes| bytes as u64);
    let found = whole.saturating_sub(end as u64);
    if expected != Some(found) {
        let expected = expected.map_or("too many".to_owned(), |expected| expected.to_string());
        return Err(format!("its NPY header promises {expected} bytes of values, but {found} follow"));
    }
    if found == 0 {
        return Err(format!("an array of shape {shape:?} holds no values"));
    }
    Ok((header, end))
}

/// Parses the whole content of an NPY file.
///
/// # Errors
/// A sentence that describes the problem: not an NPY file of numbers or strings, a length that disagrees with
/// the header, or a value that is NaN, infinite or out of range for `f32`.
pub fn parse(mut content: Vec<u8>) -> Result<Array, String> {
    let (Header { element, fortran_order, shape }, end) = header(&content, content.len() as u64)?;
    content.drain(..end);
    if fortran_order {
        content = array::from_fortran_order(content, element.size, &shape);
    }
    Ok(Array { values: array::decode(element, content, &shape)?, shape })
}

#[cfg(test)]
pub(in crate::data) mod tests {
    use super::super::array::{Strings, Values};
    use super::*;

    /// The bytes of an NPY file, version 1.
    pub fn npy(descr: &str, shape: &str, values: &[u8]) -> Vec<u8> {
        with_header(&format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"), values)
    }

    fn with_header(header: &str, values: &[u8]) -> Vec<u8> {
        let header = format!("{header:<117}\n");
        let length = u16::try_from(header.len()).unwrap().to_le_bytes();
        [b"\x93NUMPY\x01\x00".as_slice(), &length, header.as_bytes(), values].concat()
    }

    #[test]
    fn reads_every_type() {
        let read = |descr: &str, values: &[u8]| parse(npy(descr, "(2,)", values)).unwrap().values;
        assert_eq!(read("|u1", &[0, 255]), Values::Bytes(vec![0, 255]));
        assert_eq!(read("|b1", &[0, 1]), Values::Integers(vec![0, 1]));
        assert_eq!(read("|i1", &[0xff, 127]), Values::Integers(vec![-1, 127]));
        assert_eq!(read("<i2", &[0xfe, 0xff, 0, 1]), Values::Integers(vec![-2, 256]));
        assert_eq!(read("<u2", &[0xfe, 0xff, 0, 1]), Values::Integers(vec![65534, 256]));
        let words = |a: i64, b: i64| [a.to_le_bytes(), b.to_le_bytes()].concat();
        assert_eq!(read("<i8", &words(i64::MIN, 7)), Values::Integers(vec![i64::MIN, 7]));
        assert_eq!(read("<u8", &words(3, 7)), Values::Integers(vec![3, 7]));
        let singles = [1.5_f32.to_le_bytes(), (-2.0_f32).to_le_bytes()].concat();
        assert_eq!(read("<f4", &singles), Values::Floats(vec![1.5, -2.0]));
        let doubles = [1.5_f64.to_le_bytes(), (-2.0_f64).to_le_bytes()].concat();
        assert_eq!(read("<f8", &doubles), Values::Floats(vec![1.5, -2.0]));
        assert_eq!(read("<f2", &[0, 0x3e, 0, 0xc0]), Values::Floats(vec![1.5, -2.0]));
        assert_eq!(read(">f2", &[0x3e, 0, 0xc0, 0]), Values::Floats(vec![1.5, -2.0]));
        assert_eq!(read(">i4", &[0, 0, 1, 0, 0xff, 0xff, 0xff, 0xff]), Values::Integers(vec![256, -1]));
        // Integers that do not fit in `i64` are rounded to 32-bit floats.
        assert_eq!(read("<u8", &[0xff; 16]), Values::Floats(vec![u64::MAX as f32; 2]));
        let words = Strings { texts: vec!["a".to_owned(), "bc".to_owned()], indices: vec![0, 1] };
        assert_eq!(read("|S2", b"a\0bc"), Values::Strings(words));
    }

    #[test]
    fn fortran_order_becomes_c_order() {
        let header = "{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3), }";
        let columns: Vec<u8> = [0_u16, 3, 1, 4, 2, 5].into_iter().flat_map(u16::to_be_bytes).collect();
        let array = parse(with_header(header, &columns)).unwrap();
        assert_eq!(array, Array { shape: vec![2, 3], values: Values::Integers((0..6).collect()) });
    }

    #[test]
    fn reads_all_shapes_and_versions_and_keys_in_any_order() {
        let shape =
            |text: &str, bytes: usize| parse(npy("|u1", text, &vec![0; bytes])).map(|array| array.shape);
        assert_eq!(shape("()", 1).unwrap(), Vec::<usize>::new());
        assert_eq!(shape("(2, 3)", 6).unwrap(), [2, 3]);
        assert_eq!(shape("(2,3,)", 6).unwrap(), [2, 3]);
        let header = r#"{"shape":(1,),"fortran_order":True,"descr":"|u1"}"#;
        assert_eq!(parse(with_header(header, &[7])).unwrap().shape, [1]);
        let mut second = npy("|u1", "(1,)", &[7]);
        second[6] = 2;
        second.splice(10..10, [0, 0]);
        assert_eq!(parse(second).unwrap().values, Values::Bytes(vec![7]));
    }

    #[test]
    fn rejects_a_file_cut_off_anywhere_or_too_long() {
        let whole = npy("<f4", "(2, 1)", &[0; 8]);
        for length in 0..whole.len() {
            parse(whole[..length].to_vec()).unwrap_err();
        }
        assert!(parse([whole, vec![0]].concat()).unwrap_err().contains("promises 8 bytes"));
    }

    #[test]
    fn rejects_headers_that_are_wrong_or_malformed() {
        let huge = "(18446744073709551615, 18446744073709551615)";
        assert!(parse(npy("<f4", huge, &[0; 8])).unwrap_err().contains("too many"));
        for shape in ["(0,)", "(2, 0)"] {
            assert!(parse(npy("<f4", shape, &[])).unwrap_err().contains("no values"));
        }
        for shape in
            ["(2", "2", "(2)", "(,)", "(-2,)", "(+2,)", "(2.0,)", "(2,,3)", "(99999999999999999999,)"]
        {
            assert!(parse(npy("|u1", shape, &[0, 0])).unwrap_err().contains("malformed"), "{shape}");
        }
        for header in ["", "{", "{}", "{'descr'}", "{'descr': '|u1', 'shape': (1,)}", "{'x': 1}", "é", "{'é"]
        {
            parse(with_header(header, &[0])).unwrap_err();
        }
        let twice = "{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': (1,)}";
        assert!(parse(with_header(twice, &[0])).unwrap_err().contains("malformed"));
    }

    #[test]
    fn rejects_types_other_than_plain_numbers_and_strings() {
        let message = |descr: &str| parse(npy(descr, "(1,)", &[0; 8])).unwrap_err();
        assert!(message("|O").contains("never loaded"));
        for descr in [
            "<U0",
            "<U99999999999999999999",
            "|S",
            "<c8",
            "<f16",
            "<f3",
            "",
            "<",
            "é",
            "<i3",
            "|V8",
            "<M8[s]",
        ] {
            assert!(message(descr).starts_with("holds"), "{descr}");
        }
        assert!(message("|i8").contains("type") && message("|U2").contains("strings"));
        let records = "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }";
        assert!(parse(with_header(records, &[0; 4])).unwrap_err().contains("records"));
    }

    #[test]
    fn rejects_numbers_that_are_not_finite_32_bit_floats() {
        let message = |descr: &str, value: &[u8]| parse(npy(descr, "(1,)", value)).unwrap_err();
        let nan = message("<f4", &f32::NAN.to_le_bytes());
        assert!(
            nan.starts_with("row 0 (counted from 0) is NaN, which is not a finite number; replace"),
            "{nan}"
        );
        assert!(message("<f2", &[0, 0xfc]).contains("is -inf, which is not a finite number"));
        assert!(
            message("<f8", &(-1e300_f64).to_le_bytes())
                .contains("is -1e300, which is out of range for a 32-bit float")
        );
        assert!(message("|b1", &[2]).contains("not a boolean"));
        assert!(message("|S1", &[0xff]).contains("not text"));
        let doubles: Vec<u8> = [1.0, 1.0, 1.0, 1e39_f64].into_iter().flat_map(f64::to_le_bytes).collect();
        let table = parse(npy("<f8", "(2, 2)", &doubles)).unwrap_err();
        assert!(
            table.starts_with(
                "row 1, column 1 (counted from 0) is 1e39, which is out of range for a 32-bit float;"
            ),
            "{table}"
        );
    }

    #[test]
    fn bytes_become_floats_unscaled() {
        let array = parse(npy("|u1", "(1, 2)", &[3, 255])).unwrap();
        assert_eq!((array.shape, array.values.into_floats()), (vec![1, 2], Ok(vec![3.0, 255.0])));
    }
}
