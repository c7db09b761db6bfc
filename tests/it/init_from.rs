//! `train.init_from`: initial weights from runs, checkpoints and PyTorch (`tests/golden/make_torch_weights.py`), and fine-tuning.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use taper::experiment::InitFrom;
use taper::internals::data::Features;
use taper::internals::engine::Engine;
use taper_kernels::simd::lanes::Isa;

use crate::cases::network;
use crate::workspace::Workspace;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

/// The layers of PyTorch's network.
fn layers() -> Value {
    json!([
        {"conv2d": {"filters": 8, "kernel_size": 3, "activation": "relu"}},
        {"max_pool2d": {"pool_size": 2}},
        {"flatten": {}},
        {"dense": {"units": 32, "activation": "relu"}},
        {"dense": {"units": 10}},
    ])
}

/// A config that trains these layers on images of 12x12 pixels.
fn config(more: &str) -> String {
    format!(
        r#"
seed = 3
data = {{ digits = {{ samples = 300, test_samples = 50, size = 12 }} }}
split = {{ validation = 0.2 }}
model = {{ layers = [
  {{ conv2d = {{ filters = 8, kernel_size = 3, activation = "relu" }} }},
  {{ max_pool2d = {{ pool_size = 2 }} }},
  {{ flatten = {{}} }},
  {{ dense = {{ units = 32, activation = "relu" }} }},
  {{ dense = {{ units = 10 }} }},
] }}
loss = {{ cross_entropy = {{}} }}
optimizer = {{ adam = {{}} }}
{more}
"#
    )
}

/// The tensors of a safetensors file, by name.
fn tensors(bytes: &[u8]) -> Vec<(String, Vec<f32>)> {
    let file = safetensors::SafeTensors::deserialize(bytes).expect("tensors");
    let values =
        |data: &[u8]| data.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    let mut all: Vec<_> = file.iter().map(|(name, view)| (name.to_owned(), values(view.data()))).collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

fn tensor(all: &[(String, Vec<f32>)], name: &str) -> Vec<f32> {
    all.iter().find(|(own, _)| own == name).unwrap_or_else(|| panic!("no {name}")).1.clone()
}

#[test]
fn a_network_trained_by_pytorch_gives_its_logits() {
    let expected = tensors(&std::fs::read(golden("torch_logits.safetensors")).expect("a file"));
    let mut case = network("torch", &layers(), &[1, 12, 12], &json!({"adam": {}}));
    case.target = taper::data::Target::Class { classes: 10 };
    case.features = Features::Floats(tensor(&expected, "input"));
    let expected = tensor(&expected, "logits");
    let from = InitFrom::Path(golden("torch_weights.safetensors"));
    let plan = case.plan();
    let initial = from.open(&plan, Path::to_path_buf).expect("weights that fit");
    let loaded = initial.describe(&plan);
    assert!(
        loaded.by_order && loaded.loaded.len() == 6 && loaded.fresh.is_empty() && loaded.unused.is_empty()
    );
    let engines: [Box<dyn Engine>; 2] = [Box::new(case.graph()), Box::new(case.fused(2, Isa::detect()))];
    for mut engine in engines {
        initial.load(engine.parameters()).expect("finite values");
        let samples: Vec<usize> = (0..16).collect();
        let logits =
            case.with_batch(&samples, |batch| engine.logits(&batch.samples).expect("logits").to_vec());
        assert_eq!(logits.len(), expected.len());
        for (found, expected) in logits.iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-4, "{found} instead of {expected} on {}", engine.name());
        }
    }
}

#[test]
fn a_frozen_body_keeps_the_bits_of_pytorch_and_the_head_learns() {
    let workspace = Workspace::new();
    workspace.file("torch.safetensors", std::fs::read(golden("torch_weights.safetensors")).expect("a file"));
    // A relative path is that of the config's folder; the head for another number of classes starts anew.
    let more = r#"
train = { epochs = 2, init_from = { path = "torch.safetensors", map = { "conv1.weight" = "layers.0.weight", "conv1.bias" = "layers.0.bias", "fc1.weight" = "layers.3.weight", "fc1.bias" = "layers.3.bias" }, skip_mismatched = ["layers.4.*"] } }
parameters = [{ match = ["layers.0.*", "layers.3.*"], frozen = true }]
"#;
    let more = format!("{more}\nema = {{ decay = 0.9 }}");
    workspace.file("configs/fine.toml", config(&more.replace("torch.safetensors", "../torch.safetensors")));
    let outcome = workspace.ok(&["train", "--config", "configs/fine.toml", "--run-dir", "run"]);
    let said = "4 of 6 tensors; random: layers.4.weight, layers.4.bias; unused: fc2.bias, fc2.weight";
    assert!(outcome.stderr.contains(said), "{}", outcome.stderr);
    let steps = "run/checkpoints/step-00000016";
    let after = tensors(&workspace.read(format!("{steps}/model.safetensors")));
    let before = tensors(&workspace.read("torch.safetensors"));
    for (own, theirs) in [("layers.0.weight", "conv1.weight"), ("layers.3.bias", "fc1.bias")] {
        assert!(tensor(&after, own) == tensor(&before, theirs), "{own}");
    }
    assert!(tensor(&after, "layers.4.weight").iter().any(|value| *value != 0.0));
    let state = tensors(&workspace.read(format!("{steps}/optimizer.safetensors")));
    assert!(
        state.iter().all(|(name, _)| name.starts_with("raw.") || name.contains(".layers.4.")),
        "{:?}",
        state.len()
    );
    let events = String::from_utf8(workspace.read("run/events.jsonl")).expect("text");
    let start: Value = serde_json::from_str(events.lines().next().expect("a line")).expect("JSON");
    let digest = taper::internals::digest::sha256(&workspace.read("torch.safetensors"));
    assert_eq!(start["init_sha256"], json!(digest));
}

