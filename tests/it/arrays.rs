//! Arrays in all common forms: NumPy files, IDX files of any type, and labels of any kind are read, or
//! refused in one line.

use std::io::{Cursor, Write as _};

use serde_json::Value;

use crate::workspace::{Outcome, Workspace};

/// An NPY file, version 1.
fn npy(descr: &str, fortran_order: bool, shape: &[usize], values: &[u8]) -> Vec<u8> {
    let order = if fortran_order { "True" } else { "False" };
    let sizes = format!("{shape:?}");
    let sizes = sizes.trim_matches(['[', ']']);
    let header = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': ({sizes},), }}");
    let header = format!("{:<117}\n", header.replace("(,)", "()"));
    [b"\x93NUMPY\x01\x00\x76\x00", header.as_bytes(), values].concat()
}

fn npz(arrays: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in arrays {
        zip.start_file(format!("{name}.npy"), zip::write::SimpleFileOptions::default()).expect("an entry");
        zip.write_all(content).expect("written");
    }
    zip.finish().expect("an archive").into_inner()
}

fn bytes<const N: usize, T: Copy>(values: &[T], write: impl Fn(T) -> [u8; N]) -> Vec<u8> {
    values.iter().flat_map(|&value| write(value)).collect()
}

/// Rows of numbers that every floating-point type represents exactly, with their classes.
fn rows() -> (Vec<f32>, Vec<i64>) {
    let row = |i: usize| {
        [(i % 7) as f32 * 0.25 - 0.75, if i.is_multiple_of(2) { 1.5 } else { -1.5 }, (i % 5) as f32]
    };
    ((0..40).flat_map(row).collect(), (0..40).map(|i| i % 2).collect())
}

const ROWS: [usize; 2] = [40, 3];

/// The rows in column-major order.
fn columns(values: &[f32]) -> Vec<f32> {
    (0..3).flat_map(|column| values.iter().skip(column).step_by(3).copied()).collect()
}

fn half(value: f32) -> u16 {
    let bits = value.to_bits();
    if value == 0.0 {
        0
    } else {
        (bits >> 16 & 0x8000) as u16 | (((bits >> 13) - (112 << 10)) & 0x7fff) as u16
    }
}

fn config(data: &str, units: usize) -> String {
    format!(
        "seed = 1\n{data}\n[model]\nlayers = [{{ flatten = {{}} }}, {{ dense = {{ units = {units} }} }}]\n\
         [loss.cross_entropy]\n[optimizer.adam]\nlearning_rate = 0.01\n[train]\nepochs = 3\n"
    )
}

fn train(
    workspace: &Workspace,
    name: &str,
    archive: &[(&str, Vec<u8>)],
    more: &str,
    units: usize,
) -> Outcome {
    workspace.file(&format!("{name}.npz"), npz(archive));
    let data = format!("[data.npz]\npath = '{name}.npz'\n{more}");
    workspace.file(&format!("{name}.toml"), config(&data, units));
    workspace.run(&["train", "--config", &format!("{name}.toml"), "--run-dir", &format!("run-{name}"), "-q"])
}

/// The one line with which the program refuses.
fn refused(outcome: &Outcome, code: i32) -> String {
    let messages = outcome.messages();
    assert_eq!((outcome.code, messages.lines().count()), (code, 1), "{messages}");
    messages
}

/// The metrics of all epochs, without times.
fn metrics(workspace: &Workspace, name: &str) -> String {
    let summary: Value =
        serde_json::from_slice(&workspace.read(format!("run-{name}/summary.json"))).expect("JSON");
    summary["metrics"].to_string()
}

fn predictions(workspace: &Workspace, run: &str, input: &str) -> Result<Vec<Value>, String> {
    let outcome = workspace.run(&["predict", "--checkpoint", run, "--input", input, "--format", "json"]);
    if outcome.code != 0 {
        return Err(refused(&outcome, 3));
    }
    let all = outcome.json()["predictions"].as_array().expect("a list").clone();
    Ok(all.into_iter().map(|one| one["probabilities"].clone()).collect())
}

