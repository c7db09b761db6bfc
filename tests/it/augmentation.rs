//! Runs with `[augment]`.

use taper::augment::Operation;

use crate::workspace::Workspace;

/// A run of 300 small images with each operation.
fn config(operations: &str) -> String {
    format!(
        "seed = 4\n[data.digits]\nsamples = 300\ntest_samples = 60\nsize = 12\n[augment]\noperations = [{operations}]\n\
         [model]\nlayers = [ {{ conv2d = {{ filters = 4, kernel_size = 3, activation = \"relu\" }} }}, {{ flatten = {{}} }}, \
         {{ dense = {{ units = 10 }} }} ]\n[loss.cross_entropy]\n[optimizer.adam]\nlearning_rate = 0.01\n\
         [train]\nepochs = 2\nbatch_size = 32\n"
    )
}

const EACH: &[&str] = &[
    "{ shift = { fraction = 0.1 } }",
    "{ rotate = { degrees = 10 } }",
    "{ scale = { factors = [0.9, 1.1] } }",
    "{ shear = { degrees = 5, vertical_degrees = 5 } }",
    "{ elastic = { alpha = 10, sigma = 3 } }",
    "{ flip = { axis = \"vertical\", probability = 0.3 } }",
    "{ crop = { padding = 2 } }",
    "{ cutout = { size = 4, count = 2 } }",
    "{ noise = { deviation = 10 } }",
    "{ brightness = { factor = 0.3 } }",
    "{ contrast = { factor = 0.3 } }",
    "{ mixup = { alpha = 0.4, probability = 0.5 } }",
    "{ cutmix = { probability = 0.5 } }",
    "{ trivial_augment = { strengths = 11 } }",
];

/// The weights at the end of a run.
fn weights(workspace: &Workspace, config: &str, arguments: &[&str]) -> Vec<u8> {
    std::fs::write(workspace.path("config.toml"), config).expect("a config");
    workspace.ok(&[&["train", "-q", "--config", "config.toml", "--run-dir", "run", "--force"], arguments].concat());
    let folder = std::fs::read_dir(workspace.path("run/checkpoints")).expect("checkpoints");
    let last = folder.map(|entry| entry.expect("an entry").path()).max().expect("a checkpoint");
    std::fs::read(last.join("model.safetensors")).expect("weights")
}

#[test]
fn a_run_with_any_operation_depends_on_its_seed_alone() {
    let workspace = Workspace::new();
    let plain = weights(&workspace, &config(""), &[]);
    for name in Operation::NAMES {
        let operation = EACH.iter().find(|each| each.starts_with(&format!("{{ {name} ")));
        let operation = operation.unwrap_or_else(|| panic!("add `{name}` to EACH"));
        let one = weights(&workspace, &config(operation), &["--threads", "1"]);
        assert_eq!(one, weights(&workspace, &config(operation), &["--threads", "3"]), "{name}");
        assert!(one != plain, "{name} changed nothing");
    }
}

#[test]
fn both_engines_train_on_the_same_samples() {
    let workspace = Workspace::new();
    let all = config(&EACH.join(", "));
    let loss = |engine: &str| {
        let set = format!("train.engine=\"{engine}\"");
        weights(&workspace, &all, &["--set", &set, "--set", "train.max_steps=6"]);
        let summary = std::fs::read(workspace.path("run/summary.json")).expect("a summary");
        let summary: serde_json::Value = serde_json::from_slice(&summary).expect("JSON");
        summary["metrics"]["test.loss"].as_f64().expect("a loss")
    };
    let (fused, graph) = (loss("fused"), loss("graph"));
    assert!((fused - graph).abs() < 1e-4 * fused, "{fused} {graph}");
}

#[test]
fn no_operation_and_none_in_time_give_the_bits_of_no_augmentation() {
    let workspace = Workspace::new();
    let all = config(&EACH.join(", "));
    let without = all.split("[augment]").next().unwrap_or_default().to_owned()
        + "[model]"
        + all.split_once("[model]").map_or("", |(_, rest)| rest);
    let tensors = |bytes: Vec<u8>| {
        // The header holds the config, which differs.
        let header = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
        bytes[8 + header..].to_vec()
    };
    let expected = tensors(weights(&workspace, &without, &[]));
    assert!(tensors(weights(&workspace, &config(""), &[])) == expected);
    assert!(tensors(weights(&workspace, &all, &["--set", "augment.until=0"])) == expected);
}
