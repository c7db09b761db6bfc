//! Tensors that do not match the network, or are not where the header states.

use serde_json::{Value, json};

use super::{Case, Weights, case};

#[expect(clippy::too_many_lines, reason = "a table: one line for each case")]
pub fn cases(weights: &Weights) -> Vec<Case> {
    const FIRST: &str = "layers.0.weight";
    let set = |key: &str, value: Value| weights.header(|header| header[FIRST][key] = value);
    let with = |name: &str, tensor: Value| weights.header(|header| header[name] = tensor);
    let offsets = |name: &str| {
        let at = &weights.header[name]["data_offsets"];
        [0, 1].map(|i| at[i].as_u64().expect("an offset"))
    };
    let end = weights.data.len() as u64;
    let [from, to] = offsets(FIRST);
    let [other_from, other_to] = offsets("layers.1.weight");
    let value = |at: u64, value: f32| {
        let mut data = weights.data.clone();
        data[at as usize..at as usize + 4].copy_from_slice(&value.to_le_bytes());
        weights.data(data)
    };
    let grown = |tensor: Value, more: usize| {
        let mut other = weights.clone();
        other.header["extra"] = tensor;
        other.data.extend(vec![0; more]);
        other.bytes()
    };
    let wide = |dtype: &str, bytes: u64| {
        // The first tensor with elements of another size, all others moved.
        let mut other = weights.clone();
        let elements = (to - from) / 4;
        let length = elements * bytes;
        let shift = |at: u64| if at >= to { at - (to - from) + length } else { at };
        for (name, tensor) in other.header.as_object_mut().expect("an object") {
            if name != "__metadata__" {
                let moved = [0, 1].map(|i| shift(tensor["data_offsets"][i].as_u64().expect("an offset")));
                tensor["data_offsets"] = json!(moved);
            }
        }
        other.header[FIRST]["dtype"] = json!(dtype);
        other.header[FIRST]["data_offsets"] = json!([from, from + length]);
        let zeros = vec![0; length as usize];
        other.data.splice(from as usize..to as usize, zeros);
        other.bytes()
    };
    let renamed = |name: &str| {
        weights.header(|header| {
            let object = header.as_object_mut().expect("an object");
            let tensor = object.remove(FIRST).expect("a tensor");
            object.insert(name.to_owned(), tensor);
        })
    };
    vec![
        case("F16", wide("F16", 2), "is F16 [48, 6], but this network needs F32"),
        case("BF16", wide("BF16", 2), "is BF16 [48, 6], but this network needs F32"),
        case("F64", wide("F64", 8), "is F64 [48, 6], but this network needs F32"),
        case("U8", wide("U8", 1), "is U8 [48, 6], but this network needs F32"),
        case("I32 in place of F32", set("dtype", json!("I32")), "is I32"),
        case("an unknown type", set("dtype", json!("F99")), "unknown variant"),
        case("no type", set("dtype", Value::Null), "not a safetensors file"),
        case(
            "a type too large for the bytes",
            set("dtype", json!("F64")),
            "invalid shape, data type, or offset",
        ),
        case(
            "another shape",
            set("shape", json!([6, 48])),
            "is F32 [6, 48], but this network needs F32 [48, 6]",
        ),
        case("a flat shape", set("shape", json!([288])), "is F32 [288]"),
        case("more dimensions", set("shape", json!([1, 48, 6])), "is F32 [1, 48, 6]"),
        case("a size of 0", set("shape", json!([0, 6])), "invalid shape"),
        case("no shape", set("shape", json!([])), "invalid shape"),
        case("a shape that overflows", set("shape", json!([u64::MAX, 6])), "overflow"),
        case("a shape that wraps around to 288", set("shape", json!([(1_u64 << 63) + 144, 2])), "overflow"),
        case("a negative size", set("shape", json!([-48, -6])), "not a safetensors file"),
        case("a fraction as size", set("shape", json!([48.5, 6])), "not a safetensors file"),
        case("a shape of text", set("shape", json!("48")), "not a safetensors file"),
        case("10,000 dimensions", set("shape", json!(vec![1; 10_000])), "invalid shape"),
        case("reversed offsets", set("data_offsets", json!([to, from])), "not a safetensors file"),
        case("a negative offset", set("data_offsets", json!([-1, to])), "invalid value"),
        case("an offset too few", set("data_offsets", json!([from])), "invalid length"),
        case("an offset too many", set("data_offsets", json!([from, to, to])), "not a safetensors file"),
        case("no offsets", set("data_offsets", Value::Null), "in its header"),
        case("an end beyond the file", set("data_offsets", json!([from, end + 1])), "ends at byte"),
        case("an end at 2^64 - 1", set("data_offsets", json!([from, u64::MAX])), "ends at byte"),
        case("a hole", set("data_offsets", json!([from + 4, to])), "not a safetensors file"),
        case(
            "an overlap",
            set("data_offsets", json!([other_from, other_from + to - from])),
            "not a safetensors file",
        ),
        case(
            "the place of another",
            set("data_offsets", json!([other_from, other_to])),
            "not a safetensors file",
        ),
        case(
            "a tensor more",
            grown(json!({"dtype": "F32", "shape": [1], "data_offsets": [end, end + 4]}), 4),
            "holds `extra`, which this network does not have",
        ),
        case(
            "an empty tensor more",
            with("extra", json!({"dtype": "F32", "shape": [0], "data_offsets": [end, end]})),
            "holds `extra`",
        ),
        case("a tensor that is none", with("extra", json!(7)), "invalid type"),
        case(
            "another name",
            renamed("layers.0.kernel"),
            "holds `layers.0.kernel`, which this network does not have",
        ),
        case("a name of 1 MB", renamed(&"x".repeat(1 << 20)), "holds `xxx"),
        case("no name", renamed(""), "holds ``"),
        case(
            "a name with line ends and terminal codes",
            renamed("a\nb\u{1b}[31m"),
            "holds `a\\nb\\u{1b}[31m`",
        ),
        case("NaN", value(from, f32::NAN), "`layers.0.weight` holds values that are not finite"),
        case("infinity", value(to - 4, f32::INFINITY), "`layers.0.weight` holds values that are not finite"),
        case("minus infinity", value(other_from, f32::NEG_INFINITY), "`layers.1.weight` holds values"),
        case("all bits set", weights.data(vec![0xff; weights.data.len()]), "not finite"),
    ]
}
