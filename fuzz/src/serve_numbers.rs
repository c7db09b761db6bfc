//! The numbers in requests: the reader of `taper serve` agrees with `serde_json`.

use serde_json::Value as Tree;
use taper::internals::serve::json::{Cursor, Value};

/// Reads the bytes as one JSON value.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut cursor = Cursor::new(text);
    let read = Value::read(&mut cursor).and_then(|value| cursor.end().map(|()| value));
    let expected = serde_json::from_str::<Tree>(text);
    match (&read, &expected) {
        (Ok(Value::Numbers(numbers)), Ok(tree)) => {
            let mut values = Vec::new();
            flatten(tree, &mut values);
            assert_eq!(numbers.values.iter().map(|value| value.to_bits()).collect::<Vec<_>>(), values);
            assert_eq!(numbers.shape.iter().product::<usize>(), values.len());
        }
        // What is valid here but not there: numbers out of range, the names of infinities, depth.
        (Ok(_), _) => {}
        (Err(invalid), Ok(_)) => panic!("{} at {}", invalid.message, invalid.offset),
        (Err(invalid), Err(_)) => assert!(invalid.offset <= text.len()),
    }
}

fn flatten(tree: &Tree, to: &mut Vec<u32>) {
    match tree {
        Tree::Array(elements) => elements.iter().for_each(|element| flatten(element, to)),
        other => to.push((other.as_f64().expect("a number") as f32).to_bits()),
    }
}
