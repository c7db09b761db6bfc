//! The Open Inference Protocol, case by case (`v2.jsonl`), and its predictions in each encoding.
//!
//! A case has a `body`, `binary` data in base64 behind it, or the whole request as `raw` text; the value `JSON` of a header
//! stands for the length of the body. The reply is the `reply` or has what it `contains`; `binary_reply` follows it, in
//! base64. A case that `deviates` from Triton Inference Server 2.51 has the reason.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::tensorflow::models;
use super::{Answer, Client, Served};
use crate::workspace::Workspace;

const CASES: &str = include_str!("v2.jsonl");

/// The header with the length of the JSON.
const LENGTH: &str = "inference-header-content-length";

#[test]
fn each_case_of_the_protocol_is_answered_as_listed() {
    let workspace = Workspace::new();
    let server = models(&workspace);
    assert_eq!(server.models["m"], 123);
    let mut wrong = Vec::new();
    for line in CASES.lines() {
        let case: Value = serde_json::from_str(line).expect("a case");
        let answer = ask(&mut server.client(), &case);
        let (text, binary) = parts(&answer);
        let right = answer.status == case["status"]
            && case["reply"].as_str().is_none_or(|reply| text == reply)
            && case["contains"].as_str().is_none_or(|part| text.contains(part))
            && case["binary_reply"].as_str().is_none_or(|bytes| STANDARD.encode(binary) == bytes)
            && answer.status != 500;
        if !right {
            wrong.push(format!("{line}\n  {} {}", answer.status, text.chars().take(300).collect::<String>()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Sends the request of a case.
fn ask(client: &mut Client, case: &Value) -> Answer {
    if let Some(raw) = case["raw"].as_str() {
        client.send(raw.as_bytes());
        return client.answer(false).expect("a reply");
    }
    let json = expanded(case);
    let length = json.len().to_string();
    let headers = case["headers"].as_object().into_iter().flatten().map(|(name, value)| {
        let value = value.as_str().expect("text");
        (name.as_str(), if value == "JSON" { length.as_str() } else { value })
    });
    let headers: Vec<(&str, &str)> = headers.collect();
    let binary = STANDARD.decode(case["binary"].as_str().unwrap_or("")).expect("base64");
    let text = |key: &str| case[key].as_str().expect("text");
    client.request(text("method"), text("path"), &headers, &[json.as_bytes(), &binary].concat())
}

/// The body of a case, whose placeholders stand for what is too long to write down.
fn expanded(case: &Value) -> String {
    let depth = case["repeat"].as_u64().unwrap_or(0) as usize;
    let list = |count: usize, value: &dyn Fn(usize) -> String| {
        format!("[{}]", (0..count).map(value).collect::<Vec<_>>().join(","))
    };
    let one = |_| "1".to_owned();
    let fraction = |at: usize| format!("{:.2}", (at * 7 % 101) as f64 / 100.0);
    let half = |at: usize| if at == 1567 { "1.5" } else { "0.5" }.to_owned();
    let text = case["body"].as_str().unwrap_or("");
    let text = text.replace("ONES300", &list(300, &one)).replace("ONES784", &list(784, &one));
    let text = text.replace("ONES70000", &list(70_000, &one)).replace("HALVES1568", &list(1568, &half));
    let text = text.replace("FRACTIONS2", &list(1568, &fraction)).replace("FRACTIONS", &list(784, &fraction));
    let text = text.replace("PIXELS", &list(784, &|at| (at % 256).to_string()));
    text.replace("DEEP", &("[".repeat(depth) + &"]".repeat(depth)))
}

/// The JSON of a reply, and what follows it.
fn parts(answer: &Answer) -> (&str, &[u8]) {
    let length = answer.header(LENGTH).map(|length| length.parse().expect("a length"));
    let (json, binary) = answer.body.split_at(length.unwrap_or(answer.body.len()));
    (std::str::from_utf8(json).expect("UTF-8"), binary)
}

#[test]
fn binary_and_json_predictions_have_the_bits_of_predict() {
    let workspace = Workspace::new();
    let steps = ["--set", "train.epochs=1", "--set", "train.max_steps=20"];
    workspace.ok(&[&["train", "digits_cnn", "--run-dir", "run"], &steps[..]].concat());
    let samples: Vec<Vec<f32>> = (0..70).map(sample).collect();
    let rows = |sample: &Vec<f32>| sample.chunks(28).map(Value::from).collect::<Value>();
    workspace.file("samples.json", samples.iter().map(rows).collect::<Value>().to_string());
    let predicted = workspace.ok(&["predict", "run", "samples.json", "--format", "json"]).json();
    let predicted = predicted["predictions"].as_array().expect("predictions");
    let expected: Vec<u32> = predicted.iter().flat_map(|row| bits(&row["probabilities"])).collect();
    let classes: Vec<&Value> = predicted.iter().map(|row| &row["class"]).collect();
    let server = Served::start(&workspace, &["run"]);
    let mut client = server.client();
    for (first, count) in [(0, 1), (1, 1), (2, 3), (5, 64), (69, 1), (0, 70)] {
        let (range, values) = (first..first + count, samples[first..first + count].concat());
        let expected = &expected[10 * range.start..10 * range.end];
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        for binary_in in [false, true] {
            for binary_out in [false, true] {
                let answer = infer(&mut client, &values, &bytes, count, (binary_in, binary_out));
                let (json, binary) = parts(&answer);
                let json: Value = serde_json::from_str(json).expect("JSON");
                let [probabilities, class] = [&json["outputs"][0], &json["outputs"][1]];
                let found = if binary_out {
                    let floats = binary.chunks_exact(4).map(|bytes| bytes.try_into().expect("4 bytes"));
                    floats.map(u32::from_le_bytes).collect()
                } else {
                    bits(&probabilities["data"])
                };
                assert_eq!(found, expected, "{range:?} {binary_in} {binary_out}");
                let found: Vec<&Value> = class["data"].as_array().expect("classes").iter().collect();
                assert_eq!(found, classes[range.clone()]);
            }
        }
        if count == 1 {
            let answer = client.request("POST", INFER, &[(LENGTH, "0")], &bytes);
            let (_, binary) = parts(&answer);
            let found: Vec<u8> = expected.iter().flat_map(|bits| bits.to_le_bytes()).collect();
            assert_eq!(binary, found);
        }
    }
}

const INFER: &str = "/v2/models/default/infer";

/// Asks for probabilities and classes of `count` images.
fn infer(
    client: &mut Client,
    values: &[f32],
    bytes: &[u8],
    count: usize,
    (binary_in, binary_out): (bool, bool),
) -> Answer {
    let mut input = json!({ "name": "x", "shape": [count, 28, 28, 1], "datatype": "FP32" });
    if binary_in {
        input["parameters"] = json!({ "binary_data_size": bytes.len() });
    } else {
        input["data"] = json!(values);
    }
    let probabilities = json!({ "name": "probabilities", "parameters": { "binary_data": binary_out } });
    let request =
        json!({ "id": "1", "inputs": [input], "outputs": [probabilities, { "name": "class" }] }).to_string();
    let behind = if binary_in { bytes } else { b"" };
    let length = request.len().to_string();
    let answer = client.request("POST", INFER, &[(LENGTH, &length)], &[request.as_bytes(), behind].concat());
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    answer
}

/// A drawn image, of floats with many digits.
fn sample(index: usize) -> Vec<f32> {
    (0..784).map(|at| ((at * 7 + index * 13) % 101) as f32 / 101.0).collect()
}

fn bits(values: &Value) -> Vec<u32> {
    let values = values.as_array().expect("a list").iter();
    values.map(|value| (value.as_f64().expect("a number") as f32).to_bits()).collect()
}
