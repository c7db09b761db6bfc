//! Tables with missing values, and with several columns to predict.

use serde_json::Value;

use crate::tables::refusal;
use crate::workspace::{Outcome, Workspace};

const REST: &str = "[preprocess]\nnormalize = \"standardize\"\n[model]\nlayers = [{ dense = { units = 2 } }]\n\
    [optimizer.adam]\nlearning_rate = 0.1\n[train]\nepochs = 60\nbatch_size = 4\n";

/// The class follows from `a`, some of whose values are missing; `word` and `b` are irrelevant.
const TABLE: &str = "a,word,b,y\n1,x,5,low\n2,y,,low\n,x,5,low\n3,,6,low\n2,x,5,low\n\
    9,x,NA,high\n8,y,6,high\n7,,5,high\n9,y,6,high\n8,x,5,high\n";

fn workspace(table: &str, more: &str) -> Workspace {
    let workspace = Workspace::new();
    workspace.file("train.csv", table);
    let data = format!("[data.csv]\npath = \"train.csv\"\ntarget = \"y\"\n{more}\n");
    workspace.file("c.toml", format!("{data}[loss.cross_entropy]\n{REST}"));
    workspace
}

fn train(workspace: &Workspace) -> Outcome {
    workspace.run(&["train", "--config", "c.toml", "--run-dir", "r", "-q"])
}

fn trained(table: &str, more: &str) -> Workspace {
    let workspace = workspace(table, more);
    let outcome = train(&workspace);
    assert_eq!(outcome.code, 0, "{more}: {}", outcome.messages());
    workspace
}

fn predict(workspace: &Workspace, table: &str) -> Outcome {
    workspace.file("input.csv", table);
    workspace.run(&["predict", "--checkpoint", "r", "--input", "input.csv", "--format", "json"])
}

fn logits(outcome: &Outcome) -> Vec<Value> {
    assert_eq!(outcome.code, 0, "{}", outcome.messages());
    outcome.json()["predictions"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| row["logits"].clone())
        .collect()
}

/// The columns as saved with the weights.
fn columns(workspace: &Workspace) -> Value {
    let card = taper::run::Checkpoint::open(&workspace.path("r"), |_| {}).expect("a checkpoint").card.columns;
    serde_json::to_value(card).expect("JSON")
}

#[test]
fn missing_values_are_refused_with_a_remedy() {
    let message = refusal(&train(&workspace(TABLE, "")));
    assert!(
        message.contains("train.csv: line 3, column `b`: the value is missing; set `missing` in"),
        "{message}"
    );
    let whole = trained("a,word,b,y\n1,x,5,low\n9,y,6,high\n2,x,5,low\n", "");
    let message = refusal(&predict(&whole, "a,word,b\n1,x,\n"));
    assert!(message.contains("line 2, column `b`: the value is missing; fill it in, or train"), "{message}");
    for (table, more) in
        [("a,b,y\n1,,low\n2,,high\n", "missing = \"mean\""), ("a,b,y\n1,,low\n2,NA,high\n", "missing = 7")]
    {
        assert!(refusal(&train(&workspace(table, more))).contains("column `b`: every value is missing"));
    }
}

#[test]
fn missing_values_are_replaced_by_measured_statistics() {
    // The most frequent category is x in each case.
    for (rule, a, b) in [
        ("\"mean\"", 49.0 / 9.0, 43.0 / 8.0),
        ("\"median\"", 7.0, 5.0),
        ("\"most_frequent\"", 2.0, 5.0),
        ("-1.5", -1.5, -1.5),
    ] {
        let workspace = trained(TABLE, &format!("missing = {rule}"));
        let kept = columns(&workspace);
        let fill = |index: usize| kept[index]["fill"].as_f64().expect("a number");
        assert!((fill(0) - a).abs() < 1e-6 && (fill(2) - b).abs() < 1e-6, "{rule}: {kept}");
        assert_eq!(kept[1]["fill"], "x");
        let gaps = predict(&workspace, "word,b,a\n,5,8\nNaN,5,\nx,,1\n");
        let filled = format!("a,word,b\n8,x,5\n{},x,5\n1,x,{}\n", fill(0), fill(2));
        assert_eq!(logits(&gaps), logits(&predict(&workspace, &filled)), "{rule}");
        let eval = workspace.ok(&["eval", "--checkpoint", "r", "--split", "train", "--format", "json"]);
        assert_eq!((eval.json()["samples"].clone(), eval.messages().as_str()), (10.into(), ""));
    }
}

