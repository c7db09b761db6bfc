//! Nested lists of numbers, straight into floats.

use super::cursor::Cursor;
use super::number;
use crate::data::input::Numbers;

/// The deepest list that is read as numbers: no network takes deeper ones.
const DEEPEST: usize = 8;

/// From this length on, memory for a list is reserved once for all numbers that can follow.
const LONG: usize = 1 << 14;

/// The regular nested list of finite numbers at `cursor`, or the number, or `None`, after which the position
/// of `cursor` is unspecified.
///
/// Finite means as `f32`: a number that is out of its range counts as irregular, so that it is reported with its
/// place.
pub fn read(cursor: &mut Cursor<'_>) -> Option<Numbers> {
    let mut values = Vec::new();
    let mut whole = true;
    // The lengths of the first list at each depth, and of the lists that are open.
    let mut shape: Vec<usize> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    loop {
        while cursor.skip_if(b'[') {
            let depth = open.len();
            if depth == DEEPEST || !values.is_empty() && depth == shape.len() {
                return None;
            }
            if values.is_empty() {
                shape.push(0);
            }
            open.push(0);
        }
        if open.len() != shape.len() {
            return None;
        }
        cursor.peek()?;
        let number = number::read(cursor.rest())?;
        cursor.advance(number.length);
        let value = number.value as f32;
        if !value.is_finite() {
            return None;
        }
        whole &= number.whole;
        if values.len() == values.capacity() {
            // No more than can follow: each takes a digit and a comma. A long list is not copied again; memory that turns out
            // not to be needed is never touched.
            let (length, most) = (values.len(), cursor.rest().len() / 2 + 1);
            values.reserve_exact(if length < LONG { length.max(16).min(most) } else { most });
        }
        values.push(value);
        if open.is_empty() {
            return Some(Numbers { shape, counted: true, values, whole });
        }
        // Closes the lists that end here.
        loop {
            let depth = open.len() - 1;
            open[depth] += 1;
            if cursor.skip_if(b',') {
                break;
            }
            if !cursor.skip_if(b']') {
                return None;
            }
            match shape[depth] {
                0 => shape[depth] = open[depth],
                length if length == open[depth] => {}
                _ => return None,
            }
            open.pop();
            if open.is_empty() {
                return Some(Numbers { shape, counted: true, values, whole });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<(Vec<usize>, Vec<f32>, bool)> {
        let mut cursor = Cursor::new(text);
        let numbers = read(&mut cursor)?;
        cursor.end().ok()?;
        Some((numbers.shape, numbers.values, numbers.whole))
    }

    #[test]
    fn regular_lists_become_shapes_and_values() {
        assert_eq!(of("[1, 2]"), Some((vec![2], vec![1.0, 2.0], true)));
        assert_eq!(of("[[1.5],[2]]"), Some((vec![2, 1], vec![1.5, 2.0], false)));
        assert_eq!(of(" [ [ [ 1 , 2 , 3 ] , [4,5,6] ] ] ").map(|found| found.0), Some(vec![1, 2, 3]));
        assert_eq!(of("7"), Some((vec![], vec![7.0], true)));
    }

    #[test]
    fn everything_else_is_left_to_others() {
        for text in [
            "[]",
            "[[]]",
            "[1,[2]]",
            "[[1],2]",
            "[[1,2],[3]]",
            "[[1],[2,3]]",
            "[1,null]",
            "[1e39]",
            "[NaN]",
            "[1,]",
            "[1",
            "[[[[[[[[[1]]]]]]]]]",
            "[[[1]],[[2],[3]]]",
            "[[1],[[2]]]",
            "{}",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
