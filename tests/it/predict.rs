//! `taper predict`: every kind of input, refusals, and agreement with `taper eval`.

use std::io::Write as _;
use std::process::Stdio;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::workspace::{Outcome, Workspace};

/// The number of pixels of an image.
const PIXELS: usize = 784;

/// The pixels of `images` different images.
fn pixels(images: usize) -> Vec<u8> {
    (0..images * PIXELS).map(|i| ((i * 7 + i / PIXELS * 31) % 256) as u8).collect()
}

fn idx(magic: u32, sizes: &[usize], bytes: &[u8]) -> Vec<u8> {
    let header = std::iter::once(magic).chain(sizes.iter().map(|&size| size as u32));
    header.flat_map(u32::to_be_bytes).chain(bytes.iter().copied()).collect()
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).expect("compressed");
    encoder.finish().expect("compressed")
}

fn npy(descr: &str, shape: &str, values: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    let header = format!("{header:<117}\n");
    [b"\x93NUMPY\x01\x00\x76\x00", header.as_bytes(), values].concat()
}

fn floats(values: impl IntoIterator<Item = f32>) -> Vec<u8> {
    values.into_iter().flat_map(f32::to_le_bytes).collect()
}

/// Images as nested JSON lists, with `write` formatting a pixel.
fn nested(bytes: &[u8], write: impl Fn(u8) -> String) -> String {
    let list = |items: Vec<String>| format!("[{}]", items.join(","));
    let row = |row: &[u8]| list(row.iter().map(|&pixel| write(pixel)).collect());
    list(bytes.chunks(PIXELS).map(|image| list(image.chunks(28).map(row).collect())).collect())
}

/// A convolutional network, trained for two steps on noise in the form of MNIST.
fn cnn() -> Workspace {
    let workspace = Workspace::new();
    for (split, samples) in [("train", 64), ("t10k", 40)] {
        let labels: Vec<u8> = (0..samples).map(|i| (i % 10) as u8).collect();
        let images = idx(0x803, &[samples, 28, 28], &pixels(samples));
        workspace.file(&format!("data/mnist/{split}-images-idx3-ubyte"), images);
        workspace.file(&format!("data/mnist/{split}-labels-idx1-ubyte"), idx(0x801, &[samples], &labels));
    }
    train(
        &workspace,
        &["mnist_cnn", "train.max_steps=2", "preprocess.normalize={mean=[0.1307],std=[0.3081]}"],
    );
    workspace
}

/// Trains a built-in config with these settings in `run`.
fn train(workspace: &Workspace, config_and_sets: &[&str]) {
    let mut arguments = vec!["train", "--run-dir", "run", "--config", config_and_sets[0]];
    arguments.extend(config_and_sets[1..].iter().flat_map(|set| ["--set", set]));
    workspace.ok(&arguments);
}

fn predict(workspace: &Workspace, inputs: &[&str]) -> Vec<Value> {
    let mut arguments = vec!["predict", "--checkpoint", "run", "--format", "json"];
    arguments.extend(inputs.iter().flat_map(|input| ["--input", input]));
    let result = workspace.ok(&arguments).json();
    assert!(result["checkpoint"].as_str().is_some_and(|place| place.contains("step-")), "{result}");
    result["predictions"].as_array().expect("predictions").clone()
}

fn numbers(prediction: &Value, key: &str) -> Vec<f64> {
    let values = prediction[key].as_array().unwrap_or_else(|| panic!("{key} is missing: {prediction}"));
    values.iter().map(|value| value.as_f64().expect("a number")).collect()
}

/// Checks that the probabilities (or values) agree within `tolerance`, sample by sample.
fn assert_close(left: &[Value], right: &[Value], key: &str, tolerance: f64) {
    assert_eq!(left.len(), right.len());
    for (a, b) in left.iter().zip(right) {
        let (a, b) = (numbers(a, key), numbers(b, key));
        assert_eq!(a.len(), b.len());
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() <= tolerance), "{a:?} {b:?}");
    }
}