#[test]
fn held_out_samples_are_not_measured() {
    // The mean is that of the remaining 12 or 13 training samples, one of which may be the missing value.
    let rows = (0..20)
        .map(|i| format!("{},{}\n", i, if i < 10 { "low" } else { "high" }))
        .collect::<Vec<_>>()
        .concat();
    let workspace = trained(&format!("a,y\n{rows},low\n"), "missing = \"mean\"\n[split]\nvalidation = 0.4");
    let mean = columns(&workspace)[0]["fill"].as_f64().expect("a number");
    let of_all = 9.5;
    let twelve_or_thirteen = [12.0, 13.0].iter().any(|n: &f64| (mean * n - (mean * n).round()).abs() < 1e-4);
    assert!((mean - of_all).abs() > 1e-3 && twelve_or_thirteen, "{mean}");
    let eval = workspace.run(&["eval", "--checkpoint", "r", "--split", "validation"]);
    assert_eq!((eval.code, eval.messages().as_str()), (0, ""));
    let resumed = workspace.run(&["train", "--resume", "r", "--set", "train.epochs=62", "-q"]);
    assert_eq!(resumed.code, 0, "{}", resumed.messages());
}

#[test]
fn an_indicator_marks_missing_values() {
    // Only the missing value determines the class.
    let rows: String = (0..12).map(|i| if i % 2 == 0 { "5,,low\n" } else { "5,3,high\n" }).collect();
    let workspace = trained(&format!("a,b,y\n{rows}"), "missing = \"mean\"\nmissing_indicator = true");
    assert_eq!(columns(&workspace)[1]["indicator"], true);
    let found = predict(&workspace, "b,a\n,5\n3,5\n3,\n");
    let classes: Vec<Value> = found.json()["predictions"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| row["class"].clone())
        .collect();
    assert_eq!(classes, ["low", "high", "high"]);
    let message = workspace.run(&["eval", "--checkpoint", "r", "--set", "data.csv.missing=0"]);
    assert!(message.code == 2 && message.messages().contains("data.csv.missing"), "{}", message.messages());
    let alone = Workspace::new();
    alone.file("train.csv", TABLE);
    alone.file(
        "c.toml",
        "[data.csv]\npath = \"train.csv\"\ntarget = \"y\"\nmissing_indicator = true\n[loss.cross_entropy]\n"
            .to_owned()
            + REST,
    );
    assert_eq!(alone.run(&["check", "--config", "c.toml"]).code, 2);
}

#[test]
fn lines_with_missing_values_are_dropped_but_never_in_predictions() {
    let workspace = workspace(&format!("{TABLE}1,x,5,\n"), "missing = \"drop\"\ntest_path = \"test.csv\"");
    workspace.file("test.csv", "word,y,a,b\nx,low,1,5\n,low,1,5\ny,high,9,5\n");
    let outcome = workspace.run(&["train", "--config", "c.toml", "--run-dir", "r"]);
    assert_eq!(outcome.code, 0, "{}", outcome.messages());
    assert!(
        outcome.messages().contains("train.csv: dropped 6 of 11 lines, which have missing values"),
        "{}",
        outcome.messages()
    );
    assert!(outcome.messages().contains("test.csv: dropped 1 of 3 lines"), "{}", outcome.messages());
    let eval = workspace.ok(&["eval", "--checkpoint", "r", "--split", "test", "--format", "json"]);
    assert_eq!(eval.json()["samples"], 2);
    let message = refusal(&predict(&workspace, "a,word,b\n1,x,5\n1,,5\n"));
    assert!(message.contains("line 3, column `word`: the value is missing"), "{message}");
    workspace.file("train.csv", "a,word,b,y\n1,,5,low\n,x,5,high\n");
    let none = workspace.run(&["train", "--config", "c.toml", "--run-dir", "other", "-q"]);
    assert!(refusal(&none).contains("has no samples: every line has a missing value"));
}