/// Pixels of two classes, dark and bright, as bytes and as fractions of 255.
#[test]
fn a_test_array_of_another_type_is_refused() {
    let workspace = Workspace::new();
    let pixels: Vec<u8> = (0..120_u8).map(|i| if i / 3 % 2 == 0 { i % 40 } else { 200 + i % 40 }).collect();
    let fractions: Vec<f32> = pixels.iter().map(|&pixel| f32::from(pixel) / 255.0).collect();
    let kinds = || {
        [
            ("bytes", npy("|u1", false, &ROWS, &pixels)),
            ("floats", npy("<f4", false, &ROWS, &bytes(&fractions, f32::to_le_bytes))),
            ("doubles", npy(">f8", false, &ROWS, &bytes(&fractions, |v| f64::from(v).to_be_bytes()))),
        ]
    };
    let labels = || npy("|u1", false, &[40], &(0..40).map(|i| i % 2).collect::<Vec<u8>>());
    for (first, x_train) in kinds() {
        for (second, x_test) in kinds() {
            let arrays = [
                ("x_train", x_train.clone()),
                ("y_train", labels()),
                ("x_test", x_test),
                ("y_test", labels()),
            ];
            let name = format!("{first}-{second}");
            let outcome = train(&workspace, &name, &arrays, "", 2);
            if (first == "bytes") == (second == "bytes") {
                assert_eq!((outcome.code, outcome.messages().as_str()), (0, ""), "{name}");
                let same = if first == "bytes" { "bytes-bytes" } else { "floats-floats" };
                assert_eq!(metrics(&workspace, &name), metrics(&workspace, same), "{name}");
            } else {
                let said = refused(&outcome, 3);
                assert!(said.contains("`x_test` has ") && said.contains("(`x_train`)"), "{said}");
            }
        }
    }
}

#[test]
fn every_numpy_order_and_type_is_read() {
    let workspace = Workspace::new();
    let (x, y) = rows();
    let labels = || npy("<i8", false, &[40], &bytes(&y, i64::to_le_bytes));
    let plain = || npy("<f4", false, &ROWS, &bytes(&x, f32::to_le_bytes));
    let same: [(&str, Vec<u8>, Vec<u8>); 8] = [
        ("plain", plain(), labels()),
        ("fortran", npy("<f4", true, &ROWS, &bytes(&columns(&x), f32::to_le_bytes)), labels()),
        ("big", npy(">f8", false, &ROWS, &bytes(&x, |v| f64::from(v).to_be_bytes())), labels()),
        ("half", npy("<f2", false, &ROWS, &bytes(&x, |v| half(v).to_le_bytes())), labels()),
        ("big-half", npy(">f2", true, &ROWS, &bytes(&columns(&x), |v| half(v).to_be_bytes())), labels()),
        ("truth", plain(), npy("|b1", false, &[40], &bytes(&y, |v| [v as u8]))),
        ("big-labels", plain(), npy(">u2", false, &[40, 1], &bytes(&y, |v| (v as u16).to_be_bytes()))),
        ("half-labels", plain(), npy("<f2", false, &[40], &bytes(&y, |v| half(v as f32).to_le_bytes()))),
    ];
    for (name, x, y) in same {
        let outcome = train(&workspace, name, &[("x_train", x), ("y_train", y)], "", 2);
        assert_eq!((outcome.code, outcome.messages().as_str()), (0, ""), "{name}");
        assert_eq!(metrics(&workspace, name), metrics(&workspace, "plain"), "{name}");
    }
    workspace.file("rows.npy", plain());
    workspace.file("fortran.npy", npy(">f4", true, &ROWS, &bytes(&columns(&x), f32::to_be_bytes)));
    workspace.file("half.npy", npy("<f2", false, &ROWS, &bytes(&x, |v| half(v).to_le_bytes())));
    let expected = predictions(&workspace, "run-plain", "rows.npy").expect("predictions");
    assert_eq!(expected.len(), 40);
    for name in ["fortran.npy", "half.npy"] {
        assert_eq!(predictions(&workspace, "run-plain", name).expect("predictions"), expected, "{name}");
    }
    // Images in Fortran order: the row index changes fastest.
    let images: Vec<u8> = (0..24).collect();
    let turned: Vec<u8> = (0..24_u8).map(|i| i % 4 * 6 + i / 4 % 2 * 3 + i / 8).collect();
    for (name, order, values) in [("images", false, images), ("turned", true, turned)] {
        let x = npy("|u1", order, &[4, 2, 3], &values);
        let y = npy("|u1", false, &[4], &[0, 1, 0, 1]);
        assert_eq!(train(&workspace, name, &[("x_train", x), ("y_train", y)], "", 2).code, 0, "{name}");
    }
    assert_eq!(metrics(&workspace, "images"), metrics(&workspace, "turned"));
}

