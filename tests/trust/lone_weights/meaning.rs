//! Invalid cards, and cards that do not describe the network of the file.

use serde_json::{Value, json};

use super::{Case, Weights, case};

#[expect(clippy::too_many_lines, reason = "a table: one line for each case")]
pub fn cases(weights: &Weights) -> Vec<Case> {
    let metadata = |value: Value| weights.header(|header| header["__metadata__"] = value);
    let card = |text: String| metadata(json!({ "taper": text }));
    let set = |key: &str, value: Value| weights.card(|card| card[key] = value);
    let shape = |value: Value| set("sample_shape", value);
    let experiment = |place: &str, value: Value| {
        weights.experiment(|experiment| *experiment.pointer_mut(place).expect(place) = value)
    };
    let layers = |value: Value| experiment("/model/layers", value);
    let dense = |units: u64| json!([{"dense": {"units": units}}, {"dense": {"units": 3}}]);
    let images = |sides: [u64; 2]| {
        weights.card(|card| {
            card["sample_shape"] = json!([1, sides[0], sides[1]]);
            card["experiment"]["data"] = json!({"npz": {"path": "x.npz"}});
            card["experiment"]["model"]["layers"] = json!([
                {"conv2d": {"filters": 2, "kernel_size": 3}}, {"global_avg_pool2d": {}}, {"dense": {"units": 3}}
            ]);
        })
    };
    vec![
        case(
            "no metadata",
            weights.header(|h| drop(h.as_object_mut().map(|h| h.remove("__metadata__")))),
            "contains no config",
        ),
        case("metadata null", metadata(Value::Null), "not a safetensors file"),
        case("metadata a list", metadata(json!([])), "expected an object of strings"),
        case("metadata of numbers", metadata(json!({"taper": 1})), "not a safetensors file"),
        case("other metadata", metadata(json!({"format": "pt"})), "contains no config"),
        case("an empty card", card(String::new()), "its config cannot be read: EOF"),
        case("a card that is no JSON", card("hello".to_owned()), "its config cannot be read"),
        case("a card that is a list", card("[]".to_owned()), "its config cannot be read"),
        case("an empty object as card", card("{}".to_owned()), "missing field"),
        case("nesting in the card", card("[".repeat(1 << 20)), "its config cannot be read"),
        case(
            "nesting in the config",
            card(format!("{{\"experiment\":{}", "[".repeat(1 << 20))),
            "recursion limit",
        ),
        case("a card of 20 MB", card("x".repeat(20 << 20)), "its config cannot be read"),
        case("a card with unknown keys", set("x", json!(1)), "unknown field `x`"),
        case(
            "format 0",
            set("format", json!(0)),
            "has format 0, but this version of taper supports formats 1 to 2",
        ),
        case(
            "format 3",
            set("format", json!(3)),
            "has format 3, but this version of taper supports formats 1 to 2",
        ),
        case("a format of text", set("format", json!("1")), "its config cannot be read"),
        case("no sample shape", shape(json!([])), "claims samples of shape []"),
        case("a sample shape of 0", shape(json!([0])), "claims samples of shape [0]"),
        case("a sample shape that overflows", shape(json!([u64::MAX, 2])), "claims samples of"),
        case("a sample shape of 2^64 - 1", shape(json!([u64::MAX])), "w.safetensors"),
        case("a sample shape of 2^40", shape(json!([1_u64 << 40])), "w.safetensors"),
        case("a negative sample shape", shape(json!([-6])), "its config cannot be read"),
        case("1,000 dimensions", shape(json!(vec![1; 1000])), "claims samples of 1000 dimensions"),
        case("another sample shape", shape(json!([7])), "w.safetensors"),
        case("images for a dense network", shape(json!([1, 2, 3])), "is inconsistent"),
        case("huge images", images([1 << 31, 1 << 31]), "w.safetensors"),
        case("images of 2^20 squared", images([1 << 20, 1 << 20]), "w.safetensors"),
        case("long images", images([3, 1 << 45]), "w.safetensors"),
        case("no classes and no width", weights.card(|card| card["classes"] = json!([])), "is inconsistent"),
        case(
            "classes and a width",
            weights.card(|card| (card["classes"], card["width"]) = (json!([]), json!(3))),
            "is inconsistent",
        ),
        case("too few classes", set("classes", json!(["a", "b"])), "is inconsistent"),
        case("100,000 classes", set("classes", json!(vec!["x"; 100_000])), "is inconsistent"),
        case(
            "a width of 2^64 - 1",
            weights.card(|card| (card["classes"], card["width"]) = (json!([]), json!(u64::MAX))),
            "is inconsistent",
        ),
        case("no config", set("experiment", Value::Null), "its config is invalid"),
        case("a config of text", set("experiment", json!("x")), "its config is invalid"),
        case("a config of nothing", set("experiment", json!({})), "its config is invalid"),
        case(
            "an unknown key",
            weights.experiment(|experiment| experiment["x"] = json!(1)),
            "its config is invalid",
        ),
        case("an unknown data set", experiment("/data", json!({"x": {}})), "its config is invalid"),
        case("another data set", experiment("/data", json!({"mnist": {}})), "w.safetensors"),
        case("no layers", layers(json!([])), "its config is invalid"),
        case("an unknown layer", layers(json!([{"x": {}}])), "its config is invalid"),
        case(
            "a layer more",
            layers(json!([{"dense": {"units": 48}}, {"dense": {"units": 48}}, {"dense": {"units": 3}}])),
            "holds fewer than",
        ),
        case("fewer units", layers(dense(47)), "this network needs F32 [47, 6]"),
        case("more units", layers(dense(49)), "this network needs F32 [49, 6]"),
        case("10^9 units", layers(dense(1_000_000_000)), "w.safetensors"),
        case("2^64 - 1 units", layers(dense(u64::MAX)), "its config is invalid"),
        case("no units", layers(dense(0)), "its config is invalid"),
        case(
            "dropout of 1",
            layers(json!([{"dropout": {"rate": 1.0}}, {"dense": {"units": 3}}])),
            "its config is invalid",
        ),
        case("a batch of 0", experiment("/train/batch_size", json!(0)), "its config is invalid"),
        case("a batch of 2^62", experiment("/train/batch_size", json!(1_u64 << 62)), "its config is invalid"),
        case("an unknown optimizer", experiment("/optimizer", json!({"x": {}})), "its config is invalid"),
        case(
            "a learning rate of text",
            experiment("/optimizer/adam/learning_rate", json!("x\ny")),
            "its config is invalid",
        ),
        case(
            "normalize for other features",
            weights.experiment(|e| e["preprocess"]["normalize"] = json!({"mean": [1, 2], "std": [1, 2]})),
            "its config is invalid",
        ),
        case(
            "10^8 samples of 10^6 values",
            weights.experiment(|e| {
                (e["data"]["synthetic"]["samples"], e["data"]["synthetic"]["features"]) =
                    (json!(100_000_000), json!(1_000_000));
            }),
            "its config is invalid",
        ),
    ]
}