#[test]
fn a_run_starts_with_the_best_weights_of_another_run_and_resumes_without_them() {
    let workspace = Workspace::new();
    workspace.file("first.toml", config("train = { epochs = 1 }"));
    workspace.ok(&["train", "--config", "first.toml", "--run-dir", "first"]);
    workspace.file("second.toml", config("train = { epochs = 2, max_steps = 1, init_from = 'first' }\nparameters = [{ match = 'layers.0.*', frozen = true }]"));
    let outcome = workspace.ok(&["train", "--config", "second.toml", "--run-dir", "second"]);
    assert!(outcome.stderr.contains("6 of 6 tensors"), "{}", outcome.stderr);
    let of = |run: &str, step: u64| {
        let file = format!("{run}/checkpoints/step-{step:08}/model.safetensors");
        tensor(&tensors(&workspace.read(file)), "layers.0.weight")
    };
    assert!(of("first", 8) == of("second", 1));
    std::fs::remove_dir_all(workspace.path("first")).expect("a folder");
    let outcome = workspace.ok(&["train", "--resume", "second", "--set", "train.max_steps=3"]);
    assert!(!outcome.stderr.contains("initial weights"), "{}", outcome.stderr);
    // A new run does need them.
    let outcome = workspace.run(&["train", "--config", "second.toml", "--run-dir", "third"]);
    assert_eq!(outcome.code, 4, "{}", outcome.stderr);
    assert!(!workspace.path("third").exists());
}

#[test]
fn weights_that_do_not_fit_are_explained_before_anything_is_written() {
    let workspace = Workspace::new();
    workspace.file("torch.safetensors", std::fs::read(golden("torch_weights.safetensors")).expect("a file"));
    workspace.file(
        "damaged.safetensors",
        &std::fs::read(golden("torch_weights.safetensors")).expect("a file")[..5000],
    );
    workspace.file("text.toml", "a = 1");
    workspace.file("config.toml", config(""));
    let map = r#"{"conv1.weight"="layers.0.weight","conv1.bias"="layers.0.bias","fc1.weight"="layers.3.weight","fc1.bias"="layers.3.bias","fc2.weight"="layers.4.weight","fc2.bias"="layers.4.bias"}"#;
    let wide = "model.layers.3.dense.units=33";
    for (init, layers, code, messages) in [
        ("\"none\"".to_owned(), wide, 4, vec!["none: does not exist"]),
        ("\"damaged.safetensors\"".to_owned(), wide, 4, vec!["not a safetensors file"]),
        ("\"text.toml\"".to_owned(), wide, 4, vec!["is a text file, not weights"]),
        (
            format!("{{path='torch.safetensors',map={map}}}"),
            wide,
            4,
            vec![
                "`layers.3.weight` (`fc1.weight`) is [32, 200] in the file and [33, 200] in the network",
                "`layers.4.weight` (`fc2.weight`) is [10, 32] in the file and [10, 33] in the network",
                "set `skip_mismatched = [\"layers.3.*\", \"layers.4.*\"]`",
            ],
        ),
        (
            "\"torch.safetensors\"".to_owned(),
            wide,
            4,
            vec!["`layers.3.weight` [33, 200] is missing", "name the tensors with `map`"],
        ),
        (
            "{path='torch.safetensors',map={x='layers.0.weight'}}".to_owned(),
            wide,
            2,
            vec!["has no tensor `x`"],
        ),
        (
            "{path='torch.safetensors',map={'conv1.weight'='layers.0.weights'}}".to_owned(),
            wide,
            2,
            vec!["did you mean `layers.0.weight`?"],
        ),
        (
            "{path='torch.safetensors',skip_mismatched=['head.*']}".to_owned(),
            wide,
            2,
            vec!["`head.*` matches no parameter"],
        ),
        ("{paht='torch.safetensors'}".to_owned(), wide, 2, vec!["did you mean `path`?"]),
    ] {
        let set = format!("train.init_from={init}");
        for command in [&["train", "--run-dir", "run"][..], &["check"]] {
            let arguments = [command, &["--config", "config.toml", "--set", &set, "--set", layers]].concat();
            let outcome = workspace.run(&arguments);
            assert_eq!(outcome.code, code, "{arguments:?}: {}", outcome.stderr);
            for message in &messages {
                assert!(outcome.stderr.contains(message), "{init}: {}", outcome.stderr);
            }
        }
        assert!(!workspace.path("run").exists(), "{init}");
    }
}

#[test]
fn check_reports_which_weights_a_run_would_start_with() {
    let workspace = Workspace::new();
    workspace.file("torch.safetensors", std::fs::read(golden("torch_weights.safetensors")).expect("a file"));
    workspace.file("config.toml", config("train = { init_from = 'torch.safetensors' }"));
    let outcome = workspace.ok(&["check", "--config", "config.toml"]);
    assert!(
        outcome.stdout.contains("torch.safetensors: 6 of 6 tensors, by order and shape"),
        "{}",
        outcome.stdout
    );
    let json = workspace.ok(&["check", "--config", "config.toml", "--format", "json"]).json();
    assert_eq!(json["initial_weights"]["loaded"].as_array().map(Vec::len), Some(6));
}
