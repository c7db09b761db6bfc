//! `taper predict` with multiple files and folders, its formats, and its output.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use serde_json::Value;

#[cfg(target_os = "linux")]
use crate::terminal::on_a_terminal;
use crate::workspace::{Outcome, Workspace};

/// A table of customers with a class that follows from `a`.
fn trained() -> Workspace {
    let workspace = Workspace::new();
    let rows: Vec<String> = (0..60)
        .map(|i| format!("{},{},{}", i % 10, i % 7, if i % 10 < 5 { "low" } else { "high" }))
        .collect();
    workspace.file("t.csv", format!("a,b,y\n{}\n", rows.join("\n")));
    workspace.file(
        "c.toml",
        "[data.csv]\npath = \"t.csv\"\ntarget = \"y\"\n[model]\nlayers = [{ dense = { units = 2 } }]\n\
         [loss.cross_entropy]\n[optimizer.adam]\nlearning_rate = 0.1\n[train]\nepochs = 20\n",
    );
    workspace.ok(&["train", "c.toml", "-q", "--run-dir", "r"]);
    workspace
}

/// A network that takes images of 8 x 8 pixels.
fn trained_on_pictures() -> Workspace {
    let workspace = Workspace::new();
    workspace.ok(&[
        "train",
        "digits_cnn",
        "-q",
        "--run-dir",
        "r",
        "--set",
        "data.digits.samples=40",
        "--set",
        "data.digits.test_samples=10",
        "--set",
        "train.epochs=1",
    ]);
    workspace
}

fn picture(brightness: u8) -> Vec<u8> {
    let mut png = std::io::Cursor::new(Vec::new());
    let image = image::GrayImage::from_pixel(28, 28, image::Luma([brightness]));
    image.write_to(&mut png, image::ImageFormat::Png).expect("a picture");
    png.into_inner()
}

/// The inputs named in the lines of text.
fn inputs(text: &str) -> Vec<&str> {
    text.lines().map(|line| line.split("  ").next().unwrap_or_default()).collect()
}

#[test]
fn several_files_can_be_predicted() {
    let workspace = trained();
    for (name, a) in [("in/2.csv", 9), ("in/10.csv", 1), ("in/sub/3.csv", 4), ("in/.hidden.csv", 1)] {
        workspace.file(name, format!("b,a\n1,{a}\n"));
    }
    workspace.file("in/read.me", "not an input");
    let outcome = workspace.ok(&["predict", "r", "in"]);
    assert_eq!(inputs(&outcome.stdout), ["in/10.csv", "in/2.csv", "in/sub/3.csv"]);
    assert!(outcome.messages().contains("skipped 1 file of an unsupported type"), "{}", outcome.stderr);
    let outcome = workspace.ok(&["predict", "r", "in/sub", "t.csv", "in/2.csv"]);
    assert_eq!(outcome.stdout.lines().count(), 62);
    assert_eq!(inputs(&outcome.stdout)[..2], ["in/sub/3.csv", "t.csv#0"]);
    workspace.file("nothing/read.me", "not an input");
    std::fs::create_dir(workspace.path("empty")).expect("a folder");
    for folder in ["nothing", "empty"] {
        let outcome = workspace.run(&["predict", "r", folder]);
        assert_eq!(outcome.code, 3, "{}", outcome.stderr);
        assert!(
            outcome.messages().contains(&format!("{folder}: holds no supported file")),
            "{}",
            outcome.stderr
        );
    }
}

#[test]
fn the_images_of_a_folder_are_found_at_any_depth() {
    let workspace = trained_on_pictures();
    for (i, name) in ["p/b.png", "p/a/z.PNG", "p/a/b/c.png", "p/c.png"].iter().enumerate() {
        workspace.file(name, picture(50 * i as u8));
    }
    workspace.file("p/labels.csv", "name,label\nb.png,1\n");
    #[cfg(unix)]
    std::os::unix::fs::symlink(workspace.path("p"), workspace.path("p/a/again")).expect("a link");
    let outcome = workspace.ok(&["predict", "r", "p"]);
    assert_eq!(inputs(&outcome.stdout), ["p/a/b/c.png", "p/a/z.PNG", "p/b.png", "p/c.png"]);
    let whole = workspace.ok(&["predict", "r", "p/a", "--format", "jsonl"]).stdout;
    let single = workspace.ok(&["predict", "r", "p/a/b/c.png", "--format", "jsonl"]).stdout;
    assert!(whole.starts_with(&single), "{whole}");
}

