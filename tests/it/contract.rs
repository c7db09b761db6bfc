//! The interface for scripts and CI: gates, exit codes, JSON fields, flags and the environment.

use serde_json::Value;
use taper_kernels::simd::lanes::Isa;

use crate::workspace::{Outcome, Workspace};

/// A table of two classes, with a config that has validation and test samples.
fn workspace(more: &str) -> Workspace {
    let workspace = Workspace::new();
    let rows: Vec<String> =
        (0..40).map(|i| format!("{i},{}\n", if i < 20 { "low" } else { "high" })).collect();
    workspace.file("train.csv", format!("x,y\n{}", rows.concat()));
    workspace.file("c.toml", config(2, more));
    workspace
}

fn config(units: usize, more: &str) -> String {
    format!(
        "[data.csv]\npath = 'train.csv'\ntest_path = 'train.csv'\ntarget = 'y'\n[split]\nvalidation = 0.25\n\
         [preprocess]\nnormalize = 'standardize'\n[model]\nlayers = [{{ dense = {{ units = {units} }} }}]\n\
         [loss.cross_entropy]\n[optimizer.adam]\nlearning_rate = 0.1\n[train]\nepochs = 20\n{more}\n"
    )
}

fn json(outcome: &Outcome) -> Value {
    outcome.json()
}

const GATE: &str = "[gate]\n'test.accuracy' = '>= 0.5'\n'validation.loss' = '< 100'";

#[test]
fn gates_are_reported_in_json_and_in_one_line_each() {
    let workspace = workspace(GATE);
    let outcome = workspace.ok(&["train", "c.toml", "--run-dir", "run"]);
    assert!(outcome.stdout.contains("gate   passed: test.accuracy is "), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("gate   passed: validation.loss is "), "{}", outcome.stdout);
    let summary: Value = serde_json::from_slice(&workspace.read("run/summary.json")).expect("JSON");
    assert_eq!(summary["gate"][0]["metric"], "test.accuracy");
    assert_eq!(summary["gate"][0]["condition"], ">= 0.5");
    assert_eq!(summary["gate"][0]["value"], summary["metrics"]["test.accuracy"]);
    assert_eq!((&summary["gate"][0]["passed"], &summary["gate"][1]["passed"]), (&true.into(), &true.into()));
    let hard = ["train", "c.toml", "--set", "gate={\"test.accuracy\"=\"> 1\"}", "--format", "json"];
    let outcome = workspace.run(&hard);
    assert_eq!(outcome.code, 6, "{}", outcome.messages());
    assert_eq!(json(&outcome)["gate"][0]["passed"], false);
}

#[test]
fn eval_checks_the_gates_of_its_split_and_names_the_others() {
    let workspace = workspace(GATE);
    workspace.ok(&["train", "c.toml", "--run-dir", "run", "-q"]);
    let eval = |more: &[&str]| workspace.run(&[&["eval", "run"], more].concat());
    let outcome = eval(&["--format", "json"]);
    assert_eq!(outcome.code, 0, "{}", outcome.messages());
    let result = json(&outcome);
    assert_eq!(
        (result["gate"].as_array().map(Vec::len), &result["gate"][0]["passed"]),
        (Some(1), &true.into())
    );
    assert_eq!(result["gate_not_measured"][0], "validation.loss");
    assert!(eval(&[]).stdout.contains("gate   not measured: validation.loss"), "{}", eval(&[]).stdout);
    assert!(
        result["checkpoint"].as_str().is_some_and(|place| place.starts_with("run/checkpoints/step-")),
        "{result}"
    );
    assert!(result["step"].as_u64().is_some_and(|step| step > 0) && result["epoch"].is_u64(), "{result}");
    assert_eq!(result["split"], "test");
    assert!(eval(&[]).stdout.contains("gate   passed: test.accuracy"), "{}", eval(&[]).stdout);
    for (set, split, code) in [
        ("gate={\"test.accuracy\"=\"> 1\"}", "test", 6),
        ("gate={\"test.accuracy\"=\"> 1\"}", "validation", 0),
        ("gate={\"validation.loss\"=\"< 0\"}", "validation", 6),
        ("gate={\"train.f1\"=\"> 2\"}", "train", 6),
        ("gate={\"test.acuracy\"=\"> 0\"}", "test", 2),
    ] {
        let outcome = eval(&["--set", set, "--split", split]);
        assert_eq!(outcome.code, code, "{set} {split}: {}", outcome.messages());
    }
}

