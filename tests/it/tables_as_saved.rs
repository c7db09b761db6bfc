//! Tables as saved by other programs: unnamed columns, dates, marks of missing values, other delimiters,
//! other file types.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::tables::refusal;
use crate::workspace::{Outcome, Workspace};

/// A workspace with the table `t.csv` and a config for it, with `more` in its data section.
fn workspace(table: impl AsRef<[u8]>, more: &str) -> Workspace {
    let workspace = Workspace::new();
    workspace.file("t.csv", table);
    let target = if more.contains("target") { "" } else { "target = \"y\"\n" };
    workspace.file(
        "c.toml",
        format!(
            "[data.csv]\npath = \"t.csv\"\n{target}{more}\n[model]\nlayers = [{{ dense = {{ units = 2 }} }}]\n\
             [loss.cross_entropy]\n[optimizer.adam]\nlearning_rate = 0.1\n[train]\nepochs = 2\n"
        ),
    );
    workspace
}

fn train(workspace: &Workspace) -> Outcome {
    workspace.run(&["train", "c.toml", "--run-dir", "r"])
}

fn refused(table: impl AsRef<[u8]>, more: &str) -> String {
    refusal(&workspace(table, more).run(&["train", "c.toml", "--run-dir", "r", "-q"]))
}

fn trained(table: &str, more: &str) -> (Workspace, String) {
    let workspace = workspace(table, more);
    let outcome = train(&workspace);
    assert_eq!(outcome.code, 0, "{table}: {}", outcome.messages());
    (workspace, outcome.messages())
}

fn predict(workspace: &Workspace, input: impl AsRef<[u8]>) -> Outcome {
    workspace.file("input.csv", input);
    workspace.run(&["predict", "r", "input.csv", "--format", "csv"])
}

/// A table with this `header` and a line for each of twelve samples.
fn table(header: &str, line: impl Fn(usize) -> String) -> String {
    std::iter::once(header.to_owned()).chain((0..12).map(line)).map(|line| line + "\n").collect()
}

fn label(i: usize) -> &'static str {
    if i < 6 { "low" } else { "high" }
}

/// The number of columns that are input to the network.
fn columns(workspace: &Workspace) -> String {
    let card = taper::run::Checkpoint::open(&workspace.path("r"), |_| {}).expect("a checkpoint").card;
    serde_json::to_string(&card.columns).expect("JSON")
}

#[test]
fn an_unnamed_index_column_is_ignored_with_a_warning() {
    for first in [0, 1, 500] {
        for name in ["", "Unnamed: 0"] {
            let (workspace, messages) =
                trained(&table(&format!("{name},a,y"), |i| format!("{},{i},{}", i + first, label(i))), "");
            assert!(messages.contains("t.csv: column 1 has no name"), "{messages}");
            assert!(
                messages
                    .contains(&format!("numbers the lines; it is ignored, as with `ignore = [\"{name}\"]`")),
                "{messages}"
            );
            assert_eq!(columns(&workspace), "[\"a\"]");
            assert_eq!(predict(&workspace, "a\n3\n").code, 0);
            assert_eq!(predict(&workspace, ",a\n0,3\n").code, 0);
        }
    }
    // Removed lines leave gaps in the index.
    let (_, messages) = trained(
        &table(",a,y", |i| {
            format!("{i},{},{}", if i == 4 { String::new() } else { i.to_string() }, label(i))
        }),
        "missing = \"drop\"",
    );
    assert!(messages.contains("numbers the lines"), "{messages}");
    let (_, messages) = trained(&table(",a,y", |i| format!("{i},{i},{}", label(i))), "ignore = [\"\"]");
    assert!(!messages.contains("no name"), "{messages}");
}

#[test]
fn an_unnamed_empty_column_is_ignored_with_a_warning() {
    let (workspace, messages) = trained(&table(",a,y,,", |i| format!("{i},{i},{},,", label(i))), "");
    for words in [
        "column 1 has no name and numbers",
        "column 4 has no name and is empty",
        "column 5 has no name and is empty",
    ] {
        assert!(messages.contains(words), "{messages}");
    }
    assert_eq!(columns(&workspace), "[\"a\"]");
}

#[test]
fn an_unnamed_column_with_other_contents_is_refused() {
    let shuffled = table(",a,y", |i| format!("{},{i},{}", (i * 5) % 12, label(i)));
    let message = refused(&shuffled, "");
    let words =
        "t.csv: column 1 has no name; name it in the first line, or exclude it with `ignore = [\"\"]`";
    assert!(message.contains(words), "{message}");
    trained(&shuffled, "ignore = [\"\"]");
    let message = refused(table(",a,y", |i| format!("{i},{i},{}", label(i))), "target = \"z\"");
    assert!(message.contains("it has (no name), a, y"), "{message}");
}

#[test]
fn dates_do_not_become_categories_silently() {
    let message = refused(table("a,when,y", |i| format!("{i},2024-01-{:02},{}", i + 1, label(i))), "");
    assert!(
        message.contains("column `when`: holds dates") && message.contains("`ignore = [\"when\"]`"),
        "{message}"
    );
    let (_, messages) = trained(&table("a,when,y", |i| format!("{i},{}.1.2024,{}", i % 3 + 1, label(i))), "");
    assert!(messages.contains("column `when` becomes 3 values, though it holds dates"), "{messages}");
    let (_, messages) = trained(
        &table("a,when,y", |i| format!("{i},{}.1.2024,{}", i % 3 + 1, label(i))),
        "categorical = [\"when\"]",
    );
    assert!(!messages.contains("dates"), "{messages}");
}

