//! Tables in all common forms: for each kind of public bug report, they are read correctly or refused in one
//! line.

use crate::workspace::{Outcome, Workspace};

/// Twenty rows of two numbers and a class, determined by the first one.
fn rows() -> impl Iterator<Item = (i32, i32, &'static str)> {
    (0..20).map(|i| (i, 20 - i, if i < 10 { "low" } else { "high" }))
}

const NETWORK: &str = "\
    [model]\nlayers = [{ dense = { units = 2 } }]\n[loss.cross_entropy]\n\
    [optimizer.adam]\nlearning_rate = 0.1\n[train]\nepochs = 60\n";

/// A folder with `train.csv` (the columns a, b, y) and a config for it, with `more` in its data section.
fn workspace(more: &str) -> Workspace {
    let workspace = Workspace::new();
    let table = rows().map(|(a, b, y)| format!("{a},{b},{y}\n")).collect::<Vec<_>>().concat();
    workspace.file("train.csv", format!("a,b,y\n{table}"));
    workspace.file("c.toml", config(more));
    workspace
}

fn config(more: &str) -> String {
    format!("[data.csv]\npath = \"train.csv\"\ntarget = \"y\"\n{more}\n{NETWORK}")
}

fn trained(more: &str) -> Workspace {
    let workspace = workspace(more);
    workspace.ok(&["train", "--config", "c.toml", "--run-dir", "r", "-q"]);
    workspace
}

/// The probabilities and classes of all rows of a table, or the one line that refuses it.
fn predict(workspace: &Workspace, table: &str) -> Result<Vec<(Vec<f64>, String)>, String> {
    workspace.file("input.csv", table);
    let outcome =
        workspace.run(&["predict", "--checkpoint", "r", "--input", "input.csv", "--format", "json"]);
    if outcome.code != 0 {
        return Err(refusal(&outcome));
    }
    let predictions = outcome.json()["predictions"].clone();
    let probabilities = |prediction: &serde_json::Value| {
        let all = prediction["probabilities"].as_array().expect("probabilities");
        all.iter().map(|value| value.as_f64().expect("a number")).collect()
    };
    let all = predictions.as_array().expect("a list").iter();
    Ok(all
        .map(|found| (probabilities(found), found["class"].as_str().expect("a class").to_owned()))
        .collect())
}

pub fn refusal(outcome: &Outcome) -> String {
    let messages = outcome.messages();
    assert_eq!((outcome.code, messages.lines().count()), (3, 1), "{messages}");
    messages
}

fn train_refused(workspace: &Workspace) -> String {
    refusal(&workspace.run(&["train", "--config", "c.toml", "--run-dir", "refused", "-q"]))
}

#[test]
fn columns_are_matched_by_name() {
    for more in ["", "features = [\"b\", \"a\"]"] {
        let workspace = trained(more);
        let right = predict(&workspace, "a,b\n2,18\n18,2\n").expect("predicted");
        assert_eq!(right.iter().map(|found| &*found.1).collect::<Vec<_>>(), ["low", "high"]);
        for same in [
            "b,a\n18,2\n2,18\n",
            "b,id,a,note\n18,x,2,\n2,y,18,\"a, b\"\n",
            "y,b,a\nhigh,18,2\n,2,18\n",
            "a,b\r\n2,18\r\n18,2\r\n",
        ] {
            assert_eq!(predict(&workspace, same).as_ref(), Ok(&right), "{same}");
        }
        assert!(predict(&workspace, "c,d\n2,18\n").unwrap_err().contains("has no column `"));
        assert!(predict(&workspace, "a,c\n2,18\n").unwrap_err().contains("has no column `b`"));
        assert!(predict(&workspace, "2,18\n18,2\n").unwrap_err().contains("its first line holds numbers"));
        // The training samples in another order of columns, with fewer classes.
        let swapped = rows().map(|(a, b, y)| format!("{y},{b},{a}\n")).collect::<Vec<_>>().concat();
        workspace.file("swapped.csv", format!("y,b,a\n{swapped}"));
        workspace.file("low.csv", "b,a,y\n19,1,low\n18,2,low\n");
        let eval = |path: &str| {
            let set = format!("data.csv.path={path}");
            workspace.ok(&[
                "eval",
                "--checkpoint",
                "r",
                "--split",
                "train",
                "--set",
                &set,
                "--format",
                "json",
            ])
        };
        assert_eq!(eval("train.csv").json()["accuracy"], eval("swapped.csv").json()["accuracy"]);
        assert_eq!(eval("train.csv").json()["loss"], eval("swapped.csv").json()["loss"]);
        assert_eq!(eval("low.csv").json()["accuracy"], 1.0);
    }
    // The network's input columns cannot be changed afterwards.
    let workspace = trained("");
    let set = "data.csv.features=[\"b\",\"a\"]";
    let outcome = workspace.run(&["eval", "--checkpoint", "r", "--set", set]);
    assert!(outcome.code == 2 && outcome.messages().contains("data.csv.features"), "{}", outcome.messages());
}

#[test]
fn a_test_file_may_have_another_column_order() {
    for more in ["", "features = [\"b\", \"a\"]"] {
        let results =
            ["a,b,y\n2,18,low\n18,2,high\n5,15,high\n", "y,x,b,a\nlow,,18,2\nhigh,,2,18\nhigh,,15,5\n"].map(
                |test| {
                    let workspace = workspace(&format!("{more}\ntest_path = \"test.csv\""));
                    workspace.file("test.csv", test);
                    workspace
                        .ok(&["train", "--config", "c.toml", "--run-dir", "r", "-q", "--format", "json"])
                        .json()
                },
            );
        let [plain, other] = results.map(|result| result["metrics"]["test.loss"].clone());
        assert_eq!(plain, other);
    }
    let workspace = workspace("test_path = \"test.csv\"");
    workspace.file("test.csv", "a,c,y\n1,2,low\n");
    assert!(train_refused(&workspace).contains("test.csv: has no column `b`"));
}