#[test]
fn every_format_has_the_same_results() {
    let workspace = trained();
    workspace.file("x.csv", "a,b\n1,2\n9,1\n");
    workspace.file("y.csv", "a,b\n7,7\n");
    let of = |format: &str| workspace.ok(&["predict", "r", "x.csv", "y.csv", "--format", format]).stdout;
    let json: Value = serde_json::from_str(&of("json")).expect("JSON");
    let rows = json["predictions"].as_array().expect("rows");
    assert_eq!(rows.len(), 3);
    let lines: Vec<Value> =
        of("jsonl").lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(&lines, rows);
    let csv = of("csv");
    let mut csv = csv.lines();
    assert_eq!(csv.next(), Some("input,index,class,probability,probability_high,probability_low"));
    for (row, line) in rows.iter().zip(csv) {
        let probabilities = row["probabilities"].as_array().expect("two");
        let expected = format!(
            "{},{},{},{},{},{}",
            row["input"].as_str().expect("a name"),
            row["index"],
            row["class"].as_str().expect("a name"),
            row["probability"],
            probabilities[0],
            probabilities[1]
        );
        assert_eq!(line, expected);
    }
    assert_eq!(inputs(&of("text")), ["x.csv#0", "x.csv#1", "y.csv"]);
    let run = workspace.ok(&["train", "linear_regression", "-q", "--run-dir", "l"]);
    assert!(run.stdout.starts_with("test   loss "), "{}", run.stdout);
    workspace.file("n.json", "[[1.5], [2.0]]");
    let csv = workspace.ok(&["predict", "l", "n.json", "--format", "csv"]).stdout;
    assert!(csv.starts_with("input,index,value\nn.json,0,"), "{csv}");
}

#[test]
fn the_output_file_is_complete_or_unchanged() {
    let workspace = trained();
    workspace.file("x.csv", "a,b\n1,2\n9,1\n");
    let printed = |format: &str| workspace.ok(&["predict", "r", "x.csv", "--format", format]).stdout;
    for (file, format) in
        [("o.csv", "csv"), ("o.jsonl", "jsonl"), ("o.json", "json"), ("o.txt", "text"), ("o", "text")]
    {
        workspace.file(file, "old");
        let outcome = workspace.ok(&["predict", "r", "x.csv", "--output", file]);
        assert_eq!(outcome.stdout, "");
        assert_eq!(String::from_utf8(workspace.read(file)).expect("text"), printed(format), "{file}");
    }
    workspace.ok(&["predict", "r", "x.csv", "-o", "o.json", "--format", "csv"]);
    assert!(workspace.read("o.json").starts_with(b"input,"));
    workspace.file("bad.csv", "a,b\n1,no\n");
    let outcome = workspace.run(&["predict", "r", "x.csv", "bad.csv", "-o", "o.csv"]);
    assert_eq!(outcome.code, 3);
    assert_eq!(String::from_utf8(workspace.read("o.csv")).expect("text"), printed("csv"));
    let names = std::fs::read_dir(workspace.path(".")).expect("a folder").flatten();
    assert!(names.map(|entry| entry.file_name()).all(|name| !name.to_string_lossy().starts_with(".tmp")));
    assert_eq!(workspace.run(&["predict", "r", "x.csv", "-o", "."]).code, 2);
    assert_eq!(workspace.run(&["predict", "r", "x.csv", "-o", "no/o.csv"]).code, 1);
    workspace.ok(&["predict", "r", "x.csv", "-o", "/dev/null"]);
    assert!(!std::fs::metadata("/dev/null").expect("a device").is_file());
    assert_eq!(workspace.ok(&["predict", "r", "x.csv", "-o", "-"]).stdout, printed("text"));
}

