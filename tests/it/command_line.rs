//! Arguments as people type them, with and without flags, and as in other programs.

use crate::workspace::{Outcome, Workspace};

/// A short run in the folder `r`.
fn trained() -> Workspace {
    let workspace = Workspace::new();
    workspace.ok(&["train", "binary_mlp", "-q", "--run-dir", "r", "--set", "train.epochs=1"]);
    workspace
}

#[test]
fn help_is_a_command_and_a_flag_of_all_commands() {
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
fn a_config_or_checkpoint_given_twice_is_an_error() {
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
fn flags_of_other_programs_are_answered_with_the_config_key() {
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
    // clap's own suggestions are kept.
    let outcome = workspace.run(&["train", "--run-dri", "r"]);
    assert!(outcome.stderr.contains("'--run-dir'"), "{}", outcome.stderr);
}

/// The config with these `--set` values, as JSON.
fn shown(set: &[&str]) -> serde_json::Value {
    let flags = set.iter().flat_map(|set| ["--set", set]);
    let arguments: Vec<&str> =
        ["config", "show", "synthetic_mlp", "--format", "json"].into_iter().chain(flags).collect();
    Workspace::new().ok(&arguments).json()
}

#[test]
fn blanks_around_key_and_value_are_ignored() {
    for set in ["train.epochs=3", "train.epochs = 3", " train.epochs= 3 ", "train . epochs =3"] {
        assert_eq!(shown(&[set])["train"]["epochs"], 3, "{set}");
    }
    assert_eq!(shown(&["optimizer = { sgd = { momentum = 0.5 } }"])["optimizer"]["sgd"]["momentum"], 0.5);
    assert_eq!(shown(&["name = first-try "])["name"], "first-try");
}

#[test]
fn a_value_for_a_string_key_is_a_string() {
    for text in ["2024", "2024-01-01", "true", "1e3", "-1.5", "0x10"] {
        let outcome =
            Workspace::new().run(&["config", "show", "--format", "json", "--set", &format!("name={text}")]);
        if text.starts_with('-') {
            assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        }
        assert_eq!(outcome.json()["name"], text);
    }
    let csv = "data={csv={path=a.csv, target=y}}";
    assert_eq!(
        Workspace::new().run(&["config", "show", "--set", csv]).code,
        2,
        "strings in a table need quotes"
    );
    let csv = r#"data={csv={path="a.csv", target="y"}}"#;
    let data = &shown(&[csv, "data.csv.features=[age, 2024, \"a b\"]", "data.csv.target=7"])["data"]["csv"];
    assert_eq!(data["features"], serde_json::json!(["age", "2024", "a b"]));
    assert_eq!(data["target"], "7");
    assert_eq!(shown(&[csv, "data.csv.features=[age, income ,x]"])["data"]["csv"]["features"][1], "income");
}

#[test]
fn a_member_can_be_named_without_options() {
    assert!(shown(&["optimizer=sgd"])["optimizer"]["sgd"].is_object());
    assert_eq!(
        shown(&["optimizer=sgd", "optimizer.sgd.learning_rate=0.5"])["optimizer"]["sgd"]["learning_rate"],
        0.5
    );
    let json = shown(&[r#"optimizer={"rmsprop": {"learning_rate": 0.5}}"#]);
    assert_eq!(json["optimizer"]["rmsprop"]["learning_rate"], 0.5);
    assert!(shown(&["model.layers.0=flatten"])["model"]["layers"][0]["flatten"].is_object());
}

#[test]
fn layers_are_added_counted_from_the_end_and_removed() {
    let layers = |set: &[&str]| shown(set)["model"]["layers"].as_array().expect("layers").clone();
    let before = layers(&[]);
    for set in [
        "model.layers.+={dense={units=10}}",
        "model.layers.+.dense.units=10",
        "model.layers+={dense={units=10}}",
    ] {
        let after = layers(&[set]);
        assert_eq!(after.len(), before.len() + 1, "{set}");
        assert_eq!(after.last().expect("one")["dense"]["units"], 10, "{set}");
    }
    let after = layers(&["model.layers.+1={dropout={rate=0.5}}"]);
    assert_eq!((after[1]["dropout"]["rate"].as_f64(), after[2].clone()), (Some(0.5), before[1].clone()));
    assert_eq!(
        layers(&["model.layers.-1.dense.kernel_initializer=zeros"])[3]["dense"]["kernel_initializer"],
        "zeros"
    );
    assert_eq!(layers(&["model.layers.1=null"]), [&before[..1], &before[2..]].concat());
    assert_eq!(layers(&["model.layers[-2]=null"]), [&before[..2], &before[3..]].concat());
    for wrong in [
        "model.layers.9=null",
        "model.layers.-5.dense.units=1",
        "model.layers.+9={flatten={}}",
        "model.layers.-0=null",
    ] {
        let outcome = Workspace::new().run(&["check", "--set", wrong]);
        assert_eq!(outcome.code, 2, "{wrong}");
        assert!(outcome.messages().contains("does not exist: "), "{}", outcome.stderr);
    }
}

#[test]
fn a_gate_needs_no_quotes_around_its_metric() {
    for set in ["gate.test.accuracy=>= 0.5", "gate.test.accuracy = '>= 0.5'", "gate.\"test.accuracy\"=>= 0.5"]
    {
        assert_eq!(shown(&[set])["gate"]["test.accuracy"], ">= 0.5", "{set}");
    }
}

#[test]
fn a_misplaced_key_is_found_in_its_section() {
    for (set, place) in [
        ("optimizer.adam.lr=0.1", "optimizer.adam.learning_rate"),
        ("train.learning_rate=0.1", "optimizer.adam.learning_rate"),
        ("lr=0.1", "optimizer.adam.learning_rate"),
        ("epochs=3", "train.epochs"),
        ("optimizer.adam.epochs=3", "train.epochs"),
        ("batch_size=3", "train.batch_size"),
        ("train.seed=3", "seed"),
        ("train.keep_last=3", "checkpoint.keep_last"),
        ("validation_split=0.1", "split.validation"),
        ("model.layers.0.dense.out_features=3", "units"),
    ] {
        let outcome = Workspace::new().run(&["check", "synthetic_mlp", "--set", set]);
        assert_eq!(outcome.code, 2, "{set}");
        assert!(outcome.messages().contains(&format!("did you mean `{place}`")), "{set}: {}", outcome.stderr);
    }
    // Also in a file.
    let workspace = Workspace::new();
    workspace.ok(&["config", "init", "a.toml"]);
    let text = String::from_utf8(workspace.read("a.toml")).expect("text");
    workspace.file("a.toml", format!("epochs = 3\n{text}"));
    assert!(workspace.run(&["check", "a.toml"]).messages().contains("did you mean `train.epochs`?"));
}

#[test]
fn a_second_member_is_answered_with_the_line_to_write() {
    for (set, line) in [
        (&["optimizer.sgd.learning_rate=0.1"][..], "optimizer={ sgd = { learning_rate = 0.1 } }"),
        (
            &["optimizer.sgd.momentum=0.9", "optimizer.sgd.nesterov=true"],
            "optimizer={ sgd = { momentum = 0.9, nesterov = true } }",
        ),
        (&["optimizer.rmsprop={}"], "optimizer={ rmsprop = {} }"),
    ] {
        let flags: Vec<&str> = set.iter().flat_map(|set| ["--set", set]).collect();
        let outcome = Workspace::new().run(&[&["check", "synthetic_mlp"], &flags[..]].concat());
        assert_eq!(outcome.code, 2, "{set:?}");
        assert!(outcome.messages().contains(&format!("--set '{line}'")), "{}", outcome.stderr);
        assert!(shown(&[line])["optimizer"]["adam"].is_null());
    }
}

#[test]
fn an_invalid_assignment_is_explained() {
    for wrong in [&["--set", "train.epochs", "3"][..], &["--set", "train.epochs", "=", "3"], &["--set", "=3"]]
    {
        let outcome = Workspace::new().run(&[&["check"], wrong].concat());
        assert_eq!(outcome.code, 2, "{wrong:?}");
        assert!(outcome.stderr.contains("in one argument"), "{}", outcome.stderr);
    }
    for wrong in ["optimizer={sgd={}", "data.csv.features=[a", "name=\"a"] {
        let outcome = Workspace::new().run(&["check", "--set", wrong]);
        assert_eq!(outcome.code, 2, "{wrong:?}");
        assert!(outcome.messages().contains("close every quote and bracket"), "{}", outcome.stderr);
    }
}

#[test]
fn backslashes_in_paths_are_kept() {
    let check = |path: &str, file: &str| {
        let workspace = Workspace::new();
        let rest =
            "\n[model]\nlayers = [{ dense = { units = 2 } }]\n[loss.cross_entropy]\n[optimizer.adam]\n";
        workspace.file("x.toml", format!("[data.csv]\ntarget = \"y\"\npath = {path}{rest}"));
        workspace.file("x.json", format!(
            r#"{{"data":{{"csv":{{"target":"y","path":{path}}}}},"model":{{"layers":[{{"dense":{{"units":2}}}}]}},"loss":{{"cross_entropy":{{}}}},"optimizer":{{"adam":{{}}}}}}"#
        ));
        workspace.run(&["check", file])
    };
    for path in [
        r#""C:\Users\me\train.csv""#,
        r#""D:\data\new.csv""#,
        r#""pictures\train.csv""#,
        r#""\new.csv""#,
        r#""a\xls""#,
    ] {
        let outcome = check(path, "x.toml");
        assert_eq!(outcome.code, 2, "{path}: {}", outcome.stdout);
        assert!(outcome.messages().contains("'single quotes'"), "{path}: {}", outcome.stderr);
    }
    let outcome = check(r#""pictures\train.csv""#, "x.json");
    assert!(outcome.messages().contains("contains a tab"), "{}", outcome.stderr);
    for path in [r"'C:\Users\me\train.csv'", r#""C:/Users/new.csv""#, r#""C:\\Users\\new.csv""#] {
        let outcome = check(path, "x.toml");
        assert!(!outcome.messages().contains("backslash"), "{path}: {}", outcome.stderr);
    }
    let set = Workspace::new().run(&["check", "--set", r#"data={csv={path="a\tb.csv",target="y"}}"#]);
    assert!(set.messages().contains("contains a tab"), "{}", set.stderr);
}

#[test]
fn a_gate_is_a_flag() {
    let gate = |conditions: &[&str]| {
        let flags = conditions.iter().flat_map(|condition| ["--gate", condition]);
        let arguments: Vec<&str> = ["train", "binary_mlp", "-q"].into_iter().chain(flags).collect();
        Workspace::new().run(&arguments)
    };
    assert_eq!(gate(&["test.accuracy >= 0.5", "validation.loss<100"]).code, 0);
    let outcome = gate(&["test.accuracy>1"]);
    assert_eq!(outcome.code, 6);
    assert!(outcome.messages().contains("test.accuracy is "), "{}", outcome.stderr);
    assert_eq!(gate(&["test.accuracy >= 0.5", "test.loss < 0"]).code, 6);
    for wrong in
        ["test.accuracy", "test.accuracy = 1", ">= 1", "test.acuracy >= 0.5", "test.accuracy >= high"]
    {
        let outcome = gate(&[wrong]);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""), "{wrong}: {}", outcome.stderr);
        assert!(outcome.stderr.contains("--gate"), "{}", outcome.stderr);
    }
}

#[test]
fn the_reference_of_a_section_is_printed() {
    let workspace = Workspace::new();
    let shown = workspace.ok(&["config", "reference", "adam"]).stdout;
    assert!(shown.starts_with("### `optimizer.adam`"), "{shown}");
    let outcome = workspace.run(&["config", "reference", "optimiser"]);
    assert_eq!(outcome.code, 2);
    assert!(outcome.messages().contains("did you mean `optimizer`?"), "{}", outcome.stderr);
}

#[test]
fn what_is_not_a_config_is_named_in_one_line() {
    let workspace = Workspace::new();
    workspace.file("x.csv", "a,b\n1,2\n");
    workspace.file("x.npz", "PK\u{3}\u{4}");
    workspace.file("x.png", [0x89, b'P', b'N', b'G']);
    workspace.file("photo", [0xff, 0xd8, 0xff, 0xe0]);
    workspace.file("x.safetensors", "x");
    workspace.file("p/train/cat/1.jpg", "x");
    workspace.ok(&["train", "synthetic_mlp", "-q", "--run-dir", "runs/b", "--set", "train.max_steps=2"]);
    for (config, words) in [
        (
            "x.csv",
            "x.csv: a table, not a config; to use it as data, set `path = \"x.csv\"` in `[data.csv]` of a config",
        ),
        (
            "x.npz",
            "x.npz: NumPy arrays, not a config; to use them as data, set `path = \"x.npz\"` in `[data.npz]`",
        ),
        ("x.png", "x.png: an image, not a config"),
        ("photo", "photo: an image, not a config"),
        (
            "x.safetensors",
            "x.safetensors: weights, not a config; evaluate them with `taper eval x.safetensors`",
        ),
        (
            "p",
            "p: a folder of images, not a config; to use it as data, set `path = \"p\"` in `[data.image_folder]`",
        ),
        ("runs/b", "resume the run with `taper train --resume runs/b`; its config is `runs/b/config.toml`"),
        ("runs", "runs: a folder, not a config file"),
    ] {
        for command in ["train", "check"] {
            let outcome = workspace.run(&[command, config]);
            assert_eq!((outcome.code, outcome.messages().lines().count()), (2, 1), "{}", outcome.stderr);
            assert!(outcome.messages().contains(words), "{}", outcome.stderr);
        }
    }
}

#[test]
fn a_kind_that_is_mistyped_is_answered_with_the_nearest_or_all() {
    let workspace = Workspace::new();
    for (set, words) in [
        ("optimizer=Adam", "did you mean `adam`? write `{ adam = {} }`"),
        ("loss=crossentropy", "did you mean `cross_entropy`? write"),
        ("optimizer=nope", "choose one of `sgd`, "),
        ("data=nope", "choose one of `synthetic`, "),
    ] {
        let outcome = workspace.run(&["check", "--set", set]);
        assert_eq!(outcome.code, 2);
        assert!(outcome.messages().contains(words), "{}", outcome.stderr);
    }
}

#[test]
fn no_stack_is_printed_for_an_error() {
    let workspace = Workspace::new();
    for arguments in [["eval", "none", "-v"], ["train", "none.toml", "-vv"]] {
        let mut command = workspace.command(&arguments);
        let outcome = Outcome::of(command.env("RUST_BACKTRACE", "1").output().expect("it starts"));
        let lines: Vec<String> = outcome.messages().lines().map(str::to_owned).collect();
        let errors = lines.iter().position(|line| line.starts_with("error: ")).expect("an error");
        assert_eq!(errors, lines.len() - 1, "{}", outcome.stderr);
    }
}
