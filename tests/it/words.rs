//! Tables with text columns: trained on without configuration, or refused.

use crate::tables::refusal;
use crate::workspace::{Outcome, Workspace};

/// A table like that of the README: ten lines of text and numbers.
const PEOPLE: &str = "id,city,age,plan,left\n\
    1,\"New York, NY\",30,basic,no\n2,Bonn,41,plus,yes\n3,Bonn,25,basic,no\n4,Lyon,52,plus,yes\n\
    5,Lyon,38,basic,no\n6,\"New York, NY\",47,plus,yes\n7,Bonn,29,basic,no\n8,Lyon,33,plus,yes\n\
    9,\"New York, NY\",58,basic,no\n10,Bonn,44,plus,yes\n";

fn config(more: &str) -> String {
    format!(
        "[data.csv]\npath = \"train.csv\"\ntarget = \"left\"\n{more}\n[preprocess]\nnormalize = \"standardize\"\n\
         [model]\nlayers = [{{ dense = {{ units = 2 }} }}]\n[loss.cross_entropy]\n\
         [optimizer.adam]\nlearning_rate = 0.1\n[train]\nepochs = 60\nbatch_size = 4\n"
    )
}

fn workspace(table: &str, more: &str) -> Workspace {
    let workspace = Workspace::new();
    workspace.file("train.csv", table);
    workspace.file("c.toml", config(more));
    workspace
}

fn trained(table: &str, more: &str) -> Workspace {
    let workspace = workspace(table, more);
    workspace.ok(&["train", "--config", "c.toml", "--run-dir", "r", "-q"]);
    workspace
}

fn predict(workspace: &Workspace, table: &str) -> Outcome {
    workspace.file("input.csv", table);
    workspace.run(&["predict", "--checkpoint", "r", "--input", "input.csv", "--format", "json"])
}

/// The predictions, if there were no errors.
fn answers(outcome: &Outcome) -> Vec<serde_json::Value> {
    assert_eq!(outcome.code, 0, "{}", outcome.messages());
    outcome.json()["predictions"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| row["logits"].clone())
        .collect()
}

fn classes(outcome: &Outcome) -> Vec<String> {
    assert_eq!(outcome.code, 0, "{}", outcome.messages());
    let rows = outcome.json()["predictions"].as_array().expect("a list").clone();
    rows.iter().map(|row| row["class"].as_str().expect("a class").to_owned()).collect()
}

#[test]
fn text_columns_are_trained_on_and_saved_with_the_weights() {
    let workspace = trained(PEOPLE, "ignore = [\"id\"]");
    let found = predict(&workspace, "plan,city,age\nplus,Lyon,30\nbasic,\"New York, NY\",30\n");
    assert_eq!(classes(&found), ["yes", "no"]);
    // The raw table, with the identifier and the target, in another order.
    let raw = predict(&workspace, "left,age,city,id,plan\n?,30,Lyon,77,plus\n,30,\"New York, NY\",,basic\n");
    assert_eq!(answers(&raw), answers(&found));
    let eval = |arguments: &[&str]| {
        let all = ["eval", "--checkpoint", "r", "--split", "train", "--format", "json"];
        workspace.ok(&[&all[..], arguments].concat()).json()["accuracy"].clone()
    };
    assert_eq!(eval(&[]), 1.0);
    // One city and other rows: the values keep their meaning.
    workspace.file("lyon.csv", "city,plan,age,left\nLyon,plus,52,yes\nLyon,basic,38,no\n");
    assert_eq!(eval(&["--set", "data.csv.path=lyon.csv"]), 1.0);
}

#[test]
fn an_unknown_category_is_refused_or_ignored() {
    let input = "age,city,plan\n30,Rome,plus\n30,Paris,basic\n";
    let strict = trained(PEOPLE, "ignore = [\"id\"]");
    let message = refusal(&predict(&strict, input));
    assert!(message.contains("input.csv: line 2, column `city`: \"Rome\" is not a category"), "{message}");
    assert!(message.contains("`unknown_category = \"ignore\"`"), "{message}");
    let lenient = trained(PEOPLE, "ignore = [\"id\"]\nunknown_category = \"ignore\"");
    let outcome = predict(&lenient, input);
    assert_eq!(classes(&outcome), ["yes", "no"]);
    let warning = outcome.messages();
    assert!(warning.contains("line 2, column `city`: \"Rome\", and 1 more: not a category"), "{warning}");
    // A test file with such a category.
    let more = "ignore = [\"id\"]\ntest_path = \"test.csv\"";
    for (option, code) in [("", 3), ("\nunknown_category = \"ignore\"", 0)] {
        let workspace = workspace(PEOPLE, &format!("{more}{option}"));
        workspace.file("test.csv", "city,age,plan,left\nRome,30,plus,yes\n");
        let outcome = workspace.run(&["train", "--config", "c.toml", "--run-dir", "r", "-q"]);
        assert_eq!(outcome.code, code, "{}", outcome.messages());
    }
}

#[test]
fn columns_that_cannot_be_categories_are_named_with_a_remedy() {
    let refused = |table: &str, more: &str| {
        refusal(&workspace(table, more).run(&["train", "--config", "c.toml", "--run-dir", "r", "-q"]))
    };
    let names = "name,age,left\nAnn,30,no\nBob,41,yes\nCyd,25,no\n";
    assert!(refused(names, "").contains("column `name`: all values are distinct"));
    assert!(
        refused("age,left\n30,no\nforty,yes\n", "")
            .contains("line 3, column `age`: \"forty\" is not a number")
    );
    assert!(refused("size,left\nL,no\n40,yes\n", "").contains("line 3, column `size`: \"40\" is a number"));
    assert!(
        refused("city,age,left\nBonn,30,no\nNA,41,yes\n", "").contains("column `city`: the value is missing")
    );
    assert!(refused(names, "ignore = [\"nam\"]").contains("did you mean `name`?"));
    for more in ["ignore = [\"name\"]", "categorical = [\"name\"]", "features = [\"age\"]"] {
        trained(names, more);
    }
}

