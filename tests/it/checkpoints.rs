//! Run folders and checkpoints as used by `eval`, `predict` and a second `train`.

use crate::workspace::{Outcome, Workspace};

fn trained() -> Workspace {
    let workspace = Workspace::new();
    workspace.ok(&["train", "--run-dir", "run", "--set", "train.epochs=3"]);
    workspace
}

fn accuracy(workspace: &Workspace, checkpoint: &str) -> f64 {
    let result = workspace.ok(&["eval", "--checkpoint", checkpoint, "--format", "json"]).json();
    result["accuracy"].as_f64().expect("an accuracy")
}

#[test]
fn a_run_a_checkpoint_and_a_lone_weights_file_give_the_same_evaluation() {
    let workspace = trained();
    let run = accuracy(&workspace, "run");
    assert!((run - accuracy(&workspace, "run/checkpoints/step-00000075")).abs() < 1e-12);
    std::fs::copy(
        workspace.path("run/checkpoints/step-00000075/model.safetensors"),
        workspace.path("alone.safetensors"),
    )
    .expect("a copy");
    assert!((run - accuracy(&workspace, "alone.safetensors")).abs() < 1e-12);
}

#[test]
fn eval_needs_only_the_checkpoint_and_runs_from_another_folder() {
    let workspace = trained();
    let other = Workspace::new();
    let checkpoint = workspace.path("run");
    let result =
        other.ok(&["eval", "--checkpoint", checkpoint.to_str().expect("UTF-8"), "--format", "json"]).json();
    assert_eq!(result["samples"], 1000);
    assert_eq!(result["split"], "test");
    for split in ["train", "validation"] {
        let result =
            workspace.ok(&["eval", "--checkpoint", "run", "--split", split, "--format", "json"]).json();
        assert_eq!(result["split"], split);
        assert_eq!(result["samples"], if split == "train" { 800 } else { 200 });
    }
}

#[test]
fn eval_prints_the_fields_that_scripts_depend_on() {
    let result = trained().ok(&["eval", "--checkpoint", "run", "--format", "json"]);
    let object = result.json();
    for field in [
        "split",
        "samples",
        "loss",
        "accuracy",
        "precision",
        "recall",
        "f1",
        "per_class",
        "confusion_matrix",
        "seconds",
    ] {
        assert!(!object[field].is_null(), "{field} is missing: {object}");
    }
    let rows = object["confusion_matrix"].as_array().expect("rows");
    let total: u64 = rows
        .iter()
        .flat_map(|row| row.as_array().into_iter().flatten())
        .filter_map(serde_json::Value::as_u64)
        .sum();
    assert_eq!((rows.len(), total), (10, 1000));
    for field in ["precision", "recall", "f1", "support"] {
        assert!(object["per_class"][3][field].is_number(), "{field}");
    }
}

#[test]
fn anything_but_a_checkpoint_is_explained() {
    let workspace = trained();
    workspace.file("empty/note.txt", "");
    workspace.file("text.safetensors", "not weights");
    let mut bytes = workspace.read("run/checkpoints/step-00000075/model.safetensors");
    bytes.truncate(bytes.len() - 1);
    workspace.file("short.safetensors", bytes);
    for path in ["nothing", "empty", "empty/note.txt", "text.safetensors", "short.safetensors"] {
        let outcome = workspace.run(&["eval", "--checkpoint", path]);
        assert_eq!(outcome.code, 4, "{path}: {}", outcome.stderr);
        let messages = outcome.messages();
        assert!(messages.starts_with(&format!("error: {path}")), "{messages}");
        assert_eq!(messages.lines().count(), 1, "{messages}");
    }
}