#[test]
fn eval_takes_conditions_as_flags() {
    let workspace = workspace("");
    workspace.ok(&["train", "c.toml", "--run-dir", "run", "-q"]);
    for (gate, code) in [
        ("test.accuracy >= 0.5", 0),
        ("test.accuracy > 1", 6),
        ("test.acuracy > 1", 2),
        ("validation.loss < 100", 2),
        ("accuracy", 2),
    ] {
        let outcome = workspace.run(&["eval", "run", "--gate", gate]);
        assert_eq!(outcome.code, code, "{gate}: {}", outcome.messages());
    }
    let outcome = workspace.run(&["eval", "run", "--gate", "validation.loss < 100"]);
    let line = "error: --gate: validation.loss is not measured on the test split; add --split validation";
    assert!(outcome.messages().contains(line), "{}", outcome.messages());
    workspace.ok(&["eval", "run", "--gate", "validation.loss < 100", "--split", "validation"]);
}

#[test]
fn check_inspects_the_data() {
    let workspace = workspace("");
    let check = |more: &[&str]| workspace.run(&[&["check", "c.toml"], more].concat());
    let outcome = check(&["--format", "json"]);
    assert_eq!((outcome.code, &json(&outcome)["error"]), (0, &Value::Null), "{}", outcome.messages());
    assert_eq!(json(&outcome)["input_shape"][0], 1);
    for (units, name, words) in [(3, "train.csv", "3 outputs for 2 classes"), (2, "none.csv", "none.csv")] {
        workspace.file(
            "c.toml",
            config(units, "").replace("path = 'train.csv'\ntest", &format!("path = '{name}'\ntest")),
        );
        let outcome = check(&["--format", "json"]);
        assert_eq!(outcome.code, 3, "{}", outcome.stdout);
        assert!(
            json(&outcome)["error"].as_str().is_some_and(|error| error.contains(words)),
            "{}",
            outcome.stdout
        );
        assert!(outcome.messages().contains(words), "{}", outcome.messages());
        assert_eq!(check(&["--no-data"]).code, 0);
    }
    assert_eq!(json(&check(&["--format", "json"]))["data"]["place"], Value::Null);
    let missing = workspace.run(&["check", "mnist_cnn"]);
    assert_eq!(missing.code, 3);
    assert!(
        missing.stdout.contains("conv2d") && missing.messages().contains("mnist: not found: train-images"),
        "{}",
        missing.messages()
    );
    assert_eq!(workspace.run(&["check", "mnist_cnn", "--no-data"]).code, 0);
}

#[test]
fn an_explicit_data_folder_must_exist() {
    let workspace = workspace("");
    for command in [&["train", "c.toml"][..], &["check", "c.toml"], &["data", "list"], &["bench", "c.toml"]] {
        let outcome = workspace.run(&[command, &["--data-dir", "nowhere"]].concat());
        let messages = outcome.messages();
        assert_eq!((outcome.code, messages.lines().count()), (3, 1), "{messages}");
        assert!(messages.contains("nowhere: the folder of --data-dir does not exist"), "{messages}");
    }
}

