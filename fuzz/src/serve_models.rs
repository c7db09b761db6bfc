//! The config files of `tensorflow_model_server`: protocol buffers as text.

use taper::internals::serve::protobuf::{Field, Value, parse};

/// Reads the bytes as a message, and again what was read, written by the rules of the format.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match parse(text) {
        Ok(fields) => {
            let mut written = String::new();
            for field in &fields {
                write(field, &mut written);
            }
            let again = parse(&written).unwrap_or_else(|mistake| panic!("{mistake:?} in {written}"));
            assert!(same(&fields, &again), "{fields:?} became {again:?}");
        }
        Err(mistake) => {
            assert!(mistake.place.line >= 1 && mistake.place.line <= 1 + text.matches('\n').count());
            assert!(mistake.place.column >= 1 && mistake.place.column <= 1 + text.chars().count());
            assert!(!mistake.message.is_empty());
        }
    }
}

fn write(field: &Field, to: &mut String) {
    to.push_str(&field.name);
    match &field.value {
        Value::Text(text) => {
            to.push_str(": \"");
            for character in text.chars() {
                match character {
                    '\n' => to.push_str("\\n"),
                    '"' | '\\' => to.extend(['\\', character]),
                    other => to.push(other),
                }
            }
            to.push_str("\"\n");
        }
        Value::Word(word) => {
            to.push_str(": ");
            to.push_str(word);
            to.push('\n');
        }
        Value::Fields(fields) => {
            to.push_str(" {\n");
            for field in fields {
                write(field, to);
            }
            to.push_str("}\n");
        }
    }
}

/// Whether both have the same names and values, wherever they stand.
fn same(left: &[Field], right: &[Field]) -> bool {
    left.len() == right.len()
        && left.iter().zip(right).all(|(left, right)| {
            left.name == right.name
                && match (&left.value, &right.value) {
                    (Value::Fields(left), Value::Fields(right)) => same(left, right),
                    (left, right) => left == right,
                }
        })
}
