//! What is wrong with the elements of an input.

use crate::serve::json::{Cursor, Value, shortened};

/// What is wrong with `text`, the JSON of an input's data, which should be a list of numbers, flat or nested as `shape`.
#[must_use]
pub fn explain(text: &str, shape: &[usize]) -> String {
    let Some(inner) = text.strip_prefix('[') else {
        return format!("it must be an array, got {}", shortened(text));
    };
    let flat = [shape.iter().product()];
    let sizes = if inner.trim_start().starts_with('[') { shape } else { &flat };
    walk(text, sizes, shape).unwrap_or_else(|| "it is not a regular list of numbers".to_owned())
}

/// The place of an element in a tensor of `shape`, counted as the client does: by sample, and within it.
#[must_use]
pub fn place(element: usize, shape: &[usize]) -> String {
    let values = shape.iter().skip(1).product::<usize>().max(1);
    format!("value {} of sample {}", element % values, element / values)
}

/// Goes through a list that should have `sizes`, until something is wrong.
fn walk(text: &str, sizes: &[usize], shape: &[usize]) -> Option<String> {
    let mut cursor = Cursor::new(text);
    // The number of elements that were read of each list that is open, and of values in all.
    let mut open: Vec<usize> = Vec::new();
    let mut values = 0;
    loop {
        if cursor.skip_if(b'[') {
            if open.len() == sizes.len() {
                return Some(format!("{} is a list, not a number", index(&open)));
            }
            open.push(0);
            if cursor.peek() != Some(b']') {
                continue;
            }
        } else {
            let value = cursor.skip().ok()?;
            if open.len() != sizes.len() {
                return Some(format!("{} is {}, not a list", index(&open), shortened(value)));
            }
            if let Some(message) = wrong(value) {
                return Some(format!("{} {message}", place(values, shape)));
            }
            values += 1;
            *open.last_mut()? += 1;
        }
        while !cursor.skip_if(b',') {
            if !cursor.skip_if(b']') {
                return None;
            }
            let found = open.pop()?;
            let expected = *sizes.get(open.len())?;
            if found != expected {
                return Some(count(&open, found, expected));
            }
            *open.last_mut()? += 1;
        }
    }
}

/// The message for a list at `open` that has `found` elements.
fn count(open: &[usize], found: usize, expected: usize) -> String {
    let list = if open.is_empty() { "it".to_owned() } else { index(open) };
    format!("{list} has {found} elements, expected {expected}")
}

/// What is wrong with a value that should be a number.
fn wrong(value: &str) -> Option<String> {
    if matches!(Value::read(&mut Cursor::new(value)), Ok(Value::Numbers(_))) {
        return None;
    }
    let is_number =
        value.starts_with(|first: char| first == '-' || first.is_ascii_digit() || "NI".contains(first));
    let what = if is_number { "a finite 32-bit float" } else { "a number" };
    Some(format!("is {}, not {what}", shortened(value)))
}

/// The position of the element that is read next, as in `data[0][3]`.
fn index(open: &[usize]) -> String {
    open.iter().fold("data".to_owned(), |text, at| format!("{text}[{at}]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_found_with_its_place() {
        for (text, message) in [
            ("7", "it must be an array, got 7"),
            (r#"{"a":1}"#, r#"it must be an array, got {"a":1}"#),
            ("[]", "it has 0 elements, expected 6"),
            ("[1,2,3,4,5,6,7]", "it has 7 elements, expected 6"),
            ("[1,2,3,4,null,6]", "value 1 of sample 1 is null, not a number"),
            (r#"[1,2,3,"4",5,6]"#, r#"value 0 of sample 1 is "4", not a number"#),
            ("[1,2,1e39,4,5,6]", "value 2 of sample 0 is 1e39, not a finite 32-bit float"),
            ("[NaN,2,3,4,5,6]", "value 0 of sample 0 is NaN, not a finite 32-bit float"),
            ("[-Infinity,2,3,4,5,6]", "value 0 of sample 0 is -Infinity, not a finite 32-bit float"),
            ("[1,2,3,[4,5,6]]", "data[3] is a list, not a number"),
            ("[[1,2,3],4,5,6]", "data[1] is 4, not a list"),
            ("[[1,2,3],[4,5]]", "data[1] has 2 elements, expected 3"),
            ("[[1,2],[3,4],[5,6]]", "data[0] has 2 elements, expected 3"),
            ("[[1,2,3]]", "it has 1 elements, expected 2"),
            ("[[1,2,3],[]]", "data[1] has 0 elements, expected 3"),
            ("[[1,2,3],[4,true,6]]", "value 1 of sample 1 is true, not a number"),
            ("[[1,2,3],[4,[5],6]]", "data[1][1] is a list, not a number"),
            ("[[[1,2,3],[4,5,6]]]", "data[0][0] is a list, not a number"),
        ] {
            assert_eq!(explain(text, &[2, 3]), message, "{text}");
        }
    }

    #[test]
    fn depth_does_not_matter() {
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        assert_eq!(explain(&deep, &[1, 1]), "data[0][0] is a list, not a number");
    }
}