#[test]
fn the_instruction_set_can_be_chosen_among_those_of_the_machine() {
    let workspace = workspace("");
    let trained = |name: &str| {
        let mut command =
            workspace.command(&["train", "c.toml", "--run-dir", name, "--force", "--isa", name]);
        Outcome::of(command.output().expect("the program starts"))
    };
    let weights = |name: &str| workspace.read(format!("{name}/checkpoints/step-00000020/model.safetensors"));
    let names: Vec<_> = Isa::all().map(Isa::name).collect();
    for name in &names {
        let outcome = trained(name);
        assert_eq!(outcome.code, 0, "{}", outcome.messages());
    }
    // Without fused multiply-add, sums are rounded differently.
    let same_bits = names.iter().filter(|name| **name != "portable");
    for pair in same_bits.collect::<Vec<_>>().windows(2) {
        assert!(weights(pair[0]) == weights(pair[1]), "{pair:?}");
    }
    let outcome = trained("mmx");
    assert_eq!(outcome.code, 2);
    let expected = format!("'mmx' for '--isa <ISA>': this machine has {}", names.join(", "));
    assert!(outcome.messages().contains(&expected), "{}", outcome.messages());
}

#[test]
fn an_empty_variable_is_ignored_and_an_invalid_one_is_named() {
    let workspace = workspace("");
    let with = |name: &str, value: &str| {
        let mut command = workspace.command(&["train", "c.toml", "-q", "--set", "train.epochs=1"]);
        Outcome::of(command.env(name, value).output().expect("the program starts"))
    };
    for name in ["TAPER_THREADS", "TAPER_DEVICE", "TAPER_OFFLINE", "TAPER_DATA_DIR", "TAPER_ISA"] {
        let outcome = with(name, "");
        assert_eq!(outcome.code, 0, "{name}: {}", outcome.messages());
    }
    for (name, value) in [
        ("TAPER_THREADS", "zero"),
        ("TAPER_THREADS", "0"),
        ("TAPER_THREADS", "1025"),
        ("TAPER_DEVICE", "tpu"),
    ] {
        let outcome = with(name, value);
        assert_eq!(outcome.code, 2, "{name}={value}");
        assert!(outcome.messages().contains(&format!("{name} is {value:?}")), "{}", outcome.messages());
    }
    assert_eq!(with("TAPER_THREADS", "2").code, 0);
    // A flag takes precedence.
    let mut command = workspace.command(&["train", "c.toml", "-q", "--threads", "1"]);
    assert!(command.env("TAPER_THREADS", "zero").status().expect("the program starts").success());
}

#[test]
fn the_error_about_a_path_without_a_checkpoint_says_what_it_is() {
    let workspace = workspace("");
    workspace.ok(&["train", "c.toml", "--run-dir", "run", "-q"]);
    let steps = std::fs::read_dir(workspace.path("run/checkpoints")).expect("a folder");
    let step = steps.into_iter().next().expect("a checkpoint").expect("an entry").file_name();
    let optimizer = format!("run/checkpoints/{}/optimizer.safetensors", step.to_string_lossy());
    for (path, words) in [
        ("run/checkpoints", "give the run folder above it"),
        (optimizer.as_str(), "holds the state of the optimizer, not the weights"),
        ("c.toml", "is a text file, not weights"),
    ] {
        let outcome = workspace.run(&["eval", path]);
        let messages = outcome.messages();
        assert_eq!((outcome.code, messages.lines().count()), (4, 1), "{messages}");
        assert!(messages.contains(words), "{messages}");
    }
}

#[test]
fn metrics_that_cannot_be_monitored_are_explained() {
    let workspace = workspace("");
    for (sets, words) in [
        (
            &["checkpoint.monitor=test.accuracy"][..],
            "test samples are measured once, at the end; did you mean `validation.accuracy`?",
        ),
        (
            &["checkpoint.monitor=validation.loss", "split.validation=0"],
            "set `split.validation`, for example to 0.2",
        ),
        (
            &["gate={\"validation.f1\"=\"> 0\"}", "split.validation=0"],
            "set `split.validation`, for example to 0.2",
        ),
    ] {
        let sets: Vec<&str> = sets.iter().flat_map(|set| ["--set", *set]).collect();
        let outcome = workspace.run(&[&["check", "c.toml"], &sets[..]].concat());
        assert_eq!(outcome.code, 2, "{}", outcome.messages());
        assert!(outcome.messages().contains(words), "{}", outcome.messages());
    }
}
