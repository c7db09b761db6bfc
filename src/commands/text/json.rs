//! JSON for people and programs.

use serde_json::Value;

/// `value` on several lines, with each array of scalars on one line.
pub fn json(value: &Value) -> String {
    let mut text = String::new();
    write(value, 0, &mut text);
    text
}

fn write(value: &Value, depth: usize, to: &mut String) {
    let start = |to: &mut String, depth: usize| {
        to.push('\n');
        to.extend(std::iter::repeat_n(' ', 2 * depth));
    };
    let nested = |value: &Value| value.is_array() || value.is_object();
    match value {
        Value::Array(items) if items.iter().any(nested) => {
            to.push('[');
            for (i, item) in items.iter().enumerate() {
                to.push_str(if i > 0 { "," } else { "" });
                start(to, depth + 1);
                write(item, depth + 1, to);
            }
            start(to, depth);
            to.push(']');
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(ToString::to_string).collect();
            to.extend(["[", &items.join(", "), "]"]);
        }
        Value::Object(entries) if !entries.is_empty() => {
            to.push('{');
            for (i, (key, value)) in entries.iter().enumerate() {
                to.push_str(if i > 0 { "," } else { "" });
                start(to, depth + 1);
                to.extend([Value::from(key.as_str()).to_string().as_str(), ": "]);
                write(value, depth + 1, to);
            }
            start(to, depth);
            to.push('}');
        }
        other => to.push_str(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_parses_to_the_same_value_and_has_arrays_of_scalars_on_one_line() {
        let value =
            serde_json::json!({"a": [[1, 2], [3, 4]], "b": {}, "c": [], "d": [{"e": "\"x\n"}], "f": null});
        let text = json(&value);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        assert!(text.contains("    [1, 2],\n    [3, 4]\n"), "{text}");
    }
}
