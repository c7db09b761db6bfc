//! TensorFlow Serving's protocol, case by case (`tensorflow.jsonl`), and its predictions.

use std::collections::BTreeSet;
use std::io::Write as _;

use serde_json::Value;

use super::{Client, Served};
use crate::workspace::Workspace;

/// The cases, which `tests/peers/serve` replays with Python's `requests`, too.
const CASES: &str = include_str!("tensorflow.jsonl");

/// y = x / 2 + 2, the model of TensorFlow Serving's own tests, as version 123 of `m`; drawn digits; a table.
pub fn models(workspace: &Workspace) -> Served {
    workspace.ok(&["train", "linear_regression", "--run-dir", "line", "--set", "train.epochs=1"]);
    let mut model = workspace.read(latest(workspace, "line"));
    let header = u64::from_le_bytes(model[..8].try_into().expect("8 bytes")) as usize;
    let places: Value = serde_json::from_slice(&model[8..8 + header]).expect("JSON");
    for (name, place) in places.as_object().expect("tensors") {
        if let Some(start) = place["data_offsets"][0].as_u64() {
            let value: f32 = if name.ends_with("bias") { 2.0 } else { 0.5 };
            let start = 8 + header + start as usize;
            model[start..start + 4].copy_from_slice(&value.to_le_bytes());
        }
    }
    workspace.file("models/123/model.safetensors", model);
    let steps = ["--set", "train.epochs=1", "--set", "train.max_steps=20"];
    workspace.ok(&[&["train", "digits_cnn", "--run-dir", "digits"], &steps[..]].concat());
    let rows: Vec<String> = (0..40).map(|row| format!("{row},{}.5,{}", row % 7, row % 2)).collect();
    workspace.file("data.csv", format!("a,b,target\n{}\n", rows.join("\n")));
    workspace.file(
        "table.toml",
        "[data.csv]\npath = \"data.csv\"\ntarget = \"target\"\ntask = \"regression\"\n\n[model]\nlayers = \
         [{ dense = { units = 1 } }]\n[loss.mse]\n[optimizer.sgd]\nlearning_rate = 0.001\n[train]\nepochs = 1\n",
    );
    workspace.ok(&["train", "table.toml", "--run-dir", "table"]);
    let arguments = ["m=models", "digits=digits", "table=table", "--set", "serve.models.m.labels.L=123"];
    Served::start(workspace, &arguments)
}

/// The path of the weights of the latest checkpoint of a run.
fn latest(workspace: &Workspace, run: &str) -> String {
    let folder = workspace.path(format!("{run}/checkpoints"));
    let names = std::fs::read_dir(folder)
        .expect("checkpoints")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"));
    let last = names.max().expect("a checkpoint");
    format!("{run}/checkpoints/{last}/model.safetensors")
}

/// The body of a case, whose placeholders stand for what is too long to write down.
fn body(case: &Value) -> Vec<u8> {
    let text = case["body"].as_str().unwrap_or("");
    if text == "GZIP" {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packed.write_all(b"{\"instances\":[1.0]}").expect("it is packed");
        return packed.finish().expect("it is packed");
    }
    let depth = case["repeat"].as_u64().unwrap_or(0) as usize;
    let zeros = format!("[{}]", vec!["0"; 784].join(","));
    let deep = "[".repeat(depth) + &"]".repeat(depth);
    text.replace("ZEROS", &zeros).replace("DEEP", &deep).replace("PNG", PNG).into_bytes()
}

/// A picture of 2x2 gray pixels, in base64.
const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAAAAABX3VL4AAAADklEQVR4nGNg+M/A8B8ABQEB/11pNdkAAAAASUVORK5CYII=";

#[test]
fn each_case_of_tensorflow_serving_is_answered_as_listed() {
    let workspace = Workspace::new();
    let server = models(&workspace);
    let (mut wrong, mut seen) = (Vec::new(), BTreeSet::new());
    for line in CASES.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| case[key].as_str().unwrap_or("");
        let headers: Vec<(&str, &str)> = case["headers"].as_object().map_or_else(Vec::new, |headers| {
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect()
        });
        let answer = server.client().request(text("method"), text("path"), &headers, &body(&case));
        let found = answer.text();
        let right = answer.status == case["status"]
            && case["reply"].as_str().is_none_or(|reply| found == reply)
            && case["contains"].as_str().is_none_or(|part| found.contains(part));
        if !right {
            let shown: String = found.chars().take(300).collect();
            wrong.push(format!("{line}\n  {} {shown}", answer.status));
        }
        seen.insert(text("case").parse::<u32>().unwrap());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Outputs of several shapes (43, 44) do not exist here; a full queue and a deadline (55) are in `overload`.
    let missing: Vec<u32> = (1..=54).filter(|case| !seen.contains(case)).collect();
    assert_eq!(missing, [43, 44]);
}