#[test]
fn several_columns_can_be_predicted() {
    let table = |order: [usize; 4]| {
        let line = |i: usize| {
            let x = i as f64 / 10.0;
            let cells = [x.to_string(), (i % 3).to_string(), (2.0 * x).to_string(), (1.0 - x).to_string()];
            order.map(|place| cells[place].clone()).join(",") + "\n"
        };
        let header = order.map(|place| ["a", "b", "u", "v"][place]).join(",");
        format!("{header}\n{}", (0..30).map(line).collect::<String>())
    };
    let config = |target: &str| {
        format!(
            "[data.csv]\npath = \"train.csv\"\ntarget = {target}\ntask = \"regression\"\n[loss.mse]\n{REST}"
        )
    };
    for target in ["[\"u\", \"v\"]", "[\"v\", \"u\"]"] {
        let workspace = Workspace::new();
        workspace.file("train.csv", table([2, 0, 3, 1]));
        workspace.file("c.toml", config(target));
        let outcome = workspace.run(&[
            "train",
            "--config",
            "c.toml",
            "--run-dir",
            "r",
            "-q",
            "--set",
            "train.epochs=300",
        ]);
        assert_eq!(outcome.code, 0, "{}", outcome.messages());
        workspace.file("input.csv", "v,b,a\n,1,0.5\n,2,2.5\n");
        let found = predict(&workspace, "v,b,a\n,1,0.5\n,2,2.5\n").json();
        for (row, expected) in [(0, [1.0, 0.5]), (1, [5.0, -1.5])] {
            let values: Vec<f64> = found["predictions"][row]["values"]
                .as_array()
                .expect("two numbers")
                .iter()
                .map(|value| value.as_f64().expect("a number"))
                .collect();
            let expected = if target.starts_with("[\"u") { expected } else { [expected[1], expected[0]] };
            let far = values.iter().zip(expected).any(|(value, expected)| (value - expected).abs() > 0.1);
            assert!(values.len() == 2 && !far, "{target}: {values:?}");
        }
    }
    let workspace = Workspace::new();
    workspace.file("train.csv", "a,u,v\n1,2,3\n2,4,x\n");
    workspace.file("c.toml", config("[\"u\", \"v\"]"));
    assert!(refusal(&train(&workspace)).contains("line 3, column `v`: \"x\" is not a number"));
    workspace.file("train.csv", "a,u\n1,2\n");
    assert!(refusal(&train(&workspace)).contains("has no column `v`"));
    for (target, said) in [("[]", "at least 1"), ("[\"u\", \"u\"]", "listed twice"), ("3", "data.csv.target")]
    {
        workspace.file("c.toml", config(target));
        let outcome = train(&workspace);
        assert!(outcome.code == 2 && outcome.messages().contains(said), "{}", outcome.messages());
    }
    workspace.file("c.toml", config("[\"u\", \"v\"]").replace("task = \"regression\"", ""));
    let outcome = train(&workspace);
    assert!(
        outcome.code == 2 && outcome.messages().contains("classification predicts one column"),
        "{}",
        outcome.messages()
    );
}