#[test]
fn tables_without_a_header_are_explained() {
    let table = table("0.5,-1.25,low", |i| format!("{i},{},{}", i * 2, label(i)));
    let message = refused(&table, "has_headers = false");
    assert!(message.contains("has no column `y`; without a header, columns are named 0, 1, 2"), "{message}");
    assert!(message.contains("`target = \"2\"`"), "{message}");
    trained(&table, "has_headers = false\ntarget = \"2\"");
    let message = refused(&table, "");
    assert!(
        message.contains("it has 0.5, -1.25, low; if its first line holds values, set `has_headers = false`"),
        "{message}"
    );
    assert!(refused("1,2\n3,4\n", "").contains("`has_headers = false`"));
}

#[test]
fn marks_of_missing_values_get_a_remedy_that_works() {
    for mark in ["?", "-", "N.A.", "inf"] {
        for at in [0, 7] {
            let table = table("a,b,y", |i| {
                format!("{i},{},{}", if i == at { mark.to_owned() } else { i.to_string() }, label(i))
            });
            for (own, remedy) in [
                ("", format!("set `missing_marks = [\"{mark}\"]` and `missing = \"mean\"` in `[data.csv]`")),
                ("missing = \"mean\"", format!("set `missing_marks = [\"{mark}\"]` in `[data.csv]`")),
            ] {
                let message = refused(&table, own);
                assert!(
                    message.contains("column `b`") && message.contains(&remedy),
                    "{mark}, {at}: {message}"
                );
            }
            let (workspace, _) =
                trained(&table, &format!("missing_marks = [\"{mark}\"]\nmissing = \"mean\""));
            let of_gap = predict(&workspace, "a,b\n1,\n").stdout;
            assert_eq!(predict(&workspace, format!("a,b\n1,{mark}\n")).stdout, of_gap);
            let (_, messages) = trained(&table, &format!("missing_marks = [\"{mark}\"]\nmissing = \"drop\""));
            assert!(messages.contains("1 of 12 lines"), "{messages}");
        }
    }
    let (plain, _) = trained(&table("a,b,y", |i| format!("{i},{i},{}", label(i))), "");
    let message = refusal(&predict(&plain, "a,b\n1,?\n"));
    assert!(message.contains("train with `missing_marks = [\"?\"]`"), "{message}");
}

#[test]
fn delimiters_have_names_and_predict_detects_another_one() {
    let tabs = table("a\tb\ty", |i| format!("{i}\t{i}\t{}", label(i)));
    for written in ["\"tab\"", "'\\t'", "\"\\t\""] {
        trained(&tabs, &format!("delimiter = {written}"));
    }
    let other = workspace(&tabs, "delimiter = \"tabs\"");
    let outcome = train(&other);
    assert!(
        outcome.code == 2 && outcome.messages().contains("for a tab, write `\"tab\"`"),
        "{}",
        outcome.messages()
    );
    assert!(refused(&tabs, "").contains("set `delimiter = \"tab\"` in `[data.csv]`"));
    let set = workspace(&tabs, "");
    set.ok(&["train", "c.toml", "--run-dir", "r", "-q", "--set", "data.csv.delimiter=\\t"]);
    let (workspace, _) = trained(&table("a,b,y", |i| format!("{i},{i},{}", label(i))), "");
    let expected = predict(&workspace, "id,a,b\nx,1,2\n").stdout;
    for input in ["id;a;b\nx;1;2\n", "id\ta\tb\nx\t1\t2\n", "\u{feff}a|b\r\n1|2\r\n"] {
        let outcome = predict(&workspace, input);
        assert_eq!((outcome.code, &outcome.stdout), (0, &expected), "{input}: {}", outcome.messages());
    }
    workspace.file("input.csv", "id;a;b\nx;1;2\n");
    let with_id = workspace.ok(&["predict", "r", "input.csv", "--format", "csv", "--id", "id"]).stdout;
    assert!(with_id.contains("x,"), "{with_id}");
}

#[test]
fn other_file_types_are_named_with_a_remedy() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(b"a,b,y\n1,2,low\n").expect("compressed");
    let (workspace, _) = trained(&table("a,b,y", |i| format!("{i},{i},{}", label(i))), "");
    for (content, words) in [
        (gzip.finish().expect("compressed"), "t.csv: is compressed with gzip; unpack it (`gunzip FILE`)"),
        (
            b"PK\x03\x04\x14\0\0\0[Content_Types].xml".to_vec(),
            "an Excel workbook (.xlsx); open it and save it as CSV",
        ),
        (b"PAR1\x15\0\x15".to_vec(), "a Parquet file; convert it: `pandas.read_parquet"),
        (b"SQLite format 3\0".to_vec(), "an SQLite database"),
    ] {
        assert!(refused(&content, "").contains(words), "{}", refused(&content, ""));
        let message = refusal(&predict(&workspace, &content));
        assert!(message.contains(words.trim_start_matches("t.csv: ")), "{message}");
    }
}