#[test]
fn arrays_that_are_not_numbers_are_explained() {
    let workspace = Workspace::new();
    let y = || ("y_train", npy("|u1", false, &[2], &[0, 1]));
    for (name, descr, size, words) in [
        ("objects", "|O", 16, "`x_train`: holds pickled Python objects"),
        ("complex", "<c8", 16, "complex numbers (<c8)"),
        ("long", "<f16", 32, "16-byte floating-point numbers (<f16); save them with `.astype('float64')`"),
        ("times", "<M8[s]", 16, "times (<M8[s])"),
        ("words", "<U2", 16, "holds strings such as \"\""),
    ] {
        let x = npy(descr, false, &[2], &vec![0; size]);
        let message = refused(&train(&workspace, name, &[("x_train", x), y()], "", 2), 3);
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn labels_may_be_strings() {
    let workspace = Workspace::new();
    let (x, y) = rows();
    let x = || npy("<f4", false, &ROWS, &bytes(&x, f32::to_le_bytes));
    let unicode = |texts: [&str; 2], big: bool| {
        let word = |&label: &i64| {
            let mut codes: Vec<u32> = texts[label as usize].chars().map(u32::from).collect();
            codes.resize(4, 0);
            codes.into_iter().flat_map(move |code| if big { code.to_be_bytes() } else { code.to_le_bytes() })
        };
        npy(if big { ">U4" } else { "<U4" }, false, &[40], &y.iter().flat_map(word).collect::<Vec<u8>>())
    };
    let ascii = npy("|S3", false, &[40], &bytes(&y, |label| if label == 0 { *b"cat" } else { *b"dog" }));
    for (name, labels) in
        [("ascii", ascii), ("little", unicode(["cat", "dog"], false)), ("big", unicode(["cat", "dog"], true))]
    {
        let outcome = train(&workspace, name, &[("x_train", x()), ("y_train", labels)], "", 2);
        assert_eq!((outcome.code, outcome.messages().as_str()), (0, ""), "{name}");
        let evaluation =
            workspace.ok(&["eval", "--checkpoint", &format!("run-{name}"), "--format", "json"]).json();
        assert_eq!(evaluation["per_class"][1]["class"], "dog", "{evaluation}");
        assert_eq!(metrics(&workspace, name), metrics(&workspace, "ascii"), "{name}");
    }
    // Test labels are looked up among the classes of the training samples.
    let all = |test| {
        [
            ("x_train", x()),
            ("y_train", unicode(["é", "b"], false)),
            ("x_test", x()),
            ("y_test", unicode(test, true)),
        ]
    };
    assert_eq!(train(&workspace, "same", &all(["é", "b"]), "", 2).code, 0);
    let message = refused(&train(&workspace, "other", &all(["é", "c"]), "", 2), 3);
    assert!(
        message.contains("`y_test`: label \"c\" in row 1 is not one of the classes, which are b, é"),
        "{message}"
    );
    assert_eq!(train(&workspace, "listed", &all(["é", "c"]), "classes = ['c', 'b', 'é']", 3).code, 0);
    let message = refused(&train(&workspace, "gap", &all(["é", ""]), "", 2), 3);
    assert!(message.contains("the label of row 1 is missing"), "{message}");
    let mixed = [("x_train", x()), ("y_train", unicode(["é", "b"], false)), ("x_test", x())];
    let mixed = [&mixed[..], &[("y_test", npy("<i8", false, &[40], &bytes(&y, i64::to_le_bytes)))]].concat();
    let message = refused(&train(&workspace, "mixed", &mixed, "", 2), 3);
    assert!(message.contains("labels are numbers, but those of `y_train` are strings"), "{message}");
}

/// Six samples with these labels.
fn labeled(train: &[u8], test: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let x = |count: usize| npy("<f4", false, &[count, 1], &vec![0; 4 * count]);
    let y = |labels: &[u8]| npy("|u1", false, &[labels.len()], labels);
    let mut arrays = vec![("x_train", x(train.len())), ("y_train", y(train))];
    if !test.is_empty() {
        arrays.extend([("x_test", x(test.len())), ("y_test", y(test))]);
    }
    arrays
}

#[test]
fn a_class_may_have_no_samples() {
    let workspace = Workspace::new();
    for (name, train_labels, test_labels, unseen) in [
        ("last", &[0, 1, 2, 0][..], &[0, 1][..], "label 3"),
        ("between", &[0, 1, 3, 0], &[], "label 2"),
        ("first", &[1, 2, 3, 3], &[], "label 0"),
        ("more", &[0, 1, 2, 0], &[3, 1], "label 3"),
    ] {
        let outcome = train(&workspace, name, &labeled(train_labels, test_labels), "", 4);
        assert_eq!(outcome.code, 0, "{name}: {}", outcome.messages());
        let messages = workspace.ok(&["train", "--config", &format!("{name}.toml")]).messages();
        assert!(messages.contains(&format!("no training sample has {unseen}")), "{messages}");
        let outcome = train(&workspace, &format!("less-{name}"), &labeled(train_labels, test_labels), "", 3);
        assert_eq!(outcome.code, if name == "last" { 0 } else { 3 }, "{name}");
        let listed = train(
            &workspace,
            &format!("listed-{name}"),
            &labeled(train_labels, test_labels),
            "classes = 4",
            4,
        );
        assert_eq!((listed.code, listed.messages().as_str()), (0, ""), "{name}");
    }
    // The checkpoint stores the classes: a file may lack some of them, but not have others.
    workspace.file("two.npz", npz(&labeled(&[0, 1], &[1, 0])));
    workspace.file("five.npz", npz(&labeled(&[0, 1, 2, 3, 4], &[])));
    let eval = |path: &str| {
        workspace.run(&["eval", "--checkpoint", "run-last", "--set", &format!("data.npz.path='{path}'")])
    };
    assert_eq!(eval("two.npz").code, 0, "{}", eval("two.npz").messages());
    assert!(refused(&eval("five.npz"), 3).contains("label 4 in row 4"), "{}", eval("five.npz").messages());
    let named = "classes = ['a', 'b', 'c', 'd']";
    assert_eq!(train(&workspace, "named", &labeled(&[0, 1], &[]), named, 4).code, 0);
    let evaluation = workspace.ok(&["eval", "--checkpoint", "run-named", "--format", "json"]).json();
    assert_eq!(evaluation["per_class"][3]["class"], "d", "{evaluation}");
}

#[test]
fn labels_that_start_at_1_are_explained() {
    let workspace = Workspace::new();
    for (name, labels, units) in
        [("three", &[1, 2, 3][..], 3), ("two", &[1, 2, 2], 2), ("late", &[5, 6, 7], 3)]
    {
        let message = refused(&train(&workspace, name, &labeled(labels, &[]), "", units), 3);
        assert!(message.contains("no sample has label 0, but labels start at 0"), "{message}");
        assert!(
            message.contains(&format!("`units = {}`", labels.iter().max().expect("one") + 1)),
            "{message}"
        );
        let message =
            refused(&train(&workspace, name, &labeled(labels, &[]), &format!("classes = {units}"), units), 3);
        assert!(message.contains("no sample has label 0, but labels start at 0"), "{message}");
    }
    // If there is a label 0, the message names the label that is too large.
    let message = refused(&train(&workspace, "much", &labeled(&[0, 3], &[]), "", 3), 3);
    assert!(message.contains("label 3 in row 1") && !message.contains("no sample has"), "{message}");
}

#[test]
fn validation_arrays_are_used() {
    let workspace = Workspace::new();
    let (x, y) = rows();
    let x = || npy("<f4", false, &ROWS, &bytes(&x, f32::to_le_bytes));
    let y = || npy("<i8", false, &[40], &bytes(&y, i64::to_le_bytes));
    for name in ["val", "valid", "validation"] {
        let (x_name, y_name) = (format!("x_{name}"), format!("y_{name}"));
        let arrays = [("x_train", x()), ("y_train", y()), (&*x_name, x()), (&*y_name, y())];
        assert_eq!(train(&workspace, name, &arrays, "", 2).code, 0, "{name}");
        let summary: Value =
            serde_json::from_slice(&workspace.read(format!("run-{name}/summary.json"))).expect("JSON");
        assert!(summary["metrics"]["validation.accuracy"].is_number(), "{summary}");
        assert_eq!(summary["best"]["metric"], "validation.loss", "{summary}");
        workspace.ok(&["eval", "--checkpoint", &format!("run-{name}"), "--split", "validation"]);
        let both = train(&workspace, name, &arrays, "[split]\nvalidation = 0.2", 2);
        let message = refused(&both, 3);
        assert!(message.contains("`x_val`") && message.contains("`split.validation`"), "{message}");
        let alone = train(&workspace, &format!("{name}-alone"), &arrays[..3], "", 2);
        assert!(refused(&alone, 3).contains(&format!("`{y_name}`: not in the file")), "{}", alone.messages());
    }
    let own = [("x_train", x()), ("y_train", y()), ("x_dev", x()), ("y_dev", y())];
    let outcome = train(&workspace, "own", &own, "x_validation = 'x_dev'\ny_validation = 'y_dev'", 2);
    assert_eq!(outcome.code, 0, "{}", outcome.messages());
    let two = [("x_train", x()), ("y_train", y()), ("x_val", x()), ("x_valid", x())];
    let message = refused(&train(&workspace, "two", &two, "", 2), 3);
    assert!(message.contains("`x_val`") && message.contains("`x_valid`"), "{message}");
    // What needs validation samples is refused before training.
    let none = [("x_train", x()), ("y_train", y())];
    let monitor = "[checkpoint]\nmonitor = 'validation.accuracy'";
    let message = refused(&train(&workspace, "none", &none, monitor, 2), 3);
    assert!(message.contains("`validation.accuracy` in `checkpoint.monitor`"), "{message}");
}

#[test]
fn a_number_out_of_range_for_f32_is_refused() {
    let workspace = Workspace::new();
    let y = || ("y_train", npy("|u1", false, &[2], &[0, 1]));
    for (name, value, words) in [
        (
            "large",
            1e300,
            "row 1, column 2 (counted from 0) is 1e300, which is out of range for a 32-bit float",
        ),
        ("negative", -3.5e38, "is -3.5e38, which is out of range for a 32-bit float"),
        ("none", f64::NAN, "is NaN, which is not a finite number"),
    ] {
        let x = npy("<f8", false, &[2, 3], &bytes(&[0.0, 1.0, 2.0, 3.0, 4.0, value], f64::to_le_bytes));
        let message = refused(&train(&workspace, name, &[("x_train", x.clone()), y()], "", 2), 3);
        assert!(message.contains(words) && message.contains("array `x_train`"), "{message}");
        let good = npy("<f8", false, &[2, 3], &[0; 48]);
        assert_eq!(train(&workspace, "good", &[("x_train", good), y()], "", 2).code, 0);
        workspace.file("x.npy", x);
        let message = predictions(&workspace, "run-good", "x.npy").expect_err("refused");
        assert!(message.contains(words), "{message}");
        std::fs::remove_dir_all(workspace.path("run-good")).expect("removed");
    }
    let good = npy("<f8", false, &[2, 3], &[0; 48]);
    assert_eq!(train(&workspace, "good", &[("x_train", good), y()], "", 2).code, 0);
    for (file, text, words) in [
        ("x.json", "[[0, 1, 2], [3, 4e38, 5]]", "row 1, column 1"),
        ("x.json", "[[0, 1, 1e300]]", "1e300"),
        ("x.json", "[[0, 1, 2],\n [0, 1, 1e999]]", "1e999 is out of range for a 32-bit float at line 2"),
        (
            "x.csv",
            "a,b,c\n0,1,2\n0,1e300,2\n",
            "line 3, column `b`: \"1e300\" is out of range for a 32-bit float",
        ),
    ] {
        workspace.file(file, text);
        let message = predictions(&workspace, "run-good", file).expect_err("refused");
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn archives_can_be_input_for_predictions() {
    let workspace = Workspace::new();
    let (x, y) = rows();
    let plain = |values: &[f32]| npy("<f4", false, &[values.len() / 3, 3], &bytes(values, f32::to_le_bytes));
    let labels = npy("<i8", false, &[40], &bytes(&y, i64::to_le_bytes));
    assert_eq!(train(&workspace, "a", &[("x_train", plain(&x)), ("y_train", labels)], "", 2).code, 0);
    workspace.file("rows.npy", plain(&x[..6]));
    let expected = predictions(&workspace, "run-a", "rows.npy").expect("predictions");
    for arrays in [
        [("x_test", plain(&x[..6])), ("x_train", plain(&x))],
        [("x", plain(&x[..6])), ("ids", plain(&x))],
        [("y_test", plain(&x)), ("x_test", plain(&x[..6]))],
    ] {
        workspace.file("rows.npz", npz(&arrays));
        assert_eq!(predictions(&workspace, "run-a", "rows.npz").expect("predictions"), expected);
    }
    workspace.file("rows.npz", npz(&[("arr_0", plain(&x[..6]))]));
    assert_eq!(predictions(&workspace, "run-a", "rows.npz").expect("predictions"), expected);
    workspace.file("rows.npz", npz(&[("a", plain(&x)), ("b", plain(&x))]));
    let message = predictions(&workspace, "run-a", "rows.npz").expect_err("refused");
    assert!(message.contains("has the arrays a, b, but neither `x_test` nor `x`"), "{message}");
}

/// An IDX file.
fn idx(kind: u32, sizes: &[usize], values: &[u8]) -> Vec<u8> {
    let header = [kind << 8 | sizes.len() as u32].into_iter().chain(sizes.iter().map(|&size| size as u32));
    header.flat_map(u32::to_be_bytes).chain(values.iter().copied()).collect()
}

#[test]
fn idx_files_of_all_types_are_read() {
    let workspace = Workspace::new();
    let digits = "[data.digits]\nsize = 8\nsamples = 100\ntest_samples = 10";
    workspace.file("c.toml", config(digits, 10));
    workspace.ok(&["train", "--config", "c.toml", "--run-dir", "run", "-q"]);
    let pixels: Vec<u8> = (0..128).map(|i| i * 2).collect();
    let shares = |pixel: u8| f32::from(pixel) / 255.0;
    workspace.file("bytes.idx", idx(0x08, &[2, 8, 8], &pixels));
    workspace.file("shorts.idx", idx(0x0b, &[2, 8, 8], &bytes(&pixels, |p| i16::from(p).to_be_bytes())));
    workspace.file("ints.idx", idx(0x0c, &[2, 1, 8, 8], &bytes(&pixels, |p| i32::from(p).to_be_bytes())));
    workspace.file("floats-ubyte", idx(0x0d, &[2, 8, 8], &bytes(&pixels, |p| shares(p).to_be_bytes())));
    workspace
        .file("doubles.idx", idx(0x0e, &[2, 8, 8], &bytes(&pixels, |p| f64::from(shares(p)).to_be_bytes())));
    let expected = predictions(&workspace, "run", "bytes.idx").expect("predictions");
    assert_eq!(expected.len(), 2);
    let near = |found: &[Value]| {
        let numbers = |values: &[Value]| -> Vec<f64> {
            values
                .iter()
                .flat_map(|row| row.as_array().expect("a list").clone())
                .filter_map(|v| v.as_f64())
                .collect()
        };
        numbers(found).iter().zip(numbers(&expected)).all(|(a, b)| (a - b).abs() < 1e-6)
    };
    for name in ["shorts.idx", "ints.idx", "floats-ubyte", "doubles.idx"] {
        let found = predictions(&workspace, "run", name).expect("predictions");
        assert!(found.len() == 2 && near(&found), "{name}: {found:?} {expected:?}");
    }
    workspace.file("one.idx", idx(0x08, &[8, 8], &pixels[..64]));
    assert_eq!(predictions(&workspace, "run", "one.idx").expect("predictions"), expected[..1]);
    for (name, content, words) in [
        ("labels.idx", idx(0x08, &[3], &[0, 1, 2]), "shape [3], but this network takes"),
        (
            "signed.idx",
            idx(0x09, &[1, 8, 8], &[0xff; 64]),
            "value 0 is -1; pixels are integers from 0 to 255",
        ),
        ("odd.idx", idx(0x0a, &[1, 8, 8], &[0; 64]), "not an IDX file"),
        ("deep.idx", idx(0x08, &[1, 1, 1, 8, 8], &[0; 64]), "5 dimensions; 1 to 4"),
        ("short.idx", idx(0x0d, &[1, 8, 8], &[0; 64]), "promises 272 bytes"),
    ] {
        workspace.file(name, content);
        let message = predictions(&workspace, "run", name).expect_err("refused");
        assert!(message.contains(words), "{message}");
    }
}
