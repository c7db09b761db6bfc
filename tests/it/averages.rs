//! Runs with averaged weights.

use crate::workspace::Workspace;

const CONFIG: &str = "seed = 4
[data.digits]
samples = 300
test_samples = 60
size = 12
[split]
validation = 0.2
[model]
layers = [
  { conv2d = { filters = 4, kernel_size = 3, bias = false } },
  { batch_norm = { activation = \"relu\" } },
  { flatten = {} },
  { dense = { units = 10 } },
]
[loss.cross_entropy]
[optimizer.adam]
learning_rate = 0.01
[train]
epochs = 3
batch_size = 32
";

/// The tensors in a file of the last checkpoint; the header before them has the config.
fn tensors(workspace: &Workspace, file: &str) -> Vec<u8> {
    let folder = std::fs::read_dir(workspace.path("run/checkpoints")).expect("checkpoints");
    let last = folder.map(|entry| entry.expect("an entry").path()).max().expect("a checkpoint");
    let bytes = std::fs::read(last.join(file)).expect("a file");
    let header = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
    bytes[8 + header..].to_vec()
}

fn train(workspace: &Workspace, arguments: &[&str]) -> serde_json::Value {
    std::fs::write(workspace.path("config.toml"), CONFIG).expect("a config");
    let first = ["train", "-q", "--config", "config.toml", "--run-dir", "run", "--force"];
    workspace.ok(&[&first[..], arguments].concat());
    let summary = std::fs::read(workspace.path("run/summary.json")).expect("a summary");
    serde_json::from_slice(&summary).expect("JSON")
}

#[test]
fn an_average_without_decay_gives_the_bits_of_no_average() {
    let workspace = Workspace::new();
    let expected = train(&workspace, &[])["metrics"].clone();
    let model = tensors(&workspace, "model.safetensors");
    let found = train(&workspace, &["--set", "ema.decay=0"])["metrics"].clone();
    assert_eq!(found, expected);
    assert!(tensors(&workspace, "model.safetensors") == model);
}

#[test]
fn training_does_not_depend_on_the_average_which_is_what_is_tested_and_saved() {
    let workspace = Workspace::new();
    train(&workspace, &[]);
    let raw = tensors(&workspace, "model.safetensors");
    let summary = train(&workspace, &["--set", "ema.decay=0.9", "--threads", "3"]);
    let (averages, state) =
        (tensors(&workspace, "model.safetensors"), tensors(&workspace, "optimizer.safetensors"));
    assert!(averages != raw && averages.len() == raw.len());
    assert!(state.windows(raw.len()).any(|part| part == raw), "the trained weights are kept");
    train(&workspace, &["--set", "ema.decay=0.9", "--threads", "1", "--set", "train.engine=\"fused\""]);
    assert!(tensors(&workspace, "model.safetensors") == averages);
    let tested = workspace.ok(&["eval", "--checkpoint", "run", "--format", "json"]).json();
    assert_eq!(tested["loss"], summary["metrics"]["test.loss"]);
}

#[test]
fn a_resumed_run_keeps_its_average() {
    let workspace = Workspace::new();
    train(&workspace, &["--set", "ema.decay=0.9"]);
    let whole = [tensors(&workspace, "model.safetensors"), tensors(&workspace, "optimizer.safetensors")];
    train(&workspace, &["--set", "ema.decay=0.9", "--set", "train.max_steps=11"]);
    workspace.ok(&["train", "-q", "--resume", "run", "--set", "train.max_steps=null"]);
    assert!(
        [tensors(&workspace, "model.safetensors"), tensors(&workspace, "optimizer.safetensors")] == whole
    );
    train(&workspace, &["--set", "ema.decay=0.9", "--set", "train.max_steps=11"]);
    let outcome =
        workspace.run(&["train", "--resume", "run", "--set", "ema=null", "--set", "train.max_steps=null"]);
    assert!(
        outcome.messages().contains("a resumed run must keep `[ema]` or `[swa]`"),
        "{}",
        outcome.messages()
    );
}

/// The parameters in the last checkpoint, by name.
fn parameters(workspace: &Workspace) -> Vec<(String, Vec<f32>)> {
    let folder = std::fs::read_dir(workspace.path("run/checkpoints")).expect("checkpoints");
    let last = folder.map(|entry| entry.expect("an entry").path()).max().expect("a checkpoint");
    let bytes = std::fs::read(last.join("model.safetensors")).expect("a file");
    let file = safetensors::SafeTensors::deserialize(&bytes).expect("tensors");
    let mut all: Vec<_> = file
        .tensors()
        .into_iter()
        .map(|(name, view)| {
            let values = view.data().as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes));
            (name, values.collect())
        })
        .collect();
    all.sort_by(|(a, _), (b, _)| a.cmp(b));
    all
}

#[test]
fn the_mean_of_the_last_epochs_is_saved_with_statistics_of_its_own() {
    for engine in ["fused", "graph"] {
        let (workspace, engine) = (Workspace::new(), format!("train.engine=\"{engine}\""));
        let after = |steps: &str| {
            train(&workspace, &["--set", &engine, "--set", &format!("train.max_steps={steps}")]);
            parameters(&workspace)
        };
        // 240 samples: eight steps an epoch.
        let (second, third) = (after("16"), after("24"));
        train(&workspace, &["--set", &engine, "--set", "swa.start_epoch=2"]);
        let means = parameters(&workspace);
        for ((name, mean), ((_, second), (_, third))) in means.iter().zip(second.iter().zip(&third)) {
            let is_statistic = name.contains("running");
            let halves = second.iter().zip(third).map(|(a, b)| (a + b) / 2.0);
            let far = mean.iter().zip(halves).filter(|(mean, half)| (*mean - half).abs() > 1e-6).count();
            assert_eq!(far > 0, is_statistic, "{name}");
        }
    }
}

#[test]
fn a_run_with_the_mean_of_the_last_epochs_resumes_at_every_step() {
    let workspace = Workspace::new();
    let both = || [tensors(&workspace, "model.safetensors"), tensors(&workspace, "optimizer.safetensors")];
    train(&workspace, &["--set", "swa.start_epoch=2"]);
    let whole = both();
    for step in [3, 8, 9, 15, 16, 17, 23] {
        train(&workspace, &["--set", "swa.start_epoch=2", "--set", &format!("train.max_steps={step}")]);
        workspace.ok(&["train", "-q", "--resume", "run", "--set", "train.max_steps=null"]);
        assert!(both() == whole, "after a stop at step {step}");
    }
}