#[test]
fn ids_are_carried_over() {
    let workspace = trained();
    workspace.file("x.csv", "customer,a,note,b\nA17,1,\"old, but good\",2\nB2,9,,1\n");
    let ids = ["predict", "r", "x.csv", "--id", "customer", "--id", "note", "--format"];
    let of = |format: &str| workspace.ok(&[&ids[..], &[format]].concat()).stdout;
    let csv = of("csv");
    assert!(csv.starts_with("customer,note,input,index,class,probability,"), "{csv}");
    assert!(csv.contains("\nA17,\"old, but good\",x.csv,0,low,"), "{csv}");
    assert!(csv.contains("\nB2,,x.csv,1,high,"), "{csv}");
    let line: Value = serde_json::from_str(of("jsonl").lines().next().expect("a line")).expect("JSON");
    assert_eq!(line["ids"], serde_json::json!({"customer": "A17", "note": "old, but good"}));
    assert!(of("text").starts_with("x.csv#0  A17  old, but good  low"), "{}", of("text"));
    let outcome = workspace.run(&["predict", "r", "x.csv", "--id", "custmer"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (3, ""));
    assert!(outcome.messages().contains("no column `custmer`"), "{}", outcome.stderr);
    workspace.file("n.json", "[[1.5, 2.0]]");
    let outcome = workspace.run(&["predict", "r", "n.json", "--id", "customer"]);
    assert_eq!(outcome.code, 3, "{}", outcome.stderr);
}

#[test]
fn inputs_are_searched_for_in_the_data_folders() {
    let workspace = trained();
    workspace.file("elsewhere/set/x.csv", "a,b\n1,2\n");
    workspace.file("data/set/y.csv", "a,b\n1,2\n");
    for (input, found) in [
        ("set/x.csv", "elsewhere/set/x.csv"),
        ("data/set/x.csv", "elsewhere/set/x.csv"),
        ("set/y.csv", "data/set/y.csv"),
    ] {
        let flag = workspace.ok(&["predict", "r", input, "--data-dir", "elsewhere"]).stdout;
        assert_eq!(inputs(&flag), [found]);
        let output = workspace.command(&["predict", "r", input]).env("TAPER_DATA_DIR", "elsewhere").output();
        let text = String::from_utf8(output.expect("starts").stdout).expect("text");
        assert_eq!(inputs(&text), [found]);
    }
    let outcome = workspace.run(&["predict", "r", "set/z.csv"]);
    assert!(outcome.messages().starts_with("error: set/z.csv: cannot be opened"), "{}", outcome.stderr);
}

/// A FIFO that nobody has written to yet stands for an input that is not computed yet.
#[test]
fn rows_are_written_before_the_next_input_is_read() {
    let workspace = trained();
    workspace.file("x.csv", "a,b\n1,2\n9,1\n");
    for format in ["text", "csv", "jsonl"] {
        let mut command = workspace.command(&["predict", "r", "x.csv", "-", "--format", format]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let first = if format == "csv" { 3 } else { 2 };
        for _ in 0..first {
            lines.next().expect("a row before the second input is there").expect("text");
        }
        let mut input = child.stdin.take().expect("a pipe");
        std::io::Write::write_all(&mut input, b"[[1, 2], [2, 1]]").expect("it is read");
        drop(input);
        assert_eq!(lines.count(), 2, "{format}");
        assert!(child.wait().expect("it ends").success());
    }
}

#[test]
fn predicting_ends_quietly_when_nobody_reads_the_rows() {
    let workspace = trained();
    workspace.file("x.csv", "a,b\n1,2\n9,1\n");
    // The second input would be refused if it were read.
    let mut command = workspace.command(&["predict", "r", "x.csv", "none.csv", "--format", "jsonl"]);
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let outcome = Outcome::of(command.stdout(writer).output().expect("it starts"));
    assert_eq!((outcome.code, outcome.messages().as_str()), (0, ""));
}

#[test]
fn a_threshold_decides_between_two_classes() {
    let workspace = trained();
    let rows: Vec<String> = (0..40).map(|i| format!("{},{}", f64::from(i) / 4.0, i % 7)).collect();
    workspace.file("x.csv", format!("a,b\n{}\n", rows.join("\n")));
    let of = |more: &[&str]| -> Vec<Value> {
        let text = workspace.ok(&[&["predict", "r", "x.csv", "--format", "jsonl"], more].concat()).stdout;
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    };
    assert_eq!(of(&[]), of(&["--threshold", "0.5"]));
    let mut moved = 0;
    for (row, usual) in of(&["--threshold", "0.3"]).iter().zip(of(&[])) {
        let (class, low) = (usize::from(row["probabilities"][1].as_f64() > Some(0.3)), ["high", "low"]);
        assert_eq!(row["class"], low[class], "{row}");
        assert_eq!(row["probability"], row["probabilities"][class], "{row}");
        moved += usize::from(row["class"] != usual["class"]);
    }
    assert!(moved > 0, "no sample is between 0.3 and 0.5");
    let text = workspace.ok(&["predict", "r", "x.csv", "--threshold", "0.001"]).stdout;
    assert!(text.lines().filter(|line| line.contains("  low  0.0")).count() > 0, "{text}");
    let csv = workspace.ok(&["predict", "r", "x.csv", "--threshold", "0.001", "--format", "csv"]).stdout;
    assert_eq!(csv.matches(",low,").count(), text.matches("  low  ").count(), "{csv}");
    let evaluated = workspace.run(&["eval", "r", "--threshold", "1"]);
    let predicted = workspace.run(&["predict", "r", "x.csv", "--threshold", "1"]);
    assert_eq!((evaluated.code, predicted.code), (2, 2));
    for more in [&["linear_regression"][..], &["synthetic_mlp", "--set", "train.max_steps=2"]] {
        workspace.ok(&[&["train", "-q", "--force", "--run-dir", "other"], more].concat());
        let evaluated = workspace.run(&["eval", "other", "--threshold", "0.3"]);
        let predicted = workspace.run(&["predict", "other", "x.csv", "--threshold", "0.3"]);
        assert_eq!((predicted.code, predicted.messages()), (2, evaluated.messages()));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn many_files_are_counted_while_they_are_predicted() {
    let workspace = trained_on_pictures();
    for i in 0..40 {
        workspace.file(&format!("p/{i}.png"), picture(i));
    }
    let command = workspace.command(&["predict", "r", "p", "-o", "out.csv"]);
    let written = on_a_terminal(command, 100);
    assert!(written.contains("predicting 0/40 files"), "{written}");
    assert!(!written.contains("loading"), "{written}");
}
