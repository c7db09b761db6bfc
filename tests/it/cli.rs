//! Output, exit codes, pipes and devices.

use std::process::Stdio;

use crate::workspace::{Outcome, Workspace};

#[test]
fn results_go_to_stdout_and_everything_else_to_stderr() {
    let workspace = Workspace::new();
    let outcome = workspace.ok(&["train", "--set", "train.epochs=3"]);
    assert_eq!(outcome.stdout.lines().count(), 3, "{}", outcome.stdout);
    let epochs = outcome.stderr.lines().filter(|line| line.starts_with("epoch ")).count();
    assert_eq!(epochs, 3, "{}", outcome.stderr);
    assert!(!outcome.stderr.contains('\r'), "a progress bar without a terminal");
}

#[test]
fn quiet_means_results_and_errors_only() {
    let outcome = Workspace::new().ok(&["train", "-q", "--set", "train.epochs=1"]);
    assert_eq!(outcome.stderr, "");
    assert!(outcome.stdout.starts_with("test   loss "), "{}", outcome.stdout);
    assert_eq!(outcome.stdout.lines().count(), 1, "{}", outcome.stdout);
}

#[test]
fn json_logs_are_json_line_by_line() {
    let outcome = Workspace::new().ok(&["train", "--log-format", "json", "--set", "train.epochs=2"]);
    for line in outcome.stderr.lines() {
        assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "{line}");
    }
    let summary = Workspace::new().ok(&["train", "--format", "json", "--set", "train.epochs=2"]).json();
    assert_eq!(summary["epochs"], 2);
}

