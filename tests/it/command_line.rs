//! Arguments as people type them: with and without flags, and as other programs have them.

use crate::workspace::Workspace;

/// A short run in the folder `r`.
fn trained() -> Workspace {
    let workspace = Workspace::new();
    workspace.ok(&["train", "binary_mlp", "-q", "--run-dir", "r", "--set", "train.epochs=1"]);
    workspace
}

#[test]
fn help_is_a_command_for_all_commands() {
    let workspace = Workspace::new();
    assert!(workspace.ok(&["help"]).stdout.contains("Usage: taper [OPTIONS] <COMMAND>"));
    for words in [vec!["train"], vec!["eval"], vec!["predict"], vec!["config", "show"], vec!["data", "fetch"]]
    {
        let shown = workspace.ok(&[&["help"], &words[..]].concat()).stdout;
        assert!(shown.contains(&format!("Usage: taper {}", words.join(" "))), "{shown}");
    }
    for command in ["train", "eval", "predict", "check", "bench", "data", "config"] {
        let shown = workspace.ok(&["help", command]).stdout;
        let (_, examples) = shown.split_once("Examples:\n").expect("examples");
        assert!(examples.lines().any(|line| line.contains(&format!("taper {command}"))), "{shown}");
    }
}

#[test]
fn a_config_needs_no_flag() {
    let workspace = Workspace::new();
    workspace.ok(&["config", "init", "own.toml", "--from", "linear_regression"]);
    for config in ["own.toml", "linear_regression"] {
        assert!(workspace.ok(&["check", config]).stdout.contains("linear-regression: ok"));
        assert!(workspace.ok(&["config", "show", config]).stdout.contains("name = \"linear-regression\""));
        let trained = workspace.ok(&["train", config, "--set", "train.epochs=1"]).stderr;
        assert!(trained.contains("linear-regression: "), "{trained}");
    }
    let shown = |arguments: &[&str]| workspace.ok(&[&["config", "show"], arguments].concat()).stdout;
    assert_eq!(shown(&["own.toml"]), shown(&["-c", "own.toml"]));
    assert_eq!(shown(&["own.toml"]), shown(&["--config", "own.toml"]));
    assert!(workspace.ok(&["bench", "binary_mlp", "--seconds", "0.1"]).stdout.contains("binary-mlp"));
}

#[test]
fn a_config_or_checkpoint_that_is_given_twice_is_an_error() {
    let workspace = Workspace::new();
    for arguments in [
        &["train", "mnist_cnn", "--config", "mnist_cnn"][..],
        &["check", "-c", "mnist_cnn", "mnist_cnn"],
        &["eval", "r", "--checkpoint", "r"],
        &["predict", "--checkpoint", "r", "a.png", "--input", "b.png"],
        &["predict", "r", "a.png", "--input", "b.png"],
    ] {
        let outcome = workspace.run(arguments);
        assert_eq!(outcome.code, 2, "{arguments:?}: {}", outcome.stderr);
        assert_eq!(outcome.stdout, "", "{arguments:?}");
    }
}

#[test]
fn a_checkpoint_and_inputs_need_no_flags() {
    let workspace = trained();
    workspace.file("a.csv", format!("{}\n", ["0.5"; 10].join(",")));
    workspace.file("b.csv", format!("{}\n", ["-0.5"; 10].join(",")));
    assert!(workspace.ok(&["eval", "r"]).stdout.contains("accuracy"));
    let expected =
        workspace.ok(&["predict", "--checkpoint", "r", "--input", "a.csv", "--input", "b.csv"]).stdout;
    assert_eq!(expected.lines().count(), 2, "{expected}");
    for arguments in [
        &["predict", "r", "a.csv", "b.csv"][..],
        &["predict", "r", "--input", "a.csv", "b.csv"],
        &["predict", "--checkpoint", "r", "a.csv", "b.csv"],
        &["predict", "--input", "a.csv", "b.csv", "--checkpoint", "r"],
    ] {
        assert_eq!(workspace.ok(arguments).stdout, expected, "{arguments:?}");
    }
    for arguments in [&["eval"][..], &["predict"], &["predict", "r"], &["predict", "--input", "a.csv"]] {
        assert_eq!(workspace.run(arguments).code, 2, "{arguments:?}");
    }
}

#[test]
fn flags_of_other_trainers_are_answered_with_the_key() {
    let workspace = Workspace::new();
    for (arguments, tip) in [
        (&["train", "--epochs", "3"][..], "--set train.epochs=3"),
        (&["train", "mnist_cnn", "--epochs=7"], "--set train.epochs=7"),
        (&["bench", "--batch-size", "64"], "--set train.batch_size=64"),
        (&["train", "--batch_size", "64"], "--set train.batch_size=64"),
        (&["check", "--lr", "0.1"], "--set optimizer.adam.learning_rate=0.1"),
        (&["train", "--learning-rate=1e-4"], "--set optimizer.adam.learning_rate=1e-4"),
        (&["train", "--seed", "1"], "--set seed=1"),
        (&["my.toml"], "taper train my.toml"),
        (&["train", "train.epochs=3"], "--set 'train.epochs=3'"),
    ] {
        let outcome = workspace.run(arguments);
        assert_eq!(outcome.code, 2, "{arguments:?}");
        assert!(outcome.stderr.contains(tip), "{arguments:?}: {}", outcome.stderr);
    }
    // clap's own suggestions stay.
    let outcome = workspace.run(&["train", "--run-dri", "r"]);
    assert!(outcome.stderr.contains("'--run-dir'"), "{}", outcome.stderr);
}
