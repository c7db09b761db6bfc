//! `[split] test`: test samples held out from a data set without test samples.

use std::fmt::Write as _;

use serde_json::Value;

use crate::workspace::Workspace;

/// Rows of three classes in unequal numbers, sorted by class.
fn table(counts: [usize; 3]) -> String {
    let mut text = "a,b,class\n".to_owned();
    for (class, count) in counts.into_iter().enumerate() {
        for i in 0..count {
            let a = class as f64 * 2.0 + (i % 7) as f64 * 0.3;
            writeln!(text, "{a},{},{}", (i % 5) as f64 - a, ["u", "v", "w"][class]).expect("a line");
        }
    }
    text
}

/// A folder with a table and a config with the sections `head` before `[model]`.
fn workspace(counts: [usize; 3], head: &str) -> Workspace {
    let workspace = Workspace::new();
    workspace.file("all.csv", table(counts));
    workspace.file(
        "c.toml",
        format!(
            "[data.csv]\npath = \"all.csv\"\ntarget = \"class\"\n{head}\n\
             [model]\nlayers = [{{ dense = {{ units = 3 }} }}]\n[loss.cross_entropy]\n\
             [optimizer.adam]\nlearning_rate = 0.05\n[train]\nepochs = 4\nbatch_size = 16\n"
        ),
    );
    workspace
}

fn train(workspace: &Workspace) -> Value {
    workspace.ok(&["train", "--config", "c.toml", "--run-dir", "r", "--format", "json"]).json()
}

fn eval(workspace: &Workspace, more: &[&str]) -> Value {
    workspace.ok(&[&["eval", "--checkpoint", "r", "--format", "json"], more].concat()).json()
}

/// The numbers of training, validation and test samples.
fn samples(workspace: &Workspace) -> [u64; 3] {
    let events = String::from_utf8(workspace.read("r/events.jsonl")).expect("text");
    let start: Value = serde_json::from_str(events.lines().next().expect("a line")).expect("JSON");
    ["train_samples", "validation_samples", "test_samples"].map(|key| start[key].as_u64().expect("a number"))
}

#[test]
fn test_samples_are_a_fraction_or_a_number_of_all() {
    for (head, counts) in [
        ("[split]\ntest = 0.2", [80, 0, 20]),
        ("[split]\nvalidation = 0.25\ntest = 0.2", [55, 25, 20]),
        ("[split]\nvalidation = 10\ntest = 30\nstratified = true", [60, 10, 30]),
        ("[split]\nvalidation = 0.1\ntest = 1", [89, 10, 1]),
    ] {
        let workspace = workspace([50, 30, 20], head);
        let summary = train(&workspace);
        assert_eq!(samples(&workspace), counts, "{head}");
        // `eval` measures the samples that were tested at the end; by default it uses the test samples.
        let measured = eval(&workspace, &[]);
        assert_eq!(
            (&measured["split"], measured["samples"].as_u64()),
            (&Value::from("test"), Some(counts[2]))
        );
        assert_eq!(measured, {
            let mut named = eval(&workspace, &["--split", "test"]);
            named["seconds"] = measured["seconds"].clone();
            named
        });
        for name in ["loss", "accuracy", "f1"] {
            assert_eq!(summary["metrics"][format!("test.{name}")], measured[name], "{head}: {name}");
        }
        assert_eq!(eval(&workspace, &["--split", "train"])["samples"], counts[0]);
    }
}

#[test]
fn stratified_test_samples_keep_class_proportions() {
    for (counts, expected) in
        [([50, 30, 20], [10, 6, 4]), ([80, 15, 5], [16, 3, 1]), ([10, 10, 10], [2, 2, 2])]
    {
        let workspace = workspace(counts, "[split]\ntest = 0.2\nstratified = true");
        train(&workspace);
        let measured = eval(&workspace, &["--split", "test"]);
        let support = |class: usize| measured["per_class"][class]["support"].as_u64().expect("a number");
        assert_eq!([0, 1, 2].map(support), expected);
    }
}