#[test]
fn a_closed_pipe_is_not_an_error() {
    let workspace = Workspace::new();
    let mut child = workspace
        .command(&["config", "schema"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stdout.take());
    let outcome = Outcome::of(child.wait_with_output().expect("the program ends"));
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_stdout_is_an_error() {
    let workspace = Workspace::new();
    let full = std::fs::File::options().write(true).open("/dev/full").expect("/dev/full");
    let output = workspace.command(&["config", "schema"]).stdout(full).output().expect("the program starts");
    let outcome = Outcome::of(output);
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_stderr_causes_no_panic() {
    let workspace = Workspace::new();
    let full = std::fs::File::options().write(true).open("/dev/full").expect("/dev/full");
    let arguments = ["train", "--set", "train.epochs=1"];
    let output = workspace.command(&arguments).stderr(full).output().expect("the program starts");
    assert_eq!(Outcome::of(output).code, 0);
}

#[test]
fn an_error_of_the_operating_system_is_printed_once() {
    let workspace = Workspace::new();
    workspace.file("file", "");
    let outcome = workspace.run(&["train", "--run-dir", "file"]);
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    assert_eq!(outcome.messages().matches("os error").count(), 1, "{}", outcome.stderr);
}

#[test]
fn names_in_a_path_can_be_quoted_and_numbered() {
    let workspace = Workspace::new();
    let arguments = ["config", "show", "--format", "json", "--set"];
    let show = |set: &str| workspace.ok(&[&arguments[..], &[set]].concat()).json();
    assert_eq!(show("model.layers[0].dense.units=7")["model"]["layers"][0]["dense"]["units"], 7);
    assert_eq!(show("gate.\"test.accuracy\"=>= 0.5")["gate"]["test.accuracy"], ">= 0.5");
}

#[test]
fn a_config_can_come_from_standard_input() {
    let workspace = Workspace::new();
    let text = std::fs::File::open(concat!(env!("CARGO_MANIFEST_DIR"), "/configs/binary_mlp.toml"))
        .expect("a config");
    let output =
        workspace.command(&["check", "--config", "-"]).stdin(text).output().expect("the program starts");
    assert_eq!(Outcome::of(output).code, 0);
}

#[test]
fn flags_override_set_which_overrides_the_environment_and_the_file() {
    let workspace = Workspace::new();
    let show = |set: &[&str]| {
        let arguments = [&["config", "show", "--format", "json"][..], set].concat();
        let output = workspace.command(&arguments).env("TAPER__TRAIN__EPOCHS", "7").output().expect("starts");
        Outcome::of(output).json()["train"]["epochs"].as_u64()
    };
    assert_eq!(show(&[]), Some(7));
    assert_eq!(show(&["--set", "train.epochs=8"]), Some(8));
    assert_eq!(show(&["--set", "train.epochs=8", "--set", "train.epochs=9"]), Some(9));
}

#[test]
fn an_absent_gpu_is_explained() {
    if candle_core::utils::cuda_is_available() {
        return; // this build may support one
    }
    let outcome = Workspace::new().run(&["train", "--device", "cuda"]);
    assert_eq!(outcome.code, 2, "{}", outcome.stderr);
    assert!(outcome.messages().contains("--device cpu or auto"), "{}", outcome.stderr);
    for device in ["gpu", "cuda:x", ""] {
        assert_eq!(Workspace::new().run(&["train", "--device", device]).code, 2, "{device}");
    }
}

#[test]
fn init_writes_a_config_that_trains_and_never_overwrites() {
    let workspace = Workspace::new();
    workspace.ok(&["config", "init"]);
    workspace.ok(&["train", "--config", "taper.toml", "--set", "train.epochs=1"]);
    let outcome = workspace.run(&["config", "init"]);
    assert_eq!(outcome.code, 2, "{}", outcome.stderr);
    let outcome = workspace.run(&["config", "init", "--from", "mnist_cn"]);
    assert!(
        outcome.messages().contains("did you mean the built-in config `mnist_cnn`?"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_network_of_thousands_of_layers_trains_and_is_evaluated() {
    let workspace = Workspace::new();
    let layers = vec![r#"{"dense":{"units":4}}"#; 5000].join(",");
    let text = format!(
        r#"{{"data":{{"synthetic":{{"samples":64,"features":4,"classes":4}}}},"model":{{"layers":[{layers}]}},
           "loss":{{"cross_entropy":{{}}}},"optimizer":{{"adam":{{}}}},"train":{{"epochs":1}}}}"#
    );
    workspace.file("deep.json", text);
    let outcome = workspace.ok(&["train", "--config", "deep.json", "--run-dir", "run"]);
    assert!(outcome.stderr.contains("more than 1000 weights and biases"), "{}", outcome.stderr);
    workspace.ok(&["eval", "--checkpoint", "run"]);
    let fused = ["train", "--config", "deep.json", "--set", "train.engine=fused"];
    assert_eq!(workspace.run(&fused).code, 2);
}

#[test]
fn limits_stop_a_run_exactly() {
    let workspace = Workspace::new();
    let summary = workspace.ok(&["train", "--format", "json", "--set", "train.max_steps=30"]).json();
    assert_eq!((summary["steps"].as_u64(), summary["reason"].as_str()), (Some(30), Some("max_steps")));
    let endless =
        ["train", "--format", "json", "--set", "train.epochs=1000000", "--set", "train.max_minutes=0.01"];
    let summary = workspace.ok(&endless).json();
    assert_eq!(summary["reason"], "max_minutes");
}

#[test]
fn every_command_has_help() {
    let workspace = Workspace::new();
    for command in ["train", "eval", "predict", "check", "bench", "data", "config"] {
        let outcome = workspace.ok(&[command, "--help"]);
        assert!(outcome.stdout.contains("Usage: taper"), "{command}");
    }
    assert_eq!(workspace.run(&["trian"]).code, 2);
}

#[test]
fn null_resets_a_key_to_its_default() {
    let workspace = Workspace::new();
    let show = |set: &[&str]| {
        let flags = set.iter().flat_map(|set| ["--set", set]);
        let arguments: Vec<&str> =
            ["config", "show", "--config", "synthetic_mlp"].into_iter().chain(flags).collect();
        workspace.ok(&arguments).stdout
    };
    assert!(show(&["train.max_steps=5"]).contains("max_steps = 5"));
    assert!(!show(&["train.max_steps=5", "train.max_steps=null"]).contains("max_steps ="));
    let other = show(&["optimizer.adam=null", "optimizer.sgd.momentum=0.5"]);
    assert!(other.contains("[optimizer.sgd]") && !other.contains("adam"), "{other}");
    workspace.file("x.json", r#"{"train": {"epochs": null}}"#);
    assert!(!workspace.run(&["check", "--config", "x.json"]).stderr.contains("train.epochs"));
}

#[test]
fn a_mistyped_data_set_is_not_fetched() {
    let workspace = Workspace::new();
    for (name, help) in [
        ("mnits", "did you mean `mnist`?"),
        ("kmnits", "did you mean `kmnist`?"),
        ("digits", "choose one of mnist, "),
        ("imagenet", "choose one of mnist, "),
    ] {
        let mut command = workspace.command(&["data", "fetch", name]);
        let outcome = Outcome::of(command.env_remove("TAPER_OFFLINE").output().expect("the program starts"));
        assert_eq!(outcome.code, 2, "{}", outcome.stderr);
        assert!(outcome.messages().contains(help), "{}", outcome.stderr);
    }
    assert!(workspace.ok(&["data", "list"]).stdout.contains("kmnist"));
}