/// The one line with which an input is refused.
fn refused(workspace: &Workspace, input: &str) -> String {
    let outcome = workspace.run(&["predict", "--checkpoint", "run", "--input", input]);
    let messages = outcome.messages();
    assert_eq!((outcome.code, messages.lines().count()), (3, 1), "{input}: {messages}");
    assert!(messages.starts_with(&format!("error: {input}: ")), "{messages}");
    assert_eq!(outcome.stdout, "");
    messages
}

fn assert_refused(workspace: &Workspace, input: &str, content: impl AsRef<[u8]>, words: &str) {
    workspace.file(input, content);
    let message = refused(workspace, input);
    assert!(message.contains(words), "{input}: {message}");
}

#[test]
fn images_give_the_same_predictions_from_every_kind_of_file() {
    let workspace = cnn();
    let bytes = pixels(2);
    let images = idx(0x803, &[2, 28, 28], &bytes);
    let png = image::GrayImage::from_raw(28, 28, bytes[..PIXELS].to_vec()).expect("an image");
    png.save(workspace.path("one.PNG")).expect("saved");
    image::DynamicImage::ImageLuma8(png).into_rgb8().save(workspace.path("rgb.png")).expect("saved");
    let row = |image: &[u8]| image.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let rows: Vec<String> = bytes.chunks(PIXELS).map(row).collect();
    let names: Vec<String> = (0..PIXELS).map(|i| format!("pixel{i}")).collect();
    let share = |pixel: u8| format!("{:?}", f32::from(pixel) / 255.0);
    let shares = || floats(bytes.iter().map(|&pixel| f32::from(pixel) / 255.0));
    let words: Vec<u8> = bytes.iter().flat_map(|&pixel| i64::from(pixel).to_le_bytes()).collect();
    let files = [
        ("two-images-idx3-ubyte", images.clone()),
        ("two-images-idx3-ubyte.gz", gzip(&images)),
        ("two.idx", images),
        ("grey.npy", npy("|u1", "(2, 28, 28)", &bytes)),
        ("first.npy", npy("|u1", "(2, 1, 28, 28)", &bytes)),
        ("last.npy", npy("|u1", "(2, 28, 28, 1)", &bytes)),
        ("integers.npy", npy("<i8", "(2, 28, 28)", &words)),
        ("shares.npy", npy("<f4", "(2, 28, 28)", &shares())),
        ("bytes.json", nested(&bytes, |pixel| pixel.to_string()).into_bytes()),
        ("shares.json", nested(&bytes, share).into_bytes()),
        ("instances.json", format!("{{\"instances\": {}}}", nested(&bytes, share)).into_bytes()),
        ("plain.csv", rows.join("\n").into_bytes()),
        ("named.csv", format!("{}\n{}\n", names.join(","), rows.join("\n")).into_bytes()),
    ];
    let mut expected = Vec::new();
    for (name, content) in files {
        workspace.file(name, content);
        let found = predict(&workspace, &[name]);
        assert_eq!(found.len(), 2, "{name}");
        assert_eq!((&found[1]["input"], &found[1]["index"]), (&name.into(), &1.into()));
        if expected.is_empty() {
            expected = found;
            continue;
        }
        assert_close(&expected, &found, "probabilities", 1e-6);
    }
    assert!(numbers(&expected[0], "logits") != numbers(&expected[1], "logits"));
    for (name, content) in [
        ("one.npy", npy("|u1", "(28, 28)", &bytes[..PIXELS])),
        ("one-first.npy", npy("|u1", "(1, 28, 28)", &bytes[..PIXELS])),
        ("one.json", nested(&bytes[..PIXELS], |pixel| pixel.to_string()).into_bytes()),
        ("one.PNG", workspace.read("one.PNG")),
        ("rgb.png", workspace.read("rgb.png")),
    ] {
        workspace.file(name, content);
        assert_close(&expected[..1], &predict(&workspace, &[name]), "probabilities", 1e-6);
    }
    let several = predict(&workspace, &["one.PNG", "two.idx", "one.npy"]);
    let places: Vec<_> = several.iter().map(|p| (p["input"].as_str(), p["index"].as_u64())).collect();
    let of = |name, index| (Some(name), Some(index));
    assert_eq!(places, [of("one.PNG", 0), of("two.idx", 0), of("two.idx", 1), of("one.npy", 0)]);
}