#[test]
fn test_samples_of_changed_data_are_refused() {
    let workspace = workspace([50, 30, 20], "[split]\nvalidation = 0.1\ntest = 0.2");
    train(&workspace);
    let changed = [
        format!("{}9,9,u\n", table([50, 30, 20])),
        table([49, 30, 20]),
        table([50, 30, 20]).replacen("0,0,u", "0.5,0,u", 1),
    ];
    for text in changed {
        workspace.file("all.csv", text);
        for split in ["test", "validation"] {
            let words = format!("the {split} samples drawn");
            let outcome = workspace.run(&["eval", "--checkpoint", "r", "--split", split]);
            assert_eq!(outcome.code, 3, "{}", outcome.stderr);
            assert!(outcome.messages().contains(&words), "{}", outcome.stderr);
        }
        let outcome = workspace.run(&["eval", "--checkpoint", "r", "--split", "train"]);
        assert!(outcome.code == 0 && outcome.messages().contains("has changed"), "{}", outcome.stderr);
    }
    // A separate test file is independent of the drawn samples.
    workspace.file("new.csv", table([3, 3, 3]));
    let measured = eval(&workspace, &["--set", "data.csv.test_path=new.csv"]);
    assert_eq!((&measured["split"], &measured["samples"]), (&Value::from("test"), &Value::from(9)));
}

#[test]
fn held_out_samples_stay_held_out() {
    let workspace = workspace([50, 30, 20], "[split]\ntest = 0.2");
    train(&workspace);
    for value in ["0.3", "0", "20"] {
        let set = format!("split.test={value}");
        for command in [
            &["eval", "--checkpoint", "r", "--set", &set][..],
            &["train", "--config", "c.toml", "--resume", "r", "--set", &set, "--set", "train.epochs=9"],
        ] {
            let outcome = workspace.run(command);
            assert!(outcome.code == 2 || outcome.code == 4, "{command:?}: {}", outcome.stderr);
            assert!(outcome.messages().contains("`split.test` was 0.2"), "{command:?}: {}", outcome.stderr);
        }
    }
}

#[test]
fn a_data_set_with_test_samples_refuses_split_test() {
    let csv = "test_path = \"all.csv\"\n[split]\ntest = 0.2";
    let digits = "[data.digits]\nsamples = 50\ntest_samples = 7\nsize = 8\n[split]\ntest = 5\n\
        [model]\nlayers = [{ flatten = {} }, { dense = { units = 10 } }]\n[loss.cross_entropy]\n[optimizer.sgd]\n";
    let synthetic = "[data.synthetic]\nsamples = 50\n[split]\ntest = 0.5\n\
        [model]\nlayers = [{ dense = { units = 10 } }]\n[loss.cross_entropy]\n[optimizer.sgd]\n";
    for (config, words) in [
        (None, "csv: has 100 test samples of its own, and `split.test`"),
        (Some(digits), "digits: has 7 test samples of its own, and `split.test`"),
        (Some(synthetic), "synthetic: has 1000 test samples of its own, and `split.test`"),
    ] {
        let workspace = workspace([50, 30, 20], csv);
        if let Some(config) = config {
            workspace.file("c.toml", config);
        }
        let outcome = workspace.run(&["train", "--config", "c.toml"]);
        assert_eq!(outcome.code, 3, "{}", outcome.stderr);
        assert!(outcome.messages().contains(words), "{}", outcome.stderr);
    }
    let workspace = workspace([5, 5, 5], "");
    workspace.file("c.toml", digits.replace("test_samples = 7", "test_samples = 0"));
    train(&workspace);
    assert_eq!(samples(&workspace), [45, 0, 5]);
}

#[test]
fn invalid_splits_are_explained() {
    for (head, code, words) in [
        ("[split]\ntest = 1.5", 2, "must be a fraction below 1 or an integer"),
        ("[split]\nvalidation = 0.5\ntest = 0.5", 2, "leave no training samples"),
        ("[split]\ntest = -1", 2, "at least 0"),
        ("[split]\ntest = 100", 3, "split.test: holds out 100 samples, but there are only 100"),
        (
            "[split]\nvalidation = 60\ntest = 50",
            3,
            "split.validation: holds out 60 samples, but there are only 50",
        ),
    ] {
        let workspace = workspace([50, 30, 20], head);
        let outcome = workspace.run(&["train", "--config", "c.toml"]);
        assert_eq!(outcome.code, code, "{head}: {}", outcome.stderr);
        assert!(outcome.messages().contains(words), "{head}: {}", outcome.stderr);
    }
}
