//! Arrays of numbers or strings, as stored in NumPy and IDX files.

mod element;

pub use element::Element;

use std::collections::HashMap;

/// An array in C order: the last index changes fastest.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// The size along each dimension; empty for a scalar.
    pub shape: Vec<usize>,
    /// The values, at least one, as many as the product of the sizes.
    pub values: Values,
}

/// The values of an array by type.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Unsigned bytes.
    Bytes(Vec<u8>),
    /// All other integers that fit in `i64`, and booleans as 0 and 1.
    Integers(Vec<i64>),
    /// Floating-point numbers, all finite.
    Floats(Vec<f32>),
    /// Strings.
    Strings(Strings),
}

/// Strings, of which each distinct one is stored once.
#[derive(Clone, Debug, PartialEq)]
pub struct Strings {
    /// The distinct strings, in order of first occurrence.
    pub texts: Vec<String>,
    /// The index into `texts` of each value.
    pub indices: Vec<u32>,
}

impl Values {
    /// The numbers, unscaled; integers beyond 2^24 are rounded.
    ///
    /// # Errors
    /// If they are strings.
    pub fn into_floats(self) -> Result<Vec<f32>, String> {
        match self {
            Self::Bytes(bytes) => Ok(bytes.into_iter().map(f32::from).collect()),
            Self::Integers(integers) => Ok(integers.into_iter().map(|integer| integer as f32).collect()),
            Self::Floats(floats) => Ok(floats),
            Self::Strings(strings) => {
                let first = strings.texts.first().map_or("", String::as_str).chars().take(40);
                let first: String = first.collect();
                Err(format!(
                    "holds strings such as {first:?} where numbers are needed; save it with `.astype(float)`"
                ))
            }
        }
    }
}

/// The coordinates in `shape` of the value at `index` in C order, counted from 0, as a phrase.
pub(in crate::data) fn position(shape: &[usize], mut index: usize) -> String {
    let mut places: Vec<usize> = shape
        .iter()
        .rev()
        .map(|&size| {
            let place = index % size.max(1);
            index /= size.max(1);
            place
        })
        .collect();
    places.reverse();
    match *places {
        [] => "the value".to_owned(),
        [row] => format!("row {row}"),
        [row, column] => format!("row {row}, column {column}"),
        _ => format!("the value at {places:?}"),
    }
}

/// Decodes the elements in `bytes`, an integral number of them, in C order; `shape` is used in errors only.
pub(super) fn decode(element: Element, bytes: Vec<u8>, shape: &[usize]) -> Result<Values, String> {
    decode_from(0, element, bytes, shape)
}

/// As [`decode`], of some elements of an array, the first of which has the index `first`.
pub(in crate::data) fn decode_from(
    first: usize,
    element: Element,
    bytes: Vec<u8>,
    shape: &[usize],
) -> Result<Values, String> {
    let place = |index: usize| format!("{} (counted from 0)", position(shape, first + index));
    match element.kind {
        'u' if element.size == 1 => Ok(Values::Bytes(bytes)),
        'U' | 'S' => strings(element, &bytes).map(Values::Strings).map_err(|index| {
            format!("{} holds bytes that are not text; save it with `.astype(str)`", place(index))
        }),
        'f' => {
            let mut floats = Vec::with_capacity(bytes.len() / element.size);
            for (index, number) in element.floats(&bytes).enumerate() {
                let float = number as f32;
                if !float.is_finite() {
                    let why = if number.is_finite() {
                        "is out of range for a 32-bit float; divide the numbers by a constant"
                    } else {
                        "is not a finite number; replace such numbers (`numpy.nan_to_num`), or remove the samples"
                    };
                    return Err(format!("{} is {number:?}, which {why}", place(index)));
                }
                floats.push(float);
            }
            Ok(Values::Floats(floats))
        }
        kind => {
            if let Some(index) = bytes.iter().position(|&byte| kind == 'b' && byte > 1) {
                return Err(format!("{} is {}, which is not a boolean", place(index), bytes[index]));
            }
            let integers: Option<Vec<i64>> =
                element.integers(&bytes).map(|n| i64::try_from(n).ok()).collect();
            Ok(integers.map_or_else(
                || Values::Floats(element.integers(&bytes).map(|integer| integer as f32).collect()),
                Values::Integers,
            ))
        }
    }
}

/// The strings in `bytes`, or the index of the first that is not text.
fn strings(element: Element, bytes: &[u8]) -> Result<Strings, usize> {
    let mut known: HashMap<&[u8], u32> = HashMap::new();
    let mut strings = Strings { texts: Vec::new(), indices: Vec::with_capacity(bytes.len() / element.size) };
    for (index, word) in bytes.chunks_exact(element.size).enumerate() {
        let next = u32::try_from(strings.texts.len()).map_err(|_| index)?;
        let which = *known.entry(word).or_insert(next);
        if which == next {
            strings.texts.push(element.text(word).ok_or(index)?);
        }
        strings.indices.push(which);
    }
    Ok(strings)
}

/// Reorders elements of `size` bytes from Fortran order, in which the first index changes fastest, to C
/// order.
pub(super) fn from_fortran_order(bytes: Vec<u8>, size: usize, shape: &[usize]) -> Vec<u8> {
    // Dimensions of size 1 have no effect; there may be thousands of them.
    let sizes: Vec<usize> = shape.iter().copied().filter(|&size| size > 1).collect();
    if sizes.len() < 2 {
        return bytes;
    }
    let strides: Vec<usize> = sizes
        .iter()
        .scan(size, |stride, &size| {
            let own = *stride;
            *stride *= size;
            Some(own)
        })
        .collect();
    let mut ordered = Vec::with_capacity(bytes.len());
    let mut place = vec![0; sizes.len()];
    let mut from = 0;
    while ordered.len() < bytes.len() {
        ordered.extend_from_slice(&bytes[from..from + size]);
        for dimension in (0..sizes.len()).rev() {
            place[dimension] += 1;
            from += strides[dimension];
            if place[dimension] < sizes[dimension] {
                break;
            }
            from -= strides[dimension] * sizes[dimension];
            place[dimension] = 0;
        }
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fortran_order_becomes_c_order_in_any_number_of_dimensions() {
        for shape in [&[][..], &[4], &[2, 3], &[3, 1, 2], &[2, 3, 4], &[1, 2, 1, 3, 2]] {
            let count: usize = shape.iter().product();
            // The value at each position is its index in C order.
            let mut fortran = vec![0; count * 2];
            for index in 0..count {
                let mut scale = 1;
                let mut place = 0;
                let mut within = count;
                let mut left = index;
                for &size in shape {
                    within /= size;
                    place += left / within * scale;
                    left %= within;
                    scale *= size;
                }
                fortran[place * 2] = index as u8;
                fortran[place * 2 + 1] = 100;
            }
            let expected: Vec<u8> = (0..count).flat_map(|index| [index as u8, 100]).collect();
            assert_eq!(from_fortran_order(fortran, 2, shape), expected, "{shape:?}");
        }
    }

    #[test]
    fn a_position_is_described_by_its_coordinates() {
        assert_eq!(position(&[3, 2], 5), "row 2, column 1");
        assert_eq!(position(&[3], 2), "row 2");
        assert_eq!(position(&[], 0), "the value");
        assert_eq!(position(&[2, 3, 4], 23), "the value at [1, 2, 3]");
    }
}