#[test]
fn predictions_have_the_bits_of_predict_alone_and_in_any_batch() {
    let workspace = Workspace::new();
    let steps = ["--set", "train.epochs=1", "--set", "train.max_steps=20"];
    workspace.ok(&[&["train", "digits_cnn", "--run-dir", "run"], &steps[..]].concat());
    let samples: Vec<Value> = (0..300).map(sample).collect();
    workspace.file("samples.json", Value::from(samples.clone()).to_string());
    let predicted = workspace.ok(&["predict", "run", "samples.json", "--format", "json"]).json();
    let expected: Vec<Vec<u32>> =
        predicted["predictions"].as_array().unwrap().iter().map(|row| bits(&row["probabilities"])).collect();
    let server = Served::start(&workspace, &["run"]);
    std::thread::scope(|scope| {
        for (thread, sizes) in [[1, 3, 17], [300, 1, 2], [5, 64, 8], [256, 257, 1]].iter().enumerate() {
            let (samples, expected, mut client) = (&samples, &expected, server.client());
            scope.spawn(move || {
                for round in 0..6 {
                    let size = sizes[round % 3];
                    let first = (round * 37 + thread * 11) % (301 - size);
                    let body = serde_json::json!({ "instances": &samples[first..first + size] });
                    let answer = client.post("/v1/models/default:predict", &body.to_string());
                    let rows = answer.json()["predictions"].as_array().expect("predictions").clone();
                    let found: Vec<Vec<u32>> = rows.iter().map(bits).collect();
                    assert_eq!(found, expected[first..first + size], "{size} samples from {first}");
                }
            });
        }
    });
}

/// A drawn sample: fractions with few digits, as clients send them.
fn sample(index: usize) -> Value {
    let value = |at: usize| f64::from(((at * 7 + index * 13) % 101) as u32) / 100.0;
    (0..28).map(|row| (0..28).map(|column| value(row * 28 + column)).collect::<Value>()).collect()
}

fn bits(values: &Value) -> Vec<u32> {
    let values = values.as_array().expect("a list").iter();
    values.map(|value| (value.as_f64().expect("a number") as f32).to_bits()).collect()
}

#[test]
fn pixels_and_fractions_are_told_apart_or_named() {
    let workspace = Workspace::new();
    let steps = ["--set", "train.epochs=1", "--set", "train.max_steps=5"];
    workspace.ok(&[&["train", "digits_cnn", "--run-dir", "run"], &steps[..]].concat());
    let server = Served::start(&workspace, &["run"]);
    let mut client = server.client();
    let mut predict = |signature: &str, value: &str| {
        let rows = vec![format!("[{}]", vec![value; 28].join(",")); 28].join(",");
        let body = format!("{{\"signature_name\":\"{signature}\",\"instances\":[[{rows}]]}}");
        let answer = client.post("/v1/models/default:predict", &body);
        (answer.status, answer.text().to_owned())
    };
    let white = predict("serving_default", "255");
    assert_eq!(white.0, 200, "{white:?}");
    assert_eq!(predict("serving_default", "1.0"), white);
    assert_eq!(predict("pixels", "255.0"), white);
    assert_eq!(predict("fractions", "1"), white);
    assert_ne!(predict("pixels", "1"), white);
    let (status, text) = predict("serving_default", "1");
    assert!(status == 400 && text.contains("could be pixels or fractions"), "{text}");
    let (status, text) = predict("fractions", "255");
    assert!(status == 400 && text.contains("fractions from 0 to 1"), "{text}");
}

#[test]
fn a_connection_serves_many_requests_and_pipelined_ones() {
    let workspace = Workspace::new();
    workspace.ok(&["train", "linear_regression", "--run-dir", "run", "--set", "train.epochs=1"]);
    let server = Served::start(&workspace, &["run"]);
    let mut client = server.client();
    let first = client.post("/v1/models/default:predict", "{\"instances\":[1]}");
    for _ in 0..20 {
        let again = client.post("/v1/models/default:predict", "{\"instances\":[1]}");
        assert_eq!((again.status, again.text()), (200, first.text()));
    }
    let request = "GET /v1/models/default HTTP/1.1\r\nHost: x\r\n\r\n";
    client.send(request.repeat(3).as_bytes());
    for _ in 0..3 {
        assert_eq!(client.answer(false).map(|answer| answer.status), Some(200));
    }
    let unknown = Client::connect(&server.address).get("/v1/models/other");
    assert_eq!(unknown.status, 404);
}