#[test]
fn an_unclosed_quote_is_refused() {
    let with = |table: &str| {
        let workspace = workspace("");
        workspace.file("train.csv", table);
        train_refused(&workspace)
    };
    assert!(with("a,b,y\n1,2,low\n3,4,\"high\n5,6,low\n").contains("train.csv: line 3: unclosed quote"));
    assert!(with("a,b,note,y\n1,2,\"x,low\n3,4,x,high\n").contains("line 2: unclosed quote"));
    assert!(with("a,b,y\n1,2,\"low\n3,4,\"high\n").contains("line 2: text follows a closing quote"));
    let workspace = trained("");
    let message = predict(&workspace, "a,b,note\n1,2,\"x\n3,4,x\n").unwrap_err();
    assert!(message.contains("input.csv: line 2: unclosed quote"), "{message}");
    let closed = predict(&workspace, "a,b,note\n1,2,\"x\n3,4,\"\"y\"\"\"\n3,4,\n").expect("predicted");
    assert_eq!(closed.len(), 2);
}

#[test]
fn an_empty_label_is_refused() {
    for label in ["", "NaN", "null"] {
        let workspace = workspace("");
        workspace.file("train.csv", format!("a,b,y\n1,2,low\n3,4,{label}\n5,6,high\n"));
        assert!(train_refused(&workspace).contains("train.csv: line 3, column `y`: the label is missing"));
    }
}

#[test]
fn missing_columns_are_explained() {
    for (table, said) in [
        ("sep=;\na;b;y\n1;2;low\n", "a note for Excel"),
        ("a,b,Y\n1,2,low\n", "did you mean `Y`?"),
        ("a\tb\ty\n1\t2\tlow\n", "set `delimiter = \"tab\"`"),
        ("", "the file is empty"),
        (
            "Sales report,,\na,b,y\n1,2,low\n",
            "its first line is \"Sales report,,\"; the first line must name",
        ),
        ("# made by hand\na,b,y\n", "the first line must name the columns"),
    ] {
        let workspace = workspace("");
        workspace.file("train.csv", table);
        let message = train_refused(&workspace);
        assert!(message.contains("has no column `y`") && message.contains(said), "{message}");
    }
}

#[test]
fn changed_validation_samples_are_refused() {
    let workspace = workspace("");
    workspace.file("c.toml", config("[split]\nvalidation = 0.3"));
    workspace.ok(&["train", "--config", "c.toml", "--run-dir", "r", "-q"]);
    let eval = |more: &[&str]| workspace.run(&[&["eval", "--checkpoint", "r"], more].concat());
    assert_eq!((eval(&[]).code, eval(&["--split", "validation"]).code), (0, 0));
    let text = String::from_utf8(workspace.read("train.csv")).expect("a text");
    let mut lines: Vec<&str> = text.lines().collect();
    lines.swap(1, 2);
    for changed in [format!("{text}3,17,low\n"), lines.join("\n")] {
        workspace.file("train.csv", changed);
        for arguments in [&[][..], &["--split", "validation"]] {
            assert!(refusal(&eval(arguments)).contains("would include samples that were trained on"));
        }
        let train = eval(&["--split", "train"]);
        assert!(train.code == 0 && train.messages().contains("the data has changed"), "{}", train.messages());
    }
    workspace.file("test.csv", "a,b,y\n2,18,low\n");
    let test = eval(&["--split", "test", "--set", "data.csv.test_path=test.csv"]);
    assert_eq!((test.code, test.messages().as_str()), (0, ""));
}

/// Whatever happens to the columns of a table, its predictions stay the same for the same values, or it is
/// refused.
#[test]
fn no_change_of_columns_silently_changes_a_prediction() {
    let mut stream = taper::random::Stream::new(11, taper::random::Purpose::Data, [0, 0]);
    let workspace = trained("");
    for _ in 0..12 {
        let mut columns: Vec<String> = ["a", "b", "y", "id", "note"].map(str::to_owned).to_vec();
        stream.shuffle(&mut columns);
        columns.truncate(2 + stream.below(4) as usize);
        let values: Vec<[u64; 2]> = (0..3).map(|_| [stream.below(20), stream.below(20)]).collect();
        let cell = |name: &str, [a, b]: &[u64; 2]| match name {
            "a" => a.to_string(),
            "b" => b.to_string(),
            "y" => "low".to_owned(),
            "id" => "7".to_owned(),
            _ => "\"1, 2\"".to_owned(),
        };
        let row = |row| columns.iter().map(|name| cell(name, row)).collect::<Vec<_>>().join(",") + "\n";
        let table = columns.join(",") + "\n" + &values.iter().map(row).collect::<Vec<_>>().concat();
        let plain = values.iter().map(|[a, b]| format!("{a},{b}\n")).collect::<Vec<_>>().concat();
        let expected = predict(&workspace, &format!("a,b\n{plain}")).expect("predicted");
        match predict(&workspace, &table) {
            Ok(found) => assert_eq!(found, expected, "{table}"),
            Err(message) => {
                let missing =
                    ["a", "b"].into_iter().find(|name| !columns.iter().any(|column| column == name));
                let said = missing.map(|name| format!("has no column `{name}`"));
                assert!(said.is_some_and(|said| message.contains(&said)), "{table}{message}");
            }
        }
    }
}