#[test]
fn json_is_read_from_standard_input() {
    let workspace = cnn();
    let mut command =
        workspace.command(&["predict", "--checkpoint", "run", "--format", "json", "--input", "-"]);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
    let text = nested(&pixels(3), |pixel| pixel.to_string());
    child.stdin.take().expect("a pipe").write_all(text.as_bytes()).expect("written");
    let outcome = Outcome::of(child.wait_with_output().expect("ends"));
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    workspace.file("three.npy", npy("|u1", "(3, 28, 28)", &pixels(3)));
    let piped = outcome.json()["predictions"].as_array().expect("predictions").clone();
    assert_close(&piped, &predict(&workspace, &["three.npy"]), "probabilities", 0.0);
}

#[test]
fn predictions_agree_with_eval_and_with_each_other() {
    let workspace = cnn();
    let predictions = predict(&workspace, &["data/mnist/t10k-images-idx3-ubyte"]);
    for prediction in &predictions {
        let probabilities = numbers(prediction, "probabilities");
        assert!((probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-5, "{prediction}");
        let class = prediction["class_index"].as_u64().expect("an index") as usize;
        assert_eq!(prediction["probability"], prediction["probabilities"][class]);
        assert!(probabilities.iter().all(|p| *p <= probabilities[class]));
        assert_eq!(prediction["class"], class.to_string());
    }
    let right = predictions.iter().enumerate().filter(|(i, p)| p["class_index"] == i % 10).count();
    let result = workspace.ok(&["eval", "--checkpoint", "run", "--format", "json"]).json();
    assert_eq!(result["accuracy"].as_f64(), Some(right as f64 / 40.0));
    // The same in a batch of 40 and alone.
    for (i, image) in pixels(40).chunks(PIXELS).enumerate().step_by(9) {
        workspace.file("alone.npy", npy("|u1", "(28, 28)", image));
        assert_close(&predictions[i..=i], &predict(&workspace, &["alone.npy"]), "probabilities", 1e-6);
    }
}

#[test]
fn text_output_has_a_line_per_sample() {
    let workspace = cnn();
    workspace.file("two.npy", npy("|u1", "(2, 28, 28)", &pixels(2)));
    workspace.file("one.npy", npy("|u1", "(28, 28)", &pixels(1)));
    let output =
        workspace.ok(&["predict", "--checkpoint", "run", "--input", "two.npy", "--input", "one.npy"]).stdout;
    let lines: Vec<&str> = output.lines().collect();
    let first = &predict(&workspace, &["one.npy"])[0];
    let class = first["class"].as_str().expect("a class");
    let start =
        format!("two.npy#0  {class}  {:.4}  (then ", first["probability"].as_f64().expect("a number"));
    assert!(lines.len() == 3 && lines[0].starts_with(&start), "{start}\n{output}");
    assert!(lines[1].starts_with("two.npy#1  ") && lines[2].starts_with("one.npy  "), "{output}");
    assert_eq!(lines[0].matches(", ").count(), 1, "{output}");
}

#[test]
fn a_lone_weights_file_suffices() {
    let workspace = cnn();
    let other = Workspace::new();
    other.file("model.safetensors", workspace.read("run/checkpoints/step-00000002/model.safetensors"));
    for place in [&workspace, &other] {
        place.file("x.npy", npy("|u1", "(3, 28, 28)", &pixels(3)));
    }
    let arguments = ["predict", "--checkpoint", "model.safetensors", "--input", "x.npy", "--format", "json"];
    let alone = other.ok(&arguments).json();
    let alone = alone["predictions"].as_array().expect("predictions");
    assert_eq!(alone, &predict(&workspace, &["x.npy"]));
}

#[test]
fn unsuitable_input_is_refused_in_one_line() {
    let workspace = cnn();
    let image = pixels(1);
    let text =
        |value: &str| nested(&image, |pixel| if pixel == 7 { value.to_owned() } else { "0".to_owned() });
    let png = {
        let path = workspace.path("whole.png");
        image::GrayImage::from_raw(28, 28, image.clone()).expect("an image").save(&path).expect("saved");
        workspace.read("whole.png")
    };
    let nan = floats(image.iter().map(|&pixel| if pixel == 7 { f32::NAN } else { 0.5 }));
    let cases: &[(&str, Vec<u8>, &str)] = &[
        ("empty.png", Vec::new(), "cannot be decoded"),
        ("empty.npy", Vec::new(), "not an NPY file"),
        ("empty.csv", Vec::new(), "no samples"),
        ("empty.json", Vec::new(), "is empty; expected a list of numbers"),
        ("empty-idx3-ubyte", Vec::new(), "cut off"),
        ("damaged.png", png[..png.len() / 2].to_vec(), "cannot be decoded"),
        ("no.jpg", b"no image".to_vec(), "cannot be decoded"),
        ("labels-idx1-ubyte", idx(0x801, &[4], &[0; 4]), "an IDX file of bytes in 1 dimension: shape [4]"),
        ("small-idx3-ubyte", idx(0x803, &[1, 27, 28], &pixels(1)[28..]), "a sample of shape 1 x 28 x 28"),
        ("flat.npy", npy("|u1", "(1, 784)", &image), "a sample of shape 1 x 28 x 28"),
        ("deep.npy", npy("|u1", "(1, 1, 1, 28, 28)", &image), "a sample of shape 1 x 28 x 28"),
        ("nan.npy", npy("<f4", "(28, 28)", &nan), "row 0, column 1 (counted from 0) is NaN"),
        (
            "unit.npy",
            npy("<f4", "(28, 28)", &floats(image.iter().map(|&p| f32::from(p) + 0.5))),
            "from 0 to 1",
        ),
        ("few.csv", b"1,2,3\n".to_vec(), "3 columns, but this network takes 784"),
        ("word.csv", format!("{}\n{}x\n", vec!["1"; 784].join(","), "1,".repeat(783)).into(), "line 2"),
        ("names.csv", vec!["a"; 784].join(",").into(), "no samples"),
        ("nan.json", text("NaN").into(), "NaN at line 1 column"),
        ("negative.json", text("-3").into(), "integers from 0 to 255"),
        ("beyond.json", text("256").into(), "integers from 0 to 255"),
        ("share.json", text("1.5").into(), "from 0 to 1"),
        ("either.json", text("1").into(), "only 0 and 1"),
        ("ragged.json", b"[[1, 2], [3]]".to_vec(), "a list of 1 where others have 2"),
        ("small.json", b"[[1, 2], [3, 4]]".to_vec(), "shape [2, 2]"),
        (
            "single.json",
            format!("{{\"instances\": {}}}", &text("9")[1..text("9").len() - 1]).into(),
            "28 x 28",
        ),
        ("notes.txt", b"7".to_vec(), "a name that ends in `.csv`"),
        ("none", b"7".to_vec(), ".png, .jpg, .jpeg, .jpe, .jfif, .npy, .npz, .csv, .tsv, .json and IDX"),
        ("image.png.gz", gzip(&png), "is compressed with gzip; unpack it"),
    ];
    for (name, content, words) in cases {
        assert_refused(&workspace, name, content, words);
    }
    assert!(refused(&workspace, "missing.png").contains("cannot be opened"));
    std::fs::create_dir(workspace.path("folder.npy")).expect("a folder");
    assert!(refused(&workspace, "folder.npy").contains("holds no supported file"));
    // Rows of good inputs are printed before a bad one is read; of a JSON document, nothing is.
    for (format, lines) in [("text", 1), ("csv", 2), ("jsonl", 1), ("json", 0)] {
        let outcome = workspace.run(&["predict", "run", "whole.png", "nan.npy", "--format", format]);
        assert_eq!((outcome.code, outcome.stdout.lines().count()), (3, lines), "{}", outcome.stdout);
    }
    assert_eq!(workspace.run(&["predict", "--checkpoint", "none", "--input", "whole.png"]).code, 4);
}

#[test]
fn color_channels_may_come_first_or_last() {
    let workspace = Workspace::new();
    for (class, color) in [("blue", [0, 20, 250]), ("red", [240, 30, 0])] {
        for i in 0..4 {
            let picture = image::RgbImage::from_fn(6, 4, |x, y| {
                image::Rgb(color.map(|c: u8| c.saturating_add((x * 3 + y * 5 + i) as u8)))
            });
            let path = workspace.path(format!("images/{class}/{i}.png"));
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            picture.save(path).expect("saved");
        }
    }
    let data = "data={image_folder={path=\"images\",height=4,width=6}}";
    let model = "model.layers=[{flatten={}},{dense={units=2}}]";
    train(
        &workspace,
        &["images_cnn_224", data, model, "train.epochs=30", "optimizer.adam.learning_rate=0.1"],
    );
    let picture = image::open(workspace.path("images/red/1.png")).expect("an image").into_rgb8().into_raw();
    let planes: Vec<u8> = (0..3).flat_map(|c| picture.iter().skip(c).step_by(3).copied()).collect();
    let list = |bytes: &[u8], sizes: [usize; 2]| {
        let pixels: Vec<String> = bytes.chunks(sizes[1]).map(|pixel| format!("{pixel:?}")).collect();
        let rows: Vec<String> = pixels.chunks(sizes[0]).map(|row| format!("[{}]", row.join(","))).collect();
        format!("[{}]", rows.join(","))
    };
    workspace.file("first.npy", npy("|u1", "(3, 4, 6)", &planes));
    workspace.file("last.npy", npy("|u1", "(1, 4, 6, 3)", &picture));
    workspace.file("first.json", list(&planes, [4, 6]));
    workspace.file("last.json", list(&picture, [6, 3]));
    let found = predict(
        &workspace,
        &["images/red/1.png", "first.npy", "last.npy", "first.json", "last.json", "images/blue/0.png"],
    );
    for other in &found[1..5] {
        assert_eq!(other["logits"], found[0]["logits"]);
    }
    assert_eq!((&found[0]["class"], &found[5]["class"]), (&"red".into(), &"blue".into()));
    assert_refused(&workspace, "grey.npy", npy("|u1", "(4, 6)", &[0; 24]), "(or 4 x 6 x 3)");
    // Another size is resized, as in training.
    image::RgbImage::from_pixel(31, 17, image::Rgb([1, 30, 255]))
        .save(workspace.path("big.png"))
        .expect("saved");
    assert_eq!(predict(&workspace, &["big.png"])[0]["class"], "blue");
}

#[test]
fn columns_are_found_by_name() {
    let workspace = Workspace::new();
    let rows = (0..20).map(|i| format!("{},{},{}\n", i, 20 - i, if i < 10 { "low" } else { "high" }));
    workspace.file("table.csv", format!("a,b,kind\n{}", rows.collect::<String>()));
    let model = "model.layers=[{dense={units=2}}]";
    let data = "data={csv={path=\"table.csv\",target=\"kind\",features=[\"b\",\"a\"]}}";
    train(&workspace, &["synthetic_mlp", data, model, "train.epochs=60", "optimizer.adam.learning_rate=0.1"]);
    workspace.file("same.csv", "a,b,kind\n2,18,\n18,2,?\n");
    workspace.file("shuffled.csv", "b,note,a\n18,x,2\n2,y,18\n");
    workspace.file("list.json", "[[18, 2], [2, 18]]");
    let files = ["same.csv", "shuffled.csv", "list.json"];
    let found = predict(&workspace, &files);
    for pair in found.chunks(2) {
        assert_eq!((&pair[0]["class"], &pair[1]["class"]), (&"low".into(), &"high".into()));
        assert_close(pair, &found[..2], "probabilities", 0.0);
    }
    assert_refused(&workspace, "short.csv", "a,kind\n2,low\n", "no column `b`");
    assert_refused(&workspace, "nan.csv", "a,b\n2,nan\n", "line 2, column `b`");
    assert_refused(&workspace, "ragged.csv", "a,b\n2,3,4\n", "3 columns");
    workspace.file("picture.png", "");
    assert!(refused(&workspace, "picture.png").contains("2 numbers that are not pixels"));
}

#[test]
fn tables_without_a_header_may_omit_the_target() {
    let workspace = Workspace::new();
    workspace.file(
        "table.csv",
        (0..8).map(|i| format!("{},{},{}\n", i, 3 * i, 8 - i)).collect::<Vec<_>>().concat(),
    );
    let data = "data={csv={path=\"table.csv\",target=\"1\",has_headers=false,task=\"regression\"}}";
    train(&workspace, &["linear_regression", data, "optimizer.sgd.learning_rate=0.001"]);
    workspace.file("with.csv", "2,6,6\n5,15,3\n");
    workspace.file("without.csv", "2,6\n5,3\n");
    let found = predict(&workspace, &["with.csv", "without.csv"]);
    assert_close(&found[..2], &found[2..], "values", 0.0);
    assert!(found[0]["class"].is_null() && found[0]["probabilities"].is_null(), "{}", found[0]);
    assert_refused(&workspace, "wide.csv", "1,2,3,4\n", "3 columns, but this network takes 2");
}

#[test]
fn regression_predicts_values() {
    let workspace = Workspace::new();
    train(&workspace, &["linear_regression"]);
    workspace.file("x.json", "[[-0.5], [0.25]]");
    workspace.file("flat.json", "{\"instances\": [-0.5, 0.25]}");
    workspace.file("x.csv", "x\n-0.5\n0.25\n");
    let found = predict(&workspace, &["x.json", "flat.json", "x.csv"]);
    for (prediction, expected) in found.iter().zip([-1.0, 0.5].into_iter().cycle()) {
        assert!((numbers(prediction, "values")[0] - expected).abs() < 1e-2, "{prediction}");
    }
    let text = workspace.ok(&["predict", "--checkpoint", "run", "--input", "x.csv"]).stdout;
    assert!(text.starts_with("x.csv#0  -") && text.lines().count() == 2, "{text}");
    workspace.file("huge.json", "[[3e38]]");
    assert!(refused(&workspace, "huge.json").contains("non-finite values"));
}

#[test]
fn one_output_gives_both_probabilities() {
    let workspace = Workspace::new();
    train(&workspace, &["binary_mlp", "train.epochs=2"]);
    let samples: Vec<Vec<f32>> =
        (0..5).map(|i| (0..10).map(|j| (i * j) as f32 * 0.3 - 1.0).collect()).collect();
    workspace.file("x.json", serde_json::json!(samples).to_string());
    for prediction in predict(&workspace, &["x.json"]) {
        let (logit, both) = (numbers(&prediction, "logits")[0], numbers(&prediction, "probabilities"));
        let expected = 1.0 / (1.0 + libm::exp(-logit));
        assert!((both[1] - expected).abs() < 1e-6 && (both[0] + both[1] - 1.0).abs() < 1e-6, "{prediction}");
        assert_eq!(prediction["class_index"], u64::from(logit > 0.0));
    }
}

#[test]
fn a_wrong_card_is_refused() {
    let workspace = cnn();
    let right = workspace.read("run/checkpoints/step-00000002/model.safetensors");
    // The replacements have the same length, so that the file remains a safetensors file.
    for (from, to, words) in [
        (r"[1,28,28]", r"[1,28,00]", "cannot be read"),
        (r"[1,28,28]", r"[1,28, 0]", "claims samples"),
        (r"[1,28,28]", r"[1,28,31]", "weights of its config"),
        (r#"\"units\":128"#, r#"\"units\":129"#, "weight"),
        (r#"\"units\":128"#, r#"\"units\":9e9"#, "config is invalid"),
        (r#"\"std\":[0.3081]"#, r#"\"std\":[-0.308]"#, "must be above 0"),
        (r#"\"0\",\"1\","#, r#"\"0\"      ,"#, "classes"),
    ] {
        assert_eq!(from.len(), to.len());
        let at = right.windows(from.len()).position(|part| part == from.as_bytes());
        let at = at.unwrap_or_else(|| panic!("{from} is not in the card"));
        let wrong = [&right[..at], to.as_bytes(), &right[at + from.len()..]].concat();
        workspace.file("model.safetensors", wrong);
        let outcome = workspace.run(&["predict", "--checkpoint", "model.safetensors", "--input", "x.npy"]);
        let messages = outcome.messages();
        assert_eq!((outcome.code, messages.lines().count()), (4, 1), "{to}: {messages}");
        assert!(messages.contains(words), "{to}: {messages}");
    }
}