#[test]
fn a_config_in_a_weights_file_is_checked_like_any_other() {
    let workspace = trained();
    let model = workspace.read("run/checkpoints/step-00000075/model.safetensors");
    let (right, wrong) = (br#"\"noise\":1.5"#, br#"\"noise\":-15"#);
    let at = model.windows(right.len()).position(|part| part == right).expect("the noise");
    let changed = [&model[..at], &wrong[..], &model[at + right.len()..]].concat();
    workspace.file("changed.safetensors", changed);
    let outcome = workspace.run(&["eval", "--checkpoint", "changed.safetensors"]);
    assert_eq!(outcome.code, 4, "{}", outcome.stderr);
    assert_eq!(outcome.messages().lines().count(), 1, "{}", outcome.stderr);
    assert!(outcome.messages().contains("data.synthetic.noise: must be at least 0"), "{}", outcome.stderr);
}

#[test]
fn eval_uses_environment_variables() {
    let workspace = trained();
    let output = workspace
        .command(&["eval", "--checkpoint", "run", "--format", "json"])
        .env("TAPER__DATA__SYNTHETIC__TEST_SAMPLES", "30")
        .output()
        .expect("the program starts");
    assert_eq!(Outcome::of(output).json()["samples"], 30);
}

#[test]
fn a_checkpoint_with_one_wrong_bit_is_refused() {
    let workspace = trained();
    for file in ["model.safetensors", "optimizer.safetensors", "state.json", "manifest.json"] {
        let path = format!("run/checkpoints/step-00000075/{file}");
        let right = workspace.read(&path);
        for at in [0, right.len() / 3, right.len() - 1] {
            let mut wrong = right.clone();
            wrong[at] ^= 4;
            workspace.file(&path, &wrong);
            let outcome = workspace.run(&["eval", "--checkpoint", "run/checkpoints/step-00000075"]);
            assert_eq!(outcome.code, 4, "{file} byte {at}: {}", outcome.stderr);
        }
        workspace.file(&path, &right);
    }
}

#[test]
fn retention_keeps_the_latest_and_the_best() {
    let workspace = Workspace::new();
    workspace.ok(&[
        "train",
        "--run-dir",
        "run",
        "--set",
        "train.epochs=6",
        "--set",
        "checkpoint.keep_last=1",
    ]);
    let kept = std::fs::read_dir(workspace.path("run/checkpoints")).expect("checkpoints").count();
    assert!((1..=2).contains(&kept), "{kept}");
    assert!(workspace.path("run/checkpoints/step-00000150").exists());
}

#[test]
fn a_run_folder_is_never_overwritten() {
    let workspace = trained();
    let outcome = workspace.run(&["train", "--run-dir", "run"]);
    assert_eq!(outcome.code, 2, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("--resume"), "{}", outcome.stderr);
    workspace.ok(&["train", "--run-dir", "run", "--force", "--set", "train.epochs=1"]);
    assert!(workspace.path("run/checkpoints/step-00000025").exists());
    assert!(!workspace.path("run/checkpoints/step-00000075").exists());
}

#[test]
fn a_second_writer_is_refused() {
    let workspace = trained();
    let lock = std::fs::File::open(workspace.path("run/.lock")).expect("the lock");
    lock.lock().expect("locked");
    let outcome = workspace.run(&["train", "--resume", "run", "--set", "train.epochs=9"]);
    assert_eq!(outcome.code, 7, "{}", outcome.stderr);
}

#[test]
fn a_diverging_run_stops_and_keeps_its_last_good_checkpoint() {
    let workspace = Workspace::new();
    let sgd = "optimizer={sgd={learning_rate=1e30}}";
    workspace.file("runs/.keep", "");
    let outcome =
        workspace.run(&["train", "--run-dir", "run", "--set", sgd, "--set", "checkpoint.every_steps=1"]);
    assert_eq!(outcome.code, 5, "{}", outcome.stderr);
    assert!(outcome.messages().contains("diverged"), "{}", outcome.stderr);
    workspace.ok(&["eval", "--checkpoint", "run"]);
}

#[test]
fn a_gate_that_fails_is_exit_code_6() {
    let workspace = Workspace::new();
    let gate = |condition: &str| format!("gate={{\"test.accuracy\"=\"{condition}\"}}");
    workspace.ok(&["train", "--set", &gate(">= 0.5")]);
    let outcome = workspace.run(&["train", "--set", &gate("> 1")]);
    assert_eq!(outcome.code, 6, "{}", outcome.stderr);
    assert!(outcome.messages().contains("gate failed: test.accuracy is"), "{}", outcome.stderr);
}

#[test]
fn eval_measures_what_was_trained() {
    let workspace = trained();
    for (set, key) in [
        ("seed=1", "seed"),
        ("split.validation=0.5", "split.validation"),
        ("preprocess.normalize={mean=[0.5],std=[2]}", "preprocess.normalize"),
        ("loss.cross_entropy.label_smoothing=0.2", "loss.cross_entropy.label_smoothing"),
        ("model.layers.0.dense.units=7", "model.layers[0].dense.units"),
    ] {
        let outcome = workspace.run(&["eval", "--checkpoint", "run", "--set", set]);
        assert_eq!(outcome.code, 2, "{set}: {}", outcome.stderr);
        assert!(outcome.messages().contains(&format!("`{key}` was ")), "{set}: {}", outcome.stderr);
    }
    let more =
        ["eval", "--checkpoint", "run", "--set", "data.synthetic.test_samples=500", "--format", "json"];
    assert_eq!(workspace.ok(&more).json()["samples"], 500);
}

#[test]
fn files_of_pytorch_are_named() {
    let workspace = Workspace::new();
    workspace.file("zip.pt", "PK\u{3}\u{4}\0\0\0\0\0\0\0\0archive/data.pkl");
    workspace.file("x.keras", "PK\u{3}\u{4}\0\0\0\0\0\0\0\0metadata.json");
    workspace.file("old.pt", [0x80, 2, b'}', b'q', 0]);
    for (file, kind) in [
        ("zip.pt", "a PyTorch file"),
        ("old.pt", "a PyTorch file or another pickle"),
        ("x.keras", "a zip archive"),
    ] {
        let outcome = workspace.run(&["eval", file]);
        let line =
            format!("error: {file}: {kind}, not a safetensors file; save the weights with safetensors");
        assert_eq!((outcome.code, outcome.messages()), (4, line));
    }
}

#[test]
fn other_data_than_the_network_takes_is_named_with_both_shapes() {
    let workspace = Workspace::new();
    let rows: Vec<String> = (0..40).map(|i| format!("{},{},{}", i % 10, i % 7, i % 2)).collect();
    workspace.file("t.csv", format!("a,b,y\n{}\n", rows.join("\n")));
    workspace.file(
        "c.toml",
        "[data.csv]\npath = \"t.csv\"\ntarget = \"y\"\n[model]\nlayers = [{ dense = { units = 2 } }]\n\
         [loss.cross_entropy]\n[optimizer.adam]\n[train]\nepochs = 1\n",
    );
    workspace.ok(&["train", "c.toml", "-q", "--run-dir", "r"]);
    let refused = |sets: &[&str]| {
        let sets = sets.iter().flat_map(|set| ["--set", set]);
        let outcome = workspace.run(&["eval", "r"].into_iter().chain(sets).collect::<Vec<_>>());
        assert_eq!(outcome.code, 2, "{}", outcome.stderr);
        outcome.messages()
    };
    for sets in [&["data.csv=null", "data.mnist={}"][..], &["data=mnist"], &["data={mnist={}}"]] {
        assert_eq!(
            refused(sets),
            "error: data.mnist: has samples of shape 1 x 28 x 28, but this network was trained on samples of shape 2 \
             from data.csv; use similar data"
        );
    }
    // Wrong options stay wrong options.
    assert!(refused(&["data={mnist={shape=1}}"]).contains("unknown key `shape`"));
    assert_eq!(
        refused(&["data={synthetic={features=2,classes=3}}"]),
        "error: data.synthetic: has 3 classes, but this network was trained on 2 classes from data.csv; \
         use similar data"
    );
}
