//! Arrays, JSON and folders as saved by other programs: they are read or explained.

use std::io::Write as _;
use std::process::Stdio;

use crate::tables::refusal;
use crate::workspace::{Outcome, Workspace};

fn npy(descr: &str, shape: &str, values: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    let header = format!("{header:<117}\n");
    [b"\x93NUMPY\x01\x00\x76\x00", header.as_bytes(), values].concat()
}

fn npz(arrays: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in arrays {
        archive
            .start_file(format!("{name}.npy"), zip::write::SimpleFileOptions::default())
            .expect("an entry");
        archive.write_all(content).expect("written");
    }
    archive.finish().expect("an archive").into_inner()
}

/// Six images of 2 x 2 bytes and their labels.
fn pixels() -> [(&'static str, Vec<u8>); 2] {
    let images: Vec<u8> = (0..24).map(|i| if i < 12 { 10 } else { 200 }).collect();
    [("x_train", npy("|u1", "(6, 2, 2)", &images)), ("y_train", npy("|u1", "(6,)", &[0, 0, 0, 1, 1, 1]))]
}

/// A workspace with `d.npz` and a config for it.
fn arrays(content: &[u8]) -> Workspace {
    let workspace = Workspace::new();
    workspace.file("d.npz", content);
    workspace.file(
        "c.toml",
        "[data.npz]\npath = \"d.npz\"\n[model]\nlayers = [{ flatten = {} }, { dense = { units = 2 } }]\n\
         [loss.cross_entropy]\n[optimizer.sgd]\n[train]\nepochs = 1\n",
    );
    workspace
}

fn train_refused(content: &[u8]) -> String {
    refusal(&arrays(content).run(&["train", "c.toml", "--run-dir", "r", "-q"]))
}

fn trained_on_pixels() -> Workspace {
    let workspace = arrays(&npz(&pixels()));
    workspace.ok(&["train", "c.toml", "--run-dir", "r", "-q"]);
    workspace
}

fn predict(workspace: &Workspace, name: &str, content: impl AsRef<[u8]>) -> Outcome {
    workspace.file(name, content);
    workspace.run(&["predict", "r", name, "--format", "csv"])
}

/// The predictions, without the name of the input.
fn answers(outcome: &Outcome) -> String {
    assert_eq!(outcome.code, 0, "{}", outcome.messages());
    let rows = outcome.stdout.lines().map(|line| line.split_once(',').expect("columns").1);
    rows.collect::<Vec<_>>().join("\n")
}

#[test]
fn zeros_and_ones_are_refused_as_bytes_and_as_booleans() {
    let workspace = trained_on_pixels();
    for descr in ["|b1", "|u1"] {
        let message = refusal(&predict(&workspace, "a.npy", npy(descr, "(1, 2, 2)", &[0, 1, 1, 0])));
        assert!(message.contains("only 0 and 1, which could be pixels or fractions"), "{message}");
    }
    for pixels in [[0, 0, 0, 0], [0, 1, 2, 0]] {
        assert_eq!(predict(&workspace, "a.npy", npy("|u1", "(1, 2, 2)", &pixels)).code, 0);
    }
}

#[test]
fn integral_floating_point_numbers_beyond_1_are_pixels() {
    let workspace = trained_on_pixels();
    let expected = answers(&predict(&workspace, "a.npy", npy("|u1", "(1, 2, 2)", &[0, 84, 255, 1])));
    let floats = |values: [f32; 4]| npy("<f4", "(1, 2, 2)", &values.map(f32::to_le_bytes).concat());
    let outcome = predict(&workspace, "a.npy", floats([0.0, 84.0, 255.0, 1.0]));
    assert_eq!(answers(&outcome), expected);
    assert_eq!(answers(&predict(&workspace, "a.json", "[[[0.0, 84.0], [255.0, 1.0]]]")), expected);
    let message = refusal(&predict(&workspace, "a.npy", floats([0.0, 84.5, 255.0, 1.0])));
    assert!(message.contains("value 1 is 84.5") && message.contains("`.astype('uint8')`"), "{message}");
    let shares = predict(&workspace, "a.npy", floats([0.0, 1.0, 1.0, 0.0])).stdout;
    assert_eq!(predict(&workspace, "a.npy", npy("|u1", "(1, 2, 2)", &[0, 255, 255, 0])).stdout, shares);
}

#[test]
fn unsupported_inputs_are_named_with_a_remedy() {
    let workspace = trained_on_pixels();
    for (name, content, words) in [
        ("a.webp", &b"RIFF\0\0\0\0WEBPVP8 "[..], "a WebP image; convert it to PNG or JPEG"),
        ("a.bmp", b"BM\x36\0\0\0", "a BMP image; convert it"),
        ("a.gif", b"GIF89a", "a GIF image; convert it"),
        ("a.tiff", b"II*\0\x08", "a TIFF image; convert it"),
        ("a.heic", b"\0\0\0\x18ftypheic", "HEIC"),
        ("a.parquet", b"PAR1\x15", "a Parquet file"),
        ("a.csv.gz", b"\x1f\x8b\x08", "compressed with gzip"),
        ("a", b"\x89PNG\r\n\x1a\n", "is a PNG image; give it a name that ends in `.png`"),
        ("a.jsonl", b"[1]\n[2]\n", "put the lines into one list"),
        ("a.txt", b"1,2\n", "a name that ends in `.csv`"),
        ("a.xyz", b"hello", ".jfif, .npy, .npz, .csv"),
        ("a.npy", b"\x80\x04\x95", "not an NPY file: it is a Python pickle"),
        ("a.npz", b"\x80\x04\x95", "is not an NPZ file: it is a Python pickle"),
    ] {
        let message = refusal(&predict(&workspace, name, content));
        assert!(message.contains(words), "{name}: {message}");
    }
}

#[test]
fn arrays_with_other_names_are_answered_with_the_line_for_the_config() {
    let [(_, x), (_, y)] = pixels();
    let message = train_refused(&npz(&[("X", x.clone()), ("y", y.clone())]));
    assert!(message.contains("array `x_train`: not in the file, which has X, y"), "{message}");
    assert!(message.contains("`x_train = \"X\"`"), "{message}");
    let message = train_refused(&npz(&[("x_train", x.clone()), ("labels", y.clone())]));
    assert!(message.contains("`y_train = \"labels\"`"), "{message}");
    let workspace = arrays(&npz(&[("X", x), ("y", y)]));
    let sets = ["--set", "data.npz.x_train=X", "--set", "data.npz.y_train=y"];
    workspace.ok(&[&["train", "c.toml", "--run-dir", "r", "-q"], &sets[..]].concat());
    let message = train_refused(b"\x80\x04\x95\x10");
    assert!(
        message.contains("is not an NPZ file: it is a Python pickle; save its arrays with `numpy.savez`"),
        "{message}"
    );
    let message = train_refused(&npy("|u1", "(1,)", &[1]));
    assert!(message.contains("is a single array (`.npy`)"), "{message}");
}

#[test]
fn unusable_numbers_are_refused_with_a_remedy() {
    let [x, _] = pixels();
    let labels: Vec<u8> = [0_i64, 1, -1, 0, 1, 0].iter().flat_map(|label| label.to_le_bytes()).collect();
    let message = train_refused(&npz(&[x, ("y_train", npy("<i8", "(6,)", &labels))]));
    assert!(message.contains("label -1 in row 2; labels start at 0; remove such samples"), "{message}");
    let [_, y] = pixels();
    let floats: Vec<u8> =
        (0..6).flat_map(|i| if i == 3 { f32::INFINITY } else { 1.0 }.to_le_bytes()).collect();
    let message = train_refused(&npz(&[("x_train", npy("<f4", "(6, 1)", &floats)), y]));
    assert!(message.contains("row 3, column 0") && message.contains("numpy.nan_to_num"), "{message}");
}

#[test]
fn paths_that_cannot_be_opened_are_explained() {
    let workspace = trained_on_pixels();
    for (path, words) in [
        ("https://example.org/a.npz", "only local files are read: download it first"),
        ("~/a.npz", "the shell did not expand `~`"),
    ] {
        let set = format!("data.npz.path={path}");
        let message = refusal(&workspace.run(&["train", "c.toml", "--run-dir", "s", "-q", "--set", &set]));
        assert!(message.contains(words), "{message}");
        let message = refusal(&workspace.run(&["predict", "r", path]));
        assert!(message.contains(words), "{message}");
    }
}

/// A network for a table of a number, a text and a boolean.
fn trained_on_a_table() -> Workspace {
    let workspace = Workspace::new();
    let line = |i: usize| {
        format!("{i},{},{},{}\n", ["x", "y"][i % 2], ["True", "False"][i % 2], ["no", "yes"][i % 2])
    };
    workspace.file("t.csv", format!("age,city,member,left\n{}", (0..12).map(line).collect::<String>()));
    workspace.file(
        "c.toml",
        "[data.csv]\npath = \"t.csv\"\ntarget = \"left\"\nmissing = \"mean\"\n[model]\nlayers = [{ dense = { units = 2 } }]\n\
         [loss.cross_entropy]\n[optimizer.adam]\n[train]\nepochs = 1\n",
    );
    workspace.ok(&["train", "c.toml", "--run-dir", "r", "-q"]);
    workspace
}

#[test]
fn json_objects_are_read_by_column_name() {
    let workspace = trained_on_a_table();
    let table = answers(&predict(&workspace, "a.csv", "age,city,member\n3,x,True\n,y,False\n"));
    let objects = "[{\"city\": \"x\", \"age\": 3, \"member\": true, \"id\": 7},\n {\"age\": null, \"city\": \"y\", \"member\": false}]";
    for text in [objects.to_owned(), format!("\u{feff}{objects}"), format!("{{\"instances\": {objects}}}")] {
        assert_eq!(answers(&predict(&workspace, "a.json", &text)), table, "{text}");
    }
    let one = answers(&predict(&workspace, "a.json", "{\"age\": 3, \"city\": \"x\", \"member\": \"True\"}"));
    assert!(table.starts_with(&one), "{one}");
    for (text, words) in [
        ("[{\"agee\": 3, \"city\": \"x\", \"member\": true}]", "has no column `age`; did you mean `agee`?"),
        (
            "[{\"age\": 3, \"city\": \"z\", \"member\": true}]",
            "sample 0 (counted from 0), column `city`: \"z\" is not a category",
        ),
        (
            "[{\"age\": [3], \"city\": \"x\", \"member\": true}]",
            "sample 0 (counted from 0), column `age`: expected a value",
        ),
        (
            "[{\"age\": 3, \"city\": \"x\", \"member\": true}, 4]",
            "sample 1 (counted from 0) is not an object",
        ),
    ] {
        let message = refusal(&predict(&workspace, "a.json", text));
        assert!(message.contains(words), "{text}: {message}");
    }
    let message = refusal(&predict(&workspace, "a.json", "[[3, \"x\", true]]"));
    assert!(message.contains("text and missing values need column names"), "{message}");
    let message = refusal(&predict(&trained_on_pixels(), "a.json", "[{\"a\": 3}]"));
    assert!(message.contains("not trained on a table with named columns; use lists of numbers"), "{message}");
}

#[test]
fn almost_valid_json_is_explained() {
    let workspace = trained_on_pixels();
    let image = "[[[0, 84], [255, 1]]]";
    let expected = predict(&workspace, "a.json", image).stdout;
    assert_eq!(predict(&workspace, "a.json", format!("\u{feff}{image}")).stdout, expected);
    for (text, words) in [
        ("", "is empty; expected a list of numbers"),
        ("[[[0, NaN], [2, 3]]]", "NaN at line 1 column"),
        ("[[[0, -Infinity], [2, 3]]]", "is not a JSON number; replace it"),
        (
            "[[0, 1], [2, 3]]\n[[0, 1], [2, 3]]\n",
            "contains several JSON values, as in JSON Lines; put them in one list",
        ),
    ] {
        let message = refusal(&predict(&workspace, "a.json", text));
        assert!(message.contains(words), "{text}: {message}");
    }
    let mut child = workspace
        .command(&["predict", "r", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    drop(child.stdin.take());
    let message = refusal(&Outcome::of(child.wait_with_output().expect("ended")));
    assert!(message.contains("is empty; expected a list of numbers"), "{message}");
}

#[cfg(unix)]
#[test]
fn predict_follows_links_to_folders_as_train_does() {
    let workspace = trained_on_pixels();
    workspace.file("elsewhere/a.npy", npy("|u1", "(1, 2, 2)", &[0, 84, 255, 1]));
    std::fs::create_dir(workspace.path("linked")).expect("a folder");
    std::os::unix::fs::symlink(workspace.path("elsewhere"), workspace.path("linked/one")).expect("a link");
    std::os::unix::fs::symlink(workspace.path("linked"), workspace.path("linked/circle")).expect("a link");
    let found = workspace.ok(&["predict", "r", "linked", "--format", "csv"]).stdout;
    assert_eq!(found.lines().count(), 2, "{found}");
}
