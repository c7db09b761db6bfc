//! CSV files, as data sets and as inputs.

use std::fmt::Write as _;

use super::{config, refused};
use crate::child::watch;
use crate::workspace::Workspace;

fn workspace() -> Workspace {
    let workspace = Workspace::new();
    let data = "data.csv = { path = 'x.csv', target = 'y' }";
    workspace.file("config.toml", config(data, "{ dense = { units = 2 } }", "cross_entropy"));
    workspace
}

#[test]
fn hostile_tables_are_refused() {
    let workspace = workspace();
    let mut long = "a,y\n".to_owned();
    for _ in 0..20_000 {
        long.push_str("1,u\n");
    }
    let cases: [(&str, Vec<u8>, &str); 34] = [
        ("nothing", b"".into(), "no column"),
        ("a line end", b"\n".into(), "no column"),
        ("blanks", b"   \n  \n".into(), "no column"),
        ("names only", b"a,y\n".into(), "no samples"),
        ("names without a line end", b"a,y".into(), "no samples"),
        ("no target", b"a,b\n1,u\n".into(), "no column `y`"),
        ("the target only", b"y\nu\n".into(), "no column other than the target"),
        ("the target twice", b"y,a,y\nu,1,u\n".into(), "two columns `y`"),
        ("a value more", b"a,y\n1,u\n1,u,2\n".into(), "line 3: 3 columns"),
        ("a value less", b"a,y\n1,u\n1\n".into(), "line 3: 1 column"),
        ("a comma at the end", b"a,y\n1,u,\n".into(), "line 2: 3 columns"),
        ("NaN", b"a,y\nNaN,u\n".into(), "the value is missing"),
        ("infinity", b"a,y\n-inf,u\n".into(), "is not a finite number"),
        ("too large a number", b"a,y\n1e40,u\n".into(), "is out of range for a 32-bit float"),
        ("a hexadecimal number", b"a,y\n0x10,u\n".into(), "is not a number"),
        ("a decimal comma", b"a,y\n\"1,5\",u\n".into(), "is not a number"),
        ("no value", b"a,y\n,u\n".into(), "the value is missing"),
        ("a NUL", b"a,y\n1\0,u\n".into(), "is not a number"),
        ("NULs", vec![0; 4096], "no column `y`"),
        ("a quote that never ends", b"a,y\n\"1,u\n2,u\n".into(), "line 2"),
        ("a quote that never ends in the names", b"\"a,y\n1,u\n2,u\n".into(), "line 1: unclosed quote"),
        ("a quote within", b"a,y\n1\"2,u\n".into(), "is not a number"),
        ("a line end within", b"a,y\n\"1\n2\",u\n".into(), "is not a number"),
        ("line ends in names", b"\"a\nb\",other\n1,u\n".into(), "it has a\\nb, other"),
        ("terminal codes", b"\x1b[2Ja,other\n1,u\n".into(), "it has \\u{1b}[2Ja, other"),
        ("Latin-1", b"a,y\n1,caf\xe9\n".into(), "line 2: not UTF-8"),
        ("UTF-16", b"\xff\xfea\0,\0y\0\n\0".into(), "not UTF-8"),
        ("overlong UTF-8", b"a,y\n1,\xc0\xaf\n".into(), "line 2: not UTF-8"),
        ("semicolons", b"a;y\n1;u\n".into(), "no column `y`"),
        ("a picture", b"\x89PNG\r\n\x1a\n".into(), "not UTF-8"),
        ("gzip", super::gzip(b"a,y\n1,u\n"), "x.csv"),
        ("a value of 8 MB", format!("a,y\n{},u\n", "9".repeat(8 << 20)).into(), "…"),
        ("a class of 8 MB", format!("{long}x,{}\n", "c".repeat(8 << 20)).into(), "line 20002"),
        ("one class", b"a,y\n1,u\n".into(), "only one class, `u`, was found"),
    ];
    for (name, content, words) in cases {
        workspace.file("x.csv", &content);
        refused(&workspace, name, content.len(), words);
    }
}

#[test]
fn a_million_columns_are_read_or_refused_within_limits() {
    let workspace = workspace();
    let mut names = String::new();
    for i in 0..1_000_000 {
        write!(names, "c{i},").expect("a text");
    }
    let ones = "1,".repeat(1_000_000);
    for (name, content, words) in [
        ("no target", format!("{names}z\n{ones}u\n"), "no column `y`"),
        ("a name twice", format!("{names}y,y\n{ones}u,u\n"), "two columns"),
        ("a value less", format!("{names}y\n{ones}\n1\n"), "line 3: 1 column"),
        ("no number", format!("{names}y\n{ones}u\n{}x,u\n", &ones[2..]), "is not a number"),
    ] {
        workspace.file("x.csv", &content);
        refused(&workspace, name, 4 * content.len(), words);
    }
}

#[test]
fn every_truncation_of_a_table_is_read_or_refused() {
    let workspace = Workspace::new();
    let whole = "a,\"b\",y\n1.5,2e-3,\"u\"\"v\"\n-3,4,w\n";
    for length in 0..whole.len() {
        workspace.file("x.csv", &whole[..length]);
        if let Ok(splits) = super::load(&workspace.path(""), "[csv]\npath = 'x.csv'\ntarget = 'y'") {
            assert_eq!(splits.train.sample_shape.0, [2]);
            assert!((1..=2).contains(&splits.train.len()), "{length}");
        }
    }
}

#[test]
fn hostile_tables_as_inputs_are_refused() {
    let workspace = workspace();
    workspace.file("x.csv", "a,y\n1,u\n2,v\n");
    workspace.ok(&["train", "--config", "config.toml", "--run-dir", "run"]);
    for (name, content, words) in [
        ("nothing", &b""[..], "no samples"),
        ("names only", b"a\n", "no samples"),
        ("another column", b"b\n1\n", "no column `a`"),
        ("a column twice", b"a,a\n1,2\n", "two columns `a`"),
        ("ragged", b"a\n1\n1,2\n", "line 3: 2 columns"),
        ("NaN", b"a\nnan\n", "the value is missing"),
        ("a NUL", b"a\n\0\n", "is not a number"),
        ("no UTF-8", b"a\n\xff\n", "not UTF-8"),
        ("a text", b"a\nhello\n", "\"hello\" is not a number"),
    ] {
        workspace.file("in.csv", content);
        let watched = watch(&workspace, &["predict", "--checkpoint", "run", "--input", "in.csv"]);
        let line = watched.refused(name, 3, content.len());
        assert!(line.contains("in.csv") && line.contains(words), "{name}: {line}");
    }
}