#[test]
fn integers_can_be_categories() {
    // Even postal codes are `no`, odd ones `yes`, so the order of the numbers is of no use.
    let row = |i| format!("{},{}\n", 100 + i % 6, if i % 2 == 0 { "no" } else { "yes" });
    let rows = (0..24).map(row).collect::<Vec<_>>().concat();
    let workspace = trained(&format!("zip,left\n{rows}"), "categorical = [\"zip\"]");
    let found = predict(&workspace, "zip\n100\n101\n104.0\n103.0\n");
    assert_eq!(classes(&found), ["no", "yes", "no", "yes"]);
    assert!(refusal(&predict(&workspace, "zip\n106\n")).contains("\"106\" is not a category"));
    // Which columns are categorical cannot be changed afterwards.
    let outcome = workspace.run(&["eval", "--checkpoint", "r", "--set", "data.csv.categorical=[]"]);
    assert!(
        outcome.code == 2 && outcome.messages().contains("data.csv.categorical"),
        "{}",
        outcome.messages()
    );
}

#[test]
fn tables_without_a_header_can_have_text_columns() {
    let table = PEOPLE.lines().skip(1).map(|line| format!("{line}\n")).collect::<Vec<_>>().concat();
    let workspace = workspace(&table, "ignore = [\"0\"]\nhas_headers = false");
    workspace.file("c.toml", config("ignore = [\"0\"]\nhas_headers = false").replace("\"left\"", "\"4\""));
    workspace.ok(&["train", "--config", "c.toml", "--run-dir", "r", "-q"]);
    let whole = predict(&workspace, "1,Lyon,30,plus,?\n2,Bonn,30,basic,\n");
    assert_eq!(classes(&whole), ["yes", "no"]);
    assert_eq!(answers(&predict(&workspace, "1,Lyon,30,plus\n2,Bonn,30,basic\n")), answers(&whole));
    assert_eq!(answers(&predict(&workspace, "Lyon,30,plus\nBonn,30,basic\n")), answers(&whole));
    assert!(refusal(&predict(&workspace, "1,2,Lyon,30,plus,?\n")).contains("5 columns"));
    assert!(refusal(&predict(&workspace, "Lyon,30\n")).contains("2 columns"));
}

/// Whatever happens to the columns and rows of a table with text and missing values, the predictions for the
/// same values stay the same, or it is refused.
#[test]
fn no_change_of_a_table_with_text_and_missing_values_silently_changes_a_prediction() {
    let mut stream = taper::random::Stream::new(13, taper::random::Purpose::Data, [0, 0]);
    for (case, options) in ["missing = \"mean\"", "missing = 3\nmissing_indicator = true"].iter().enumerate()
    {
        // Text columns (even) and numeric columns (odd), each with missing values.
        let names = ["w0", "n1", "w2", "n3"];
        let mut cell = |column: usize| match (stream.below(6), column % 2) {
            (0, _) => "NA".to_owned(),
            (draw, 0) => ["red", "\"blue, light\"", "green"][draw as usize % 3].to_owned(),
            (draw, _) => (draw as f64 / 2.0 - case as f64).to_string(),
        };
        let mut row = || (0..names.len()).map(&mut cell).collect::<Vec<_>>();
        let training: Vec<String> =
            (0..40).map(|i| format!("{},{}\n", row().join(","), ["no", "yes"][i % 2])).collect();
        let training = training.concat();
        let rows: Vec<Vec<String>> = (0..6).map(|_| row()).collect();
        let workspace = workspace(&format!("{},left\n{training}", names.join(",")), options);
        workspace.ok(&["train", "--config", "c.toml", "--run-dir", "r", "-q", "--set", "train.epochs=2"]);
        let table = |order: &[usize], rows: &[Vec<String>]| {
            let line = |cells: &dyn Fn(usize) -> String| {
                order.iter().map(|&i| cells(i)).collect::<Vec<_>>().join(",") + "\n"
            };
            let body: String = rows
                .iter()
                .map(|row| line(&|i| row.get(i).cloned().unwrap_or_else(|| "\"a, 1\"".to_owned())))
                .collect();
            line(&|i| names.get(i).map_or_else(|| format!("other{i}"), |name| (*name).to_owned())) + &body
        };
        let expected = answers(&predict(&workspace, &table(&[0, 1, 2, 3], &rows)));
        for _ in 0..8 {
            // Some columns, and additional ones, in any order; some rows, in any order.
            let mut order: Vec<usize> = (0..6).collect();
            stream.shuffle(&mut order);
            order.truncate(3 + stream.below(4) as usize);
            let mut chosen: Vec<usize> = (0..rows.len()).collect();
            stream.shuffle(&mut chosen);
            chosen.truncate(1 + stream.below(6) as usize);
            let picked: Vec<Vec<String>> = chosen.iter().map(|&row| rows[row].clone()).collect();
            let text = table(&order, &picked);
            let outcome = predict(&workspace, &text);
            match (0..names.len()).find(|column| !order.contains(column)) {
                None => {
                    let wanted: Vec<_> = chosen.iter().map(|&row| expected[row].clone()).collect();
                    assert_eq!(answers(&outcome), wanted, "{text}");
                }
                Some(_) => assert!(refusal(&outcome).contains("has no column `"), "{text}"),
            }
        }
    }
}