#[test]
fn rows_of_a_table_can_be_images() {
    // Bright at the top is a 1, bright at the bottom a 0.
    let line = |i: usize, label: bool| {
        let pixels: Vec<String> = (0..36)
            .map(|place| {
                let bright = (place < 18) == (i % 2 == 1);
                (if bright { 200 + (i + place) % 50 } else { (i * place) % 40 }).to_string()
            })
            .collect();
        if label { format!("{},{}\n", i % 2, pixels.join(",")) } else { pixels.join(",") + "\n" }
    };
    let names = (0..36).map(|place| format!("pixel{place}")).collect::<Vec<_>>().join(",");
    let rows: String = (0..40).map(|i| line(i, true)).collect();
    let workspace = Workspace::new();
    workspace.file("train.csv", format!("label,{names}\n{rows}"));
    let config = |shape: &str| {
        format!(
            "[data.csv]\npath = \"train.csv\"\ntarget = \"label\"\nshape = {shape}\npixels = true\n[model]\nlayers = [\n\
             {{ conv2d = {{ filters = 2, kernel_size = 3, activation = \"relu\" }} }}, {{ flatten = {{}} }}, {{ dense = {{ units = 2 }} }}]\n\
             [loss.cross_entropy]\n[optimizer.adam]\nlearning_rate = 0.01\n[train]\nepochs = 20\n"
        )
    };
    workspace.file("c.toml", config("[1, 6, 6]"));
    for engine in ["graph", "fused"] {
        let set = format!("train.engine={engine}");
        let outcome =
            workspace.run(&["train", "--config", "c.toml", "--run-dir", engine, "-q", "--set", &set]);
        assert_eq!(outcome.code, 0, "{}", outcome.messages());
    }
    workspace.ok(&["train", "--config", "c.toml", "--run-dir", "r", "-q"]);
    let inputs: String = (3..7).map(|i| line(i, false)).collect();
    let found = predict(&workspace, &format!("{names}\n{inputs}")).json();
    for (row, class) in ["1", "0", "1", "0"].iter().enumerate() {
        assert_eq!(found["predictions"][row]["class"], *class);
    }
    let reversed = |text: &str| text.split(',').rev().collect::<Vec<_>>().join(",");
    let turned: String = inputs.lines().map(|row| reversed(row) + "\n").collect();
    assert_eq!(predict(&workspace, &format!("{}\n{turned}", reversed(&names))).json(), found);
    // Dark images contain only 0 and 1.
    let dark = format!("{names}\n{}\n", vec!["1"; 36].join(","));
    assert_eq!(predict(&workspace, &dark).code, 0);
    let half = format!("{names}\n{}\n", vec!["0.5"; 36].join(","));
    assert!(refusal(&predict(&workspace, &half)).contains("value 0 is 0.5; pixels are integers"));
    workspace.file("c.toml", config("[1, 6, 5]"));
    let other = || workspace.run(&["train", "--config", "c.toml", "--run-dir", "other", "-q"]);
    assert!(refusal(&other()).contains("rows have 36 values, but `shape` is 1 x 6 x 5"));
    workspace.file("c.toml", config("[1, 6, 6]").replace("shape = [1, 6, 6]\npixels = true\n", ""));
    assert!(refusal(&other()).contains("to use rows as images, set `shape` in `[data.csv]`"));
    let layer = config("[1, 6, 6]").replace("{ conv2d", "{ reshape = { shape = [1, 6, 6] } }, { conv2d");
    workspace.file("c.toml", layer);
    assert!(other().messages().contains("did you mean `data.csv.shape`?"));
    workspace.file("c.toml", config("[1, 6, 6]"));
    workspace.file("train.csv", format!("label,{names}\n1,{}\n", vec!["256"; 36].join(",")));
    assert!(refusal(&other()).contains("line 2, column `pixel0`: 256 is not a pixel"));
}

#[test]
fn listed_classes_may_have_no_samples() {
    let rows = |labels: &[&str]| -> String {
        (0..12)
            .map(|i| format!("{},{}\n", i % labels.len(), labels[i % labels.len()]))
            .collect::<Vec<_>>()
            .concat()
    };
    let workspace = workspace("", "classes = [\"a\", \"b\", \"c\"]\ntest_path = \"test.csv\"");
    let config =
        String::from_utf8(workspace.read("c.toml")).expect("a text").replace("units = 2", "units = 3");
    workspace.file("c.toml", config);
    for (train_labels, test_labels) in
        [(["a", "b"], ["a", "c"]), (["a", "c"], ["b", "c"]), (["b", "c"], ["a", "a"])]
    {
        workspace.file("train.csv", format!("x,y\n{}", rows(&train_labels)));
        workspace.file("test.csv", format!("x,y\n{}", rows(&test_labels)));
        let folder = train_labels.concat();
        let outcome = workspace.run(&["train", "--config", "c.toml", "--run-dir", &folder, "-q"]);
        assert_eq!(outcome.code, 0, "{}", outcome.messages());
        workspace.file("test.csv", "x,y\n1,b\n");
        let eval = workspace.ok(&["eval", "--checkpoint", &folder, "--split", "test", "--format", "json"]);
        assert_eq!(eval.json()["samples"], 1);
        workspace.file("test.csv", "x,y\n1,d\n");
        let message = refusal(&workspace.run(&["eval", "--checkpoint", &folder, "--split", "test"]));
        assert!(message.contains("unknown class \"d\"; the classes are a, b, c"), "{message}");
    }
}
